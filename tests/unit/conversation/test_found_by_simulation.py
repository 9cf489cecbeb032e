"""Faults of the core that random calls found, each as the shortest story that showed it."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, SilencePolicy, TurnPolicy
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    CommitTurn,
    EndCall,
    FlushPlayout,
    NoteUtterance,
    ResumePlayout,
    StartPlayout,
    StartReply,
    Synthesize,
)


def _speaking(call: Script) -> None:
    """Turn 1 was answered; its reply is being heard."""
    call.greeted()
    call.says("What are your hours?")
    call.wait(1000)
    call.segment += 1
    call.reply_text("r2", "We are open from eight to five.", "On Fridays we close at noon.")
    call.audible("r2")
    call.now_ms += 300


def test_words_after_a_final_of_the_same_segment_interrupt_at_once() -> None:
    call = Script()
    _speaking(call)
    call.voice()
    call.now_ms += 300
    call.pause()
    call.now_ms += 50
    call.voice()
    call.final("yes")
    call.now_ms += 300
    call.partial("yes but what about Saturday")
    assert call.last(FlushPlayout).reply_id == "r2"
    assert call.phase == "listening"


def test_words_after_a_final_are_kept_when_the_second_final_never_comes() -> None:
    call = Script()
    call.greeted()
    call.says("I need an appointment", score=0.1)
    call.voice()
    call.partial("I need an appointment for my daughter")
    call.now_ms += 900
    call.pause()
    call.wait(6000)
    assert call.last(CommitTurn).text == "I need an appointment for my daughter"


def test_a_partial_that_comes_after_its_final_takes_no_word_back() -> None:
    call = Script()
    call.greeted()
    call.says("I need an appointment", score=0.1)
    call.partial("I need an")
    call.wait(3000)
    assert call.last(CommitTurn).text == "I need an appointment"


@pytest.mark.parametrize(("asked", "older"), [(True, ""), (True, "wait"), (False, "")])
def test_a_final_of_the_pause_before_takes_no_newer_word_back(asked: bool, older: str) -> None:
    call = Script(Policy(turn=TurnPolicy(few_words_ms=600)))
    _speaking(call)
    call.voice()
    if asked:
        call.now_ms += 120
        call.pause()
        call.now_ms += 30
        call.voice()
    call.now_ms += 200
    call.partial("Wednesday not")  # Too few and too soon to be certain; silent meanwhile.
    call.now_ms += 10
    call.final(older)
    assert call.phase == "holding"
    call.wait(1000)
    assert call.last(FlushPlayout).reply_id == "r2"
    assert call.count(ResumePlayout) == 0, "never heard again after the words"


def test_words_of_a_doubtful_voice_outlive_an_older_final() -> None:
    call = Script()
    _speaking(call)
    call.step(ev.VoiceWeighed(at_ms=call.now_ms, sure=False))
    call.voice()
    call.now_ms += 120
    call.pause()
    call.now_ms += 30
    call.voice()
    call.now_ms += 300
    call.partial("I would like another day")
    call.final("")
    call.now_ms += 50
    call.step(ev.VoiceWeighed(at_ms=call.now_ms, sure=True))
    assert call.last(FlushPlayout).reply_id == "r2"


def test_the_last_final_takes_back_a_word_that_was_misheard() -> None:
    call = Script()
    call.greeted()
    call.voice()
    call.now_ms += 300
    call.partial("I'll try")
    call.now_ms += 300
    call.pause()
    call.now_ms += 60
    call.final("")
    call.wait(3000)
    assert call.count(CommitTurn) == 0


def test_a_caller_who_comes_back_during_the_goodbye_is_not_cut_off() -> None:
    call = Script(Policy(silence=SilencePolicy(reprompts_max=0)))
    call.greeted()
    call.wait(7000)
    call.reply_text("r2", "Nobody seems to be there. Goodbye.")
    call.audible("r2")
    call.says("Wait, I am here.")
    call.wait(500)
    call.reply_text("r3", "Good. How can I help?")
    call.audible("r3")
    call.heard_out("r3")
    call.segment += 1
    call.voice()
    call.partial("I would like to tell you a very long story")
    call.wait(20_000)
    assert call.count(EndCall) == 0


def test_a_goodbye_talked_over_at_the_time_limit_ends_with_that_cause() -> None:
    call = Script(Policy(silence=SilencePolicy(call_max_ms=10_000, goodbye_max_ms=5000)))
    call.greeted()
    call.wait(8000)
    call.reply_text("r2", "We have run out of time.")
    call.audible("r2")
    call.says("But I have a question about my bill.")
    call.wait(10_000)
    assert call.last(EndCall).cause == "time_limit"


def test_what_the_caller_was_saying_at_the_time_limit_is_on_record() -> None:
    call = Script(Policy(silence=SilencePolicy(call_max_ms=10_000)))
    call.greeted()
    call.now_ms = 9800
    call.voice()
    call.partial("my number is")
    call.step(ev.DtmfReceived(at_ms=9900, digit="7"))
    call.wait(300)
    noted = call.last(NoteUtterance)
    assert (noted.kind, noted.text) == ("late", "my number is dtmf:7")
    call.reply_text("r2", "We have run out of time.")
    call.wait(3000)
    assert call.count(CommitTurn) == 0, "keys pressed before the goodbye do not cut it short"


def test_keys_are_answered_only_when_the_caller_has_stopped_speaking() -> None:
    for keys in ("42", "42#"):
        call = Script()
        call.greeted()
        call.voice()
        for digit in keys:
            call.step(ev.DtmfReceived(at_ms=call.now_ms, digit=digit))
        call.partial("that is my number and")
        call.wait(3000)
        assert call.count(CommitTurn) == 0
        call.pause()
        call.final("that is my number and my name is Ann")
        call.wait(4500)
        assert call.last(CommitTurn).text == "that is my number and my name is Ann dtmf:42"


def test_a_reply_without_words_waits_for_the_filler_that_covers_it() -> None:
    call = Script()
    call.greeted()
    call.says("What are your hours?")
    call.wait(2000)
    call.audible("f1")
    call.step(ev.ReplyFinished(at_ms=call.now_ms, reply_id="r2"))
    assert call.phase == "speaking", "the filler is still heard"
    call.segment += 1
    call.voice()
    call.partial("hello are you there")
    assert call.last(FlushPlayout).reply_id == "f1"


def test_a_reply_without_words_ends_with_the_filler() -> None:
    call = Script()
    call.greeted()
    call.says("What are your hours?")
    call.wait(2000)
    call.audible("f1")
    call.step(ev.ReplyFinished(at_ms=call.now_ms, reply_id="r2", then="end", cause="done"))
    assert call.count(EndCall) == 0
    call.heard_out("f1")
    assert call.last(EndCall).cause == "done"
    assert call.last(StartPlayout).reply_id == "f1"


def test_the_tool_of_a_reply_given_up_does_not_keep_a_stalled_reply_alive() -> None:
    call = Script()
    call.greeted()
    call.says("Book it please.")
    call.wait(300)
    call.step(
        ev.ToolRequested(
            at_ms=call.now_ms, reply_id="r2", tool_call_id="t", name="book", arguments="{}", effect="write"
        )
    )
    call.segment += 1
    call.says("And what are your hours?")
    call.wait(300)
    assert call.last(StartReply).reply_id == "r3"
    call.wait(9000)
    call.step(ev.ToolFinished(at_ms=call.now_ms, tool_call_id="t", ok=True))
    call.wait(4000)
    assert "trouble" in call.last(Synthesize).text, "twelve seconds without a word are over"


def test_a_filler_that_cannot_be_spoken_is_followed_by_the_next() -> None:
    call = Script()
    call.greeted()
    call.says("What are your hours?")
    call.wait(2000)
    call.step(ev.SynthesisFailed(at_ms=call.now_ms, reply_id="f1", index=0, reason="no voice"))
    call.wait(4000)
    assert call.last(StartPlayout).reply_id == "f2"


def test_asking_for_the_end_again_does_not_put_it_off() -> None:
    call = Script()
    call.greeted()
    call.step(ev.OperatorEnded(at_ms=call.now_ms))
    call.reply_text("r2", "We have to stop here.")
    call.audible("r2")
    call.step(ev.OperatorEnded(at_ms=call.now_ms))
    assert call.count(FlushPlayout) == 0, "the goodbye is not begun anew"
    call.heard_out("r2")
    assert call.last(EndCall).cause == "operator"


def test_what_a_caller_says_after_the_time_limit_is_kept_and_not_answered_any_more() -> None:
    call = Script(Policy(silence=SilencePolicy(call_max_ms=10_000)))
    call.greeted()
    call.wait(7500)
    call.voice()
    call.wait(800)
    call.final("wait I have")
    call.wait(1500)
    assert call.count(CommitTurn) == 0
    call.pause()
    call.final("wait I have one more question")
    call.wait(3000)
    assert call.count(CommitTurn) == 0
    assert call.last(NoteUtterance) == NoteUtterance(kind="late", text="wait I have one more question")
    assert call.last(EndCall).cause == "time_limit"


def test_what_is_said_after_an_echo_over_a_protected_greeting_is_an_answer() -> None:
    call = Script(Policy(protect_greeting=True))
    call.reply_text("r1", "Hello, this is the clinic of Doctor Patel. How can I help you?")
    call.audible("r1")
    call.now_ms += 300
    call.voice()
    call.now_ms += 1300
    call.pause()
    call.final("hello this is the clinic")
    assert call.last(NoteUtterance) == NoteUtterance(kind="echo", text="hello this is the clinic")
    call.segment += 1
    call.now_ms += 1000
    call.says("no")
    call.now_ms += 200
    call.heard_out("r1", heard_ms=3720)
    call.wait(1500)
    assert call.last(CommitTurn).text == "no"


def _echoes(call: Script) -> None:
    """The end of the first sentence of turn 1's reply comes back, and has no final transcript yet."""
    _speaking(call)
    call.now_ms += 1500
    call.voice()
    call.step(ev.PlayoutPaused(at_ms=call.now_ms, reply_id="r2", heard_ms=1800))
    call.now_ms += 400
    call.partial("eight to five")


