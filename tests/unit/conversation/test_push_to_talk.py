"""The talk button: a press takes the floor, its release ends the turn, a voice outside it is nothing."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.conversation.scenes import Scene
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy

TALK = Policy(turn=TurnPolicy(endpointing="push_to_talk"))
WORDS = "I need to see a doctor."


def _greeted() -> Script:
    script = Script(TALK)
    script.greeted()
    return script


def _answering() -> Script:
    """The agent speaks in reply to a first turn."""
    script = _greeted()
    script.talk()
    script.now_ms += 800
    script.let_go()
    script.final(WORDS)
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "We open at eight.", "We close at five.")
    script.audible(reply.reply_id)
    script.segment = 1
    script.now_ms += 500
    return script


def test_the_release_ends_the_turn_without_any_stop_silence() -> None:
    script = _greeted()
    script.talk()
    script.now_ms += 300
    script.voice()
    script.now_ms += 1000
    script.pause()
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == script.count(cmd.FinalizeTranscript) == 0
    script.let_go()
    assert script.count(cmd.FinalizeTranscript) == 1
    script.now_ms += 60
    script.final(WORDS)
    commit = script.last(cmd.CommitTurn)
    assert commit.text == WORDS and commit.ended_ms == script.now_ms - 60


def test_a_voice_still_heard_at_the_release_is_waited_for_as_long_as_the_tail() -> None:
    script = _greeted()
    script.talk()
    script.voice()
    script.now_ms += 900
    script.let_go()
    assert script.count(cmd.FinalizeTranscript) == 0
    script.wait(TALK.turn.talk_tail_ms)
    assert script.count(cmd.FinalizeTranscript) == 1


def test_the_last_syllable_ends_the_tail_early() -> None:
    script = _greeted()
    script.talk()
    script.voice()
    script.now_ms += 900
    script.let_go()
    script.now_ms += 100
    script.pause()
    assert script.count(cmd.FinalizeTranscript) == 1
    script.wait(TALK.turn.talk_tail_ms)
    assert script.count(cmd.FinalizeTranscript) == 1


def test_a_press_takes_the_floor_at_once() -> None:
    script = _answering()
    playing = script.last(cmd.StartPlayout).reply_id
    script.talk()
    assert script.last(cmd.FlushPlayout).reply_id == playing
    assert script.phase == "listening"


def test_a_press_while_the_reply_is_prepared_gives_it_up() -> None:
    script = _greeted()
    script.talk()
    script.let_go()
    script.final(WORDS)
    reply = script.last(cmd.StartReply)
    script.talk()
    assert script.last(cmd.CancelReply).reply_id == reply.reply_id


def test_a_voice_outside_a_press_neither_interrupts_nor_takes_a_turn() -> None:
    script = _answering()
    before = len(script.commands)
    script.voice()
    script.partial("No not you")
    script.now_ms += 2000
    script.pause()
    script.wait(1000)
    assert len(script.commands) == before
    script.final("No, not you.")
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="noise", text="No, not you.")
    assert script.count(cmd.CommitTurn) == 1


def test_a_press_without_words_asks_again_politely() -> None:
    script = _greeted()
    script.talk()
    script.now_ms += 400
    script.let_go()
    script.now_ms += 60
    script.final("")
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_empty_presses_do_not_go_on_for_ever() -> None:
    script = _greeted()
    for _ in range(3):
        script.talk()
        script.let_go()
        script.final("")
        script.segment += 1
    assert script.last(cmd.StartReply).kind == "goodbye"


def test_a_lost_release_has_a_bound() -> None:
    script = _greeted()
    script.talk()
    script.partial(WORDS)
    script.wait(TALK.turn.talk_max_ms)
    assert script.count(cmd.FinalizeTranscript) == 1
    script.wait(TALK.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS
    before = len(script.commands)
    script.let_go()
    assert len(script.commands) == before, "the release that came after all means nothing"


def test_a_final_that_never_comes_costs_a_bounded_wait() -> None:
    script = _greeted()
    script.talk()
    script.partial(WORDS)
    script.let_go()
    script.wait(TALK.turn.final_wait_ms)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_second_press_before_the_words_are_in_is_the_same_turn() -> None:
    script = _greeted()
    script.talk()
    script.let_go()
    script.talk()
    script.final("I need to see")
    script.now_ms += 500
    script.let_go()
    script.segment = 1
    script.now_ms += 60
    script.final("a doctor.")
    assert script.last(cmd.CommitTurn).text == "I need to see a doctor."
    assert script.count(cmd.CommitTurn) == 1


def test_presses_and_releases_that_come_twice_count_once() -> None:
    script = _greeted()
    script.talk()
    before = len(script.commands)
    script.talk()
    assert len(script.commands) == before
    script.let_go()
    script.let_go()
    assert script.count(cmd.FinalizeTranscript) == 1


def test_what_must_be_heard_is_heard_and_what_was_said_meanwhile_is_kept() -> None:
    script = Script(Policy(turn=TALK.turn, protect_greeting=True))
    script.reply_text("r1", "This call may be recorded.")
    script.audible("r1")
    script.now_ms += 200
    script.talk()
    script.now_ms += 800
    script.let_go()
    script.final(WORDS)
    assert script.count(cmd.FlushPlayout) == script.count(cmd.CommitTurn) == 0
    script.heard_out("r1")
    script.wait(900)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_the_button_means_nothing_where_silence_decides() -> None:
    script = Script(Policy())
    script.reply_text("r1", "Hello.")
    script.audible("r1")
    before = len(script.commands)
    script.talk()
    script.let_go()
    assert len(script.commands) == before and script.phase == "speaking"


def test_the_call_may_end_while_the_button_is_held() -> None:
    script = _greeted()
    script.talk()
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    script.wait(TALK.turn.talk_max_ms)
    assert script.count(cmd.EndCall) == 1


def test_words_outside_a_press_begin_no_reply_and_do_not_put_off_the_next_question() -> None:
    script = _greeted()
    script.final("what was I going to say")
    script.final("what was I going to say")
    assert [c.kind for c in script.commands if isinstance(c, cmd.NoteUtterance)] == ["noise", "late"]
    script.wait(TALK.silence.reprompt_after_ms)
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_who_presses_again_while_his_final_is_missing_is_not_cut_off() -> None:
    script = _greeted()
    script.talk()
    script.now_ms += 800
    script.partial(WORDS)
    script.let_go()
    script.wait(300)
    script.talk()
    script.wait(TALK.turn.final_wait_ms + 500)
    assert script.count(cmd.CommitTurn) == 0


def test_a_draft_is_given_up_when_he_presses_again() -> None:
    script = _greeted()
    script.talk()
    script.now_ms += 800
    script.partial(WORDS)
    script.let_go()
    script.wait(TALK.turn.stable_partial_ms)
    draft = script.last(cmd.StartReply)
    assert draft.speculative
    assert cmd.CancelReply(reply_id=draft.reply_id) in script.talk()


NOTICE = "This call is recorded."
HOURS = "We open at eight and close at five."


def _in_the_notice(*, echoes: int = 0) -> tuple[Scene, str]:
    """The agent is half a second into words that must be heard, with more behind them."""
    scene = Scene(TALK)
    scene.greeted()
    scene.talk()
    scene.wait(800)
    scene.let_go()
    scene.final("What are your hours?")
    scene.segment += 1
    reply_id = scene.last(cmd.StartReply).reply_id
    scene.gives(reply_id, NOTICE, HOURS, protected=(NOTICE,))
    scene.audible(reply_id)
    scene.conversation.state.echoes = echoes
    scene.play(reply_id, 500)
    return scene, reply_id


def test_a_word_into_the_button_behind_an_echo_that_was_heard_before_it_is_answered() -> None:
    """The recogniser tells of both in one transcript, and so long an echo forgives as much as a word."""
    scene, reply_id = _in_the_notice()
    scene.voice()
    scene.wait(200)
    scene.partial("This call is")
    scene.pause()
    scene.talk()
    scene.voice()
    scene.wait(200)
    scene.pause()
    scene.let_go()
    scene.final("This call is today?")
    scene.play(reply_id, 1000)
    assert [note for note in scene.notes() if note[0] == "echo"] == []
    assert scene.last(cmd.CommitTurn).text == "today?"


def _is_silent(scene: Script, since: int) -> bool:
    """Nothing was begun or gone on with."""
    kinds = (cmd.StartPlayout, cmd.ResumePlayout)
    return not any(isinstance(command, kinds) for command in scene.commands[since:])


@pytest.mark.parametrize("echoes", [0, TALK.turn.echoes_max])
def test_the_agent_does_not_talk_into_a_button_that_was_pressed_over_a_notice(echoes: int) -> None:
    """Heard out, the notice leaves him the floor, even on a line where a mere voice pauses nothing."""
    scene, reply_id = _in_the_notice(echoes=echoes)
    scene.talk()
    since = len(scene.commands)
    scene.play(reply_id, 900)
    assert scene.count(cmd.FlushPlayout) == 1 and scene.phase == "listening", "no sample behind the notice"
    scene.flushed()
    assert scene.reports(reply_id)[0].protected == "heard"
    scene.wait(10_000)
    assert _is_silent(scene, since)
    scene.let_go()
    scene.wait(60)
    scene.final(WORDS)
    assert scene.last(cmd.CommitTurn).text == WORDS


def _types(scene: Script, text: str) -> str:
    """Gives the id of the reply, which has words at once."""
    scene.step(ev.TextTyped(at_ms=scene.now_ms, text=text))
    reply_id = scene.last(cmd.StartReply).reply_id
    scene.reply_text(reply_id, HOURS)
    return reply_id


def test_what_is_typed_while_the_button_is_held_is_answered_when_it_is_let_go() -> None:
    script = _greeted()
    script.talk()
    script.wait(500)
    since = len(script.commands)
    reply_id = _types(script, "When do you open?")
    script.wait(20_000)
    assert _is_silent(script, since)
    script.let_go()
    script.wait(60)
    assert _is_silent(script, since), "he may have said more"
    script.final("")
    assert script.last(cmd.StartPlayout).reply_id == reply_id


def test_a_final_that_never_comes_keeps_no_typed_question_waiting() -> None:
    script = _greeted()
    script.talk()
    reply_id = _types(script, "When do you open?")
    script.let_go()
    script.wait(TALK.turn.hold_ms)
    assert script.last(cmd.StartPlayout).reply_id == reply_id


def test_words_said_after_typed_ones_while_the_button_is_held_are_answered_instead() -> None:
    script = _greeted()
    script.talk()
    reply_id = _types(script, "When do you open?")
    since = len(script.commands)
    script.wait(600)
    script.partial(WORDS)
    assert script.phase == "listening" and script.last(cmd.ReportHeard).reply_id == reply_id
    script.wait(2 * TALK.silence.noise_ms + 1000)
    assert _is_silent(script, since)
    assert script.count(cmd.CommitTurn) == 1, "who holds the button has not finished, however long he thinks"
    script.let_go()
    script.final(WORDS)
    assert script.last(cmd.CommitTurn).text == WORDS
    assert script.last(cmd.StartReply).text == WORDS


def test_no_apology_into_a_held_button() -> None:
    script = _greeted()
    script.talk()
    script.now_ms += 800
    script.let_go()
    script.final(WORDS)
    reply_id = script.last(cmd.StartReply).reply_id
    text = "This call is recorded."
    script.step(
        ev.ReplyText(at_ms=script.now_ms, reply_id=reply_id, index=0, text=text, uninterruptible=True)
    )
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=reply_id, index=0, duration_ms=1300))
    script.audible(reply_id)
    script.segment = 1
    script.wait(300)
    script.talk()
    script.step(ev.ReplyFailed(at_ms=script.now_ms, reply_id=reply_id, reason="gone"))
    script.wait(3000)
    assert _apologies(script) == 0
    script.let_go()
    script.final("")
    script.wait(2000)
    assert _apologies(script) == 1


def _apologies(script: Script) -> int:
    return sum(isinstance(c, cmd.Synthesize) and c.text == TALK.trouble for c in script.commands)


def _waits_for_a_person() -> Script:
    script = Script(msgspec.structs.replace(TALK, handover=HandoverPolicy()))
    script.greeted()
    script.talk()
    script.now_ms += 800
    script.let_go()
    script.final("I want to talk to a person.")
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "I will put you through.", then="escalate")
    script.audible(reply_id)
    script.wait(1500)
    script.heard_out(reply_id)
    script.segment = 1
    script.wait(2000)
    return script


@pytest.mark.parametrize("pressed_first", [True, False])
def test_a_button_held_while_nobody_was_reached_is_heard_and_not_talked_into(pressed_first: bool) -> None:
    script = _waits_for_a_person()
    for pressed in (pressed_first, not pressed_first):
        script.talk() if pressed else script.voice()
        script.wait(500)
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    assert script.phase == "holding"
    script.wait(3000)
    assert script.count(cmd.ResumePlayout) == 0, "he still holds it"
    script.pause()
    script.let_go()
    script.final("Never mind, I will call again.")
    script.wait(2000)
    assert script.last(cmd.CommitTurn).text == "Never mind, I will call again."


def test_the_last_syllable_of_who_was_speaking_when_he_came_back_is_waited_for() -> None:
    script = _waits_for_a_person()
    script.talk()
    script.voice()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    asked = script.count(cmd.FinalizeTranscript)
    script.let_go()
    assert script.count(cmd.FinalizeTranscript) == asked
    script.wait(TALK.turn.talk_tail_ms)
    assert script.count(cmd.FinalizeTranscript) == asked + 1


def test_a_button_held_for_nothing_costs_nobody_the_news() -> None:
    script = _waits_for_a_person()
    script.talk()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    script.wait(1000)
    script.let_go()
    script.final("")
    assert script.last(cmd.ResumePlayout).reply_id == script.last(cmd.StartPlayout).reply_id


def test_a_button_let_go_while_he_waited_is_not_held_when_he_is_back() -> None:
    script = _waits_for_a_person()
    script.talk()
    script.wait(500)
    script.let_go()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    assert script.phase == "thinking" and script.conversation.state.turn is None


def test_words_into_a_button_held_since_before_an_operator_passed_the_call_on_are_kept() -> None:
    script = _answering()
    script.talk()
    script.step(ev.PlayoutFlushed(at_ms=script.now_ms, reply_id="r2", heard_ms=500))
    script.wait(300)
    script.step(ev.OperatorTransfers(at_ms=script.now_ms))
    script.wait(300)
    script.let_go()
    script.final("But I am in a hurry.")
    script.audible(script.last(cmd.StartPlayout).reply_id)
    script.wait(1500)
    script.heard_out(script.last(cmd.StartPlayout).reply_id)
    assert script.count(cmd.Escalate) == 1
    said = [c.text for c in script.commands if isinstance(c, cmd.NoteUtterance | cmd.CommitTurn)]
    assert said.count("But I am in a hurry.") == 1


def _said_in_two(script: Script, first: str = "I need", gap_ms: int = 120) -> str:
    """One press, which the recogniser tells of in two finals; gives the reply to the first."""
    script.talk()
    script.voice()
    script.now_ms += 1500
    script.pause()
    script.let_go()
    script.now_ms += 60
    script.final(first)
    reply_id = script.last(cmd.StartReply).reply_id
    script.segment += 1
    script.wait(gap_ms)
    return reply_id


def test_the_rest_of_what_was_said_into_the_button_is_of_the_same_turn_and_answered_with_it() -> None:
    script = _greeted()
    half = _said_in_two(script)
    script.final("to see a doctor today.")
    assert script.last(cmd.CancelReply).reply_id == half
    assert script.last(cmd.AmendTurn) == cmd.AmendTurn(turn=1, text="to see a doctor today.")
    reply = script.last(cmd.StartReply)
    assert (reply.kind, reply.text) == ("turn", "I need to see a doctor today.")
    assert script.count(cmd.CommitTurn) == 1 and script.count(cmd.NoteUtterance) == 0
    script.final("to see a doctor today.")
    assert script.last(cmd.NoteUtterance).kind == "late", "once, however often it is told"
    assert script.count(cmd.AmendTurn) == 1


def test_the_rest_of_a_press_cuts_the_answer_to_its_first_half() -> None:
    script = _greeted()
    half = _said_in_two(script)
    script.reply_text(half, "What do you need?")
    script.audible(half)
    script.wait(300)
    script.final("to see a doctor today.")
    assert script.last(cmd.FlushPlayout).reply_id == half
    assert script.last(cmd.StartReply).text == "I need to see a doctor today."


def test_words_behind_an_empty_final_of_the_same_press_are_a_turn() -> None:
    script = _greeted()
    reprompt = _said_in_two(script, first="")
    assert script.last(cmd.StartReply).kind == "reprompt"
    script.final("I need to see a doctor.")
    assert script.last(cmd.CancelReply).reply_id == reprompt
    assert script.last(cmd.CommitTurn).text == "I need to see a doctor."


def test_the_rest_of_a_press_waits_for_what_must_be_heard() -> None:
    scene = Scene(TALK)
    scene.greeted()
    reply_id = _said_in_two(scene)
    scene.gives(reply_id, "This call may be recorded.", "Go on.", protected=("This call may be recorded.",))
    scene.audible(reply_id)
    scene.play(reply_id, 400)
    scene.final("to see a doctor today.")
    scene.play(reply_id, 1000)
    assert scene.count(cmd.FlushPlayout) == 0
    scene.play(reply_id, 400)
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "to see a doctor today."


@pytest.mark.parametrize("how", ["a voice since", "long after", "while the voice went on"])
def test_what_is_said_beside_the_button_is_no_rest_of_a_press(how: str) -> None:
    script = _greeted()
    if how == "while the voice went on":
        script.talk()
        script.voice()
        script.let_go()
        script.wait(TALK.turn.talk_tail_ms)
        script.final("I need a doctor.")
        script.segment += 1
    else:
        _said_in_two(script)
    if how == "a voice since":
        script.voice()
    elif how == "long after":
        script.wait(TALK.turn.final_wait_ms)
    script.final("Dinner is ready.")
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="noise", text="Dinner is ready.")
    assert script.count(cmd.AmendTurn) == 0 and script.count(cmd.CommitTurn) == 1


def test_the_rest_of_a_press_after_the_call_was_told_to_end_is_on_record() -> None:
    script = _greeted()
    _said_in_two(script)
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    script.final("to see a doctor today.")
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text="to see a doctor today.")


def test_the_rest_of_a_press_behind_its_whole_answer_is_a_turn_of_its_own() -> None:
    script = _greeted()
    half = _said_in_two(script)
    script.reply_text(half, "Yes?")
    script.audible(half)
    script.wait(240)
    script.heard_out(half, 240)
    script.final("to see a doctor today.")
    assert script.last(cmd.CommitTurn) == cmd.CommitTurn(
        turn=2, text="to see a doctor today.", ended_ms=script.now_ms
    )
