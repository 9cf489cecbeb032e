"""Events that come twice, late, too early, without their beginning, or with impossible dates."""

from __future__ import annotations

from tests.unit.conversation.script import Script

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

WORDS = "I need to see a doctor."


def _greeted() -> Script:
    script = Script()
    script.greeted()
    return script


def test_a_final_given_twice_within_the_turn_counts_once() -> None:
    script = _greeted()
    script.says(WORDS)
    script.final(WORDS)
    script.wait(400)
    assert [c.text for c in script.commands if isinstance(c, cmd.CommitTurn)] == [WORDS]


def test_a_final_given_twice_after_the_turn_is_noted_as_late() -> None:
    script = _greeted()
    script.says(WORDS)
    script.wait(400)
    script.final(WORDS)
    assert script.count(cmd.CommitTurn) == 1
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text=WORDS)


def test_a_partial_after_the_turn_takes_nothing() -> None:
    script = _greeted()
    script.says(WORDS)
    script.wait(400)
    before = len(script.commands)
    script.partial("I need to see a doctor today")
    assert len(script.commands) == before


def test_a_final_before_any_speech_is_a_quiet_callers_turn() -> None:
    script = _greeted()
    script.final(WORDS)
    script.wait(1000)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_an_empty_final_or_a_partial_before_any_speech_is_nothing() -> None:
    script = _greeted()
    before = len(script.commands)
    script.partial(WORDS)
    script.final("")
    assert len(script.commands) == before and "silence" in script.conversation.state.timers


def test_a_score_before_any_speech_is_nothing() -> None:
    script = _greeted()
    assert script.step(ev.EndOfTurnScored(at_ms=script.now_ms, ended_ms=1, score=0.9)) == []


def test_two_starts_in_a_row_are_one_voice() -> None:
    script = _greeted()
    script.voice()
    script.now_ms += 300
    script.voice()
    script.now_ms += 700
    script.pause()
    assert script.count(cmd.FinalizeTranscript) == 1
    script.final(WORDS)
    script.score(0.9)
    script.wait(400)
    assert script.count(cmd.CommitTurn) == 1


def test_two_starts_over_a_reply_hold_it_once() -> None:
    script = Script()
    script.reply_text("r1", "Hello, how can I help?")
    script.audible("r1")
    script.voice()
    script.voice()
    assert script.count(cmd.PausePlayout) == 1


def test_a_stop_without_a_start_is_nothing() -> None:
    script = _greeted()
    assert script.pause() == []


def test_two_stops_in_a_row_are_one_pause() -> None:
    script = _greeted()
    script.voice()
    script.now_ms += 700
    script.pause()
    assert script.pause() == []
    assert script.count(cmd.FinalizeTranscript) == script.count(cmd.ScoreEndOfTurn) == 1


def test_a_stop_dated_in_the_future_delays_nothing() -> None:
    script = _greeted()
    script.voice()
    script.now_ms += 700
    script.step(ev.SpeechStopped(at_ms=script.now_ms, ended_ms=script.now_ms + 3_600_000))
    script.final(WORDS)
    script.wait(Policy().turn.stop_silence_max_ms)
    commit = script.last(cmd.CommitTurn)
    assert commit.text == WORDS and commit.ended_ms <= script.now_ms


def test_a_stop_dated_before_its_start_ends_no_turn_early() -> None:
    script = _greeted()
    script.voice()
    onset_ms = script.now_ms - 70
    script.now_ms += 700
    script.step(ev.SpeechStopped(at_ms=script.now_ms, ended_ms=-5000))
    script.score(0.9)
    script.final(WORDS)
    script.wait(400)
    assert script.last(cmd.CommitTurn).ended_ms == onset_ms


def test_a_start_dated_in_the_future_is_a_start_now() -> None:
    script = _greeted()
    script.step(ev.SpeechStarted(at_ms=script.now_ms, onset_ms=script.now_ms + 60_000))
    script.now_ms += 700
    script.pause()
    script.final(WORDS)
    script.wait(1000)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_whatever_comes_after_the_end_is_nothing() -> None:
    script = _greeted()
    script.step(ev.CallerHungUp(at_ms=script.now_ms))
    before = len(script.commands)
    script.voice()
    script.final(WORDS)
    script.keys("1#")
    script.talk()
    script.signal("ended", WORDS)
    assert len(script.commands) == before


def test_a_voice_that_never_pauses_is_answered_once_no_new_words_come() -> None:
    """A television in the room: the caller is done although the VAD is not."""
    script = _greeted()
    script.voice()
    script.now_ms += 1500
    script.partial(WORDS)
    script.wait(2 * Policy().silence.noise_ms + 3000)
    commit = script.last(cmd.CommitTurn)
    assert (commit.text, commit.ended_ms) == (WORDS, 3500), "he was done when his words no longer changed"
