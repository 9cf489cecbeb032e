"""What callers notice when a model that hears and speaks by itself is the only one who remembers."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from antiphon.agents.ports import CallerTurn, HeardReply, ReplyKind, ReplyRequest
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation import unified
from antiphon.runtime import call as call_module
from antiphon.runtime.call import Call
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.unified.speech import UnifiedSpeech
from antiphon.speech.ports import SessionLost
from tests.golden.staged import hang_up
from tests.golden.telling import Symptom, Told
from tests.unit.runtime.stage import StageReasoner, settle
from tests.unit.runtime.unified_stage import UnifiedStage


async def _session_drops(folder: Path) -> Told:
    """The session answers once, is told late what it answered, and then it is gone."""
    reasoner = StageReasoner()
    stage = UnifiedStage(folder / "calls", reasoner=reasoner)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.says("s2", "We open at eight.", 900)
    stage.session.words("What are your hours?")
    stage.line.hear_out("r2")
    await settle()
    stage.session.emit(SessionLost(reason="gone"))
    await stage.says("And on Friday?")
    await stage.clock.advance(500)
    await hang_up(stage)
    path = shutil.copy(stage.trace.path, folder / "agent_forgets_the_call_when_the_session_drops.jsonl")
    history = [(type(item) is CallerTurn, item.text) for item in reasoner.requests[-1].history]
    return Told(record=read_call(Path(path)), facts={"history": history})


def _knows_what_was_said(told: Told) -> None:
    assert told.events(ev.SessionLost)
    assert told.facts["history"] == [
        (False, "Hello."),
        (True, "What are your hours?"),
        (False, "We open at eight."),
    ]
    turns = [command.text for _, command in told.commands(cmd.CommitTurn)]
    assert turns == ["", "And on Friday?"], "what was said to the session is not answered again"


def _session_is_the_only_memory(patch: pytest.MonkeyPatch) -> None:
    report = Call._report_heard

    def forgetful(call: Call, command: cmd.ReportHeard) -> None:
        if not call.speaks_itself:
            report(call, command)

    patch.setitem(call_module._CARRY_OUT, cmd.ReportHeard, forgetful)
    patch.setitem(call_module._CARRY_OUT, cmd.AmendTurn, lambda call, command: None)


async def _answers_both_halves(folder: Path) -> Told:
    """He goes on before the answer to his first half has begun; the session gives both all the same."""
    stage = UnifiedStage(folder / "calls")
    await stage.greeted()
    await stage.takes_turn()
    await stage.takes_turn()
    stage.session.says("s2", "To the first half.", 400)
    stage.session.says("s3", "To all of it.", 500)
    await settle()
    facts: dict[str, object] = {
        "cut": [asked for asked in stage.session.asked if asked[0] == "cut"],
        "heard_ms": [stage.plays(reply_id) for reply_id in ("r2", "r3")],
    }
    await hang_up(stage)
    path = shutil.copy(stage.trace.path, folder / "agent_answers_what_was_interrupted.jsonl")
    return Told(record=read_call(Path(path)), facts=facts)


def _only_the_whole_is_answered(told: Told) -> None:
    assert told.facts == {"cut": [("cut", "s2", 0)], "heard_ms": [0, 500]}


def _whatever_begins_is_played(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(UnifiedSpeech, "given_up", lambda speech, reply: None)


async def _cannot_be_opened(folder: Path) -> Told:
    stage = UnifiedStage(folder / "calls", broken=True)
    await stage.begin()
    await stage.says("What are your hours?")
    facts: dict[str, object] = {"said": list(stage.voices[0].asked)}
    await hang_up(stage)
    path = shutil.copy(stage.trace.path, folder / "agent_is_silent_when_its_session_is_refused.jsonl")
    return Told(record=read_call(Path(path)), facts=facts)


def _the_others_take_the_call(told: Told) -> None:
    assert told.facts == {"said": ["Hello.", "You said What are your hours?."]}


async def _is_told_late_twice(folder: Path) -> Told:
    """Two turns are answered by their sound before the session tells the words of the first."""
    stage = UnifiedStage(folder / "calls")
    await stage.greeted()
    await stage.takes_turn()
    stage.session.says("s2", "We open at eight.", 900)
    await stage.clock.advance(900)
    stage.line.hear_out("r2")
    await stage.clock.advance(1500)
    await stage.takes_turn()
    stage.session.says("s3", "On Sundays we are closed.", 1200)
    stage.session.words("What are your hours?", "i1")
    stage.session.words("And on Sunday?", "i2")
    await stage.clock.advance(1200)
    stage.line.hear_out("r3")
    await stage.clock.advance(1500)
    history = [
        item.text for item in stage.call._history.so_far() if isinstance(item, CallerTurn | HeardReply)
    ]
    await hang_up(stage)
    path = shutil.copy(stage.trace.path, folder / "answer_stands_before_its_question.jsonl")
    return Told(record=read_call(Path(path)), facts={"history": history})


def _each_question_stands_before_its_answer(told: Told) -> None:
    amended = [(command.turn, command.text) for _, command in told.commands(cmd.AmendTurn)]
    assert amended == [(1, "What are your hours?"), (2, "And on Sunday?")]
    assert told.facts["history"] == [
        "Hello.",
        "What are your hours?",
        "We open at eight.",
        "And on Sunday?",
        "On Sundays we are closed.",
    ]


def _words_are_the_last_turns(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(unified, "_owed", lambda state: state.turns if state.turns in state.owed else None)


def _only_the_session_can_answer(patch: pytest.MonkeyPatch) -> None:
    """The others may greet, and nothing more."""
    answers = UnifiedSpeech.answers

    def alone(speech: UnifiedSpeech, request: ReplyRequest) -> bool:
        return answers(speech, request) or request.kind is ReplyKind.TURN

    patch.setattr(UnifiedSpeech, "answers", alone)


SYMPTOMS = [
    Symptom(
        name="agent_forgets_the_call_when_the_session_drops",
        rows=("P22",),
        tell=lambda folder: asyncio.run(_session_drops(folder)),
        absent=_knows_what_was_said,
        fault=_session_is_the_only_memory,
    ),
    Symptom(
        name="agent_answers_what_was_interrupted",
        rows=("P22",),
        tell=lambda folder: asyncio.run(_answers_both_halves(folder)),
        absent=_only_the_whole_is_answered,
        fault=_whatever_begins_is_played,
    ),
    Symptom(
        name="answer_stands_before_its_question",
        rows=("P22",),
        tell=lambda folder: asyncio.run(_is_told_late_twice(folder)),
        absent=_each_question_stands_before_its_answer,
        fault=_words_are_the_last_turns,
    ),
    Symptom(
        name="agent_is_silent_when_its_session_is_refused",
        rows=("P22",),
        tell=lambda folder: asyncio.run(_cannot_be_opened(folder)),
        absent=_the_others_take_the_call,
        fault=_only_the_session_can_answer,
    ),
]
