"""A model that hears and speaks by itself under the same core: turns by their sound, words when they come."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.conversation.scenes import Scene
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, SilencePolicy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Endpointing
from antiphon.conversation.unified import NEVER_MS

UNIFIED = Policy(unified=True)


def policy(endpointing: Endpointing = "ours") -> Policy:
    return Policy(unified=True, turn=TurnPolicy(endpointing=endpointing))


def sounds(script: Script, duration_ms: int = 1000) -> list[cmd.Command]:
    """A voice for so long, and its end 100 ms ago; nobody tells what was said."""
    seen = script.voice()
    seen += script.wait(duration_ms)
    return seen + script.pause()


def asked(scene: Scene) -> str:
    """The caller asks something; gives the id of the reply that is wanted now."""
    sounds(scene)
    scene.wait(1300)
    scene.heard_ms = 0
    return scene.last(cmd.StartReply).reply_id


def speaking(*chunks: str, chosen: Policy = UNIFIED) -> tuple[Scene, str]:
    """The agent answers a wordless turn and has been heard for a second; the turn's words have come."""
    scene = Scene(chosen)
    scene.greeted()
    reply_id = asked(scene)
    scene.final("What are your hours?")
    scene.segment += 1
    scene.gives(reply_id, *(chunks or ("We open at eight.", "We close at five.", "Come any day.")))
    scene.audible(reply_id)
    scene.play(reply_id, 1000)
    return scene, reply_id


def amended(script: Script) -> list[tuple[int, str]]:
    return [(c.turn, c.text) for c in script.commands if isinstance(c, cmd.AmendTurn)]


# ------------------------------------------------------------------ turns


def test_a_turn_is_taken_by_its_sound_without_a_word_and_without_a_draft() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.score(0.9)
    script.wait(300)
    assert script.last(cmd.CommitTurn) == cmd.CommitTurn(turn=1, text="", ended_ms=script.now_ms - 400)
    reply = script.last(cmd.StartReply)
    assert (reply.kind, reply.text, reply.speculative) == ("turn", "", False)
    assert script.count(cmd.ConfirmReply) == 0


def test_a_doubtful_score_gives_the_caller_more_time() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.score(0.1)
    script.wait(1199)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(1)
    assert script.count(cmd.CommitTurn) == 1


def test_a_caller_who_goes_on_after_a_pause_has_one_turn() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.score(0.1)
    script.wait(600)
    sounds(script)
    script.score(0.9)
    script.wait(1300)
    assert script.count(cmd.CommitTurn) == 1


def test_the_vendor_ends_the_turn_at_once_where_it_decides() -> None:
    script = Script(policy("provider"))
    script.greeted()
    sounds(script)
    script.wait(500)
    assert script.count(cmd.CommitTurn) == 0
    commands = script.signal("ended")
    assert [
        type(command) for command in commands if isinstance(command, cmd.CommitTurn | cmd.StartReply)
    ] == [
        cmd.CommitTurn,
        cmd.StartReply,
    ]


def test_a_vendor_that_says_nothing_of_a_pause_is_not_waited_for_for_ever() -> None:
    script = Script(policy("provider"))
    script.greeted()
    sounds(script)
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == 1


def test_a_caller_whom_only_the_vendor_hears_is_answered() -> None:
    script = Script(policy("provider"))
    script.greeted()
    script.signal("started")
    script.wait(5000)
    script.signal("ended")
    assert script.last(cmd.CommitTurn).turn == 1
    script.final("Very quietly spoken.")
    assert amended(script) == [(1, "Very quietly spoken.")]


def test_a_voice_that_only_the_vendor_hears_and_never_ends_is_given_up_and_the_caller_asked_again() -> None:
    script = Script(policy("provider"))
    script.greeted()
    script.signal("started")
    script.wait(12_000 + 3000 + 7000)
    assert script.count(cmd.CommitTurn) == 0
    assert script.last(cmd.StartReply).kind == "reprompt"


def test_the_talk_button_ends_a_turn_as_it_is_let_go() -> None:
    script = Script(policy("push_to_talk"))
    script.greeted()
    script.talk()
    script.wait(1000)
    script.let_go()
    assert script.last(cmd.CommitTurn).text == ""
    assert script.last(cmd.StartReply).kind == "turn"


def test_keys_are_a_turn_with_their_text() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.keys("12#")
    assert script.last(cmd.StartReply).text == "dtmf:12#" or script.last(cmd.StartReply).text == "dtmf:12"


