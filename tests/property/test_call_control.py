"""Whatever a carrier, a person and a caller do, in whatever order it is told: every leg ends once, nobody is
left alone on a line, and nobody is dialled twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, note
from hypothesis import strategies as st
from tests.property.examples import examples

from antiphon.calls.control import commands as cmd
from antiphon.calls.control import events as ev
from antiphon.calls.control.state import LegPhase, Stage
from antiphon.calls.control.warm import _TIMERS, WarmTransfer

# The call we placed, and one that the carrier placed without being asked a second time.
CALL_IDS = st.sampled_from(["CA1", "CA1", "CA1", "CA2"])
HOW = st.sampled_from(["completed", "busy", "no_answer", "failed", "cancelled"])


FIELDS: dict[type[ev.Event], dict[str, st.SearchStrategy[object]]] = {
    ev.TransferAsked: {},
    ev.CallPlaced: {"call_id": CALL_IDS | st.just("")},  # Plivo names it by webhook only.
    ev.PlacingFailed: {"reason": st.just("x"), "certain": st.booleans()},
    ev.PersonRinging: {"call_id": CALL_IDS},
    ev.PersonAnswered: {"call_id": CALL_IDS, "machine": st.booleans()},
    ev.PersonEnded: {"call_id": CALL_IDS, "how": HOW},
    ev.PersonMediaStarted: {"call_id": CALL_IDS},
    ev.PersonMediaStopped: {"call_id": CALL_IDS},
    ev.BriefHeard: {},
    ev.PersonAccepted: {},
    ev.PersonDeclined: {},
    ev.MachineHeard: {},
    ev.VoiceHeard: {"caller": st.booleans()},
    ev.CallerLeft: {},
    ev.TransferCancelled: {},
    ev.HangUpFailed: {"call_id": CALL_IDS},
    ev.TimerFired: {"timer": st.sampled_from([*_TIMERS])},
}
# As it should go; chance takes over anywhere on the way.
SMOOTH: tuple[ev.AnyEvent, ...] = (
    ev.TransferAsked(at_ms=0),
    ev.CallPlaced(at_ms=200, call_id="CA1"),
    ev.PersonAnswered(at_ms=4000, call_id="CA1"),
    ev.PersonMediaStarted(at_ms=4200, call_id="CA1"),
    ev.BriefHeard(at_ms=9000),
    ev.PersonAccepted(at_ms=9900),
    ev.VoiceHeard(at_ms=11_000, caller=False),
    ev.VoiceHeard(at_ms=12_000, caller=True),
)


def _event(draw: st.DrawFn, at_ms: int) -> ev.AnyEvent:
    kind = draw(st.sampled_from(list(FIELDS)))
    fields = {name: draw(strategy) for name, strategy in FIELDS[kind].items()}
    return kind(at_ms=at_ms, **fields)  # type: ignore[return-value,arg-type]  # As filed above.


class Witness:
    """Counts what was asked for, and knows who is on which line."""

    def __init__(self) -> None:
        self.machine = WarmTransfer()
        self.counted: Counter[str] = Counter()
        self.hung_up: list[str] = []
        self.bridged = False
        self.settled: list[cmd.Command] = []
        self.ended: set[str] = set()
        self.known: set[str] = set()

    def tell(self, event: ev.AnyEvent) -> None:
        call_id = getattr(event, "call_id", "")
        if self.counted["PlaceCall"] and call_id and not isinstance(event, ev.HangUpFailed):
            self.known.add(call_id)
        if isinstance(event, ev.PersonEnded):
            self.ended.add(call_id)
        for command in self.machine.step(event):
            self._take(command)
        if isinstance(event, ev.CallerLeft):
            assert self.machine.state.stage is Stage.SETTLED
            assert not self.bridged, "nobody is bridged to a caller who has gone"

    def _take(self, command: cmd.Command) -> None:
        name = type(command).__name__
        self.counted[name] += 1
        match command:
            case cmd.HangUp(call_id=call_id):
                self.hung_up.append(call_id)
            case cmd.OpenBridge():
                assert not self.bridged
                self.bridged = True
            case cmd.CloseBridge():
                assert self.bridged
                self.bridged = False
            case cmd.ReturnCaller() | cmd.EndCaller():
                self.settled.append(command)
                assert not self.bridged, "who is back, or gone, is not bridged"
            case cmd.Brief() | cmd.AskAgain():
                assert not self.bridged, "a briefing is private"
            case cmd.SetTimer(due_ms=due_ms):
                assert due_ms >= self.machine.state.now_ms

    def left_alone(self) -> None:
        """Nobody says or does anything any more, and the carrier tells nothing: only timers pass."""
        for _ in range(50):
            timers = self.machine.state.timers
            if not timers:
                return
            name = min(timers, key=lambda timer: timers[timer])
            self.tell(ev.TimerFired(at_ms=timers[name], timer=name))
        raise AssertionError(f"timers without end: {self.machine.state.timers}")


@examples(1500)
@given(st.data())
def test_every_sequence_of_events_ends_every_leg_once_and_leaves_nobody_alone(data: st.DataObject) -> None:
    witness = Witness()
    story = list(SMOOTH[: data.draw(st.integers(0, len(SMOOTH)))])
    for event in story:
        witness.tell(event)
    at_ms = story[-1].at_ms if story else 0
    for _ in range(data.draw(st.integers(0, 25))):
        at_ms += data.draw(st.sampled_from([0, 20, 900, 5000, 12_000, 36_000]))
        story.append(_event(data.draw, at_ms))
        witness.tell(story[-1])
    note("\n".join(map(repr, story)))
    witness.left_alone()
    state = witness.machine.state

    assert witness.counted["PlaceCall"] <= 1, "no second dial for one intent"
    assert witness.counted["LegOver"] <= 1
    assert len(witness.settled) <= 1, "the caller is settled once"
    assert witness.counted["LeaveThem"] <= 1
    if state.stage is Stage.SETTLED:
        assert witness.counted["LegOver"] == 1, "the leg of a settled transfer ends"
        assert not witness.bridged
        for call_id in witness.known - witness.ended:
            assert call_id in witness.hung_up, f"somebody sits alone on {call_id}"
    elif state.stage in (Stage.BRIDGED, Stage.PARTED):
        assert witness.bridged, "person and caller have each other"
        assert not witness.settled
    else:
        assert state.leg.phase is LegPhase.UNASKED, f"waits for ever in {state.stage}"


def test_every_event_can_be_drawn() -> None:
    assert set(FIELDS) == set(ev.Event.__subclasses__())
