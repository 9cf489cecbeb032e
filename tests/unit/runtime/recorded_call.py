"""A short recorded call: a greeting, a turn answered from a speculative draft with a tool, a barge-in, a
second turn, a cough that resumes, a hang-up. The commands are what the real core answers."""

from __future__ import annotations

from pathlib import Path

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import events as e
from antiphon.conversation.replay import replay
from antiphon.runtime.records import lines
from antiphon.storage.traces import TraceWriter

# The times below are of a call that waited this long.
AS_RECORDED = TurnPolicy(stop_silence_min_ms=300, stop_silence_max_ms=900)

EVENTS: list[e.AnyEvent] = [
    e.CallStarted(at_ms=0, call_id="c1", agent="clinic", line="loopback", wall_time_ms=1_700_000_000_000),
    e.ReplyText(at_ms=5, reply_id="r1", index=0, text="Hello, how can I help?"),
    e.ReplyFinished(at_ms=6, reply_id="r1"),
    e.ChunkSynthesized(at_ms=60, reply_id="r1", index=0, duration_ms=1500, ttfb_ms=40),
    e.PlayoutStarted(at_ms=80, reply_id="r1"),
    e.PlayoutFinished(at_ms=1580, reply_id="r1", heard_ms=1500),
    # Turn 1: the draft starts at the final, 160 ms before the stop silence is over.
    e.SpeechStarted(at_ms=3000, onset_ms=2950),
    e.TranscriptPartial(at_ms=3400, segment=1, text="I'd like"),
    e.SpeechStopped(at_ms=5000, ended_ms=4920),
    e.EndOfTurnScored(at_ms=5030, ended_ms=4920, score=0.9, took_ms=30),
    e.TranscriptFinal(at_ms=5060, segment=1, text="I'd like to book a cleaning.", took_ms=60),
    e.ReplyText(at_ms=5075, reply_id="r2", index=0, text="Sure."),
    e.ChunkSynthesized(at_ms=5140, reply_id="r2", index=0, duration_ms=600, ttfb_ms=50),
    e.TimerFired(at_ms=5220, timer="stop_silence"),
    e.ToolRequested(
        at_ms=5230, reply_id="r2", tool_call_id="t1", name="find_slots", arguments="{}", effect="none"
    ),
    e.PlayoutStarted(at_ms=5240, reply_id="r2"),
    e.ToolFinished(at_ms=5290, tool_call_id="t1", ok=True, result='["Thu 10:00"]', took_ms=60),
    e.ReplyText(at_ms=5300, reply_id="r2", index=1, text="We have Thursday at ten."),
    e.ReplyFinished(at_ms=5301, reply_id="r2"),
    e.ChunkSynthesized(at_ms=5400, reply_id="r2", index=1, duration_ms=1400, ttfb_ms=60),
    # A barge-in: paused at once, flushed when the words are clear.
    e.SpeechStarted(at_ms=6000, onset_ms=5940),
    e.PlayoutPaused(at_ms=6000, reply_id="r2", heard_ms=760),
    e.TranscriptPartial(at_ms=6300, segment=2, text="no wait I want Friday"),
    e.PlayoutFlushed(at_ms=6300, reply_id="r2", heard_ms=760),
    e.SpeechStopped(at_ms=7000, ended_ms=6920),
    e.EndOfTurnScored(at_ms=7030, ended_ms=6920, score=0.9, took_ms=30),
    e.TranscriptFinal(at_ms=7060, segment=2, text="No wait, I want Friday.", took_ms=60),
    e.TimerFired(at_ms=7220, timer="stop_silence"),
    e.ReplyText(at_ms=7400, reply_id="r3", index=0, text="Friday at nine is free."),
    e.ReplyFinished(at_ms=7401, reply_id="r3"),
    e.ChunkSynthesized(at_ms=7500, reply_id="r3", index=0, duration_ms=1600, ttfb_ms=90),
    e.PlayoutStarted(at_ms=7510, reply_id="r3"),
    # A cough: paused, no words, resumed.
    e.SpeechStarted(at_ms=8000, onset_ms=7960),
    e.PlayoutPaused(at_ms=8000, reply_id="r3", heard_ms=490),
    e.SpeechStopped(at_ms=8200, ended_ms=8120),
    e.TranscriptFinal(at_ms=8240, segment=3, text="", took_ms=30),
    e.PlayoutFinished(at_ms=9350, reply_id="r3", heard_ms=1600),
    e.CallerHungUp(at_ms=12000),
]


def record_call(
    directory: Path,
    events: list[e.AnyEvent] | None = None,
    *,
    policy: Policy | None = None,
    notes: bool = True,
) -> lines.CallRecord:
    """Write the call as a driver would, close the trace and read it back."""
    policy = policy or Policy(turn=AS_RECORDED)
    header = lines.Header(
        call_id="c1",
        agent="clinic",
        definition_hash="abc",
        policy=policy,
        wall_time_ms=1_700_000_000_000,
        line="loopback",
    )
    trace = TraceWriter(directory, "c1", lines.header_fields(header))
    for event, commands in replay(policy, EVENTS if events is None else events):
        trace.write(lines.event_line(event))
        for command in commands:
            trace.write(lines.command_line(event.at_ms, command))
        if notes and isinstance(event, e.ToolFinished):
            trace.write(lines.note_line(event.at_ms, "cost", usd=0.0, provider="embedded"))
    assert trace.close().result(10)
    return lines.read_call(trace.path)