# ------------------------------------------------------------------ words


def test_late_words_are_told_of_their_turn_exactly_once() -> None:
    scene, _ = speaking()
    assert amended(scene) == [(1, "What are your hours?")]
    assert scene.notes() == []
    scene.segment -= 1
    scene.final("What are your hours?")
    assert amended(scene) == [(1, "What are your hours?")], "a duplicate is no new word"
    assert scene.notes() == [("late", "What are your hours?")]


def test_words_that_come_in_two_parts_are_both_of_that_turn() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    script.final("I need a visit.")
    script.segment += 1
    script.final("On Friday.")
    assert amended(script) == [(1, "I need a visit."), (1, "On Friday.")]


def test_late_words_belong_to_the_turn_before_the_one_that_has_begun() -> None:
    scene, reply_id = speaking()
    scene.play(reply_id, 2000)
    scene.ends(reply_id)
    asked(scene)
    scene.voice()  # He goes on before the words of his last turn are there.
    scene.final("And on Sunday?")
    assert amended(scene)[-1] == (2, "And on Sunday?")
    assert scene.conversation.state.turn is not None
    assert scene.conversation.state.turn.raw_text() == ""


def test_words_in_time_are_committed_with_their_turn() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.voice()
    script.wait(900)
    script.partial("Are you open")
    script.pause()
    script.final("Are you open on Friday?")
    script.score(0.9)
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == "Are you open on Friday?"
    assert amended(script) == []


def test_late_words_that_ask_us_to_wait_are_respected() -> None:
    scene, reply_id = speaking()
    scene.play(reply_id, 2000)
    scene.ends(reply_id)
    reply_id = asked(scene)
    scene.final("One second, let me find my card.")
    scene.gives(reply_id, "Of course.")
    scene.audible(reply_id)
    scene.play(reply_id, 600)
    scene.ends(reply_id)
    scene.wait(20_000)
    assert [c.kind for c in scene.commands if isinstance(c, cmd.StartReply)].count("reprompt") == 0


def test_words_that_want_another_answer_replace_the_one_that_is_being_given() -> None:
    scene, reply_id = speaking()
    scene.step(ev.ReplyOverruled(at_ms=scene.now_ms, text="My husband just collapsed."))
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at eight."
    assert scene.last(cmd.StartReply) == cmd.StartReply(
        reply_id=scene.last(cmd.StartReply).reply_id,
        kind="turn",
        text="My husband just collapsed.",
        reason="overruled",
    )


# ------------------------------------------------------------------ over the agent's voice


def test_a_voice_over_ours_pauses_at_once_and_takes_the_floor_by_its_length() -> None:
    scene, reply_id = speaking()
    commands = scene.voice()
    assert any(isinstance(command, cmd.PausePlayout) for command in commands)
    scene.paused(reply_id)
    scene.wait(679)
    assert scene.count(cmd.FlushPlayout) == 0
    scene.wait(1)
    assert scene.count(cmd.FlushPlayout) == 1
    scene.flushed()
    assert scene.reports(reply_id) == [
        cmd.ReportHeard(reply_id=reply_id, text="We open at eight.", complete=False)
    ]
    assert scene.phase == "listening"


def test_an_interruption_is_a_turn_of_its_own() -> None:
    scene, _ = speaking()
    scene.voice()
    scene.wait(900)
    scene.flushed()
    scene.pause()
    scene.score(0.9)
    scene.wait(300)
    assert scene.last(cmd.CommitTurn).turn == 2
    scene.final("No, on Sunday!")
    assert amended(scene)[-1] == (2, "No, on Sunday!")


@pytest.mark.parametrize("duration_ms", [120, 400, 600])
def test_a_short_voice_over_ours_takes_no_turn_and_the_agent_goes_on(duration_ms: int) -> None:
    scene, reply_id = speaking()
    scene.voice()
    scene.paused(reply_id)
    scene.wait(duration_ms)
    scene.pause()
    assert scene.last(cmd.ResumePlayout).reply_id == reply_id
    assert scene.count(cmd.FlushPlayout) == 0
    assert scene.notes() == [("noise", "")]
    assert scene.phase == "speaking"


def test_words_of_a_short_voice_that_was_let_pass_still_take_the_floor() -> None:
    scene, _ = speaking()
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.wait(200)
    scene.final("Stop!")
    assert scene.count(cmd.FlushPlayout) == 1
    scene.flushed()
    scene.wait(2000)
    assert scene.last(cmd.CommitTurn).text == "Stop!"
    assert amended(scene) == [(1, "What are your hours?")]


