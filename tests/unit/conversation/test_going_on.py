"""A caller who goes on: what his pause waited for is over, and what comes late takes nothing of his."""

from __future__ import annotations

from tests.unit.conversation.scenes import speaking
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import LinePolicy

TURN = TurnPolicy()
WORDS = "I need to see a doctor"


def _final_is_owed() -> Script:
    """The stop silence has passed; only the final is still missing."""
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.partial(WORDS)
    script.pause()
    script.score(0.95)
    script.wait(TURN.stop_silence_max_ms)
    assert script.count(cmd.CommitTurn) == 0, "the final is waited for"
    return script


def test_who_goes_on_while_his_final_is_missing_is_not_cut_off() -> None:
    script = _final_is_owed()
    script.voice()
    script.wait(TURN.final_wait_ms + 500)
    assert script.count(cmd.CommitTurn) == 0


def test_a_second_pause_is_a_pause_of_its_own_however_late_the_first_was_understood() -> None:
    script = _final_is_owed()
    script.voice()
    script.wait(600)
    script.final(WORDS)
    script.pause()
    script.wait(60)
    script.final(f"{WORDS} and")
    assert script.count(cmd.CommitTurn) == 0, "he has hardly stopped"
    script.wait(TURN.stop_silence_max_ms + TURN.patience_ms)
    assert script.last(cmd.CommitTurn).text == f"{WORDS} and"


def test_a_draft_on_words_that_have_changed_is_given_up_at_once() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.partial(WORDS)
    script.pause()
    script.wait(TURN.stable_partial_ms)
    draft = script.last(cmd.StartReply)
    assert draft.speculative
    assert cmd.CancelReply(reply_id=draft.reply_id) not in script.partial(f"{WORDS}."), "the same words"
    assert cmd.CancelReply(reply_id=draft.reply_id) in script.partial(f"{WORDS} on Friday")
    script.wait(TURN.stable_partial_ms)
    assert script.last(cmd.StartReply).text == f"{WORDS} on Friday"


def test_a_guess_decides_nothing() -> None:
    scene, _ = speaking()
    scene.voice()
    scene.wait(TURN.few_words_ms)
    scene.step(ev.TranscriptPartial(at_ms=scene.now_ms, segment=9, text="stop it please now", guess=True))
    assert scene.count(cmd.FlushPlayout) == 0


def test_a_late_partial_of_a_turn_that_was_taken_interrupts_no_answer() -> None:
    script = Script()
    script.greeted()
    script.says(WORDS)
    script.wait(TURN.stop_silence_max_ms)
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "Of course, which day would suit you best for that?")
    script.audible(reply.reply_id)
    script.wait(900)
    script.voice()
    script.partial(f"{WORDS} today please")
    assert script.count(cmd.FlushPlayout) == 0
    script.segment += 1
    script.partial("stop, not today please")
    assert script.count(cmd.FlushPlayout) == 1, "his new words do"


def test_a_late_partial_takes_back_no_word_of_a_final() -> None:
    script = Script()
    script.greeted()
    script.says("I want Friday")
    script.partial("I want fried")
    script.wait(TURN.stop_silence_max_ms)
    assert script.last(cmd.CommitTurn).text == "I want Friday"


def test_a_turn_is_as_certain_as_its_least_certain_words() -> None:
    line = LinePolicy(fallback=("ask",), poor_after_ms=0)
    script = Script(Policy(line_quality=line))
    script.greeted()
    script.step(ev.LineGraded(at_ms=script.now_ms, poor=True, causes="noise"))
    script.wait(10)
    script.voice()
    script.wait(900)
    for segment, text, confidence in ((0, "I want", 0.95), (1, "Friday at nine", 0.2)):
        script.step(
            ev.TranscriptFinal(at_ms=script.now_ms, segment=segment, text=text, confidence=confidence)
        )
    script.pause()
    script.wait(60)
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=1, text="Friday at nine", confidence=0.2))
    script.score(0.95)
    script.wait(TURN.stop_silence_max_ms)
    assert script.last(cmd.NoteUtterance).kind == "misheard" and script.count(cmd.CommitTurn) == 0


def test_a_score_of_an_earlier_pause_says_nothing_of_this_one() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(900)
    script.pause()
    earlier_ms = script.now_ms - 100
    script.voice()
    script.wait(400)
    script.pause()
    script.final("I was there on a Tuesday")
    script.final("I was there on a Tuesday")
    script.step(ev.EndOfTurnScored(at_ms=script.now_ms, ended_ms=earlier_ms, score=0.99))
    script.wait(TURN.stop_silence_min_ms)
    assert script.count(cmd.CommitTurn) == 0


def _open_words(script: Script) -> str:
    turn = script.conversation.state.turn
    assert turn is not None
    return turn.text()


def test_a_recognisers_own_final_takes_back_what_it_misheard_although_the_voice_goes_on() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(900)
    script.partial("I need to see a")
    script.final("I need two")
    assert _open_words(script) == "I need two"


