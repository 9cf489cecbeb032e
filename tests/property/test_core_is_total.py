"""`step` takes any well-formed event in any state: it never raises, and what it asks for makes sense."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st
from tests.property.examples import examples

from antiphon.conversation import Conversation, Policy, TurnPolicy, conversation, replies
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    Command,
    EndCall,
    FlushPlayout,
    ReportHeard,
    ResumePlayout,
    SetTimer,
    StartPlayout,
)
from antiphon.conversation.handover import HELD_MAX_MS
from antiphon.conversation.policy import AnsweringPolicy, HandoverPolicy, LinePolicy

KINDS = sorted(
    (kind for kind in ev.Event.__subclasses__() if kind is not ev.CallStarted), key=lambda k: k.__name__
)
TEXTS = ("", "yes", "mm-hmm", "I need an appointment", "and", "5 5 5", "one second", "goodbye")
WAYS = (("ask",), ("ask", "keypad", "transfer"))
POLICIES = st.builds(
    lambda endpointing, protect, fillers, unified, line, answering, handover: Policy(
        turn=TurnPolicy(endpointing=endpointing),
        protect_greeting=protect,
        fillers=fillers,
        unified=unified,
        line_quality=line,
        answering=answering,
        handover=handover,
    ),
    st.sampled_from(["ours", "provider", "push_to_talk"]),
    st.booleans(),
    st.sampled_from([Policy().fillers, ()]),
    st.booleans(),
    st.sampled_from(
        [msgspec.UNSET, *(LinePolicy(fallback=ways, poor_after_ms=100, again_after_ms=500) for ways in WAYS)]
    ),
    st.sampled_from(
        [
            msgspec.UNSET,
            AnsweringPolicy(machine="leave_message", message="Call us."),
            AnsweringPolicy(machine="continue"),
        ]
    ),
    st.sampled_from([msgspec.UNSET, HandoverPolicy(wait_max_ms=30_000, talk_max_ms=60_000)]),
)
# Far below the time limit of a call: nothing may count on that one.
LEFT_ALONE_MS = 6 * 60_000  # And a forgotten operator's hold, where one is on.

# What a field may hold, by its name; any other field by its type.
NAMED: dict[str, st.SearchStrategy[Any]] = {
    "reply_id": st.sampled_from(["r1", "r2", "r3", "r4", "f1", "unknown"]),
    "text": st.sampled_from(TEXTS),
    "moment": st.sampled_from(["started", "eager_end", "resumed", "ended", "lost", "unheard of"]),
    "segment": st.integers(0, 3),
    "index": st.integers(0, 3),
    "score": st.floats(0, 1),
    "heard_ms": st.integers(0, 2000),
    "duration_ms": st.integers(0, 2000),
    "kind": st.sampled_from(["open", "yes_no", "digits", "spelling", "name"]),
    "verdict": st.sampled_from(["human", "machine", "fax", "ivr", "silence"]),
    "then": st.sampled_from(["", "", "end", "escalate"]),
    "effect": st.sampled_from(["none", "write"]),
    "tool_call_id": st.sampled_from(["r1.t1", "r2.t1", "r2.t2", "r3.t1"]),
    "arguments": st.sampled_from(["{}", '{"slot":1}']),
    "digit": st.sampled_from("0123456789*#"),
    "timer": st.sampled_from([*conversation._TIMERS, "never_set"]),
}
TYPED: dict[object, st.SearchStrategy[Any]] = {
    str: st.sampled_from(["", "x"]),
    int: st.integers(0, 100),
    float: st.floats(0, 1),
    bool: st.booleans(),
}


def _event(draw: st.DrawFn, at_ms: int, core: Conversation) -> ev.AnyEvent:
    kind = draw(st.sampled_from(KINDS))
    fields: dict[str, Any] = {"at_ms": at_ms}
    for field in msgspec.structs.fields(kind):
        if field.name in ("onset_ms", "ended_ms"):
            fields[field.name] = max(0, at_ms - draw(st.sampled_from([70, 100, 130])))
        elif field.name in NAMED:
            fields[field.name] = draw(NAMED[field.name])
        elif field.name != "at_ms" and field.type in TYPED:
            fields[field.name] = draw(TYPED[field.type])
        else:
            known = field.name == "at_ms" or not field.required
            assert known, f"{kind.__name__}.{field.name}: say above what it may hold"
    if kind is ev.ReplyText:
        live = replies.find(core.state, fields["reply_id"])
        fields["index"] = live.given if live is not None else 0  # The driver gives chunks in order.
    return kind(**fields)  # type: ignore[return-value]  # Every subclass of Event is in AnyEvent.


@examples(600)
@given(st.data())
def test_any_sequence_of_events_is_survived(data: st.DataObject) -> None:
    core = Conversation(data.draw(POLICIES))
    screened = core.state.policy.answering is not msgspec.UNSET
    core.step(
        ev.CallStarted(
            at_ms=0,
            call_id="c",
            agent="a",
            line="loopback",
            wall_time_ms=0,
            screened=screened or msgspec.UNSET,
        )
    )
    ended = False
    flushed: set[str] = set()
    reported: Counter[str] = Counter()
    story: list[ev.AnyEvent] = []
    at_ms = 0
    for _ in range(data.draw(st.integers(0, 60))):
        at_ms += data.draw(st.sampled_from([0, 20, 150, 900, 8000]))
        story.append(_event(data.draw, at_ms, core))
        commands: list[Command] = core.step(story[-1])
        assert not (ended and commands), "nothing happens after the end"
        for command in commands:
            assert not ended, "the end is the last command"
            if isinstance(command, (StartPlayout, ResumePlayout)):
                assert command.reply_id not in flushed, "a flushed reply is never heard again"
            elif isinstance(command, FlushPlayout):
                flushed.add(command.reply_id)
            elif isinstance(command, SetTimer):
                assert command.due_ms >= at_ms, "no timer is due in the past"
            elif isinstance(command, ReportHeard):
                reported[command.reply_id] += 1
                assert reported[command.reply_id] == 1, "a reply ends once"
            ended = isinstance(command, EndCall)
        if not ended:
            assert core.state.timers, "something is always due until the end"
    if not ended:
        note("\n".join(map(repr, story)))
        _left_alone(core, at_ms)


def _left_alone(core: Conversation, at_ms: int) -> None:
    """Nobody says, types, answers or plays anything any more: the waits alone bring the call to its end."""
    end_ms = at_ms + LEFT_ALONE_MS + (HELD_MAX_MS if core.state.parked else 0)
    while at_ms <= end_ms:
        timers = core.state.timers
        name = min(timers, key=lambda timer: timers[timer])
        at_ms = max(at_ms, timers[name])
        commands = core.step(ev.TimerFired(at_ms=at_ms, timer=name))
        if any(isinstance(command, EndCall) for command in commands):
            return
    raise AssertionError(f"still waiting in {core.phase} for {core.state.timers}")


def test_every_event_can_be_drawn() -> None:
    assert set(conversation._HANDLERS) <= {*KINDS, ev.CallStarted}
