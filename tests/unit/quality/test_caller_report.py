"""Both sides of the line joined on call time: who said what, and how long the ear waited for the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.recorded_call import EVENTS, record_call

from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.quality.callers.ear import HeardUtterance
from antiphon.quality.callers.goals import Verdict
from antiphon.quality.callers.living import CallerLog, Said
from antiphon.quality.callers.report import ALIGN_MS, CallReport, failed_report, report
from antiphon.runtime.records.lines import CallRecord, CommandEntry, Entry, EventEntry

REACHED = Verdict(reached=True, why="booked")
# In the recorded call the agent dates the caller's turns 2950 to 4920 and 5940 to 6920.
FIRST = Said(text="I'd like to book a cleaning.", began_ms=2940, ended_ms=4900)
SECOND = Said(text="No wait, I want Friday.", began_ms=5930, ended_ms=6915)


def log(*said: Said, onsets_ms: list[int] | None = None, errors: list[str] | None = None) -> CallerLog:
    return CallerLog(
        call_id="c1",
        said=list(said or (FIRST, SECOND)),
        heard=[HeardUtterance(number=1, began_ms=60, ended_ms=1560, text="Hello how can I help")],
        agent_onsets_ms=[60, 5245, 7515] if onsets_ms is None else onsets_ms,
        ended_by="caller",
        duration_ms=12_000,
        errors=errors or [],
    )


@pytest.fixture
def record(tmp_path: Path) -> CallRecord:
    return record_call(tmp_path)


def told(record: CallRecord, caller_log: CallerLog, verdict: Verdict = REACHED) -> dict[str, Any]:
    return report("books", verdict, caller_log, record, record.path).data


def totals(data: dict[str, Any]) -> list[int | None]:
    return [turn["latency_ms"]["total"] for turn in data["turns"]]


def test_a_turn_joins_what_was_said_heard_answered_and_heard_of_the_answer(record: CallRecord) -> None:
    first, second = told(record, log())["turns"]
    assert first["caller_said"] == "I'd like to book a cleaning."
    assert first["agent_heard"] == "I'd like to book a cleaning."
    assert first["agent_said"] == "Sure. We have Thursday at ten."
    assert first["agent_was_heard"] != first["agent_said"], "the caller cut it off"
    assert first["agent_was_heard"].startswith("Sure.")
    assert second["caller_said"] == "No wait, I want Friday."
    assert second["agent_was_heard"] == "Friday at nine is free."


def test_the_wait_counts_from_the_true_end_of_voice_to_the_first_sound_at_the_ear(record: CallRecord) -> None:
    data = told(record, log())
    assert totals(data) == [5245 - 4900, 7515 - 6915]
    assert data["latency_ms"] == {"p50": 345, "p95": 600, "p99": 600}


def test_the_stages_and_what_the_agent_saw_stand_beside_the_wait(record: CallRecord) -> None:
    latency = told(record, log())["turns"][0]["latency_ms"]
    assert latency["total_seen_by_agent"] == 5240 - 4920
    assert (latency["vad"], latency["final_transcript"], latency["endpointing"]) == (80, 140, 300)
    assert {"reasoner", "tts", "playout"} <= set(latency)


def test_lines_said_within_one_turn_belong_to_it_together(record: CallRecord) -> None:
    start = replace(FIRST, text="I'd like", ended_ms=3400)
    end = replace(FIRST, text="to book a cleaning.", began_ms=3600)
    first, second = told(record, log(start, end, SECOND))["turns"]
    assert first["caller_said"] == "I'd like to book a cleaning."
    assert second["caller_said"] == "No wait, I want Friday."


def test_a_line_far_from_the_turn_is_another_one(record: CallRecord) -> None:
    early = Said(text="Hm.", began_ms=2000, ended_ms=2950 - ALIGN_MS)
    assert told(record, log(early, SECOND))["turns"][0]["caller_said"] == ""


def test_a_turn_that_does_not_end_with_his_voice_has_no_wait(record: CallRecord) -> None:
    cut_short = replace(FIRST, ended_ms=4920 - ALIGN_MS - 1)
    assert totals(told(record, log(cut_short, SECOND))) == [None, 600]


def test_a_caller_who_spoke_on_before_the_answer_waited_for_nothing(record: CallRecord) -> None:
    more = Said(text="And one more thing.", began_ms=5100, ended_ms=5600)
    data = told(record, log(FIRST, more, SECOND))
    assert totals(data) == [None, 600]
    assert data["latency_ms"]["p50"] == 600, "what was not measured does not count"


def test_a_soft_last_word_that_the_agent_did_not_hear_does_not_hide_the_wait(record: CallRecord) -> None:
    soft = replace(FIRST, ended_ms=4920 + ALIGN_MS + 100)
    data = told(record, log(soft, SECOND, onsets_ms=[60, 5600, 7515]))
    assert totals(data) == [180, 600]


def test_an_answer_into_the_callers_line_is_no_wait(record: CallRecord) -> None:
    soft = replace(FIRST, ended_ms=4920 + ALIGN_MS + 100)
    assert totals(told(record, log(soft, SECOND, onsets_ms=[60, 5245, 5600, 7515]))) == [None, 600]
    soft = replace(FIRST, ended_ms=4920 + ALIGN_MS - 50)
    late = told(record, log(soft, SECOND, onsets_ms=[60, 5245, 5600, 7515]))
    assert totals(late) == [None, 600], "nor is the sound after it"


def test_an_answer_he_never_heard_is_no_wait(record: CallRecord) -> None:
    data = told(record, log(onsets_ms=[60]))
    assert totals(data) == [None, None]
    assert data["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def with_keys(entry: Entry) -> Entry:
    """The turn as if it had been keyed in."""
    if isinstance(entry, CommandEntry) and isinstance(entry.command, c.CommitTurn):
        return replace(entry, command=c.CommitTurn(turn=1, text="dtmf:12#", ended_ms=entry.command.ended_ms))
    return entry


def test_keys_are_no_voice_to_wait_after(tmp_path: Path) -> None:
    record = record_call(tmp_path)
    entries = tuple(with_keys(entry) for entry in record.entries)
    data = told(replace(record, entries=entries), log())
    assert totals(data) == [None, None]
    assert [turn["agent_heard"] for turn in data["turns"]] == ["dtmf:12#", "dtmf:12#"]


def test_interruptions_and_tools_are_listed(record: CallRecord) -> None:
    data = told(record, log())
    assert [(item["at_ms"], item["barge_in"]) for item in data["interruptions"]] == [
        (6000, True),
        (8000, False),
    ]
    assert data["interruptions"][0]["silent_after_ms"] == 60
    assert data["tools"] == [{"name": "find_slots", "ok": True, "took_ms": 60, "arguments": "{}"}]


def test_faults_of_both_sides_are_told(tmp_path: Path) -> None:
    events = [
        e.ReplyFailed(at_ms=event.at_ms, reply_id="r3", reason="no model")
        if isinstance(event, e.ReplyText) and event.reply_id == "r3"
        else event
        for event in EVENTS
    ]
    assert any(isinstance(event, e.ReplyFailed) for event in events)
    record = record_call(tmp_path, events)
    assert any(isinstance(entry, EventEntry) for entry in record.entries)
    data = told(record, log(errors=["no greeting was heard"]))
    assert data["errors"][0] == "no greeting was heard"
    assert "reply_failed: r3: no model" in data["errors"]


@pytest.mark.parametrize(("reached", "outcome"), [(True, "goal_reached"), (False, "goal_missed")])
def test_the_outcome_is_the_verdict_and_the_end_is_the_traces(
    record: CallRecord, reached: bool, outcome: str
) -> None:
    data = told(record, log(), Verdict(reached=reached, why="because"))
    assert (data["outcome"], data["why"], data["ended"]) == (outcome, "because", "caller_hangup")
    assert data["call_id"] == "c1" and data["caller"] == "books" and data["duration_ms"] == 12_000
    assert data["caller_heard"] == ["Hello how can I help"] and Path(data["trace"]).exists()


def test_a_call_that_failed_has_the_same_fields_as_any_other(record: CallRecord) -> None:
    failed: CallReport = failed_report("books", "all lines are busy")
    assert set(failed.data) == set(told(record, log()))
    assert not failed.reached and failed.data["outcome"] == "error"
    assert failed.data["errors"] == ["all lines are busy"]


def test_a_report_is_json(record: CallRecord) -> None:
    data = told(record, log())
    assert json.loads(json.dumps(data)) == data