def test_a_backchannel_known_by_its_words_is_kept_as_one() -> None:
    scene, _ = speaking()
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.wait(200)
    scene.final("Mm-hmm.")
    assert scene.count(cmd.FlushPlayout) == 0
    assert scene.notes()[-1] == ("backchannel", "Mm-hmm.")


def test_a_long_voice_over_what_must_be_heard_is_answered_right_after() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    reply_id = asked(scene)
    law, offer = "This call is recorded.", "We have Friday at nine, or Monday at ten."
    scene.gives(reply_id, law, offer, protected=[law])
    scene.audible(reply_id)
    scene.play(reply_id, 200)
    sounds(scene, 900)
    assert scene.count(cmd.FlushPlayout) == 0
    scene.heard_ms = 1100
    scene.play(reply_id, 800)
    assert scene.count(cmd.FlushPlayout) == 1
    scene.flushed()
    assert scene.reports(reply_id)[0].protected == "heard"
    scene.wait(1300)
    assert scene.last(cmd.CommitTurn).turn == 2


def test_where_our_own_voice_comes_back_no_length_interrupts_only_words_do() -> None:
    scene, reply_id = speaking("We open at eight.", "We close at five.", "Come any day." * 20)
    for _ in range(4):  # A voice that stops as soon as we pause is ours.
        scene.voice()
        scene.paused(reply_id)
        scene.wait(250)
        scene.pause()
        scene.play(reply_id, 200)
    sounds(scene, 2000)
    assert scene.count(cmd.FlushPlayout) == 0
    scene.final("Please stop talking.")
    assert scene.count(cmd.FlushPlayout) == 1


# ------------------------------------------------------------------ silence and ends


def test_a_silent_caller_is_asked_again_and_then_left_politely() -> None:
    scene = Scene(Policy(unified=True, silence=SilencePolicy(reprompts_max=1)))
    scene.greeted()
    scene.wait(7000)
    asked_again = scene.last(cmd.StartReply)
    assert asked_again.kind == "reprompt"
    scene.gives(asked_again.reply_id, "Are you still there?")
    scene.audible(asked_again.reply_id)
    scene.play(asked_again.reply_id, 1200)
    scene.ends(asked_again.reply_id)
    scene.wait(7000)
    goodbye = scene.last(cmd.StartReply)
    assert goodbye.kind == "goodbye"
    scene.gives(goodbye.reply_id, "Goodbye.", then="end", cause="silence")
    scene.audible(goodbye.reply_id)
    scene.ends(goodbye.reply_id, 500)
    assert scene.last(cmd.EndCall).cause == "silence"


def test_a_slow_answer_is_covered_by_a_sound_never_by_another_voice() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    asked(scene)
    scene.wait(1500)
    filler = scene.last(cmd.Synthesize)
    assert (filler.sound, filler.text) == ("thinking", "")
    scene.audible(filler.reply_id)
    scene.ends(filler.reply_id, 500)
    scene.wait(4000)
    second = scene.last(cmd.Synthesize)
    assert second.reply_id != filler.reply_id, "a line plays nothing of what has ended"
    assert (second.sound, second.text) == ("still_thinking", ""), "never the same twice running"


def test_an_effect_is_run_once_for_one_intent() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    reply_id = asked(scene)
    for number in (1, 2):
        scene.step(
            ev.ToolRequested(
                at_ms=scene.now_ms,
                reply_id=reply_id,
                tool_call_id=f"t{number}",
                name="book",
                arguments="{}",
                effect="write",
            )
        )
    assert scene.count(cmd.RunTool) == 1
    assert scene.last(cmd.ReuseToolResult).source_id == "t1"


# ------------------------------------------------------------------ the session is lost


def test_after_the_loss_a_turn_waits_for_its_words_and_drafts_begin() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.says("What are your hours?")
    assert script.last(cmd.StartReply).speculative
    script.wait(300)
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def test_a_turn_that_was_open_at_the_loss_is_asked_for_and_taken_with_its_words() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.wait(300)
    assert script.count(cmd.CommitTurn) == 0
    script.final("What are your hours?")
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def test_words_that_were_known_at_the_loss_are_kept_before_those_that_follow() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.voice()
    script.wait(500)
    script.final("I need a visit")
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.wait(500)
    script.pause()
    script.final("on Friday.")
    script.score(0.9)
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == "I need a visit on Friday."


