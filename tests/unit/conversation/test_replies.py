"""Replies that break off, come to nothing, or are told of late: the caller hears something all the same."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, SilencePolicy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.playing import ACKNOWLEDGED_WITHIN_MS

TROUBLE = Policy().trouble


def _said(script: Script) -> list[str]:
    return [command.text for command in script.commands if isinstance(command, cmd.Synthesize)]


def _failed(script: Script, reply_id: str, *, goes_on: bool = False) -> list[cmd.Command]:
    return script.step(ev.ReplyFailed(at_ms=script.now_ms, reply_id=reply_id, reason="gone", goes_on=goes_on))


def _mute(script: Script, reply_id: str, index: int = 0) -> list[cmd.Command]:
    return script.step(
        ev.SynthesisFailed(at_ms=script.now_ms, reply_id=reply_id, index=index, reason="no voice")
    )


def _breaks_off(
    scene: Scene, reply_id: str, index: int, audio_ms: int, word_ends_ms: tuple[int, ...] = ()
) -> list[cmd.Command]:
    return scene.step(
        ev.SynthesisFailed(
            at_ms=scene.now_ms,
            reply_id=reply_id,
            index=index,
            reason="cut",
            audio_ms=audio_ms,
            word_ends_ms=word_ends_ms,
        )
    )


def _waiting(scene: Scene) -> str:
    """The caller asked; nothing of the reply is there yet."""
    scene.greeted()
    return scene.asked()


def test_a_reprompt_without_words_is_not_a_silence() -> None:
    script = Script()
    script.greeted()
    script.wait(Policy().silence.reprompt_after_ms)
    script.reply_text(script.last(cmd.StartReply).reply_id)
    assert _said(script)[-1] == TROUBLE


def test_a_reply_that_breaks_off_before_its_first_sound_is_gone_on_with_at_once() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    _failed(scene, reply_id, goes_on=True)
    assert scene.last(cmd.StartReply).reason == "broke_off"
    assert TROUBLE not in _said(scene)


def test_a_greeting_that_breaks_off_is_an_apology() -> None:
    scene = Scene()
    _failed(scene, "r1", goes_on=True)
    assert _said(scene) == [TROUBLE]


def test_a_draft_that_failed_is_asked_for_again_once_the_turn_is_over() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?", score=0.5)
    draft = script.last(cmd.StartReply)
    assert draft.speculative and _failed(script, draft.reply_id) == []
    script.wait(1500)
    again = script.last(cmd.StartReply)
    assert (again.speculative, again.text) == (False, "What are your hours?")
    assert script.count(cmd.ConfirmReply) == 0


def test_a_draft_without_a_voice_is_no_trouble_while_the_caller_speaks() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?", score=0.5)
    draft = script.last(cmd.StartReply).reply_id
    script.step(ev.ReplyText(at_ms=script.now_ms, reply_id=draft, index=0, text="At eight."))
    _mute(script, draft)
    assert TROUBLE not in _said(script) and script.phase == "listening"


def test_news_of_a_reply_that_was_given_up_is_no_news() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?", score=0.5)
    given_up = script.last(cmd.StartReply).reply_id
    script.voice()
    script.wait(300)
    script.pause()
    script.final("What are your hours on Friday?")
    script.score(0.5)
    live = script.last(cmd.StartReply).reply_id
    assert live != given_up
    assert _failed(script, given_up) == []
    assert _mute(script, given_up) == [] and _mute(script, live, index=0) == []


def _sound_is_heard(scene: Scene) -> None:
    """What covers the wait for the voice."""
    assert scene.last(cmd.Synthesize).sound
    scene.audible("f1")
    scene.made("f1", 0, 700)
    scene.now_ms += 700
    scene.heard_out("f1", 700)


def test_a_last_sentence_without_a_voice_does_not_keep_the_floor() -> None:
    """The far end never tells that it played the rest."""
    scene, reply_id = speaking("We open at eight.", heard_ms=600, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False)
    scene.wait(4000)
    _sound_is_heard(scene)
    _mute(scene, reply_id, index=1)
    scene.wait(ACKNOWLEDGED_WITHIN_MS)
    assert scene.phase == "listening"
    assert scene.reports(reply_id)[0].text == "We open at eight."
    assert TROUBLE not in _said(scene)


def test_after_a_gap_for_a_sentence_without_a_voice_only_what_sounded_since_was_heard() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=1000, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False, finishes=False)
    scene.gives(reply_id, "Only on Friday we close at noon.", made=False, finishes=False)
    scene.made(reply_id, 2, 2000)
    scene.wait(4000)
    _sound_is_heard(scene)
    _mute(scene, reply_id, index=1)
    scene.wait(500)
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms, now=True))
    assert scene.reports(reply_id)[0].text.startswith("We open at eight. Only")
    assert "noon" not in scene.reports(reply_id)[0].text


def test_a_sentence_its_voice_broke_off_in_was_heard_to_the_word_and_is_regretted_at_once() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.gives(reply_id, "We are open from eight to five on every day of the week.", made=False)
    scene.audible(reply_id)
    scene.play(reply_id, 1150)
    _breaks_off(scene, reply_id, 0, 1150, (150, 350, 600, 850, 1150))
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id and _said(scene)[-1] == TROUBLE
    scene.flushed()
    assert scene.reports(reply_id) == [
        cmd.ReportHeard(reply_id=reply_id, text="We are open from eight", complete=False)
    ]


def test_half_a_last_sentence_is_heard_out_and_then_regretted() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=600, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False)
    _breaks_off(scene, reply_id, 1, 500)
    scene.play(reply_id, 920)
    assert TROUBLE not in _said(scene), "it still plays"
    scene.ends(reply_id)
    assert scene.reports(reply_id) == [
        cmd.ReportHeard(reply_id=reply_id, text="We open at eight. We", complete=False)
    ]
    assert _said(scene)[-1] == TROUBLE


def test_half_a_last_sentence_is_not_regretted_into_the_callers_words() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=600, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False)
    _breaks_off(scene, reply_id, 1, 500)
    scene.play(reply_id, 900)
    scene.voice()
    scene.ends(reply_id)
    assert TROUBLE not in _said(scene) and scene.phase == "listening"


def test_half_a_goodbye_ends_the_call_all_the_same() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.gives(reply_id, "Thank you.", finishes=False)
    scene.gives(reply_id, "Have a nice day, goodbye.", made=False, then="end")
    scene.audible(reply_id)
    _breaks_off(scene, reply_id, 1, 500)
    scene.play(reply_id, 1100)
    scene.ends(reply_id)
    assert scene.last(cmd.EndCall).cause == "goal_reached" and TROUBLE not in _said(scene)


def test_a_caller_who_cuts_in_over_half_a_sentence_has_heard_no_more_of_it() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=600, finishes=False)
    scene.gives(reply_id, "We close at five.", "On Friday we close at noon.", made=False, finishes=False)
    _breaks_off(scene, reply_id, 1, 500)
    scene.play(reply_id, 920)
    scene.voice()
    scene.partial("Wait, stop please")
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at eight. We"
    assert not scene.reports(reply_id)[0].complete


def test_half_of_what_was_just_flushed_is_told_by_the_sound_there_was() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=1000, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False)
    scene.play(reply_id, 500)
    scene.voice()
    scene.partial("Wait, stop please")
    _breaks_off(scene, reply_id, 1, 480, (300, 900))
    _mute(scene, reply_id, index=1)
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at eight. We"


def test_half_a_filler_plays_out_before_the_answer() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.wait(Policy().silence.filler_after_ms)
    scene.audible("f1")
    scene.gives(reply_id, "We open at eight.")
    _breaks_off(scene, "f1", 0, 300)
    scene.wait(300)
    assert scene.last(cmd.StartPlayout).reply_id == "f1"
    scene.ends("f1", 300)
    assert scene.last(cmd.StartPlayout).reply_id == reply_id
    assert not scene.reports("f1")[0].complete


@pytest.mark.parametrize("audio_ms", [0, 500])
def test_a_question_whose_draft_has_no_voice_is_not_met_with_silence(audio_ms: int) -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?", score=0.5)
    draft = script.last(cmd.StartReply).reply_id
    script.step(ev.ReplyText(at_ms=script.now_ms, reply_id=draft, index=0, text="We open at eight."))
    script.step(ev.ReplyFinished(at_ms=script.now_ms, reply_id=draft))
    script.step(
        ev.SynthesisFailed(at_ms=script.now_ms, reply_id=draft, index=0, reason="no voice", audio_ms=audio_ms)
    )
    assert TROUBLE not in _said(script)
    script.wait(1500)
    assert script.last(cmd.ConfirmReply).reply_id == draft
    assert _said(script)[-1] == TROUBLE
    assert cmd.ReportHeard(reply_id=draft, text="", complete=False) in script.commands


STALLS = Policy(silence=SilencePolicy(reply_deadline_ms=3000, filler_after_ms=1000, filler_gap_ms=9000))


def test_a_reply_that_stalls_is_not_given_up_into_the_callers_voice_but_soon_after() -> None:
    scene = Scene(STALLS)
    reply_id = _waiting(scene)
    scene.gives(reply_id, "We open at eight.", finishes=False)
    scene.audible(reply_id)
    scene.play(reply_id, 1000)
    due_ms = scene.conversation.state.timers["reply_deadline"]
    scene.wait(due_ms - scene.now_ms - 200)
    scene.voice()
    scene.wait(400)
    assert scene.phase == "holding" and TROUBLE not in _said(scene)
    scene.pause()
    scene.final("mm-hm")
    scene.wait(STALLS.silence.reply_deadline_ms)
    assert TROUBLE in _said(scene)


def test_an_answer_that_waits_for_a_filler_is_heard_when_the_filler_has_no_voice() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.wait(Policy().silence.filler_after_ms)
    scene.gives(reply_id, "We open at eight.", made=False)
    assert scene.last(cmd.StartPlayout).reply_id == "f1"
    _mute(scene, "f1")
    assert scene.last(cmd.StartPlayout).reply_id == reply_id


def test_nothing_is_said_after_a_goodbye_that_could_not_be_spoken() -> None:
    scene = Scene()
    scene.greeted()
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    _failed(scene, scene.last(cmd.StartReply).reply_id)
    assert scene.commands[-1] == cmd.EndCall(cause="operator")
    assert TROUBLE not in _said(scene)


@pytest.mark.parametrize(("cause", "ended"), [("", "agent"), ("goal_reached", "goal_reached")])
def test_an_agent_that_hangs_up_says_why_or_that_it_was_the_agent(cause: str, ended: str) -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.gives(reply_id, "Goodbye.", then="end", cause=cause)
    scene.audible(reply_id)
    scene.play(reply_id, 480)
    scene.ends(reply_id)
    assert scene.last(cmd.EndCall).cause == ended


def test_a_flush_that_is_told_of_twice_is_reported_once() -> None:
    scene, reply_id = speaking()
    scene.voice()
    scene.partial("stop it please now")
    scene.flushed()
    assert scene.flushed() == [] and len(scene.reports(reply_id)) == 1


def test_a_sentence_that_is_being_made_is_not_announced_by_a_phrase() -> None:
    """What is said meanwhile would have to wait behind it."""
    scene, reply_id = speaking("We open at eight.", heard_ms=900, finishes=False)
    scene.gives(reply_id, "We close at five.", made=False, finishes=False)
    said = _said(scene)
    scene.wait(4000)
    assert [text for text in _said(scene) if text] == said


def test_on_a_line_that_plays_late_a_gap_counts_from_what_was_played() -> None:
    scene = Scene()
    reply_id = _waiting(scene)
    scene.gives(reply_id, "We open at eight, and on most days we close at five.", finishes=False)
    scene.audible(reply_id)
    said, length_ms = _said(scene), 60 * len("We open at eight, and on most days we close at five.")
    scene.wait(length_ms + 1000)
    scene.step(ev.PlayoutMark(at_ms=scene.now_ms, reply_id=reply_id, heard_ms=600))
    scene.wait(length_ms - 600 + 1000)
    assert _said(scene) == said
    scene.wait(600)
    assert len(_said(scene)) == len(said) + 1


def test_a_caller_who_hangs_up_lets_nobody_go_on_preparing() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=500, finishes=False)
    scene.step(ev.CallerHungUp(at_ms=scene.now_ms))
    assert cmd.CancelReply(reply_id=reply_id) in scene.commands


def test_what_an_operator_cuts_off_was_heard_up_to_that_moment() -> None:
    scene, reply_id = speaking("We open at eight, and on most days we close at five.", heard_ms=200)
    scene.wait(1000)
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms, now=True))
    assert scene.reports(reply_id)[0].text == "We open at eight,"


def _lost_under_a_voice(*, goes_on: bool = True) -> Scene:
    """The reply is lost while a voice is heard over it."""
    scene, reply_id = speaking("We open at eight.", "We close at five,", finishes=False)
    scene.voice()
    scene.wait(200)
    _failed(scene, reply_id, goes_on=goes_on)
    scene.flushed()
    scene.wait(200)
    scene.pause()
    scene.wait(60)
    return scene


def test_an_answer_lost_under_a_noise_is_gone_on_with_and_not_waited_for() -> None:
    scene = _lost_under_a_voice()
    scene.final("")
    scene.wait(2000)
    assert scene.last(cmd.StartReply) == cmd.StartReply(
        reply_id="r3", kind="turn", text="What are your hours?", reason="broke_off"
    )


def test_an_answer_lost_under_a_noise_that_nobody_goes_on_with_is_apologised_for() -> None:
    scene = _lost_under_a_voice(goes_on=False)
    scene.final("")
    scene.wait(2000)
    assert scene.last(cmd.Synthesize).text == TROUBLE


def test_what_the_caller_said_as_the_answer_was_lost_is_answered_instead() -> None:
    scene = _lost_under_a_voice()
    scene.final("And on Saturday?")
    scene.wait(2000)
    assert scene.last(cmd.CommitTurn).text == "And on Saturday?"
    scene.gives("r3", "From ten.")
    scene.audible("r3")
    scene.wait(600)
    scene.ends("r3", 540)
    scene.wait(3000)
    assert [c.reason for c in scene.commands if isinstance(c, cmd.StartReply)][1:] == ["", ""]


def test_half_a_sentence_that_ends_under_a_noise_is_apologised_for() -> None:
    """Where no mere voice pauses us, the broken sentence sounds to its end beside it."""
    scene = Scene(Policy(turn=TurnPolicy(echoes_max=0)))
    reply_id = _waiting(scene)
    scene.gives(reply_id, "We open at eight.", "We close at five.", made=False)
    scene.made(reply_id, 0, 1020)
    scene.audible(reply_id)
    scene.play(reply_id, 1020)
    _breaks_off(scene, reply_id, 1, 400)
    scene.voice()
    scene.play(reply_id, 400)
    scene.ends(reply_id)
    scene.pause()
    scene.wait(60)
    scene.final("")
    scene.wait(2000)
    assert _said(scene)[-1] == TROUBLE
