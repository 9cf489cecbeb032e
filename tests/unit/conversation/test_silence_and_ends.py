"""Fillers, re-prompts, apologies and every way a call ends."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import SilencePolicy


def _answer_reprompt(script: Script) -> None:
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "Are you still there?")
    script.audible(reply_id)
    script.now_ms += 1000
    script.heard_out(reply_id)


def test_a_silent_caller_is_asked_twice_and_then_let_go_politely() -> None:
    script = Script()
    script.greeted()
    for attempt in (1, 2):
        script.wait(7000)
        assert (script.last(cmd.StartReply).kind, script.last(cmd.StartReply).attempt) == (
            "reprompt",
            attempt,
        )
        _answer_reprompt(script)
    script.wait(7000)
    assert script.last(cmd.StartReply).kind == "goodbye"
    _answer_reprompt(script)
    assert script.last(cmd.EndCall).cause == "silence"


def test_a_caller_who_asks_for_a_moment_is_given_one() -> None:
    script = Script()
    script.greeted()
    script.says("One second, let me find my card.")
    script.wait(400)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Take your time.")
    script.audible(reply_id)
    script.heard_out(reply_id)
    starts = script.count(cmd.StartReply)
    script.wait(29000)
    assert script.count(cmd.StartReply) == starts
    script.wait(1000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_a_slow_reply_is_covered_by_a_filler_and_follows_it() -> None:
    script = Script()
    script.greeted()
    script.says("Do you have anything on Thursday?")
    script.wait(300 + 1500)
    assert script.last(cmd.StartPlayout).reply_id == "f1"
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.audible("f1")
    script.reply_text(reply_id, "Yes, at nine.")
    assert script.last(cmd.StartPlayout).reply_id == "f1", "never over one another"
    script.now_ms += 800
    script.heard_out("f1")
    assert script.last(cmd.StartPlayout).reply_id == reply_id


def test_two_fillers_running_are_never_the_same() -> None:
    script = Script()
    script.greeted()
    script.says("Do you have anything on Thursday?")
    script.wait(1800)
    script.audible("f1")
    script.heard_out("f1")
    script.wait(4000)
    said = [c.text for c in script.commands if isinstance(c, cmd.Synthesize) and c.reply_id.startswith("f")]
    assert len(said) == 2
    assert said[0] != said[1]


def test_a_failed_reply_is_an_apology_then_a_person() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?")
    script.wait(300)
    script.step(
        ev.ReplyFailed(
            at_ms=script.now_ms, reply_id=script.last(cmd.ConfirmReply).reply_id, reason="the model is gone"
        )
    )
    apology = script.last(cmd.Synthesize)
    assert "trouble" in apology.text
    script.step(
        ev.SynthesisFailed(at_ms=script.now_ms, reply_id=apology.reply_id, index=0, reason="no voice either")
    )
    assert script.last(cmd.Escalate).reason == "trouble"
    assert script.last(cmd.EndCall).cause == "escalated"


def test_a_reply_that_stalls_is_given_up_by_its_deadline() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?")
    script.wait(300 + 12000)
    assert script.count(cmd.CancelReply) == 1
    assert "trouble" in script.last(cmd.Synthesize).text


def test_the_agent_hangs_up_only_after_its_last_word_was_heard() -> None:
    script = Script()
    script.greeted()
    script.says("That's all, thank you, bye.")
    script.wait(300)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Goodbye, take care.", then="end")
    script.audible(reply_id)
    assert script.count(cmd.EndCall) == 0
    script.now_ms += 1500
    script.heard_out(reply_id)
    assert script.last(cmd.EndCall).cause == "goal_reached"


def test_a_hang_up_keeps_what_was_heard_of_the_reply() -> None:
    script = Script()
    script.reply_text("r1", "Hello there.", "How can I help you today?")
    script.audible("r1")
    script.now_ms += 900
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id="r1", heard_ms=900))
    script.step(ev.CallerHungUp(at_ms=script.now_ms))
    assert script.last(cmd.ReportHeard) == cmd.ReportHeard(
        reply_id="r1", text="Hello there. How", complete=False
    )
    assert script.last(cmd.EndCall).cause == "caller_hangup"


def test_nothing_happens_after_the_end() -> None:
    script = Script()
    script.step(ev.CallerHungUp(at_ms=10))
    assert script.step(ev.SpeechStarted(at_ms=20, onset_ms=10)) == []


def test_an_operator_ends_politely_or_at_once() -> None:
    polite = Script()
    polite.greeted()
    polite.step(ev.OperatorEnded(at_ms=polite.now_ms))
    assert polite.last(cmd.StartReply).reason == "operator"
    polite.wait(15000)
    assert polite.last(cmd.EndCall).cause == "operator"
    abrupt = Script()
    abrupt.greeted()
    abrupt.step(ev.OperatorEnded(at_ms=abrupt.now_ms, now=True))
    assert abrupt.last(cmd.EndCall).cause == "operator"


def test_the_time_limit_ends_any_call() -> None:
    script = Script()
    script.greeted()
    script.says("Tell me everything about the clinic.")
    script.now_ms = 1_800_000
    script.step(ev.TimerFired(at_ms=script.now_ms, timer="call_limit"))
    assert script.last(cmd.StartReply).reason == "time_limit"
    script.wait(20000)
    assert script.last(cmd.EndCall).cause == "time_limit"


def test_steady_noise_does_not_keep_the_agent_waiting_for_ever() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(12000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_a_caller_with_words_may_talk_for_two_minutes() -> None:
    script = Script()
    script.greeted()
    script.voice()
    for minute in ("So the story is", "So the story is that my daughter", "that my daughter has"):
        for more in range(4):
            script.partial(f"{minute} {'and so on ' * more}")
            script.wait(10000)
    assert script.count(cmd.StartReply) == 1


def _words_nobody_heard(script: Script, *, duration_ms: int = 1500) -> None:
    script.voice()
    script.now_ms += duration_ms
    script.pause()
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=-1, text="", confidence=0.0, lost=True))


def test_a_caller_whose_words_no_recogniser_heard_is_told_at_once_and_not_for_ever() -> None:
    script = Script()
    script.greeted()
    for apology in (1, 2):
        _words_nobody_heard(script)
        script.wait(900)
        assert script.last(cmd.NoteUtterance).kind == "lost"
        said = script.last(cmd.Synthesize)
        assert said.text == script.conversation.state.policy.trouble
        script.audible(said.reply_id)
        script.now_ms += 2000
        script.heard_out(said.reply_id)
        assert script.count(cmd.StartPlayout) == 1 + apology
    _words_nobody_heard(script)
    script.wait(900)
    assert script.last(cmd.EndCall).cause == "escalated"


def test_a_cough_that_no_recogniser_heard_needs_no_apology() -> None:
    script = Script()
    script.greeted()
    _words_nobody_heard(script, duration_ms=250)
    script.wait(900)
    assert script.last(cmd.NoteUtterance).kind == "noise"


def test_half_a_sentence_is_not_answered_when_its_rest_was_lost() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.now_ms += 800
    script.partial("What time")
    script.now_ms += 700
    script.pause()
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="", confidence=0.0, lost=True))
    script.wait(900)
    assert script.count(cmd.CommitTurn) == 0
    assert script.last(cmd.NoteUtterance).kind == "lost"


def test_what_was_understood_before_the_recogniser_was_lost_is_answered() -> None:
    script = Script()
    script.greeted()
    script.says("I would like to book a physical, and", score=0.1)
    _words_nobody_heard(script)
    script.wait(2000)
    assert script.last(cmd.CommitTurn).text == "I would like to book a physical, and"


def test_words_spoken_while_keys_are_pending_are_one_turn_with_them() -> None:
    script = Script()
    script.greeted()
    script.step(ev.DtmfReceived(at_ms=script.now_ms, digit="7"))
    script.wait(200)
    script.says("What time do you open?", duration_ms=800)
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == 1
    assert script.last(cmd.CommitTurn).text == "dtmf:7 What time do you open?"


def test_a_hold_ends_when_the_caller_speaks_again() -> None:
    script = Script()
    script.greeted()
    for segment, words in enumerate(("One second, let me find my card.", "Okay, here it is.")):
        script.segment = segment
        script.says(words)
        script.wait(2500)
        reply_id = script.last(cmd.ConfirmReply).reply_id
        script.reply_text(reply_id, "All right.")
        script.audible(reply_id)
        script.heard_out(reply_id)
    script.wait(7000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_a_noise_during_a_hold_does_not_end_it() -> None:
    script = Script()
    script.greeted()
    script.says("One second, let me find my card.")
    script.wait(400)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Take your time.")
    script.audible(reply_id)
    script.heard_out(reply_id)
    script.segment = 1
    starts = script.count(cmd.StartReply)
    script.voice()
    script.now_ms += 300
    script.pause()
    script.final("")
    script.wait(20000)
    assert script.count(cmd.StartReply) == starts


def test_the_cost_limit_ends_the_call_politely_and_once() -> None:
    script = Script(Policy(silence=SilencePolicy(call_cost_max_usd=0.25)))
    script.greeted()
    script.step(ev.CostReached(at_ms=script.now_ms, cost_usd=0.24))
    assert script.count(cmd.StartReply) == 1
    for cost_usd in (0.26, 0.27):
        script.step(ev.CostReached(at_ms=script.now_ms, cost_usd=cost_usd))
    assert script.last(cmd.StartReply).reason == "cost_limit"
    assert script.count(cmd.StartReply) == 2
    script.wait(15000)
    assert script.last(cmd.EndCall).cause == "cost_limit"


def test_without_a_cost_limit_no_cost_ends_a_call() -> None:
    script = Script()
    script.greeted()
    assert script.step(ev.CostReached(at_ms=script.now_ms, cost_usd=1000.0)) == []


def test_an_operator_who_asks_twice_does_not_begin_the_goodbye_again() -> None:
    script = Script()
    script.greeted()
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    due_ms = script.conversation.state.timers["goodbye"]
    script.now_ms += 1000
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    assert script.count(cmd.StartReply) == 2
    assert script.conversation.state.timers["goodbye"] == due_ms


def test_a_caller_who_comes_back_over_the_goodbye_goes_on_with_the_call() -> None:
    script = Script()
    script.greeted()
    for attempt in (1, 2):
        script.wait(7000)
        assert script.last(cmd.StartReply).attempt == attempt
        _answer_reprompt(script)
    script.wait(7000)
    goodbye = script.last(cmd.StartReply)
    script.reply_text(goodbye.reply_id, "I can't hear you, goodbye.")
    script.audible(goodbye.reply_id)
    script.now_ms += 300
    script.voice()
    script.partial("Hello, I'm here, sorry")
    assert script.count(cmd.FlushPlayout) == 1
    script.step(ev.PlayoutFlushed(at_ms=script.now_ms, reply_id=goodbye.reply_id, heard_ms=300))
    script.now_ms += 1000
    script.pause()
    script.final("Hello, I'm here, sorry.")
    script.wait(2000)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Good. How can I help?")
    script.audible(reply_id)
    script.now_ms += 1300
    script.heard_out(reply_id)
    script.wait(6900)
    assert script.count(cmd.EndCall) == 0, "the deadline of the goodbye he talked over is gone"


def test_a_farewell_the_far_end_never_acknowledges_still_ends_the_call_as_heard() -> None:
    script = Script()
    script.greeted()
    script.says("That's all, thank you, bye.")
    script.wait(300)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Goodbye, take care.", then="end")
    script.audible(reply_id)
    script.wait(60 * len("Goodbye, take care.") + 2999)
    assert script.count(cmd.EndCall) == 0, "not before the far end had its time"
    script.wait(1)
    assert script.last(cmd.EndCall).cause == "goal_reached"
    assert script.last(cmd.ReportHeard).complete


def test_an_answer_the_far_end_never_acknowledges_gives_the_floor_to_the_caller() -> None:
    script = Script()
    script.reply_text("r1", "Hello, how can I help?")
    script.audible("r1")
    script.wait(60 * len("Hello, how can I help?") + 3000)
    assert script.phase == "listening"
    script.wait(7000)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_words_in_progress_when_the_call_ends_are_kept() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.partial("Hello, I wanted to")
    script.step(ev.DtmfReceived(at_ms=script.now_ms, digit="4"))
    script.step(ev.CallerHungUp(at_ms=script.now_ms))
    noted = [(c.kind, c.text) for c in script.commands if isinstance(c, cmd.NoteUtterance)]
    assert noted == [("late", "Hello, I wanted to"), ("late", "dtmf:4")]


def test_a_moment_that_was_long_over_is_not_given_again_after_every_question() -> None:
    script = Script()
    script.greeted()
    script.says("Hold on, let me find my card.")
    while not script.count(cmd.CommitTurn):
        script.wait(10)
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "Take your time.")
    script.audible(reply_id)
    script.now_ms += 900
    script.heard_out(reply_id)
    script.wait(Policy().silence.hold_patience_ms)
    assert script.last(cmd.StartReply).attempt == 1
    _answer_reprompt(script)
    script.wait(Policy().silence.reprompt_after_ms)
    assert script.last(cmd.StartReply).attempt == 2


def _leaves_a_silent_line(text: str) -> Script:
    """Nobody has answered twice; this is said over our goodbye."""
    script = Script()
    script.greeted()
    for _ in range(2):
        script.wait(7000)
        _answer_reprompt(script)
    script.wait(7000)
    goodbye = script.last(cmd.StartReply).reply_id
    script.reply_text(goodbye, "I can't hear you. Goodbye.")
    script.audible(goodbye)
    script.now_ms += 600
    script.voice()
    script.wait(300)
    script.pause()
    script.now_ms += 60
    script.final(text)
    if not script.count(cmd.FlushPlayout):
        script.heard_out(goodbye)
    script.wait(2000)
    return script


@pytest.mark.parametrize("text", ["Yes.", "Okay.", "No!", "Yeah, sure."])
def test_a_caller_who_answers_our_goodbye_to_nobody_is_not_hung_up_on(text: str) -> None:
    script = _leaves_a_silent_line(text)
    assert script.count(cmd.EndCall) == 0
    assert script.last(cmd.CommitTurn).text == text


@pytest.mark.parametrize("text", ["Bye.", "Mm-hm.", "No, thank you. Bye."])
def test_a_caller_who_says_goodbye_too_is_let_go(text: str) -> None:
    assert _leaves_a_silent_line(text).last(cmd.EndCall).cause == "silence"
