"""Replay: the same core says the same; another policy says what would have been different."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from tests.unit.runtime.recorded_call import AS_RECORDED, EVENTS, record_call

from antiphon.conversation import Policy, SilencePolicy, TurnPolicy
from antiphon.conversation import events as e
from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import EventEntry, read_call
from antiphon.runtime.records.policy_overrides import override
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.what_if import OUTSIDE_EVENTS, compare, simulate


def test_a_recorded_call_replays_exactly_whatever_notes_lie_between(tmp_path: Path) -> None:
    result = replay_exactly(record_call(tmp_path))
    assert result.difference is None
    assert result.events == len(EVENTS) and result.commands > len(EVENTS)


def test_the_first_difference_names_its_line_and_both_sides(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    lines = path.read_bytes().splitlines()
    number = next(i for i, line in enumerate(lines, start=1) if b'"CommitTurn"' in line)
    lines[number - 1] = lines[number - 1].replace(b"cleaning", b"filling")
    path.write_bytes(b"\n".join(lines) + b"\n")
    difference = replay_exactly(read_call(path)).difference
    assert difference is not None and difference.line == number
    assert "filling" in difference.recorded and "cleaning" in difference.replayed
    assert '"TimerFired"' in difference.event


def test_a_command_missing_from_the_recording_is_a_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    kept = [line for line in path.read_bytes().splitlines() if b'"EndCall"' not in line]
    path.write_bytes(b"\n".join(kept) + b"\n")
    difference = replay_exactly(read_call(path)).difference
    assert difference is not None and difference.recorded == "" and "EndCall" in difference.replayed


def test_the_same_policy_predicts_the_delays_that_were_recorded(tmp_path: Path) -> None:
    record = record_call(tmp_path)
    changes = compare(record, record.header.policy)
    assert [(item.turn, item.recorded_ms, item.what_if_ms) for item in changes] == [
        (1, 320, 320),
        (2, 590, 590),
    ]


def test_a_reply_longer_than_its_deadline_is_not_taken_for_a_stuck_line(tmp_path: Path) -> None:
    policy = Policy(turn=AS_RECORDED, silence=SilencePolicy(reply_deadline_ms=1000))
    changes = compare(record_call(tmp_path, policy=policy), policy)
    assert [item.what_if_ms for item in changes] == [320, 590]


def test_a_longer_stop_silence_delays_the_reply_that_was_ready(tmp_path: Path) -> None:
    record = record_call(tmp_path)
    changes = compare(record, override(record.header.policy, ["turn.stop_silence_min_ms=600"]))
    assert [item.what_if_ms for item in changes] == [620, 620]


def test_without_speculation_the_preparation_is_paid_after_the_wait(tmp_path: Path) -> None:
    record = record_call(tmp_path)
    changes = compare(record, override(record.header.policy, ["turn.speculate=false"]))
    assert [item.what_if_ms for item in changes] == [385, 750]


# What the agent's side answers to commands, and the clock to `SetTimer`.
_ANSWERS = {
    e.TimerFired,
    e.ReplyText,
    e.AnswerExpected,
    e.TurnUnderstood,
    e.ReplyFinished,
    e.ReplyFailed,
    e.ChunkSynthesized,
    e.PlayoutStarted,
    e.PlayoutMark,
    e.PlayoutPaused,
    e.PlayoutFlushed,
    e.PlayoutFinished,
    e.ToolRequested,
    e.ToolFinished,
}
# A voice is taken to succeed: what it would have made of other words nobody knows.
_NOT_PLAYED_AGAIN = {e.ChunkCut, e.SynthesisFailed}


def test_a_what_if_leaves_no_event_out() -> None:
    assert set(get_args(e.AnyEvent)) == {*OUTSIDE_EVENTS, *_ANSWERS, *_NOT_PLAYED_AGAIN}
    assert not set(OUTSIDE_EVENTS) & (_ANSWERS | _NOT_PLAYED_AGAIN)


def test_a_tool_that_never_answered_does_not_answer_in_the_what_if(tmp_path: Path) -> None:
    events = [item for item in EVENTS if not isinstance(item, e.ToolFinished) and item.at_ms < 5300]
    record = record_call(tmp_path, [*events, e.CallerHungUp(at_ms=9000)])
    finished = [
        entry.event for entry in simulate(record, record.header.policy) if isinstance(entry, EventEntry)
    ]
    assert not [event for event in finished if isinstance(event, e.ToolFinished)]


def test_a_call_with_a_cost_limit_of_some_dollars_can_be_asked_what_if(tmp_path: Path) -> None:
    costly = Policy(turn=AS_RECORDED, silence=SilencePolicy(call_cost_max_usd=2.0))
    policy = record_call(tmp_path, policy=costly).header.policy
    assert override(policy, ["turn.stop_silence_min_ms=400"]).silence.call_cost_max_usd == 2.0
    with pytest.raises(ConfigError, match=r"call_cost_max_usd is 1001.0, which is not between 0 and 1000"):
        override(policy, ["silence.call_cost_max_usd=1001.0"])


def test_settings_change_only_what_they_name() -> None:
    changed = override(Policy(), ["turn.hold_ms=1", "trouble=Sorry?"])
    assert changed == Policy(turn=TurnPolicy(hold_ms=1), trouble="Sorry?")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("turn.stop_silence_ms=3", r"did you mean turn\.stop_silence_m"),
        ("turn=3", "sets nothing of the policy"),
        ("turn.hold_ms", "sets nothing of the policy"),
        ("zzz=1", "keys are turn.endpointing, turn.stop_silence_min_ms"),
        ("turn.hold_ms=soon", "Expected `int`"),
    ],
)
def test_a_setting_that_sets_nothing_is_refused_in_words(setting: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        override(Policy(), [setting])
