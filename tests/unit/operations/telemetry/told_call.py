"""A recorded call with what its requests used, and numbers in its words."""

from __future__ import annotations

from pathlib import Path

from tests.unit.runtime.recorded_call import AS_RECORDED, EVENTS

from antiphon.conversation import Policy
from antiphon.conversation import events as e
from antiphon.conversation.replay import replay
from antiphon.runtime.records import lines
from antiphon.storage.traces import TraceWriter

NUMBER = "+15550100123"
SAID = "No wait, I want Friday, call me at 555 010 0199."
STARTED_MS = 1_764_000_000_000


def _told(event: e.AnyEvent) -> e.AnyEvent:
    if isinstance(event, e.CallStarted):
        return e.CallStarted(
            at_ms=0, call_id="c1", agent="clinic", line="phone", wall_time_ms=STARTED_MS, caller_number=NUMBER
        )
    if isinstance(event, e.TranscriptFinal) and event.segment == 2:
        return e.TranscriptFinal(at_ms=event.at_ms, segment=2, text=SAID, took_ms=event.took_ms)
    return event


def tell_call(directory: Path, call_id: str = "c1", started_ms: int = STARTED_MS) -> Path:
    """Its trace. Costs: 0.0031 for the model, 0.0002 for the voice, 0.0001 for the recogniser."""
    policy = Policy(turn=AS_RECORDED)
    header = lines.Header(
        call_id=call_id,
        agent="clinic",
        definition_hash="abc",
        policy=policy,
        wall_time_ms=started_ms,
        line="phone",
    )
    trace = TraceWriter(directory, call_id, lines.header_fields(header))
    for event, commands in replay(policy, [_told(event) for event in EVENTS]):
        trace.write(lines.event_line(event))
        for command in commands:
            trace.write(lines.command_line(event.at_ms, command))
        for note in _notes(event):
            trace.write(note)
    assert trace.close().result(10)
    return trace.path


def _notes(event: e.AnyEvent) -> list[bytes]:
    match event:
        case e.ToolRequested():
            used = {"input_tokens": 900, "cached_tokens": 600, "cache_write_tokens": 0, "output_tokens": 12}
            return [_usage(event.at_ms, "llm", "openai/gpt-5-mini", "r2", cost_usd="0.0021", **used)]
        case e.ReplyFinished(reply_id="r2"):
            used = {"input_tokens": 950, "cached_tokens": 900, "cache_write_tokens": 0, "output_tokens": 20}
            return [_usage(event.at_ms, "llm", "openai/gpt-5-mini", "r2", cost_usd="0.001", **used)]
        case e.ChunkSynthesized(reply_id="r2"):
            used = {"characters": 20, "audio_ms": 900}
            return [_usage(event.at_ms, "tts", "acme/voice", "r2", cost_usd="0.0001", **used)]
        case e.TimerFired(timer="stop_silence", at_ms=5220):
            return [_usage(event.at_ms, "stt", "acme/ears", "", cost_usd="0.0001", audio_ms=5000)]
        case e.CallerHungUp():
            reason = f"no voice for {NUMBER}"
            failed = lines.note_line(event.at_ms, "voice_failed", provider="acme/voice", reason=reason)
            return [failed, _usage(event.at_ms, "stt", "acme/ears", "", cost_usd=None, audio_ms=100)]
        case _:
            return []


def _usage(at_ms: int, role: str, provider: str, reply: str, **fields: object) -> bytes:
    return lines.note_line(at_ms, "usage", role=role, provider=provider, reply=reply, **fields)