def test_a_reply_that_went_with_the_session_is_an_apology_and_the_call_goes_on() -> None:
    scene, reply_id = speaking()
    scene.step(ev.SessionLost(at_ms=scene.now_ms, reason="gone"))
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone"))
    scene.flushed()
    assert scene.last(cmd.Synthesize).text == UNIFIED.trouble


def lost_unheard(half_heard: str | msgspec.UnsetType = "") -> Script:
    """A turn was taken by its sound, and the session goes before it has told the words."""
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == ""
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=half_heard))
    return script


def apologies(script: Script) -> int:
    said = [c.text for c in script.commands if isinstance(c, cmd.Synthesize)]
    return said.count(UNIFIED.trouble)


def test_words_that_were_never_told_are_heard_again_for_the_turn_they_were() -> None:
    asked_for = lost_unheard(half_heard=msgspec.UNSET).count(cmd.FinalizeTranscript)
    script = lost_unheard(half_heard="What are")
    assert script.count(cmd.FinalizeTranscript) == asked_for + 1
    script.partial("What are your")
    script.final("What are your hours?")
    script.final("What are your hours?")
    script.wait(5000)
    assert amended(script) == [(1, "What are your hours?")]
    assert (script.count(cmd.CommitTurn), apologies(script)) == (1, 0)
    script.segment += 1
    script.says("And on Friday?")
    script.wait(300)
    assert script.last(cmd.CommitTurn).text == "And on Friday?"


@pytest.mark.parametrize(
    ("half_heard", "told"), [("What are", [(1, "What are")]), ("", [])], ids=["half of them", "nothing"]
)
@pytest.mark.parametrize("answers", [True, False], ids=["an empty final", "no final at all"])
def test_what_the_recogniser_cannot_hear_is_what_the_session_had_or_is_asked_for(
    half_heard: str, told: list[tuple[int, str]], *, answers: bool
) -> None:
    script = lost_unheard(half_heard)
    if answers:
        script.final("")
    script.wait(3000)
    assert amended(script) == told
    assert apologies(script) == (not told)


def test_a_final_that_is_owed_too_long_is_what_the_recogniser_has_shown() -> None:
    script = lost_unheard()
    script.partial("What are your hours")
    script.wait(3000)
    assert amended(script) == [(1, "What are your hours")]
    script.final("What are your hours?")
    script.wait(2000)
    assert amended(script) == [(1, "What are your hours")], "once"
    assert script.count(cmd.CommitTurn) == 1


def test_what_he_says_after_the_loss_is_a_turn_of_its_own() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    script.voice()
    script.wait(500)
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=""))
    script.final("What are your hours?")
    script.segment += 1
    script.wait(300)
    script.pause()
    script.final("I mean on Friday.")
    script.wait(1300)
    assert amended(script) == [(1, "What are your hours?")]
    assert script.last(cmd.CommitTurn).text == "I mean on Friday."


def test_a_reply_that_broke_off_is_gone_on_with_behind_what_was_heard() -> None:
    scene, reply_id = speaking("We open at eight. We close at five.")
    assert scene.step(broke_off(scene, reply_id))
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id
    assert scene.count(cmd.StartReply) == 2, "not before it is known what was heard"
    scene.flushed()
    assert scene.last(cmd.ReportHeard).text == "We open at eight."
    started = scene.last(cmd.StartReply)
    assert (started.kind, started.reason) == ("turn", "broke_off")
    scene.gives(started.reply_id, "We close at five.", finishes=False)
    scene.audible(started.reply_id)
    assert apologies(scene) == 0
    scene.step(broke_off(scene, started.reply_id))
    scene.flushed()
    assert apologies(scene) == 1, "not for ever"


def test_a_caller_who_speaks_is_not_talked_over_by_the_rest_of_an_answer() -> None:
    scene, reply_id = speaking("We open at eight. We close at five.")
    scene.step(broke_off(scene, reply_id))
    scene.voice()
    scene.flushed()
    assert scene.last(cmd.StartReply).reason == ""
    assert apologies(scene) == 0


def broke_off(scene: Scene, reply_id: str) -> ev.ReplyFailed:
    return ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="gone", goes_on=True)


def test_a_policy_without_such_a_model_never_loses_one() -> None:
    script = Script()
    script.greeted()
    assert script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone")) == []


