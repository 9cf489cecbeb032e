"""What callers notice when a model that hears and speaks by itself is the only one who remembers."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from antiphon.agents.ports import CallerTurn
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime import call as call_module
from antiphon.runtime.call import Call
from antiphon.runtime.records.lines import read_call
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
        if not call._speaks_itself:
            report(call, command)

    patch.setitem(call_module._CARRY_OUT, cmd.ReportHeard, forgetful)
    patch.setitem(call_module._CARRY_OUT, cmd.AmendTurn, lambda call, command: None)


SYMPTOMS = [
    Symptom(
        name="agent_forgets_the_call_when_the_session_drops",
        rows=("P22",),
        tell=lambda folder: asyncio.run(_session_drops(folder)),
        absent=_knows_what_was_said,
        fault=_session_is_the_only_memory,
    ),
]
