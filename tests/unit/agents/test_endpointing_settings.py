"""Who ends turns, as the agent file says it: its knobs, and settings that cannot all be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.agents.test_definition import GOOD, load
from tests.unit.conversation.script import Script

from antiphon.agents.definition import AgentDefinition, agent_schema
from antiphon.conversation import commands as cmd
from antiphon.conversation.policy import PRESETS
from antiphon.errors import ConfigError

SILENCE = "silence: {reprompt_after_ms: 6000}"
TURN = "turn: {preset: patient, stop_silence_min_ms: 450}"


def _with(tmp_path: Path, turn: str) -> AgentDefinition:
    return load(tmp_path, GOOD.replace(TURN, f"turn: {{{turn}}}"))


def test_we_end_turns_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert load(tmp_path).policy.turn.endpointing == "ours"


@pytest.mark.parametrize("mode", ["ours", "provider", "push_to_talk"])
def test_every_mode_may_be_chosen_with_every_preset(tmp_path: Path, mode: str) -> None:
    for preset in ("snappy", "balanced", "patient"):
        turn = _with(tmp_path, f"preset: {preset}, endpointing: {mode}").policy.turn
        assert turn.endpointing == mode


def test_push_to_talk_may_speculate(tmp_path: Path) -> None:
    turn = _with(tmp_path, "endpointing: push_to_talk, speculate: true, stable_partial_ms: 200").policy.turn
    assert turn.speculate and turn.stable_partial_ms == 200


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ("endpointing: theirs", ["'theirs' is not allowed", "push_to_talk"]),
        ("provider_wait_ms: 2000", ["means nothing with `endpointing: ours`", "endpointing: provider"]),
        ("talk_max_ms: 9000", ["talk_max_ms", "endpointing: push_to_talk"]),
        ("endpointing: provider, talk_tail_ms: 100", ["means nothing with `endpointing: provider`"]),
        (
            "endpointing: provider, provider_wait_ms: 500",
            ["less than stop_silence_max_ms", "hardly ever get to decide"],
        ),
        (
            "endpointing: push_to_talk, talk_tail_ms: 900, talk_max_ms: 300",
            ["talk_tail_ms (900) is greater than talk_max_ms (300)"],
        ),
        ("score_complete: 0.1", ["score_incomplete (0.6) is greater than score_complete (0.1)"]),
        (
            "few_words_ms: 1000",
            ["few_words_ms (1000) is greater than hold_ms (900)", "which ends first", "set both"],
        ),
        (
            "rewind_after_ms: 1200",
            ["rewind_after_ms (1200) is not below hold_ms (900)", "`rewind_ms: 0` never does", "set both"],
        ),
        ("preset: patient, hold_ms: 700, rewind_after_ms: 700", ["rewind_after_ms (700) is not below"]),
        ("hold_ms: 0", ["hold_ms is 0: playout would go on before", "leave it out"]),
        ("voice_takes_floor_ms: 0", ["voice_takes_floor_ms is 0: every cough would", "leave it out"]),
        ("endpointing: push_to_talk, talk_max_ms: soon", ["turn.talk_max_ms", "valid integer"]),
    ],
)
def test_settings_that_contradict_are_named(tmp_path: Path, turn: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        _with(tmp_path, turn)
    assert all(part in str(error.value) for part in words), str(error.value)


def test_a_hold_shorter_than_few_words_are_waited_for_by_default_bounds_them(tmp_path: Path) -> None:
    assert _with(tmp_path, "hold_ms: 700").policy.turn.hold_ms == 700


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        (
            "hold_patience_ms: 5000",
            ["hold_patience_ms (5000) is less than reprompt_after_ms (7000)", "set both"],
        ),
        ("call_max_ms: 0", ["call_max_ms is 0: every call would end as it begins", "leave it out"]),
        ("goodbye_max_ms: 0", ["goodbye_max_ms is 0: the call would end before its goodbye is heard"]),
        ("noise_ms: 0", ["noise_ms is 0: every voice would be taken for noise"]),
        ("reprompt_after_ms: 0", ["reprompt_after_ms is 0: the caller would be asked again before"]),
        ("filler_gap_ms: 0", ["filler_gap_ms is 0: fillers would follow one another"]),
    ],
)
def test_limits_with_which_no_call_could_be_held_are_refused(
    tmp_path: Path, silence: str, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, GOOD.replace(SILENCE, f"silence: {{{silence}}}"))
    assert all(part in str(error.value) for part in words), str(error.value)


def test_an_agent_of_long_patience_need_not_say_how_long_it_waits_for_a_card(tmp_path: Path) -> None:
    policy = load(tmp_path, GOOD.replace(SILENCE, "silence: {reprompt_after_ms: 40000}")).policy
    script = Script(policy)
    script.greeted()
    script.says("One moment, please.")
    script.wait(1000)
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "Sure.")
    script.audible(reply_id)
    script.heard_out(reply_id)
    script.wait(39_000)
    assert script.last(cmd.StartReply).kind == "turn", "not sooner than who did not ask"
    script.wait(1000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_a_hold_shorter_than_any_gap_needs_no_way_back(tmp_path: Path) -> None:
    """Nor does an agent that never goes back, however late it might."""
    assert _with(tmp_path, "hold_ms: 400").policy.turn.hold_ms == 400
    assert _with(tmp_path, "rewind_after_ms: 1200, rewind_ms: 0").policy.turn.rewind_after_ms == 1200


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_goes_back_after_a_pause_that_the_hold_outlasts(preset: str) -> None:
    assert 0 < PRESETS[preset].rewind_after_ms < PRESETS[preset].hold_ms and PRESETS[preset].rewind_ms


def test_the_schema_shows_the_modes_and_their_knobs() -> None:
    turn = agent_schema()["$defs"]["TurnSection"]["properties"]
    assert turn["endpointing"]["enum"] == ["ours", "provider", "push_to_talk"]
    assert turn["endpointing"]["default"] == "ours"
    assert {"stable_partial_ms", "provider_wait_ms", "talk_tail_ms", "talk_max_ms"} <= turn.keys()