def test_what_is_heard_again_belongs_to_no_later_turn() -> None:
    script = lost_unheard()
    script.voice()
    script.wait(300)
    script.partial("What are your hours")
    script.final("What are your hours?")
    script.segment += 1
    script.wait(300)
    script.pause()
    script.final("And on Friday?")
    script.wait(1300)
    assert amended(script) == [(1, "What are your hours?")]
    assert script.count(cmd.NoteUtterance) == 0, "on record once"
    assert script.last(cmd.CommitTurn).text == "And on Friday?"


def test_words_so_far_of_the_turn_before_interrupt_no_answer() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    reply_id = asked(scene)
    scene.gives(reply_id, "We open at eight.", "We close at five.", "Come any day.")
    scene.audible(reply_id)
    scene.play(reply_id, 800)
    scene.voice()
    scene.wait(200)
    scene.partial("What are your hours today please")
    assert scene.count(cmd.FlushPlayout) == 0


def test_a_voice_that_was_let_pass_is_not_judged_for_its_end() -> None:
    scene, _ = speaking()
    asked_before = scene.count(cmd.ScoreEndOfTurn)
    scene.voice()
    scene.wait(300)
    scene.pause()
    assert scene.count(cmd.ResumePlayout) == 1
    assert scene.count(cmd.ScoreEndOfTurn) == asked_before


def lost_after_an_interruption() -> Script:
    """The caller took the floor from an answer that was not heard yet; then the session went."""
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    script.segment = 4
    script.voice()
    script.wait(900)
    script.partial("On Fr")
    script.wait(100)
    script.pause()
    assert script.phase == "listening" and script.count(cmd.CommitTurn) == 1
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=""))
    script.segment = 0
    return script


def test_who_interrupted_just_before_the_loss_is_answered_once_he_was_heard_again() -> None:
    script = lost_after_an_interruption()
    script.wait(300)
    script.final("What are your hours? On Friday?")
    assert script.last(cmd.CommitTurn).text == "What are your hours? On Friday?"
    assert script.last(cmd.StartReply).text == "What are your hours? On Friday?"
    assert script.count(cmd.CommitTurn) == 2 and amended(script) == []


def test_who_interrupted_just_before_the_loss_and_could_not_be_heard_is_told_so() -> None:
    script = lost_after_an_interruption()
    script.wait(3000)
    assert apologies(script) == 1
    script.segment = 1
    script.says("What are your hours on Friday?", duration_ms=2000)
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == "What are your hours on Friday?"


def test_words_of_his_interruption_that_are_known_stay_his_next_turn() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    script.voice()
    script.wait(1000)
    script.segment = 1
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="What are your hours?"))
    script.final("On Friday?")
    script.pause()
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=""))
    script.segment = 0
    script.final("")
    script.wait(3000)
    assert script.last(cmd.CommitTurn).text == "On Friday?"


def test_who_speaks_again_before_he_was_heard_again_is_answered_then() -> None:
    script = lost_after_an_interruption()
    script.wait(200)
    script.voice()
    script.wait(300)
    script.final("What are your hours? On Friday?")
    assert amended(script) == [(1, "What are your hours? On Friday?")]
    script.segment = 1
    script.wait(300)
    script.pause()
    script.final("And at noon?")
    script.wait(1300)
    assert script.last(cmd.CommitTurn).text == "And at noon?"


def test_a_request_to_wait_that_is_heard_again_is_respected() -> None:
    script = lost_unheard()
    script.final("One second, let me find my card.")
    assert script.conversation.state.on_hold


def test_an_answer_that_was_given_before_its_words_were_lost_is_no_trouble() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    reply_id = asked(scene)
    scene.step(ev.SessionLost(at_ms=scene.now_ms, reason="gone", half_heard=""))
    scene.gives(reply_id, "We open at eight.")
    scene.audible(reply_id)
    scene.play(reply_id, 600)
    scene.final("")
    assert apologies(scene) == 0
    again = Scene(UNIFIED)
    again.greeted()
    reply_id = asked(again)
    again.step(ev.SessionLost(at_ms=again.now_ms, reason="gone", half_heard=""))
    again.gives(reply_id, "Eight.")
    again.audible(reply_id)
    again.play(reply_id, 360)
    again.ends(reply_id)
    again.final("")
    assert apologies(again) == 0


def test_keys_that_an_overruled_answer_overtakes_are_on_record() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.keys("42")
    script.step(ev.ReplyOverruled(at_ms=script.now_ms, text="This is an emergency."))
    script.wait(3000)
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text="dtmf:42")