def test_words_after_an_echo_without_a_final_take_the_floor_and_are_all_kept() -> None:
    call = Script()
    _echoes(call)
    call.pause()
    call.wait(1000)
    assert call.phase == "speaking"
    call.voice()
    call.now_ms += 400
    call.partial("eight to five no")
    assert call.last(FlushPlayout).reply_id == "r2", "an echo so long may be misheard by more than a no"
    call.pause()
    call.final("eight to five no stop")
    call.wait(3000)
    assert call.last(CommitTurn).text == "no stop"


def test_an_echo_that_outlasts_our_speech_is_on_record_with_its_words() -> None:
    call = Script()
    _echoes(call)
    call.wait(1000)
    call.heard_out("r2", heard_ms=3540)
    call.pause()
    call.wait(4000)
    assert call.last(NoteUtterance) == NoteUtterance(kind="echo", text="eight to five")
    assert call.count(CommitTurn) == 1


def test_keys_in_a_noisy_place_are_answered_without_waiting_for_the_noise() -> None:
    call = Script()
    call.greeted()
    call.voice()
    call.wait(4000)
    call.keys("42#")
    call.wait(call.conversation.state.policy.turn.final_wait_ms)
    assert call.last(CommitTurn).text == "dtmf:42"


def test_words_in_a_noise_that_was_given_up_do_not_wait_for_it_to_end() -> None:
    call = Script(Policy(silence=SilencePolicy(noise_ms=3000)))
    call.greeted()
    call.voice()
    call.wait(3500)
    assert call.last(NoteUtterance).kind == "noise"
    call.final("what are your hours")
    call.wait(2500)
    assert call.last(CommitTurn).text == "what are your hours"
