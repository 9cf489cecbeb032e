"""What a trace tells: what was heard, where the time went, which tools ran, who interrupted whom."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tests.unit.runtime.recorded_call import EVENTS, record_call

from antiphon.conversation import events as e
from antiphon.runtime.records.lines import NoteEntry
from antiphon.runtime.records.screen import render_call
from antiphon.runtime.records.story import tell
from antiphon.runtime.records.summary import summarise
from antiphon.runtime.records.waterfall import percentile, waterfall


def test_a_cut_reply_is_told_as_far_as_the_caller_heard_it(tmp_path: Path) -> None:
    reply = tell(record_call(tmp_path).entries).replies["r2"]
    assert reply.said == "Sure. We have Thursday at ten."
    assert reply.heard == "Sure. We" and not reply.complete
    assert reply.heard_ms == 760


def test_every_turn_is_joined_to_the_reply_that_answered_it(tmp_path: Path) -> None:
    story = tell(record_call(tmp_path).entries)
    assert [(turn.heard_as, turn.reply_id) for turn in story.turns] == [
        ("I'd like to book a cleaning.", "r2"),
        ("No wait, I want Friday.", "r3"),
    ]


def test_the_waterfall_counts_from_the_last_speech_sample_and_shows_what_the_wait_hid(tmp_path: Path) -> None:
    story = tell(record_call(tmp_path).entries)
    fall = waterfall(story.turns[0], story.replies["r2"])
    assert fall.durations_ms() == {
        "vad": 80,
        "final_transcript": 140,
        "endpointing": 300,
        "reasoner": 15,
        "tts": 50,
        "playout": 20,
        "total": 320,
    }
    hidden = {stage.name: stage.hidden_ms for stage in fall.stages}
    assert fall.speculative and hidden["reasoner"] == 15 and hidden["tts"] == 50


def test_only_the_part_before_the_commit_is_hidden(tmp_path: Path) -> None:
    story = tell(record_call(tmp_path).entries)
    stages = {stage.name: stage for stage in waterfall(story.turns[1], story.replies["r3"]).stages}
    assert (stages["reasoner"].duration_ms, stages["reasoner"].hidden_ms) == (340, 160)


def test_a_turn_nobody_answered_has_no_total(tmp_path: Path) -> None:
    upto = next(i for i, event in enumerate(EVENTS) if isinstance(event, e.ToolRequested))
    summary = summarise(record_call(tmp_path, EVENTS[:upto]))
    assert summary["turns"][0]["latency_ms"]["total"] is None
    assert summary["latency_ms"] == {"p50": None, "p95": None, "p99": None}
    assert summary["outcome"] == "unfinished"


def test_a_barge_in_and_a_cough_are_told_apart_with_the_time_to_silence(tmp_path: Path) -> None:
    interruptions = summarise(record_call(tmp_path))["interruptions"]
    assert interruptions == [
        {"at_ms": 6000, "reply": "r2", "kind": "barge_in", "silent_after_ms": 60},
        {"at_ms": 8000, "reply": "r3", "kind": "false_interruption", "silent_after_ms": 40},
    ]


def test_a_hang_up_in_the_middle_of_a_reply_is_no_barge_in(tmp_path: Path) -> None:
    playing = next(i for i, event in enumerate(EVENTS) if isinstance(event, e.PlayoutFinished))
    events = [*EVENTS[:playing], e.CallerHungUp(at_ms=900)]
    summary = summarise(record_call(tmp_path, events))
    assert summary["interruptions"] == []
    assert summary["outcome"] == "caller_hangup"


def test_a_tool_is_told_with_its_result_and_a_failed_one_is_trouble(tmp_path: Path) -> None:
    summary = summarise(record_call(tmp_path))
    assert [(tool["name"], tool["ok"], tool["took_ms"]) for tool in summary["tools"]] == [
        ("find_slots", True, 60)
    ]
    assert summary["errors"] == []
    failed = [
        e.ToolFinished(at_ms=event.at_ms, tool_call_id="t1", ok=False, result='"timeout"', took_ms=5000)
        if isinstance(event, e.ToolFinished)
        else event
        for event in EVENTS
    ]
    summary = summarise(record_call(tmp_path / "failed", failed))
    assert summary["errors"] == [{"at_ms": 5290, "what": "tool_failed", "detail": 'find_slots: "timeout"'}]


def test_error_notes_and_cuts_of_the_trace_are_trouble(tmp_path: Path) -> None:
    entries = [
        *record_call(tmp_path).entries,
        NoteEntry(number=90, raw=b"", at_ms=50, type="error", fields={"reason": "worker died"}),
        NoteEntry(number=91, raw=b"", at_ms=60, type="trace_cut", fields={"dropped": 3}),
    ]
    assert [(item.what, item.detail) for item in tell(entries).errors] == [
        ("error", "reason=worker died"),
        ("trace_cut", "3 lines were lost here"),
    ]


def test_trouble_that_repeats_is_one_line_on_the_screen(tmp_path: Path) -> None:
    record = record_call(tmp_path)
    notes = [
        NoteEntry(number=90 + i, raw=b"", at_ms=50 + i, type="end_of_turn_failed", fields={"reason": "late"})
        for i in range(3)
    ]
    screen = render_call(dataclasses.replace(record, entries=(*notes, *record.entries)))
    assert [line for line in screen if "late" in line] == [
        " 0:00.050  end_of_turn_failed: reason=late   (3 times)"
    ]


def test_the_summary_has_the_keys_a_simulated_call_has(tmp_path: Path) -> None:
    summary = summarise(record_call(tmp_path))
    expected = {
        "call_id",
        "outcome",
        "turns",
        "latency_ms",
        "tools",
        "interruptions",
        "duration_ms",
        "errors",
    }
    assert expected <= summary.keys()
    assert {"agent_heard", "agent_said", "agent_was_heard", "latency_ms"} <= summary["turns"][0].keys()
    assert summary["latency_ms"] == {"p50": 320, "p95": 590, "p99": 590}
    assert summary["complete"]


def test_the_screen_shows_words_latency_tools_interruptions_and_the_end(tmp_path: Path) -> None:
    screen = "\n".join(render_call(record_call(tmp_path)))
    for words in (
        "ended: caller_hangup",
        "0:05.240  agent   Sure. We ✂ not heard: have Thursday at ten.",
        "turn 1  I'd like to book a cleaning.   320 ms   (prepared while waiting)",
        "340  budget 100–300  over",
        "p50 320 (bound 500)",
        "find_slots({})  ok in 60 ms",
        "barge-in over r2, silent 60 ms after the onset",
    ):
        assert words in screen


def test_percentiles_are_nearest_rank() -> None:
    assert [percentile([5, 1, 3, 2, 4], p) for p in (1, 50, 95, 100)] == [1, 3, 5, 5]
    assert percentile([], 50) is None
