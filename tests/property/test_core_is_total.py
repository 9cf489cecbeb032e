"""`step` takes any well-formed event in any state: it never raises and never acts after the end."""

from __future__ import annotations

from hypothesis import given, note, settings
from hypothesis import strategies as st

from antiphon.conversation import Conversation, Policy, TurnPolicy, replies
from antiphon.conversation import events as ev
from antiphon.conversation.commands import Command, EndCall, FlushPlayout, ResumePlayout, StartPlayout

reply_ids = st.sampled_from(["r1", "r2", "r3", "r4", "f1", "unknown"])
texts = st.sampled_from(["", "yes", "mm-hmm", "I need an appointment", "and", "5 5 5", "one second"])
small = st.integers(0, 3)
moments = st.sampled_from(["started", "eager_end", "resumed", "ended", "unheard of"])
policies = st.builds(
    lambda endpointing, protect: Policy(turn=TurnPolicy(endpointing=endpointing), protect_greeting=protect),
    st.sampled_from(["ours", "provider", "push_to_talk"]),
    st.booleans(),
)
timers = st.sampled_from(
    ["call_limit", "stop_silence", "final_wait", "noise", "hold", "silence", "filler", "reply_deadline",
     "goodbye", "dtmf", "stable_partial", "vendor_turn", "talk", "talk_tail", "never_set"]
)  # fmt: skip


def _event(draw: st.DrawFn, at_ms: int, conversation: Conversation) -> ev.AnyEvent:
    reply_id = draw(reply_ids)
    kind = draw(st.integers(0, 23))
    match kind:
        case 0 | 1:
            return ev.SpeechStarted(at_ms=at_ms, onset_ms=max(0, at_ms - 70))
        case 2 | 3:
            return ev.SpeechStopped(at_ms=at_ms, ended_ms=max(0, at_ms - 100))
        case 4:
            return ev.TranscriptPartial(at_ms=at_ms, segment=draw(small), text=draw(texts))
        case 5 | 6:
            return ev.TranscriptFinal(at_ms=at_ms, segment=draw(small), text=draw(texts))
        case 7:
            return ev.EndOfTurnScored(at_ms=at_ms, ended_ms=max(0, at_ms - 130), score=draw(st.floats(0, 1)))
        case 8 | 9:
            live = replies.find(conversation.state, reply_id)
            index = live.given if live is not None else 0
            return ev.ReplyText(at_ms=at_ms, reply_id=reply_id, index=index, text="Sure, one two three.")
        case 10:
            return ev.ReplyFinished(
                at_ms=at_ms, reply_id=reply_id, then=draw(st.sampled_from(["", "end", "escalate"]))
            )
        case 11:
            return ev.ReplyFailed(at_ms=at_ms, reply_id=reply_id, reason="x")
        case 12:
            return ev.ChunkSynthesized(at_ms=at_ms, reply_id=reply_id, index=draw(small), duration_ms=900)
        case 13:
            return ev.PlayoutStarted(at_ms=at_ms, reply_id=reply_id)
        case 14:
            return ev.PlayoutFinished(at_ms=at_ms, reply_id=reply_id, heard_ms=900)
        case 15:
            return ev.ToolRequested(
                at_ms=at_ms, reply_id=reply_id, tool_call_id=f"{reply_id}.t1", name="book", arguments="{}",
                effect=draw(st.sampled_from(["none", "write"])),
            )  # fmt: skip
        case 16:
            return ev.TimerFired(at_ms=at_ms, timer=draw(timers))
        case 17:
            return ev.DtmfReceived(at_ms=at_ms, digit=draw(st.sampled_from("0123456789*#")))
        case 18:
            return ev.PlayoutFlushed(at_ms=at_ms, reply_id=reply_id, heard_ms=draw(st.integers(0, 900)))
        case 19:
            return ev.TalkPressed(at_ms=at_ms)
        case 20:
            return ev.TalkReleased(at_ms=at_ms)
        case 21 | 22:
            return ev.TurnSignalled(at_ms=at_ms, moment=draw(moments), text=draw(texts))
        case _:
            return ev.SynthesisFailed(at_ms=at_ms, reply_id=reply_id, index=draw(small), reason="x")


# Far below the time limit of a call: nothing may count on that one.
LEFT_ALONE_MS = 6 * 60_000


@settings(max_examples=600, deadline=None)
@given(st.data(), policies)
def test_any_sequence_of_events_is_survived(data: st.DataObject, policy: Policy) -> None:
    conversation = Conversation(policy)
    conversation.step(ev.CallStarted(at_ms=0, call_id="c", agent="a", line="loopback", wall_time_ms=0))
    ended = False
    flushed: set[str] = set()
    at_ms = 0
    story: list[ev.AnyEvent] = []
    for _ in range(data.draw(st.integers(0, 60))):
        at_ms += data.draw(st.sampled_from([0, 20, 150, 900, 8000]))
        event = _event(data.draw, at_ms, conversation)
        story.append(event)
        commands: list[Command] = conversation.step(event)
        assert not (ended and commands), "nothing happens after the end"
        for command in commands:
            if isinstance(command, (StartPlayout, ResumePlayout)):
                assert command.reply_id not in flushed, "a flushed reply is never heard again"
            if isinstance(command, FlushPlayout):
                flushed.add(command.reply_id)
            ended = ended or isinstance(command, EndCall)
        if not ended:
            assert conversation.state.timers, "something is always due until the end"
    if not ended:
        note("\n".join(map(repr, story)))
        _left_alone(conversation, at_ms)


def _left_alone(conversation: Conversation, at_ms: int) -> None:
    """Nobody says, types, answers or plays anything any more: the waits alone bring the call to its end."""
    end_ms = at_ms + LEFT_ALONE_MS
    while at_ms <= end_ms:
        timers = conversation.state.timers
        name = min(timers, key=lambda timer: timers[timer])
        at_ms = max(at_ms, timers[name])
        commands = conversation.step(ev.TimerFired(at_ms=at_ms, timer=name))
        if any(isinstance(command, EndCall) for command in commands):
            return
    raise AssertionError(f"still waiting in {conversation.phase} for {conversation.state.timers}")
