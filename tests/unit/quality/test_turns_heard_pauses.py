"""Decisions on pauses that were heard once are the core's."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.quality.turns.heard_pauses import HeardPause, heard_pauses, taken_by_policy, without_words
from antiphon.quality.turns.judge import Pause, taken_by_rule

POLICY = Policy(turn=TurnPolicy(adapt=False))


def _heard(text: str, score: float, resumed_ms: int | None = None) -> HeardPause:
    return HeardPause(
        ended_ms=1000, noticed_ms=1100, resumed_ms=resumed_ms, score=score, final_ms=1160, text=text
    )


def test_the_events_of_a_call_are_its_pauses() -> None:
    events: list[ev.AnyEvent] = [
        ev.SpeechStarted(at_ms=80, onset_ms=0),
        ev.SpeechStopped(at_ms=1100, ended_ms=1000),
        ev.EndOfTurnScored(at_ms=1130, ended_ms=1000, score=0.2),
        ev.TranscriptFinal(at_ms=1160, segment=0, text="I need a"),
        ev.SpeechStarted(at_ms=1500, onset_ms=1420),
        ev.SpeechStopped(at_ms=2100, ended_ms=2000),
    ]
    assert heard_pauses(events) == [
        _heard("I need a", 0.2, resumed_ms=1500), HeardPause(ended_ms=2000, noticed_ms=2100)
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["I need a doctor.", "I need a", "No.", "My number is 555"])
@pytest.mark.parametrize("score", [0.05, 0.62, 0.9])
def test_a_pause_is_decided_on_as_the_core_decides(text: str, score: float) -> None:
    script = Script(POLICY)
    script.greeted()
    script.says(text, score=score)
    script.wait(5000)
    turn_ms = script.last(cmd.CommitTurn).ended_ms
    due_ms = [command.due_ms for command in script.commands if isinstance(command, cmd.SetTimer)
              and command.timer == "stop_silence"][-1]  # fmt: skip
    (taken_ms,) = taken_by_policy([_heard(text, score)], POLICY, "open")
    assert taken_ms - 1000 == due_ms - turn_ms


def test_who_goes_on_before_that_is_not_cut_off() -> None:
    waits_ms = taken_by_policy([_heard("I need a doctor.", 0.9)], POLICY, "open")[0]
    assert not taken_by_policy([_heard("I need a doctor.", 0.9, resumed_ms=waits_ms)], POLICY, "open")
    assert taken_by_policy([_heard("I need a doctor.", 0.9, resumed_ms=waits_ms + 1)], POLICY, "open")


def test_without_a_final_the_turn_waits_for_it_as_long_as_the_core_does() -> None:
    pause = HeardPause(ended_ms=1000, noticed_ms=1100, score=0.9)
    turn = POLICY.turn
    assert taken_by_policy([pause], POLICY, "open") == [1000 + turn.stop_silence_max_ms + turn.final_wait_ms]


def test_by_the_score_alone_no_turn_is_taken_sooner_than_a_rule_could() -> None:
    """Else the presets would be compared with rules that wait for the words, without waiting for them."""
    noticed_late = Pause(ended_ms=1000, noticed_ms=1400, resumed_ms=None, score=0.9)
    taken_ms = taken_by_policy([without_words(noticed_late, 0.9, 110)], POLICY, "open")
    assert taken_ms == taken_by_rule([noticed_late], lambda _: POLICY.turn.stop_silence_min_ms, 110) == [1510]
