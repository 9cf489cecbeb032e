"""Typed words, and a pressed stop: decided acts, which take the floor from all but what must be heard."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, asked
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import HandoverPolicy

MUST = "This call is recorded."


def types(script: Script, text: str) -> list[cmd.Command]:
    return script.step(ev.TextTyped(at_ms=script.now_ms, text=text))


def stops(script: Script) -> list[cmd.Command]:
    return script.step(ev.StopAsked(at_ms=script.now_ms))


def turns(script: Script) -> list[str]:
    return [c.text for c in script.commands if isinstance(c, cmd.CommitTurn)]


def test_typed_words_are_a_whole_turn_at_once() -> None:
    script = Script()
    script.greeted()
    types(script, "Friday at nine")
    assert turns(script) == ["Friday at nine"]
    assert "silence" not in script.conversation.state.timers and script.phase == "thinking"


def test_typed_words_flush_what_is_being_said() -> None:
    scene, reply_id = speaking(heard_ms=700)
    types(scene, "Friday at nine")
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at"
    assert turns(scene)[-1] == "Friday at nine"


def test_typed_words_take_the_place_of_a_draft() -> None:
    script = Script()
    script.greeted()
    script.says("I would like to come on")
    script.says("Tuesday", score=0.1)
    assert script.count(cmd.ConfirmReply) == 0
    draft = script.last(cmd.StartReply)
    assert draft.speculative
    types(script, "Friday at nine")
    assert cmd.CancelReply(reply_id=draft.reply_id) in script.commands
    assert turns(script)[0].endswith("Friday at nine")


def test_what_he_was_saying_and_keys_are_of_the_same_turn_and_the_voice_goes_on() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.partial("My number is")
    script.keys("42")
    types(script, "or 43")
    assert turns(script) == ["My number is dtmf:42 or 43"]
    assert script.phase == "holding", "he speaks on: we do not talk over him"
    script.segment += 1
    script.wait(500)
    script.partial("no wait I have it here somewhere")
    assert script.phase == "listening"


@pytest.mark.parametrize("act", [types, stops])
def test_what_must_be_heard_is_heard(act: object) -> None:
    scene, reply_id = speaking(MUST, heard_ms=500, protected=(MUST,))
    if act is types:
        types(scene, "Friday at nine")
        assert scene.notes() == [] and turns(scene) == ["What are your hours?"]
    else:
        assert stops(scene) == []
    assert scene.count(cmd.FlushPlayout) == 0
    assert scene.conversation.state.reply is not None and scene.conversation.state.reply.id == reply_id


def test_words_typed_to_a_caller_who_waits_for_a_person_or_is_leaving_are_noted() -> None:
    script = Script(Policy(handover=HandoverPolicy()))
    script.greeted()
    script.step(ev.OperatorHolds(at_ms=script.now_ms))
    types(script, "Hello?")
    leaving = Script()
    leaving.greeted()
    leaving.step(ev.OperatorEnded(at_ms=leaving.now_ms))
    types(leaving, "Wait")
    for each, text in ((script, "Hello?"), (leaving, "Wait")):
        assert each.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text=text)
        assert turns(each) == []


def test_a_stop_silences_us_and_the_caller_is_asked_again_after_his_patience() -> None:
    scene, reply_id = speaking()
    stops(scene)
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id and scene.phase == "listening"
    scene.flushed()
    scene.wait(6999)
    assert scene.last(cmd.StartReply).kind == "turn"
    scene.wait(1)
    assert scene.last(cmd.StartReply).kind == "reprompt"


def test_a_stop_while_the_reply_is_prepared_gives_it_up() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    stops(scene)
    assert cmd.CancelReply(reply_id=reply_id) in scene.commands and scene.phase == "listening"


def test_a_stop_where_nobody_speaks_is_nothing() -> None:
    script = Script()
    script.greeted()
    assert stops(script) == []


def test_a_final_of_words_that_were_taken_with_typed_ones_is_no_second_turn() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(600)
    script.partial("on Friday")
    script.pause()
    types(script, "at nine")
    script.final("on Friday")
    script.wait(3000)
    assert turns(script) == ["on Friday at nine"]
    assert script.last(cmd.NoteUtterance).kind == "late"


def test_what_is_typed_over_the_last_goodbye_is_kept_and_does_not_stop_it() -> None:
    script = Script()
    script.greeted()
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    types(script, "one more thing")
    assert turns(script) == []
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text="one more thing")


def test_what_is_typed_over_what_must_be_heard_is_answered_right_after_it() -> None:
    scene, reply_id = speaking(MUST, "Now, how can I help?", heard_ms=500, protected=(MUST,))
    types(scene, "Friday at nine")
    types(scene, "or at ten")
    scene.play(reply_id, 700)
    assert scene.count(cmd.FlushPlayout) == 0, "it is still being said"
    scene.play(reply_id, 200)
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id
    scene.flushed()
    assert scene.reports(reply_id)[0].protected == "heard"
    assert turns(scene)[1:] == ["Friday at nine or at ten"] and scene.notes() == []


def test_what_is_typed_over_a_notice_that_ends_the_reply_is_answered_with_its_last_sample() -> None:
    scene, reply_id = speaking(MUST, heard_ms=500, protected=(MUST,))
    types(scene, "Friday at nine")
    scene.play(reply_id, 820)
    scene.ends(reply_id)
    assert turns(scene)[1:] == ["Friday at nine"] and scene.phase == "thinking"


def test_what_is_typed_over_a_greeting_that_must_be_heard_is_answered_after_it() -> None:
    scene = Scene(Policy(protect_greeting=True))
    types(scene, "Friday at nine")
    scene.gives("r1", "This is the clinic.")
    scene.audible("r1")
    scene.play("r1", 1140)
    scene.ends("r1")
    assert turns(scene) == ["Friday at nine"]


def test_words_keys_and_text_over_what_must_be_heard_are_one_turn_in_their_order() -> None:
    scene, reply_id = speaking(MUST, "Now, how can I help?", heard_ms=200, protected=(MUST,))
    scene.keys("42")
    types(scene, "is my number")
    scene.play(reply_id, 100)
    scene.says("and I need a doctor.", duration_ms=300)
    scene.play(reply_id, 1400)
    assert turns(scene)[1:] == ["dtmf:42 is my number and I need a doctor."]


def test_what_is_typed_over_a_notice_that_is_lost_is_answered_and_not_apologised_to() -> None:
    scene, reply_id = speaking(MUST, heard_ms=500, protected=(MUST,), finishes=False)
    types(scene, "Friday at nine")
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="the model is gone"))
    assert turns(scene)[1:] == ["Friday at nine"]
    assert Policy().trouble not in [c.text for c in scene.commands if isinstance(c, cmd.Synthesize)]


def test_a_voice_that_goes_on_behind_the_notice_is_not_talked_over_with_the_answer_to_what_was_typed() -> (
    None
):
    scene, reply_id = speaking(MUST, "Now, how can I help?", heard_ms=900, protected=(MUST,))
    types(scene, "Friday at nine")
    scene.play(reply_id, 100)
    scene.voice()
    scene.partial("and I")
    scene.play(reply_id, 500)
    assert turns(scene)[1:] == ["Friday at nine and I"] and scene.phase == "holding"


@pytest.mark.parametrize("how", ["hangs up", "limit", "escalates"])
def test_what_is_typed_and_never_answered_is_on_record(how: str) -> None:
    then = "escalate" if how == "escalates" else ""
    scene, reply_id = speaking(MUST, heard_ms=500, protected=(MUST,), then=then)
    types(scene, "Friday at nine")
    if how == "hangs up":
        scene.step(ev.CallerHungUp(at_ms=scene.now_ms))
    elif how == "limit":
        scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    scene.play(reply_id, 820)
    scene.ends(reply_id)
    assert scene.notes() == [("late", "Friday at nine")] and len(turns(scene)) == 1


def test_more_than_anybody_types_over_a_notice_is_noted_and_not_kept() -> None:
    scene, _ = speaking(MUST, heard_ms=500, protected=(MUST,))
    types(scene, "word " * 3000)
    types(scene, "more " * 1000)
    assert [kind for kind, _ in scene.notes()] == ["late"]
    assert len(scene.conversation.state.typed) <= asked.TYPED_MAX
