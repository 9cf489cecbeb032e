"""Who was cut off: turns ended in a pause after which the caller went on; what another policy does there."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from tests.unit.runtime.cut_off_call import PAUSE_MS, cut_off_events
from tests.unit.runtime.recorded_call import record_call

from antiphon.conversation.policy import PRESETS, Policy, TurnPolicy
from antiphon.runtime.records.cut_offs import REACTION_MS, RESUMED_WITHIN_MS, cut_offs, unfinished_pauses
from antiphon.runtime.records.lines import CallRecord
from antiphon.runtime.records.policy_overrides import override
from antiphon.runtime.records.what_if import compare


def _cut(record: CallRecord) -> set[int]:
    return cut_offs(record.entries, unfinished_pauses(record.entries))


def test_a_turn_ended_in_the_middle_of_a_sentence_is_a_cut_off(tmp_path: Path) -> None:
    assert _cut(record_call(tmp_path, cut_off_events())) == {PAUSE_MS}


def test_the_end_of_what_he_had_to_say_is_none(tmp_path: Path) -> None:
    assert _cut(record_call(tmp_path)) == set()


def test_who_answers_the_agent_was_not_cut_off(tmp_path: Path) -> None:
    late_ms = 4240 + REACTION_MS + 1
    assert _cut(record_call(tmp_path, cut_off_events(onset_ms=late_ms))) == set()
    in_time = record_call(tmp_path / "in time", cut_off_events(onset_ms=late_ms - 1))
    assert _cut(in_time) == {PAUSE_MS}


def test_who_coughs_after_his_turn_was_not_cut_off(tmp_path: Path) -> None:
    assert _cut(record_call(tmp_path, cut_off_events(more=""))) == set()


def test_who_goes_on_much_later_has_begun_anew(tmp_path: Path) -> None:
    in_time_ms = PAUSE_MS + RESUMED_WITHIN_MS
    soon = record_call(tmp_path, cut_off_events(onset_ms=in_time_ms, answered=False))
    later = record_call(tmp_path / "later", cut_off_events(onset_ms=in_time_ms + 1, answered=False))
    assert (_cut(soon), _cut(later)) == ({PAUSE_MS}, set())


def test_more_patience_would_not_have_cut_him_off(tmp_path: Path) -> None:
    record = record_call(tmp_path, cut_off_events())
    patient = override(record.header.policy, ["turn.stop_silence_min_ms=700"])
    cut, whole = compare(record, patient)
    assert (cut.recorded_cut_off, cut.what_if_cut_off) == (True, False)
    assert (cut.what_if_text, whole.what_if_text) == ("", "I'd like to book a cleaning on Friday")


def test_a_preset_is_tried_by_its_name_and_leaves_what_presets_are_not_about() -> None:
    recorded = Policy(turn=TurnPolicy(hold_ms=800, rewind_after_ms=700, stop_silence_min_ms=500))
    turn = override(recorded, ["turn.stop_silence_max_ms=2000", "turn.preset=patient"]).turn
    patient = PRESETS["patient"]
    assert turn == structs.replace(patient, stop_silence_max_ms=2000, hold_ms=800, rewind_after_ms=700)
    assert override(recorded, ["turn.preset=snappy"]).turn.stop_silence_min_ms == 200


def test_the_same_policy_cuts_him_off_again(tmp_path: Path) -> None:
    record = record_call(tmp_path, cut_off_events())
    assert [item.what_if_cut_off for item in compare(record, record.header.policy)] == [True, False]


@pytest.mark.parametrize(("low_ms", "cut"), [(300, True), (1000, False)])
def test_a_call_taken_patiently_tells_what_haste_would_have_done(
    tmp_path: Path, low_ms: int, cut: bool
) -> None:
    events = [event for event in cut_off_events(answered=False) if type(event).__name__ != "TimerFired"]
    policy = override(
        record_call(tmp_path / "as it was").header.policy,
        ["turn.stop_silence_min_ms=1000", "turn.stop_silence_max_ms=1000"],
    )
    record = record_call(tmp_path, events, policy=policy)
    assert _cut(record) == set()
    changes = compare(record, override(policy, [f"turn.stop_silence_min_ms={low_ms}"]))
    assert any(item.what_if_cut_off for item in changes) is cut
