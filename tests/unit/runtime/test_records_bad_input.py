"""Traces that were cut short, damaged or written by another version, and settings that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.runtime.recorded_call import AS_RECORDED, record_call

from antiphon import __version__
from antiphon.conversation import Policy, TurnPolicy
from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.policy_overrides import override
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.story import tell
from antiphon.runtime.records.what_if import compare


def _cut_after(path: Path, share: float) -> None:
    """As a killed writer leaves it: any byte may be the last."""
    raw = path.read_bytes()
    path.write_bytes(raw[: round(len(raw) * share)])


def _change(path: Path, old: bytes, new: bytes, count: int = -1) -> None:
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, count))


def _made_elsewhere(path: Path) -> None:
    _change(path, b'"version":"%s"' % __version__.encode(), b'"version":"9.9"')


def test_a_trace_cut_anywhere_replays_as_far_as_it_goes(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    for length in range(header + 40, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        result = replay_exactly(read_call(path))
        assert result.difference is None and result.cut_short, length


def test_a_trace_cut_short_still_shows_a_real_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _change(path, b'"text":"I\'d like to book a cleaning."', b'"text":"I\'d like to eat."', 2)
    _cut_after(path, 0.8)
    assert replay_exactly(read_call(path)).difference is not None


def test_what_if_runs_on_what_is_left(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _cut_after(path, 0.75)
    record = read_call(path)
    assert tell(record.entries).outcome == "unfinished"
    changes = compare(record, override(record.header.policy, ["turn.stop_silence_min_ms=600"]))
    assert changes[0].what_if_ms is not None and 600 < changes[0].what_if_ms < 650


def test_a_header_alone_is_a_call_without_events(tmp_path: Path) -> None:
    path = record_call(tmp_path, []).path
    result = replay_exactly(read_call(path))
    assert (result.events, result.commands, result.difference) == (0, 0, None)


def test_another_versions_trace_says_so_and_differs_instead_of_failing(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _made_elsewhere(path)
    _change(
        path,
        b'{"t":5060,"k":"event"',
        b'{"t":5060,"k":"event","type":"MoodSensed","mood":3}\n{"t":5060,"k":"event"',
    )
    record = read_call(path)
    result = replay_exactly(record)
    assert record.foreign and result.version == "9.9" and result.unknown == {"MoodSensed": 1}
    assert result.difference is None, "what this version does not know changed nothing"
    assert len(compare(record, record.header.policy)) == 2


def test_another_versions_command_is_a_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _made_elsewhere(path)
    _change(path, b'"type":"CommitTurn"', b'"type":"SettleTurn"', 1)
    difference = replay_exactly(read_call(path)).difference
    assert difference is not None
    assert "SettleTurn" in difference.recorded and "CommitTurn" in difference.replayed


def test_another_versions_event_without_a_field_of_ours_is_unknown(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _made_elsewhere(path)
    _change(path, b'"onset_ms":2950', b'"from_ms":2950')
    result = replay_exactly(read_call(path))
    assert result.unknown == {"SpeechStarted": 1} and result.difference is not None


def test_another_versions_story_that_our_core_cannot_follow_is_a_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _made_elsewhere(path)
    _change(path, b'"reply_id":"r2","index":1', b'"reply_id":"r2","index":7')
    record = read_call(path)
    difference = replay_exactly(record).difference
    assert difference is not None and "the core gave up: chunks come in order" in difference.replayed
    with pytest.raises(ConfigError, match=r"makes no sense to the core.*chunks|9\.9"):
        compare(record, record.header.policy)


@pytest.mark.parametrize("line", [b'{"t":5,"k":"event","type":"Teleported"}', b'{"t":5,"k":"thought"}'])
def test_our_own_version_writes_nothing_unknown(tmp_path: Path, line: bytes) -> None:
    path = record_call(tmp_path).path
    _change(path, b'{"t":6,', line + b'\n{"t":6,', 1)
    with pytest.raises(ConfigError, match=r"c1\.jsonl:\d+: this line cannot be understood"):
        read_call(path)


def test_a_torn_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _change(path, b'"type":"CommitTurn"', b'"type":"Com\n', 1)
    with pytest.raises(ConfigError, match=r"c1\.jsonl:\d+: this line is not JSON"):
        read_call(path)


@pytest.mark.parametrize("time", [b"null", b'"soon"', b"[]", b"1.5"])
def test_a_call_time_that_is_none_is_named_with_its_line(tmp_path: Path, time: bytes) -> None:
    path = record_call(tmp_path).path
    _change(path, b'{"t":3400,', b'{"t":%s,' % time, 1)
    with pytest.raises(ConfigError, match=r"c1\.jsonl:\d+: this line cannot be understood: its call time"):
        read_call(path)


@pytest.mark.parametrize("count", [b"null", b'"many"', b"-3"])
def test_a_number_of_lost_lines_that_is_none_is_still_a_loss(tmp_path: Path, count: bytes) -> None:
    path = record_call(tmp_path).path
    _change(path, b'"dropped":0', b'"dropped":%s' % count, 1)
    record = read_call(path)
    assert record.closed and record.dropped == 1 and not record.complete


def test_a_story_that_breaks_the_core_in_any_way_is_told_as_a_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _change(path, b'"reply_id":"r2","index":0,"duration_ms"', b'"reply_id":"r2","index":-9,"duration_ms"', 1)
    difference = replay_exactly(read_call(path)).difference
    assert difference is not None and "the core gave up: IndexError" in difference.replayed


def test_a_command_before_anything_happened_is_a_difference(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    lines = path.read_bytes().split(b"\n")
    copied = next(line for line in lines if b'"k":"command"' in line)
    path.write_bytes(b"\n".join([lines[0], copied, *lines[1:]]))
    difference = replay_exactly(read_call(path)).difference
    assert difference is not None and (difference.line, difference.replayed) == (2, "")
    assert difference.recorded == copied.decode()


def test_a_trace_that_came_through_a_mailbox_still_replays_exactly(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    result = replay_exactly(read_call(path))
    assert result.difference is None and not result.cut_short and result.commands > 20


def test_call_time_that_runs_backwards_is_named_with_its_line(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _change(path, b'{"t":3400,"k":"event"', b'{"t":2000,"k":"event"')
    record = read_call(path)
    for use in (replay_exactly, lambda record: compare(record, record.header.policy)):
        with pytest.raises(ConfigError, match=r"c1\.jsonl:\d+: call time runs backwards .* 3000 to 2000"):
            use(record)
    assert tell(record.entries).outcome == "caller_hangup", "the story can still be told"


def test_call_time_that_jumps_ahead_is_a_long_call(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _change(path, b'{"t":12000,', b'{"t":90000000,')
    assert replay_exactly(read_call(path)).difference is None


def test_a_header_of_another_shape_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    path = record_call(tmp_path).path
    _made_elsewhere(path)
    _change(path, b'"stop_silence_min_ms":300', b'"stop_silence_min_ms":"short"')
    with pytest.raises(ConfigError, match=r"header .* cannot be understood(.|\n)*antiphon 9\.9"):
        read_call(path)


def test_a_policy_that_knows_less_is_filled_up_with_what_was_meant(tmp_path: Path) -> None:
    """Knobs that are younger than the trace."""
    path = record_call(tmp_path).path
    _change(path, b'"endpointing":"ours",', b"")
    assert read_call(path).header.policy == Policy(turn=AS_RECORDED)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["turn.hold_ms=1", "turn.hold_ms=2"], "set twice, to 1 and to 2"),
        (["turn.stop_silence_min_ms=2000"], r"stop_silence_min_ms \(2000\) is greater than"),
        (["turn.score_complete=0.1"], r"score_incomplete \(0\.6\) is greater"),
        (["silence.filler_after_ms=20000"], "not below reply_deadline_ms"),
        (["turn.endpointing=provider", "turn.provider_wait_ms=100"], "hardly ever get to decide"),
        (["turn.rewind_after_ms=5000"], r"rewind_after_ms \(5000\) is not below hold_ms \(900\)"),
        (
            ["silence.hold_patience_ms=1000"],
            r"hold_patience_ms \(1000\) is less than reprompt_after_ms \(7000\)",
        ),
        (["silence.call_max_ms=0"], "call_max_ms is 0: every call would end as it begins"),
        (["turn.hold_ms=0"], "hold_ms is 0: playout would go on before anybody knows whose voice it is"),
        (["turn.endpointing=theirs"], "Invalid enum value"),
        (["turn.preset=calm"], "no preset 'calm'.*\n.*presets are snappy, balanced, patient"),
        (["turn.hold_ms=-5"], "turn.hold_ms is -5, which is not between"),
        (["turn.score_complete=1.5"], "not between 0 and 1"),
    ],
)
def test_settings_that_contradict_are_refused_in_words(settings: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        override(Policy(), settings)


@pytest.mark.parametrize("knob", ["turn.stop_silence_min_ms", "silence.reprompt_after_ms"])
def test_what_no_second_setting_puts_right_is_not_said_to_need_one(knob: str) -> None:
    with pytest.raises(ConfigError) as refused:
        override(Policy(), [f"{knob}={-5 if knob.startswith('turn') else 0}"])
    assert knob.partition(".")[2] in str(refused.value) and "set both" not in str(refused.value)


def test_a_call_recorded_under_what_is_refused_today_can_still_be_asked_what_if() -> None:
    """1200 was the default once, above a hold of 900."""
    recorded = Policy(turn=TurnPolicy(rewind_after_ms=1200))
    assert override(recorded, ["turn.hold_ms=800"]).turn == TurnPolicy(rewind_after_ms=1200, hold_ms=800)
    with pytest.raises(ConfigError, match="rewind_after_ms"):
        override(recorded, ["turn.rewind_after_ms=1100"])


def test_the_same_setting_twice_is_no_contradiction() -> None:
    assert override(Policy(), ["turn.hold_ms=1", "turn.hold_ms=1"]).turn == TurnPolicy(hold_ms=1)


@pytest.mark.parametrize(
    ("mode", "words"), [("provider", "no turn events of a vendor"), ("push_to_talk", "no talk button")]
)
def test_nobody_knows_what_a_vendor_or_a_thumb_would_have_done(tmp_path: Path, mode: str, words: str) -> None:
    record = record_call(tmp_path)
    with pytest.raises(ConfigError, match=words):
        compare(record, override(record.header.policy, [f"turn.endpointing={mode}"]))
