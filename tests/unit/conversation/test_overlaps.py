"""The caller speaks while something of ours is going on: nothing is lost, effects happen at most once, and
what was heard is exact."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import TurnPolicy

FIRST, SECOND = "We open at eight.", "We close at five."  # 1020 ms each.


def _interrupts(scene: Scene, words: str = "No wait, I meant Saturday.") -> None:
    """A whole interruption: voice, a partial, the pause, the final; the line answers a flush at once."""
    scene.voice()
    if scene.phase == "holding":
        for reply in scene.conversation.state.sounding():
            scene.paused(reply.id)
    scene.now_ms += 400
    scene.partial(words)
    _answer_flushes(scene)
    scene.now_ms += 600
    scene.pause()
    scene.now_ms += 60
    scene.final(words)
    _answer_flushes(scene)
    scene.wait(1700)
    scene.segment += 1


def _answer_flushes(scene: Scene) -> None:
    for reply_id in list(scene.conversation.state.closing):
        scene.step(ev.PlayoutFlushed(at_ms=scene.now_ms, reply_id=reply_id, heard_ms=scene.heard_ms))


def _told_once(scene: Scene, *replies: str) -> None:
    reported = Counter(c.reply_id for c in scene.commands if isinstance(c, cmd.ReportHeard))
    assert {reply_id: reported[reply_id] for reply_id in replies} == dict.fromkeys(replies, 1)


def _effects_once(scene: Scene) -> None:
    keys = Counter(c.idempotency_key for c in scene.commands if isinstance(c, cmd.RunTool))
    assert set(keys.values()) <= {1}


def _apologies(scene: Scene) -> int:
    return sum(isinstance(c, cmd.Synthesize) and c.text == Policy().trouble for c in scene.commands)


def _used_once(scene: Scene, words: str) -> None:
    """The words are one turn, or noted, and that once."""
    turns = [c.text for c in scene.commands if isinstance(c, cmd.CommitTurn)]
    assert [*turns, *(text for _, text in scene.notes())].count(words) == 1


def _asks_for_tool(scene: Scene, reply_id: str, effect: str) -> None:
    scene.step(
        ev.ToolRequested(
            at_ms=scene.now_ms,
            reply_id=reply_id,
            tool_call_id=f"{reply_id}.t1",
            name="book",
            arguments='{"slot":1}',
            effect=effect,
        )
    )


@pytest.mark.parametrize("effect", ["none", "write"])
def test_while_a_tool_runs(effect: str) -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked("Book the first one please.")
    _asks_for_tool(scene, reply_id, effect)
    scene.wait(300)
    _interrupts(scene)
    assert scene.count(cmd.RunTool) == 1
    before = len(scene.commands)
    scene.step(ev.ToolFinished(at_ms=scene.now_ms, tool_call_id=f"{reply_id}.t1", ok=True))
    assert not [c for c in scene.commands[before:] if isinstance(c, cmd.StartPlayout | cmd.RunTool)]
    cancelled = cmd.CancelReply(reply_id=reply_id) in scene.commands
    assert cancelled == (effect == "none"), "an effect under way is finished, in silence"
    _told_once(scene, reply_id)
    _effects_once(scene)
    _used_once(scene, "No wait, I meant Saturday.")


def test_while_a_tool_runs_in_the_middle_of_a_reply() -> None:
    scene, reply_id = speaking("Let me book that.", heard_ms=500, finishes=False)
    _asks_for_tool(scene, reply_id, "write")
    _interrupts(scene)
    assert cmd.CancelReply(reply_id=reply_id) not in scene.commands
    assert scene.reports(reply_id)[0].text == "Let me"
    _told_once(scene, reply_id)
    _effects_once(scene)


def test_a_tool_asked_for_only_after_the_interruption_is_not_run() -> None:
    scene, reply_id = speaking(FIRST, finishes=False)
    _interrupts(scene)
    _asks_for_tool(scene, reply_id, "write")
    assert scene.count(cmd.RunTool) == 0


def test_while_the_reply_is_still_being_written() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=700, finishes=False)
    _interrupts(scene)
    assert cmd.CancelReply(reply_id=reply_id) in scene.commands
    late = scene.step(ev.ReplyText(at_ms=scene.now_ms, reply_id=reply_id, index=1, text=SECOND))
    late += scene.step(ev.ReplyFinished(at_ms=scene.now_ms, reply_id=reply_id))
    assert late == []
    assert scene.reports(reply_id)[0].text == "We open at"
    _told_once(scene, reply_id)
    _used_once(scene, "No wait, I meant Saturday.")


def test_while_the_voice_is_still_making_the_chunk() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, FIRST, SECOND, made=False)
    scene.audible(reply_id)
    scene.play(reply_id, 600)
    _interrupts(scene)
    before = len(scene.commands)
    scene.made(reply_id, 0, 1020)
    assert len(scene.commands) == before
    _told_once(scene, reply_id)


def test_between_two_sentences() -> None:
    scene, reply_id = speaking(FIRST, SECOND, heard_ms=1020)
    _interrupts(scene)
    report = scene.reports(reply_id)[0]
    assert (report.text, report.complete) == (FIRST, False)
    _told_once(scene, reply_id)
    _used_once(scene, "No wait, I meant Saturday.")


def test_in_the_silence_before_the_next_sentence_is_there() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=1020, finishes=False)
    scene.wait(500)
    _interrupts(scene)
    assert scene.reports(reply_id)[0].text == FIRST
    _told_once(scene, reply_id)


def test_twice_in_a_row_over_two_replies() -> None:
    scene, first = speaking(FIRST, SECOND, heard_ms=1100)
    _interrupts(scene, "No wait, Saturday.")
    second = scene.last(cmd.ConfirmReply).reply_id
    scene.heard_ms = 0
    scene.gives(second, "On Saturday we are closed.")
    scene.audible(second)
    scene.play(second, 400)
    _interrupts(scene, "I mean Sunday.")
    assert first != second
    _told_once(scene, first, second)
    _used_once(scene, "No wait, Saturday.")
    _used_once(scene, "I mean Sunday.")
    assert scene.reports(second)[0].text == "On"


def test_twice_in_a_row_before_the_first_flush_is_answered() -> None:
    scene, first = speaking(FIRST, SECOND, heard_ms=1100)
    scene.voice()
    scene.now_ms += 300
    scene.partial("Stop")
    scene.now_ms += 100
    scene.pause()
    scene.final("Stop.")
    scene.voice()  # He goes on: one turn, not two.
    scene.now_ms += 500
    scene.pause()
    scene.step(ev.TranscriptFinal(at_ms=scene.now_ms, segment=scene.segment, text="Stop. What about Sunday?"))
    _answer_flushes(scene)
    scene.wait(1700)
    assert scene.last(cmd.CommitTurn).text == "Stop. What about Sunday?"
    _told_once(scene, first)


def test_twice_in_a_row_a_cough_then_words() -> None:
    scene, reply_id = speaking(FIRST, SECOND, heard_ms=1100)
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 200
    scene.pause()
    scene.final("")
    scene.segment += 1
    assert scene.last(cmd.ResumePlayout).rewind_ms == 0
    scene.play(reply_id, 200)
    _interrupts(scene)
    assert scene.count(cmd.PausePlayout) == 2
    _told_once(scene, reply_id)
    _used_once(scene, "No wait, I meant Saturday.")


def _during_a_filler() -> tuple[Scene, str]:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.wait(1500)
    scene.made("f1", 0, 660)
    scene.audible("f1")
    scene.heard_ms = 0
    scene.play("f1", 400)
    return scene, reply_id


def test_during_a_filler() -> None:
    scene, reply_id = _during_a_filler()
    _interrupts(scene)
    assert scene.reports("f1")[0].text == "One"
    _told_once(scene, "f1", reply_id)
    assert scene.reports(reply_id)[0].text == ""
    _used_once(scene, "No wait, I meant Saturday.")


def test_a_cough_during_a_filler_resumes_it_and_the_reply_follows() -> None:
    scene, reply_id = _during_a_filler()
    scene.voice()
    scene.paused("f1")
    scene.gives(reply_id, FIRST)
    scene.now_ms += 200
    scene.pause()
    scene.final("")
    assert scene.last(cmd.ResumePlayout).reply_id == "f1"
    scene.play("f1", 260)
    scene.ends("f1")
    assert scene.last(cmd.StartPlayout).reply_id == reply_id


def test_during_the_words_of_a_transfer_it_is_called_off() -> None:
    scene, reply_id = speaking("I'll put you through to a colleague.", heard_ms=700, then="escalate")
    _interrupts(scene, "No wait, I have a question.")
    assert scene.count(cmd.Escalate) == scene.count(cmd.EndCall) == 0
    _told_once(scene, reply_id)
    _used_once(scene, "No wait, I have a question.")


def test_thanks_over_the_words_of_a_transfer_do_not_call_it_off() -> None:
    scene, reply_id = speaking("I'll put you through to a colleague.", heard_ms=700, then="escalate")
    _interrupts(scene, "Thank you so much.")
    assert scene.count(cmd.FlushPlayout) == 0
    scene.play(reply_id, 1460)
    scene.ends(reply_id)
    assert scene.last(cmd.EndCall).cause == "escalated"
    _told_once(scene, reply_id)
    _used_once(scene, "Thank you so much.")


@pytest.mark.parametrize("heard_ms", [0, 20, 100, 200])
def test_in_the_first_200_ms(heard_ms: int) -> None:
    scene, reply_id = speaking(FIRST, SECOND, heard_ms=heard_ms)
    _interrupts(scene)
    report = scene.reports(reply_id)[0]
    assert report.text in ("", "We")
    assert (report.text == "We") == (heard_ms >= 100)
    _told_once(scene, reply_id)
    _used_once(scene, "No wait, I meant Saturday.")


def test_before_the_first_sample_although_playout_was_asked_for() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, FIRST)
    assert scene.last(cmd.StartPlayout).reply_id == reply_id
    _interrupts(scene)
    assert scene.reports(reply_id)[0].text == ""
    _told_once(scene, reply_id)


def test_exactly_at_the_last_sample_voice_first() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=1020)
    scene.voice()
    scene.ends(reply_id)
    assert scene.phase == "listening"
    scene.now_ms += 800
    scene.pause()
    scene.now_ms += 60
    scene.final("And on Saturday?")
    scene.wait(2500)
    assert scene.last(cmd.CommitTurn).text == "And on Saturday?"
    assert scene.reports(reply_id)[0].complete
    _told_once(scene, reply_id)


def test_exactly_at_the_last_sample_end_first() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=1020)
    scene.ends(reply_id)
    scene.voice()
    assert scene.phase == "listening"
    assert "silence" not in scene.conversation.state.timers
    _told_once(scene, reply_id)


def test_at_the_last_sample_of_a_paused_reply_that_never_says_that_it_ended() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=1020)
    _interrupts(scene)
    report = scene.reports(reply_id)[0]
    assert (report.text, report.complete) == (FIRST, True)
    _told_once(scene, reply_id)


def test_at_the_last_sample_of_the_goodbye_the_words_are_kept() -> None:
    scene, reply_id = speaking("Thanks, goodbye.", heard_ms=960, then="end")
    scene.voice()
    scene.partial("Oh and one more")
    scene.ends(reply_id)
    assert scene.count(cmd.EndCall) == 0, "his words took the floor before the end was known"
    other, reply_id = speaking("Thanks, goodbye.", heard_ms=960, then="end")
    other.voice()
    other.ends(reply_id)
    assert other.last(cmd.EndCall).cause == "goal_reached"
    _told_once(other, reply_id)


def test_over_a_reply_that_is_paused_and_fails_meanwhile() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, finishes=False)
    scene.voice()
    scene.paused(reply_id)
    begun = scene.count(cmd.StartPlayout)
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    scene.wait(400)
    scene.partial("Hello?")
    scene.wait(300)
    scene.pause()
    assert scene.count(cmd.StartPlayout) == begun, "nothing plays over him"
    scene.final("Hello? Are you there?")
    scene.wait(2000)
    _told_once(scene, reply_id)
    _used_once(scene, "Hello? Are you there?")
    assert _apologies(scene) == 0, "his new words are answered instead"


def test_no_apology_is_said_into_a_cough_but_right_after_it() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, finishes=False)
    scene.voice()
    scene.paused(reply_id)
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    scene.wait(200)
    scene.pause()
    assert _apologies(scene) == 0
    scene.final("")
    assert _apologies(scene) == 1 and scene.phase == "thinking"
    _told_once(scene, reply_id)


def test_a_noise_that_goes_on_does_not_keep_us_from_apologising() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, finishes=False)
    scene.voice()
    scene.paused(reply_id)
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    scene.wait(TurnPolicy().hold_ms - 1)
    assert _apologies(scene) == 0
    scene.wait(1)
    assert _apologies(scene) == 1
    _told_once(scene, reply_id)


def test_no_apology_over_a_caller_who_speaks_while_the_reply_is_still_thought_of() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.wait(300)
    scene.voice()
    scene.wait(200)
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    scene.wait(100)
    scene.partial("And on")
    scene.wait(3000)
    assert _apologies(scene) == 0
    scene.pause()
    scene.final("And on Saturday?")
    scene.wait(2500)
    assert _apologies(scene) == 0 and scene.last(cmd.CommitTurn).text == "And on Saturday?"


def test_an_apology_waits_for_words_over_what_must_be_heard() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, protected=(FIRST,), finishes=False)
    scene.voice()
    scene.partial("But I")
    assert scene.phase == "speaking"
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    scene.wait(1000)
    assert _apologies(scene) == 0 and scene.phase == "listening"
    scene.pause()
    scene.final("")
    scene.wait(1500)
    assert _apologies(scene) == 1
    _told_once(scene, reply_id)


@pytest.mark.parametrize(("final", "apologies"), [("But I have a question.", 0), ("", 1)])
def test_no_apology_over_a_caller_who_has_only_just_begun_to_speak(final: str, apologies: int) -> None:
    """Over what must be heard his voice paused nothing; it may have words all the same."""
    scene, reply_id = speaking(FIRST, heard_ms=600, protected=(FIRST,), finishes=False)
    scene.voice()
    scene.now_ms += 200
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    assert _apologies(scene) == 0
    scene.wait(400)
    scene.pause()
    scene.final(final)
    scene.wait(2500)
    assert _apologies(scene) == apologies
    _told_once(scene, reply_id)


def test_a_noise_over_what_must_be_heard_holds_the_apology_back_for_the_hold_alone() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, protected=(FIRST,), finishes=False)
    scene.voice()
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    _answer_flushes(scene)
    scene.wait(TurnPolicy().hold_ms - 1)
    assert _apologies(scene) == 0
    scene.wait(1)
    assert _apologies(scene) == 1


def test_keys_and_words_over_speech_are_one_turn() -> None:
    scene, reply_id = speaking(FIRST, SECOND, heard_ms=600)
    scene.voice()
    scene.step(ev.DtmfReceived(at_ms=scene.now_ms, digit="3"))
    _answer_flushes(scene)
    scene.now_ms += 600
    scene.pause()
    scene.now_ms += 60
    scene.final("The third one.")
    scene.wait(4000)
    assert [c.text for c in scene.commands if isinstance(c, cmd.CommitTurn)][-1] == "The third one. dtmf:3"
    _told_once(scene, reply_id)


def test_a_voice_that_outlasts_the_hold_is_not_paused_for_twice() -> None:
    scene, _ = speaking(FIRST, SECOND, heard_ms=600, policy=Policy(turn=TurnPolicy(hold_ms=500)))
    scene.voice()
    scene.wait(500)
    assert scene.phase == "speaking"
    scene.wait(300)
    assert scene.count(cmd.PausePlayout) == 1


@pytest.mark.parametrize("begun", ["Um.", "Well, I think,"])
def test_a_yes_after_a_hesitation_that_was_taken_for_the_turn_is_not_lost(begun: str) -> None:
    scene = Scene()
    scene.greeted()
    scene.says(begun)
    scene.wait(2000)
    assert scene.phase == "thinking"
    scene.segment += 1
    scene.says("Yes.", duration_ms=300)
    scene.wait(1000)
    assert scene.last(cmd.CommitTurn).text == "Yes."
    assert scene.notes() == []


def test_an_okay_after_a_whole_request_is_no_request() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    scene.wait(200)
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.wait(60)
    scene.final("Okay.")
    assert scene.notes() == [("backchannel", "Okay.")]
    assert scene.count(cmd.CommitTurn) == 1


def _says_over_the_question_for_a_letter(said: str, heard_ms: int) -> Scene:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, "What is the first letter of your last name?", expects="spelling")
    scene.audible(reply_id)
    scene.play(reply_id, heard_ms)
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.wait(60)
    scene.final(said)
    return scene


@pytest.mark.parametrize("letter", ["M.", "U.", "H-M."])
def test_a_letter_given_before_the_question_for_it_ends_is_no_listening_noise(letter: str) -> None:
    scene = _says_over_the_question_for_a_letter(letter, 2000)
    scene.wait(4000)
    assert scene.last(cmd.CommitTurn).text == letter


def test_a_hum_over_the_question_for_a_letter_is_none() -> None:
    scene = _says_over_the_question_for_a_letter("Mm-hmm.", 1000)
    assert scene.notes()[-1] == ("backchannel", "Mm-hmm.")


def test_what_is_lost_of_an_earlier_voice_takes_nothing_from_the_one_that_speaks_now() -> None:
    scene, _ = speaking(FIRST, SECOND, heard_ms=600)
    scene.voice()
    scene.wait(300)
    scene.partial("On Saturday")
    scene.step(ev.TranscriptFinal(at_ms=scene.now_ms, segment=scene.segment, text="", lost=True))
    scene.wait(700)
    assert scene.count(cmd.FlushPlayout) == 1 and scene.phase == "listening"
