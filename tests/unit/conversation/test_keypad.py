"""Keys: alone, ended by # or a pause, corrected, mixed with speech; none is lost, none cuts a word off."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.keypad import KEYS_MAX
from antiphon.conversation.policy import HandoverPolicy

GAP_MS = Policy().turn.dtmf_gap_ms


def _asked(expects: str = "open") -> Script:
    script = Script()
    script.greeted(expects=expects)
    return script


@pytest.mark.parametrize("expects", ["choice", "yes_no"])
def test_the_one_key_that_was_asked_for_is_an_answer_at_once(expects: str) -> None:
    script = _asked(expects)
    script.keys("2")
    assert script.last(cmd.CommitTurn).text == "dtmf:2"


def test_the_one_key_may_be_pressed_into_the_question() -> None:
    script = Script()
    script.reply_text("r1", "For hours press one, for a person press zero.", expects="choice")
    script.audible("r1")
    script.now_ms += 900
    script.keys("1")
    assert script.last(cmd.FlushPlayout).reply_id == "r1"
    assert script.last(cmd.CommitTurn).text == "dtmf:1"


@pytest.mark.parametrize("expects", ["open", "digits", "date", "name"])
def test_where_more_keys_may_come_one_waits_for_the_gap(expects: str) -> None:
    script = _asked(expects)
    script.keys("2")
    script.wait(GAP_MS - 1)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(1)
    assert script.last(cmd.CommitTurn).text == "dtmf:2"


def test_every_key_starts_the_gap_again() -> None:
    script = _asked("digits")
    script.keys("5551234", gap_ms=GAP_MS - 100)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:5551234"


def test_hash_ends_the_number_and_alone_is_an_answer() -> None:
    script = _asked("digits")
    script.keys("42#")
    assert script.last(cmd.CommitTurn).text == "dtmf:42"
    script.keys("#")
    assert script.last(cmd.CommitTurn).text == "dtmf:#"


def test_star_clears_what_was_typed_and_alone_is_a_key() -> None:
    script = _asked("digits")
    script.keys("41*42#")
    assert script.last(cmd.CommitTurn).text == "dtmf:42"
    assert script.count(cmd.CommitTurn) == 1
    script.keys("*")
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:*"


def test_who_clears_and_types_no_more_is_asked_again() -> None:
    script = _asked("digits")
    script.keys("41*")
    script.wait(7000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_star_after_speech_leaves_the_speech() -> None:
    script = _asked()
    script.says("I need a doctor.")
    script.keys("7*")
    script.wait(1000)
    assert script.last(cmd.CommitTurn).text == "I need a doctor."


def test_the_longest_number_is_answered_without_losing_a_key() -> None:
    script = _asked("digits")
    script.keys("1234567890" * 7, gap_ms=50)
    script.wait(GAP_MS)
    texts = [c.text.removeprefix("dtmf:") for c in script.commands if isinstance(c, cmd.CommitTurn)]
    assert [len(text) for text in texts] == [KEYS_MAX, 70 - KEYS_MAX]
    assert "".join(texts) == "1234567890" * 7


def test_words_before_the_keys_are_of_the_same_turn() -> None:
    script = _asked("digits")
    script.says("My number is", score=0.2)
    script.keys("42#")
    assert script.last(cmd.CommitTurn).text == "My number is dtmf:42"
    assert script.count(cmd.CommitTurn) == 1


def test_keys_wait_for_the_final_of_what_was_said_before_them() -> None:
    script = _asked("digits")
    script.voice()
    script.now_ms += 700
    script.pause()
    script.keys("42#")
    assert script.count(cmd.CommitTurn) == 0
    script.now_ms += 100
    script.final("My number is")
    assert script.last(cmd.CommitTurn).text == "My number is dtmf:42"


def test_a_final_that_never_comes_does_not_keep_the_keys() -> None:
    script = _asked("digits")
    script.voice()
    script.partial("My number")
    script.now_ms += 700
    script.pause()
    script.keys("42#")
    script.wait(Policy().turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == "My number dtmf:42"


def test_who_goes_on_talking_after_typing_is_not_cut_off() -> None:
    script = _asked()
    script.keys("42")
    script.voice()
    script.partial("that is my extension")
    script.wait(GAP_MS + 1500)
    script.partial("that is my extension at the old office")
    assert script.count(cmd.CommitTurn) == 0
    script.pause()
    script.now_ms += 60
    script.final("That is my extension at the old office.")
    script.score(0.95)
    script.wait(400)
    assert script.last(cmd.CommitTurn).text == "dtmf:42 That is my extension at the old office."


def test_hash_while_talking_does_not_talk_over_the_caller() -> None:
    script = _asked()
    script.voice()
    script.now_ms += 500
    script.partial("My number is")
    script.keys("42#")
    script.wait(4000)
    assert script.count(cmd.CommitTurn) == 0
    script.pause()
    script.now_ms += 80
    script.final("My number is the one I type.")
    assert script.last(cmd.CommitTurn).text == "My number is the one I type. dtmf:42", "no stop silence"


def test_hash_in_a_voice_whose_words_are_not_known_yet_asks_for_them() -> None:
    script = _asked()
    script.voice()
    script.now_ms += 500
    script.keys("42#")
    assert script.count(cmd.FinalizeTranscript) == 1
    script.now_ms += 80
    script.final("My number is")
    script.wait(4000)
    assert script.count(cmd.CommitTurn) == 0, "he talks on"
    script.pause()
    script.final("My number is this.")
    assert script.last(cmd.CommitTurn).text == "My number is this. dtmf:42"


def test_the_voice_after_an_answer_given_in_noise_takes_the_floor_again() -> None:
    script = _asked("choice")
    script.voice()
    script.keys("1")
    script.now_ms += 80
    script.final("")
    assert script.last(cmd.CommitTurn).text == "dtmf:1"
    script.segment = 1
    script.now_ms += 400
    script.partial("and another thing")
    assert script.phase == "listening"


def test_a_key_in_a_noise_without_words_is_answered_within_a_bound() -> None:
    script = _asked("choice")
    script.voice()
    script.now_ms += 500
    script.keys("1")
    script.wait(Policy().turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == "dtmf:1"


def test_typing_into_a_noise_ends_by_the_gap() -> None:
    script = _asked("digits")
    script.voice()
    script.keys("555")
    script.wait(GAP_MS + Policy().turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == "dtmf:555"


def test_no_draft_is_made_of_words_while_keys_are_typed() -> None:
    script = _asked()
    script.keys("4")
    script.says("My extension.")
    script.wait(GAP_MS)
    assert not [c for c in script.commands if isinstance(c, cmd.StartReply) and c.speculative]
    assert script.last(cmd.CommitTurn).text == "My extension. dtmf:4"


def _replying() -> Script:
    script = _asked()
    script.says("When do you open?")
    script.wait(400)
    return script


def test_a_key_during_a_reply_flushes_it() -> None:
    script = _replying()
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "We open at eight.")
    script.audible(reply_id)
    script.keys("0")
    assert script.last(cmd.FlushPlayout).reply_id == reply_id
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:0"


def test_a_key_during_a_filler_flushes_the_filler_too() -> None:
    script = _replying()
    script.wait(1600)
    script.audible("f1")
    script.keys("0")
    assert script.last(cmd.FlushPlayout).reply_id == "f1"
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:0"


def test_a_key_during_a_tool_with_an_effect_leaves_the_effect() -> None:
    script = _replying()
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.step(
        ev.ToolRequested(
            at_ms=script.now_ms,
            reply_id=reply_id,
            tool_call_id="t",
            name="book",
            arguments="{}",
            effect="write",
        )
    )
    cancelled = script.count(cmd.CancelReply)
    script.keys("0#")
    assert script.count(cmd.CancelReply) == cancelled
    script.step(ev.ToolFinished(at_ms=script.now_ms, tool_call_id="t", ok=True))
    assert script.last(cmd.CommitTurn).text == "dtmf:0"


def test_keys_over_what_must_be_heard_are_kept_for_after() -> None:
    script = Script(Policy(protect_greeting=True))
    script.reply_text("r1", "This call may be recorded.")
    script.audible("r1")
    script.keys("12")
    script.wait(GAP_MS + 10)
    assert script.count(cmd.FlushPlayout) == script.count(cmd.CommitTurn) == 0
    script.heard_out("r1")
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:12"


def test_keys_that_a_goodbye_overtakes_are_noted() -> None:
    script = _asked("digits")
    script.keys("12")
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    script.wait(Policy().silence.goodbye_max_ms)
    assert script.count(cmd.EndCall) == 1
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text="dtmf:12")
    assert script.count(cmd.CommitTurn) == 0


def test_the_key_after_an_ended_answer_begins_the_next() -> None:
    script = _asked("digits")
    script.voice()
    script.now_ms += 300
    script.pause()
    script.keys("42#")
    script.keys("7#")
    texts = [c.text for c in script.commands if isinstance(c, cmd.CommitTurn)]
    assert texts == ["dtmf:42", "dtmf:7"]


def test_a_key_over_the_agent_after_speech_whose_final_never_comes_is_answered() -> None:
    script = Script()
    script.reply_text("r1", "Hello, how can I help?")
    script.audible("r1")
    script.voice()
    script.partial("yes")
    script.now_ms += 300
    script.pause()
    script.keys("0")
    script.wait(GAP_MS + Policy().turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == "yes dtmf:0"


def test_who_begins_to_type_late_is_not_asked_whether_he_is_there() -> None:
    script = _asked("digits")
    script.wait(Policy().silence.reprompt_after_ms - 100)
    script.keys("4")
    script.wait(GAP_MS - 100)
    assert not [c for c in script.commands if isinstance(c, cmd.StartReply) and c.kind == "reprompt"]
    script.keys("2")
    script.wait(GAP_MS)
    assert script.last(cmd.CommitTurn).text == "dtmf:42"


def test_a_draft_on_words_alone_is_given_up_with_the_first_key() -> None:
    script = _asked()
    script.says("my number is in the computer", score=0.6)
    draft = script.last(cmd.StartReply)
    assert draft.speculative
    assert cmd.CancelReply(reply_id=draft.reply_id) in script.keys("4")


def test_who_talks_on_after_typing_is_not_answered_into_his_pause() -> None:
    script = _asked()
    script.voice()
    script.keys("42")
    script.wait(GAP_MS)
    script.final("that is the number of the account and")
    script.wait(900)
    script.pause()
    script.wait(60)
    script.final("that is the number of the account and")
    script.wait(900)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == "that is the number of the account and dtmf:42"


@pytest.mark.parametrize(
    ("first", "expected"), [(True, "dtmf:42 is my number"), (False, "My number is dtmf:42")]
)
def test_what_came_first_of_keys_and_words_stands_first(first: bool, expected: str) -> None:
    script = Script()
    script.greeted()
    if first:
        script.keys("42")
        script.wait(800)
    script.voice()
    script.wait(400)
    if not first:
        script.keys("42")
    script.wait(600)
    script.pause()
    script.wait(60)
    script.final("is my number" if first else "My number is")
    script.wait(4000)
    assert script.last(cmd.CommitTurn).text == expected


def test_keys_and_then_words_are_noted_in_that_order_when_the_call_ends() -> None:
    script = Script()
    script.greeted()
    script.keys("42")
    script.wait(500)
    script.voice()
    script.partial("is my")
    script.step(ev.CallerHungUp(at_ms=script.now_ms))
    noted = [c.text for c in script.commands if isinstance(c, cmd.NoteUtterance)]
    assert noted == ["dtmf:42", "is my"]


def test_keys_before_a_wait_for_a_person_are_noted_before_the_words_behind_them() -> None:
    script = Script(Policy(handover=HandoverPolicy()))
    script.greeted()
    script.keys("42")
    script.wait(500)
    script.voice()
    script.partial("is my number")
    script.step(ev.OperatorHolds(at_ms=script.now_ms))
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="waiting", text="dtmf:42 is my number")