def test_a_final_takes_back_a_longer_partial_of_before_the_voice_went_on() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(900)
    script.partial("I need to see a")
    script.pause()
    script.wait(50)
    script.voice()
    script.wait(50)
    script.final("I need two")
    assert _open_words(script) == "I need two"


def test_a_final_of_the_first_pause_is_older_than_the_words_of_the_second() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(600)
    script.pause()
    script.wait(30)
    script.voice()
    script.wait(600)
    script.partial("I need to see a doctor")
    script.pause()
    script.wait(30)
    script.final("I need")
    assert _open_words(script) == "I need to see a doctor"


def test_a_final_of_as_many_words_corrects_the_partial() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(600)
    script.pause()
    script.wait(30)
    script.voice()
    script.wait(300)
    script.partial("I need a docked")
    script.final("I need a doctor")
    assert _open_words(script) == "I need a doctor"


def test_of_two_finals_that_were_lost_each_is_one() -> None:
    """Words of the second pause are not taken for all there is when the first was never heard."""
    script = Script()
    script.greeted()
    script.voice()
    script.wait(600)
    script.pause()
    script.wait(30)
    script.voice()
    script.wait(600)
    script.pause()
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="", lost=True))
    script.score(0.99)
    script.wait(TURN.stop_silence_max_ms)
    assert script.count(cmd.CommitTurn) == 0, "one more is due"
    script.final(WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_pause_is_not_judged_by_the_score_of_the_one_before() -> None:
    script = Script()
    script.greeted()
    script.says("I was there on a Tuesday", score=0.99)
    script.voice()
    script.wait(400)
    script.pause()
    script.final("I was there on a Tuesday")
    script.wait(TURN.stop_silence_min_ms)
    assert script.count(cmd.CommitTurn) == 0


def test_a_final_after_the_longest_wait_is_not_waited_on_however_it_ends() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.pause()
    script.wait(TURN.stop_silence_max_ms)
    script.final("I'd like to book an appointment for")
    assert script.count(cmd.CommitTurn) == 1


def test_a_turn_taken_with_its_late_final_is_prepared_for_once() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.partial("I need to see")
    script.pause()
    script.score(0.99)
    script.wait(TURN.stop_silence_min_ms + 300)
    script.final(WORDS)
    assert script.count(cmd.CommitTurn) == 1
    prepared = [command for command in script.commands if isinstance(command, cmd.StartReply)]
    given_up = [command for command in script.commands if isinstance(command, cmd.CancelReply)]
    assert len(prepared) - len(given_up) == 2, "the greeting and the answer"


def test_a_draft_on_words_that_were_none_is_given_up() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.partial("thank you for watching")
    script.pause()
    script.wait(TURN.stable_partial_ms)
    draft = script.last(cmd.StartReply)
    script.final("")
    script.wait(TURN.stop_silence_max_ms)
    assert draft.speculative and script.last(cmd.CancelReply).reply_id == draft.reply_id
    assert script.count(cmd.CommitTurn) == 0


def test_keys_beside_words_that_come_to_nothing_are_answered_although_a_noise_goes_on() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(900)
    script.partial("um I")
    script.keys("42#")
    script.partial("")
    script.wait(2 * Policy().silence.noise_ms)
    assert script.last(cmd.CommitTurn).text == "dtmf:42"


def test_an_echo_that_was_given_up_as_a_noise_is_not_answered_when_its_final_comes() -> None:
    scene, reply_id = speaking("We close at noon on Friday.", heard_ms=900)
    scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=False, echo=True))
    scene.voice()
    scene.paused(reply_id)
    scene.wait(TURN.hold_ms)
    scene.partial("close at noon on Friday")
    scene.play(reply_id, 700)
    scene.ends(reply_id)
    turns = scene.count(cmd.CommitTurn)
    scene.wait(Policy().silence.noise_ms)
    assert scene.notes()[-1] == ("echo", "close at noon on Friday")
    scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=True))
    scene.final("close at noon on Friday")
    scene.wait(3000)
    assert scene.count(cmd.CommitTurn) == turns


def test_a_noise_that_goes_on_after_keys_were_answered_does_not_end_the_talk() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(2000)
    script.keys("42#")
    script.wait(TURN.final_wait_ms)
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "Thank you. What else can I do for you?")
    script.wait(TURN.hold_ms)
    script.audible(reply.reply_id)
    script.wait(2500)
    script.heard_out(reply.reply_id)
    script.wait(2 * Policy().silence.noise_ms)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_a_noise_whose_turn_a_vendor_ends_without_words_leaves_the_floor_to_the_caller() -> None:
    script = Script(Policy(turn=TurnPolicy(endpointing="provider")))
    script.greeted()
    script.voice()
    script.wait(2000)
    script.signal("ended")
    script.wait(TURN.final_wait_ms + TURN.hold_ms + 100)
    assert script.phase == "listening" and script.count(cmd.CommitTurn) == 0
