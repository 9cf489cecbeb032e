"""What the caller said to a lost session is heard again: in order, once, and over nothing else."""

from __future__ import annotations

import pytest
from tests.unit.conversation.script import Script
from tests.unit.conversation.test_unified import (
    UNIFIED,
    amended,
    apologies,
    lost_after_an_interruption,
    sounds,
)

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev


def _lost(half_heard: str = "") -> Script:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=half_heard))
    return script


def test_half_of_what_the_recogniser_then_loses_is_not_answered_as_the_whole() -> None:
    for half_heard, told in (("", []), ("What are", [(1, "What are")])):
        script = _lost(half_heard)
        script.partial("What are your hours")
        script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=0, text="What", lost=True))
        assert amended(script) == told
        assert apologies(script) == (not told)


def test_words_heard_again_in_parts_are_told_once_together() -> None:
    script = _lost()
    script.partial("")
    script.segment = 1
    script.partial("What are")
    script.segment = 2
    script.partial("your hours")
    script.segment = 1
    script.final("What are")
    script.segment = 2
    script.final("your hours?")
    script.wait(4000)
    assert amended(script) == [(1, "What are your hours")]
    assert script.count(cmd.CommitTurn) == 1
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="late", text="your hours?")


def test_who_still_speaks_at_the_loss_is_not_talked_over() -> None:
    script = _lost_while_he_speaks_over_the_answer()
    pauses, resumes = script.count(cmd.PausePlayout), script.count(cmd.ResumePlayout)
    script.wait(300)
    script.final("What are your hours?")
    assert (script.count(cmd.PausePlayout), script.count(cmd.ResumePlayout)) == (pauses, resumes)
    assert script.conversation.state.turn is not None, "what he says is his turn"


def _lost_while_he_speaks_over_the_answer() -> Script:
    script = Script(UNIFIED)
    script.greeted()
    sounds(script)
    script.wait(1300)
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "We open at eight, and we close at five.")
    script.audible(reply_id)
    script.wait(400)
    script.voice()
    script.step(ev.SessionLost(at_ms=script.now_ms, reason="gone", half_heard=""))
    return script


@pytest.mark.parametrize("text", ["What are your hours? On Friday?", ""])
def test_what_is_heard_again_under_a_goodbye_is_on_record_and_not_answered(text: str) -> None:
    script = lost_after_an_interruption()
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    goodbye = script.last(cmd.StartReply)
    script.final(text)
    assert script.last(cmd.StartReply) == goodbye and script.count(cmd.CommitTurn) == 1
    assert amended(script) == ([(1, text)] if text else [])
    assert apologies(script) == 0


def test_words_that_nobody_can_hear_again_do_not_cost_a_later_answer() -> None:
    script = _lost()
    script.keys("42#")
    assert script.last(cmd.CommitTurn).turn == 2
    script.final("")
    assert apologies(script) == 0
