"""The agent of a recorded call, asked again: it takes the time that it took, and says what it said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.runtime.recorded_call import EVENTS, record_call

from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.runtime.records.lines import CallRecord, CommandEntry
from antiphon.runtime.records.takes import Takes
from antiphon.runtime.records.what_if import compare, simulate

GREETING = EVENTS[:6]


def _drafted(stray: list[e.AnyEvent]) -> list[e.AnyEvent]:
    """A draft on a stable partial, given up since the final says more; the reply begins as it did."""
    return [
        *GREETING,
        e.SpeechStarted(at_ms=3000, onset_ms=2950),
        e.TranscriptPartial(at_ms=3400, segment=1, text="I'd like to book."),
        e.SpeechStopped(at_ms=5000, ended_ms=4920),
        e.EndOfTurnScored(at_ms=5030, ended_ms=4920, score=0.9, took_ms=30),
        e.TimerFired(at_ms=5270, timer="stable_partial"),
        e.ReplyText(at_ms=5290, reply_id="r2", index=0, text="Sure."),
        *(event for event in stray if event.at_ms < 5800),
        e.ChunkSynthesized(at_ms=5790, reply_id="r2", index=0, duration_ms=600, ttfb_ms=520),
        e.TranscriptFinal(at_ms=5800, segment=1, text="I'd like to book a cleaning.", took_ms=800),
        *(event for event in stray if event.at_ms >= 5800),
        e.ReplyText(at_ms=5820, reply_id="r3", index=0, text="Sure."),
        e.ReplyFinished(at_ms=5821, reply_id="r3"),
        e.ChunkSynthesized(at_ms=5822, reply_id="r3", index=0, duration_ms=600, ttfb_ms=0),
        e.PlayoutStarted(at_ms=5822, reply_id="r3"),
        e.PlayoutFinished(at_ms=6422, reply_id="r3", heard_ms=600),
        e.CallerHungUp(at_ms=9000),
    ]


def _started(record: CallRecord) -> list[str]:
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return [command.reply_id for command in commands if isinstance(command, c.StartReply)]


def test_a_phrase_that_was_made_for_a_draft_is_there_at_once_in_the_what_if_too(tmp_path: Path) -> None:
    record = record_call(tmp_path, _drafted([]))
    assert _started(record) == ["r1", "r2", "r3"], "the draft was given up"
    (turn,) = compare(record, record.header.policy)
    assert turn.recorded_ms == 902 and turn.what_if_ms is not None
    assert abs(turn.what_if_ms - 902) <= 20, "the line's own delay is its median"


def test_what_was_still_under_way_of_a_draft_is_no_part_of_another_reply(tmp_path: Path) -> None:
    """Its second sentence came when it had been given up, its first never: no core takes that. The reply that
    took its place was given up too, so it is answered for by what is nearest."""
    late = e.ReplyText(at_ms=5810, reply_id="r2", index=1, text="We have Thursday at ten.")
    until = [event for event in _drafted([late]) if event.at_ms <= late.at_ms]
    silent = (e.ReplyText, e.ChunkSynthesized)
    events = [event for event in until if event in GREETING or event is late or not isinstance(event, silent)]
    more: list[e.AnyEvent] = [
        e.SpeechStarted(at_ms=6000, onset_ms=5950),
        e.TranscriptPartial(at_ms=6600, segment=2, text="No, wait, on Friday."),
        e.CallerHungUp(at_ms=6800),
    ]
    record = record_call(tmp_path, [*events, *more])
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    given_up = [command.reply_id for command in commands if isinstance(command, c.CancelReply)]
    assert given_up == ["r2", "r3"]
    (turn,) = compare(record, record.header.policy)
    assert turn.what_if_text == "I'd like to book a cleaning."


def test_a_tool_that_answered_twice_is_gone_on_from_once(tmp_path: Path) -> None:
    twice = e.ToolFinished(at_ms=5310, tool_call_id="t1", ok=True, result='["Thu 10:00"]', took_ms=80)
    more = e.ReplyText(at_ms=5315, reply_id="r2", index=2, text="Or at eleven.")
    cut = next(place for place, event in enumerate(EVENTS) if event.at_ms == 5301)
    events = [*EVENTS[:cut], twice, more, e.ReplyFinished(at_ms=5320, reply_id="r2")]
    record = record_call(tmp_path, [*events, e.CallerHungUp(at_ms=5400)])
    said = [
        entry.command.text
        for entry in simulate(record, record.header.policy)
        if isinstance(entry, CommandEntry) and isinstance(entry.command, c.Synthesize)
    ]
    assert said[1:] == ["Sure.", "We have Thursday at ten.", "Or at eleven."]


def _take(at_ms: int, reply_id: str) -> e.ChunkSynthesized:
    return e.ChunkSynthesized(at_ms=at_ms, reply_id=reply_id, index=0, duration_ms=500, ttfb_ms=10)


@pytest.mark.parametrize(
    ("came", "took_ms"),
    [
        ([True, True, True], [100, 20, 30, 30]),  # One time too many: as the last.
        ([False, True, True], [20, 20, 30, 30]),  # Given up: as the next.
        ([True, True, False], [100, 20, 20, 20]),  # As the one before, where there is no next.
        ([False, False, False], [None]),
    ],
)
def test_the_nth_time_takes_what_the_nth_time_took(came: list[bool], took_ms: list[int | None]) -> None:
    takes = Takes()
    for number, took in enumerate((100, 20, 30)):
        takes.asked(1000 * number, f"r{number}", 0, "Sure.")
        if came[number]:
            takes.came(_take(1000 * number + took, f"r{number}"))
    again = [takes.again("Sure.") for _ in took_ms]
    assert [take and take[0] for take in again] == took_ms
    assert takes.again("Never said.") is None
