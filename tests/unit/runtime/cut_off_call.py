"""A recorded caller who pauses in the middle of a sentence and is answered too early."""

from __future__ import annotations

from antiphon.conversation import events as e

PAUSE_MS = 3920  # Where his voice paused; he goes on at 4430.


def cut_off_events(
    *, onset_ms: int = 4430, more: str = "a cleaning on Friday", answered: bool = True
) -> list[e.AnyEvent]:
    """What happened. He goes on at `onset_ms` with the words `more`."""
    noticed_ms = onset_ms + 70
    events: list[e.AnyEvent] = [
        e.CallStarted(at_ms=0, call_id="c1", agent="clinic", line="loopback", wall_time_ms=1_700_000_000_000),
        e.ReplyText(at_ms=5, reply_id="r1", index=0, text="Hello, how can I help?"),
        e.ReplyFinished(at_ms=6, reply_id="r1"),
        e.ChunkSynthesized(at_ms=60, reply_id="r1", index=0, duration_ms=1500, ttfb_ms=40),
        e.PlayoutStarted(at_ms=80, reply_id="r1"),
        e.PlayoutFinished(at_ms=1580, reply_id="r1", heard_ms=1500),
        e.SpeechStarted(at_ms=3000, onset_ms=2950),
        e.SpeechStopped(at_ms=4000, ended_ms=PAUSE_MS),
        e.EndOfTurnScored(at_ms=4030, ended_ms=PAUSE_MS, score=0.9, took_ms=30),
        e.TranscriptFinal(at_ms=4060, segment=1, text="I'd like to book", took_ms=60),
        e.ReplyText(at_ms=4100, reply_id="r2", index=0, text="Sure, what is it for?"),
        e.ReplyFinished(at_ms=4101, reply_id="r2"),
        e.ChunkSynthesized(at_ms=4160, reply_id="r2", index=0, duration_ms=1800, ttfb_ms=50),
        e.TimerFired(at_ms=4220, timer="stop_silence"),
    ]
    if answered:
        events += [
            e.PlayoutStarted(at_ms=4240, reply_id="r2"),
            e.SpeechStarted(at_ms=noticed_ms, onset_ms=onset_ms),
            e.PlayoutPaused(at_ms=noticed_ms, reply_id="r2", heard_ms=noticed_ms - 4240),
        ]
    else:
        events += [e.SpeechStarted(at_ms=noticed_ms, onset_ms=onset_ms)]
    if more:
        events += [e.TranscriptPartial(at_ms=noticed_ms + 300, segment=2, text=more)]
        if answered:
            events += [e.PlayoutFlushed(at_ms=noticed_ms + 300, reply_id="r2", heard_ms=noticed_ms - 4240)]
    ended_ms = noticed_ms + 900
    events += [
        e.SpeechStopped(at_ms=ended_ms + 80, ended_ms=ended_ms),
        e.EndOfTurnScored(at_ms=ended_ms + 110, ended_ms=ended_ms, score=0.9, took_ms=30),
        e.TranscriptFinal(at_ms=ended_ms + 140, segment=2, text=more, took_ms=60),
        e.TimerFired(at_ms=ended_ms + 300, timer="stop_silence"),
        e.CallerHungUp(at_ms=ended_ms + 4000),
    ]
    return events
