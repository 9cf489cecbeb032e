"""Tools of a session: each is run and answered once, whatever is told twice or lost meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.stage import StageReasoner, settle
from tests.unit.runtime.test_unified import ended
from tests.unit.runtime.unified_stage import UnifiedStage

from antiphon.agents.ports import Effect, Replying, ReplyRequest, Tool, ToolContext, ToolResult, ToolUsed
from antiphon.conversation import commands as cmd
from antiphon.speech.ports import SessionLost, SpokenAudio, SpokenEnded, SpokenStarted, SpokenToolCall


@dataclass
class Desk:
    """Books when it is let; looks up at once."""

    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def _book(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        self.ran.append(("book", dict(arguments)))
        await self.let.wait()
        return ToolResult(ok=True, value={"number": 7})

    async def _look(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        self.ran.append(("look", dict(arguments)))
        return ToolResult(ok=True, value={"free": "nine"})

    @property
    def tools(self) -> list[Tool]:
        book = Tool(name="desk.book", description="", parameters={}, effect=Effect.WRITE, run=self._book)
        look = Tool(name="desk.look", description="", parameters={}, effect=Effect.NONE, run=self._look)
        return [book, look]

    async def has_run(self, name: str) -> None:
        """An intent is on the disk before its effect, and a disk takes its own time."""
        async with asyncio.timeout(30):
            while name not in [ran for ran, _ in self.ran]:
                await settle()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await settle()


def results(stage: UnifiedStage) -> list[tuple[object, Any]]:
    """(call, result) as the vendor was told."""
    return [(each[1], json.loads(str(each[2]))) for each in stage.session.asked if each[0] == "result"]


def answered(stage: UnifiedStage, call: str) -> bool:
    return call in [each for each, _ in results(stage)]


BOOKED = {"ok": True, "value": {"number": 7}}
FREE = {"ok": True, "value": {"free": "nine"}}


@pytest.mark.parametrize("after_its_answer", [False, True])
async def test_a_call_that_the_vendor_tells_twice_runs_once_and_is_answered_once(
    tmp_path: Path, *, after_its_answer: bool
) -> None:
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    for call, name in (("c1", "desk_look"), ("c2", "desk_book")):
        told = SpokenToolCall(spoken="s2", call=call, name=name, arguments='{"day": "friday"}')
        stage.session.emit(told)
        if after_its_answer:
            desk.let.set()
            await until(partial(answered, stage, call))
        stage.session.emit(told)
    stage.session.emit(SpokenEnded(spoken="s2"))
    desk.let.set()
    await until(lambda: len(results(stage)) >= 2)
    await settle()
    assert results(stage) == [("c1", FREE), ("c2", BOOKED)]
    assert [name for name, _ in desk.ran] == ["look", "book"]
    used = [item.name for item in stage.call._history.so_far() if isinstance(item, ToolUsed)]
    assert used == ["desk.look", "desk.book"]
    stage.session.says("s3", "You are booked.", 900)
    await settle()
    assert "r2" in stage.line.finished
    await ended(stage)


@pytest.mark.parametrize(
    "arguments",
    ["[" * 100_000, '{"a": ' * 100_000, '{"name": "\\ud800"}', "\x00", "null"],
    ids=["deep lists", "deep objects", "half a character", "no text", "null"],
)
async def test_arguments_that_nothing_can_be_done_with_cost_the_tool_and_not_the_session(
    arguments: str, tmp_path: Path
) -> None:
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", "desk_book", arguments)
    await settle()
    [(call, result)] = results(stage)
    assert (call, result["ok"]) == ("c1", False)
    assert "not an object" in result["error"]
    assert not desk.ran
    stage.session.says("s3", "Let me try again.", 500)
    await settle()
    assert "r2" in stage.line.finished
    await ended(stage)


async def test_two_tools_at_once_are_each_answered_with_their_own_result(tmp_path: Path) -> None:
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    for call, name in (("c1", "desk_book"), ("c2", "desk_look"), ("c3", "desk_lock")):
        stage.session.emit(SpokenToolCall(spoken="s2", call=call, name=name, arguments="{}"))
    stage.session.emit(SpokenEnded(spoken="s2"))
    await desk.has_run("book")
    assert [call for call, _ in results(stage)] == ["c3", "c2"]
    assert "r2" not in stage.line.finished
    desk.let.set()
    await until(lambda: len(results(stage)) == 3)
    assert results(stage)[1:] == [("c2", FREE), ("c1", BOOKED)]
    stage.session.says("s3", "You are booked.", 900)
    await settle()
    assert "r2" in stage.line.finished
    await ended(stage)


async def test_a_goodbye_that_comes_with_a_tool_waits_for_what_the_tool_did(tmp_path: Path) -> None:
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(8000), text="I book that and say goodbye."))
    stage.session.emit(SpokenToolCall(spoken="s2", call="c1", name="desk_book", arguments="{}"))
    stage.session.emit(SpokenToolCall(spoken="s2", call="c2", name="end_call", arguments="{}"))
    stage.session.emit(SpokenEnded(spoken="s2"))
    desk.let.set()
    await until(lambda: len(results(stage)) == 2)
    # The vendor goes on when it has the answers to all that it asked.
    assert sorted(call for call, _ in results(stage)) == ["c1", "c2"]  # type: ignore[type-var]
    stage.session.says("s3", "You are booked, goodbye.", 900)
    await settle()
    stage.line.hear_out("r2")
    assert stage.call.cause == "goal_reached"
    await ended(stage)


async def test_what_is_asked_again_while_it_is_being_done_is_done_once(tmp_path: Path) -> None:
    """The caller speaks over the wait, and the model, which has no result yet, asks anew."""
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(16_000), text="One moment."))
    stage.session.emit(SpokenToolCall(spoken="s2", call="c1", name="desk_book", arguments='{"day": 5}'))
    stage.session.emit(SpokenEnded(spoken="s2"))
    await desk.has_run("book")
    stage.line.heard_ms = 400
    await stage.takes_turn()
    assert stage.line.flushed == ["r2"]
    stage.session.emit(SpokenStarted(spoken="s3"))
    stage.session.emit(SpokenToolCall(spoken="s3", call="c2", name="desk_book", arguments='{"day":5}'))
    stage.session.emit(SpokenEnded(spoken="s3"))
    await settle()
    desk.let.set()
    await until(lambda: len(results(stage)) == 2)
    assert results(stage) == [("c1", BOOKED), ("c2", BOOKED)]
    assert [name for name, _ in desk.ran] == ["book"]
    await ended(stage)


async def test_what_was_done_as_the_session_was_lost_is_known_to_those_who_go_on_with_the_call(
    tmp_path: Path,
) -> None:
    """And their own tools are answered with their own results."""
    asked: list[tuple[str, ToolResult]] = []

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            asked.append(("look", await act.run_tool("desk.look", {})))
            asked.append(("book", await act.run_tool("desk.book", {"day": 5})))
        act.say("Hello.")

    desk, reasoner = Desk(), StageReasoner(plan)
    stage = UnifiedStage(tmp_path, tools=desk.tools, reasoner=reasoner)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.words("Book me on Friday.")
    stage.session.calls("s2", "desk_book", '{"day": 5}')
    await desk.has_run("book")
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    desk.let.set()
    await until(lambda: len(asked) == 2)
    assert [ToolUsed(name="desk.book", arguments='{"day":5}', result=json.dumps(BOOKED))] == [
        item for item in reasoner.requests[-1].history if isinstance(item, ToolUsed)
    ]
    assert [(name, result.value) for name, result in asked] == [
        ("look", FREE["value"]),
        ("book", BOOKED["value"]),
    ]
    assert [name for name, _ in desk.ran] == ["book", "look"]
    happened = await ended(stage)
    run = [each.tool_call_id for each in happened if isinstance(each, cmd.RunTool | cmd.ReuseToolResult)]
    assert len(set(run)) == len(run) == 3


async def test_what_was_done_before_the_session_was_lost_is_told_to_those_who_answer_in_its_place(
    tmp_path: Path,
) -> None:
    desk, reasoner = Desk(), StageReasoner()
    desk.let.set()
    stage = UnifiedStage(tmp_path, tools=desk.tools, reasoner=reasoner)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.words("Book me on Friday.")
    stage.session.calls("s2", "desk_book", '{"day": 5}')
    await until(lambda: results(stage))
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    request = reasoner.requests[-1]
    assert request.text == "Book me on Friday."
    assert request.history[-1] == ToolUsed(name="desk.book", arguments='{"day":5}', result=json.dumps(BOOKED))
    await ended(stage)


async def test_a_tool_that_ran_for_half_an_answer_is_known_to_those_who_go_on_with_it(
    tmp_path: Path,
) -> None:
    desk, reasoner = Desk(), StageReasoner()
    stage = UnifiedStage(tmp_path, tools=desk.tools, reasoner=reasoner)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.words("Book me on Friday.")
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(16_000), text="One moment."))
    stage.session.emit(SpokenToolCall(spoken="s2", call="c1", name="desk_book", arguments="{}"))
    stage.session.emit(SpokenEnded(spoken="s2"))
    await desk.has_run("book")
    stage.line.heard_ms = 1000
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    assert not reasoner.requests, "nobody may say what is not known yet"
    desk.let.set()
    await until(lambda: reasoner.requests)
    used = [item.name for item in reasoner.requests[-1].history if isinstance(item, ToolUsed)]
    assert used == ["desk.book"]
    await ended(stage)


async def test_a_result_after_the_call_is_kept_and_the_vendor_speaks_to_nobody(tmp_path: Path) -> None:
    desk = Desk()
    stage = UnifiedStage(tmp_path, tools=desk.tools)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", "desk_book", "{}")
    await desk.has_run("book")
    stage.call.line_closed("hangup")
    desk.let.set()
    await stage.call.wait_ended()
    assert results(stage) == []
    assert isinstance(stage.call._history.so_far()[-1], ToolUsed)
    await ended(stage)


@pytest.mark.parametrize(
    "value", [{"name": "half \ud83d"}, {"at": object()}, {(1, 2): {}}], ids=["half a sign", "object", "keys"]
)
async def test_a_result_that_is_no_json_is_still_a_result(value: Any, tmp_path: Path) -> None:
    """What was done is known, whatever else the tool has to say."""

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return ToolResult(ok=True, value=value)

    tool = Tool(name="desk.book", description="", parameters={}, effect=Effect.WRITE, run=run)
    stage = UnifiedStage(tmp_path, tools=[tool])
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", "desk_book", "{}")
    await until(lambda: results(stage))
    assert results(stage)[0][1]["ok"] is True
    await ended(stage)
