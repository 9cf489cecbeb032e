"""The person's leg: dialled at most once, and over exactly once, whatever order a carrier tells it in.

The rule for editors: a leg whose call id is not known cannot be hung up, so it is doomed and waited for;
whoever learns the id of a doomed leg hangs it up.
"""

from __future__ import annotations

from antiphon.calls.control import commands as cmd
from antiphon.calls.control.state import LegPhase, State

_ORDER = list(LegPhase)
_STRAYS_MAX = 10


def place(state: State) -> None:
    leg = state.leg
    assert leg.phase is LegPhase.UNASKED, "one dial for one intent"
    leg.phase = LegPhase.ASKED
    state.emit(cmd.PlaceCall())
    state.set_timer("ring", state.patience.ring_ms + state.patience.ring_slack_ms)


def is_ours(state: State, call_id: str) -> bool:
    """Does this word concern the leg as it stands? Learns its id from the first that names one.

    A second call for the same intent (the carrier dialled twice) is hung up and otherwise nobody's.
    """
    leg = state.leg
    if leg.phase is LegPhase.UNASKED or not call_id:
        return False
    if not leg.call_id:
        leg.call_id = call_id
        state.cancel_timer("unknown")
        if leg.phase is LegPhase.OVER:
            _hang_up_stray(state, call_id)  # It had been given up for never placed.
            return False
        if leg.doomed:
            _hang_up(state)
    elif call_id != leg.call_id:
        _hang_up_stray(state, call_id)
        return False
    return leg.phase is not LegPhase.OVER


def reached(state: State, phase: LegPhase) -> None:
    """The leg is at least so far; an earlier phase told later changes nothing."""
    leg = state.leg
    if _ORDER.index(phase) > _ORDER.index(leg.phase):
        leg.phase = phase


def doom(state: State) -> None:
    """It must end. Safe at any time; what is over stays over."""
    leg = state.leg
    if leg.doomed or leg.phase is LegPhase.OVER:
        return
    leg.doomed = True
    if leg.phase is LegPhase.UNASKED:
        over(state, "not placed")
    elif leg.call_id:
        _hang_up(state)
    else:
        state.set_timer("unknown", state.patience.unknown_ms)


def unknown_passed(state: State) -> None:
    """No sign of the call ever came. One that comes now is hung up as a stray."""
    if not state.leg.call_id:
        over(state, "never heard of", certain=False)


def gone_passed(state: State) -> None:
    """The hang-up was not confirmed: the webhook is lost, or the call still up."""
    leg = state.leg
    if leg.phase is LegPhase.OVER:
        return
    if leg.hang_ups < state.patience.hang_ups_max:
        _hang_up(state)
    else:
        over(state, "hang-up not confirmed", certain=False)


def over(state: State, how: str, *, certain: bool = True) -> None:
    leg = state.leg
    if leg.phase is LegPhase.OVER:
        return
    leg.phase = LegPhase.OVER
    state.cancel_timer("ring", "unknown", "media", "gone")
    state.emit(cmd.LegOver(how=how, certain=certain))


def _hang_up(state: State) -> None:
    leg = state.leg
    state.cancel_timer("ring", "unknown", "media")
    leg.hang_ups += 1
    leg.hung_up.add(leg.call_id)
    state.emit(cmd.HangUp(call_id=leg.call_id))
    state.set_timer("gone", state.patience.gone_ms)


def _hang_up_stray(state: State, call_id: str) -> None:
    if call_id not in state.leg.hung_up and len(state.leg.hung_up) < _STRAYS_MAX:
        state.leg.hung_up.add(call_id)
        state.emit(cmd.HangUp(call_id=call_id))