def test_a_goodbye_is_not_overruled() -> None:
    scene = Scene(UNIFIED)
    scene.greeted()
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    goodbye = scene.last(cmd.StartReply)
    scene.step(ev.ReplyOverruled(at_ms=scene.now_ms, text="This is an emergency."))
    assert scene.last(cmd.StartReply) == goodbye


def test_what_he_was_saying_when_his_answer_was_overruled_is_no_second_question() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.voice()
    script.wait(600)
    script.partial("my chest hurts")
    script.step(ev.ReplyOverruled(at_ms=script.now_ms, text="my chest hurts"))
    assert script.last(cmd.StartReply).reason == "overruled"
    script.wait(300)
    script.pause()
    script.final("my chest hurts")
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == 0


def test_after_the_loss_our_own_silence_ends_turns_where_the_vendors_word_did() -> None:
    script = Script(policy("provider"))
    script.greeted()
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.says("What are your hours?")
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def test_words_so_far_of_the_session_are_not_said_twice_after_the_loss() -> None:
    script = Script(UNIFIED)
    script.greeted()
    script.voice()
    script.wait(800)
    script.segment = 3
    script.partial("What are")
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.segment = 0
    script.wait(300)
    script.pause()
    script.final("What are your hours?")
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def test_a_pause_at_the_loss_waits_for_the_words_before_it_is_taken() -> None:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    asked_for = script.count(cmd.FinalizeTranscript)
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    assert script.count(cmd.FinalizeTranscript) == asked_for + 1
    script.wait(1800)
    script.final("What are your hours?")
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def test_a_pause_at_the_loss_that_the_vendor_was_to_end_is_ended_by_us() -> None:
    script = Script(policy("provider"))
    script.greeted()
    sounds(script)
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone"))
    script.final("What are your hours?")
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == "What are your hours?"


def _two_turns_without_words() -> Scene:
    """He was answered twice by his sound before the vendor told what he said."""
    scene = Scene(UNIFIED)
    scene.greeted()
    first = asked(scene)
    scene.gives(first, "We open at eight.")
    scene.audible(first)
    scene.play(first, 1020)
    scene.ends(first)
    asked(scene)
    assert scene.count(cmd.CommitTurn) == 2
    return scene


def test_late_words_of_two_turns_belong_each_to_its_own() -> None:
    scene = _two_turns_without_words()
    scene.final("What are your hours?")
    scene.segment += 1
    scene.final("And on Sunday?")
    assert amended(scene) == [(1, "What are your hours?"), (2, "And on Sunday?")]


def test_words_that_never_came_do_not_take_the_place_of_the_next() -> None:
    scene = _two_turns_without_words()
    scene.wait(NEVER_MS)
    scene.final("And on Sunday?")
    assert amended(scene) == [(2, "And on Sunday?")]


def test_late_words_before_keys_that_were_a_turn_of_their_own_stand_before_them() -> None:
    scene, reply_id = speaking()
    scene.play(reply_id, 2000)
    scene.ends(reply_id)
    asked(scene)
    scene.keys("7#")
    assert scene.last(cmd.CommitTurn) == cmd.CommitTurn(turn=3, text="dtmf:7", ended_ms=scene.now_ms)
    scene.final("And on Sunday?")
    assert amended(scene)[-1] == (2, "And on Sunday?")


def test_more_words_of_his_turn_that_come_as_he_goes_on_are_no_part_of_the_next() -> None:
    scene, reply_id = speaking()
    scene.play(reply_id, 2000)
    scene.ends(reply_id)
    asked(scene)
    scene.final("I need a visit.")
    scene.segment += 1
    scene.voice()
    scene.wait(300)
    scene.final("On Friday.")
    assert amended(scene)[1:] == [(2, "I need a visit."), (2, "On Friday.")]
    scene.segment += 1
    scene.wait(900)
    scene.pause()
    scene.final("At nine, if you can.")
    scene.score(0.9)
    scene.wait(1300)
    assert scene.last(cmd.CommitTurn) == cmd.CommitTurn(
        turn=3, text="At nine, if you can.", ended_ms=scene.last(cmd.CommitTurn).ended_ms
    )


def test_a_request_to_wait_of_the_turn_before_is_not_of_this_one() -> None:
    scene = _two_turns_without_words()
    scene.final("One second, let me find my card.")
    scene.segment += 1
    scene.final("I have it, seven four one.")
    assert not scene.conversation.state.on_hold
