"""What breaks around a call ends neither it nor everybody's: it is told, and the call goes on or ends as any
call does."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.stage import Stage, settle

from antiphon.conversation import commands as cmd
from antiphon.runtime import call as driver
from antiphon.runtime.call import Call
from antiphon.runtime.records.lines import CallRecord, CommandEntry, NoteEntry, read_call

PATIENCE_S = 5.0  # Only so that what is never over fails.


def _torn(*_: object, **__: object) -> Any:
    raise RuntimeError("torn cable")


async def _over(stage: Stage) -> CallRecord:
    async with asyncio.timeout(PATIENCE_S):
        await stage.call.wait_ended()
    return read_call(stage.trace.path)


def _notes(record: CallRecord, type: str) -> list[dict[str, Any]]:  # noqa: A002
    return [entry.fields for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == type]


def _ends(record: CallRecord) -> list[str]:
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return [command.cause for command in commands if isinstance(command, cmd.EndCall)]


async def _raises() -> None:
    raise RuntimeError("the socket is gone")


async def _hangs() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("closing", [_raises, _hangs])
async def test_a_recogniser_that_does_not_close_keeps_no_call_from_being_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closing: Any
) -> None:
    monkeypatch.setattr(driver, "CLOSING_S", 0.01, raising=False)
    stage = Stage(tmp_path)
    await stage.begin()
    stage.stt.aclose = closing  # type: ignore[method-assign]
    stage.call.line_closed("hangup")
    assert (await _over(stage)).complete


@pytest.mark.parametrize("broken", ["line", "owner", "recording"])
async def test_whoever_breaks_as_the_call_ends_keeps_it_from_nothing(tmp_path: Path, broken: str) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    told: list[str] = []
    stage.call.when_over = lambda: told.append("over")
    if broken == "line":
        stage.line.close = _torn  # type: ignore[method-assign]
    elif broken == "recording":
        stage.call.recording = _Recording()
    else:
        stage.call.when_over = _torn
    stage.call.line_closed("hangup")
    record = await _over(stage)
    assert record.complete and _ends(record) == ["caller_hangup"]
    assert told == (["over"] if broken != "owner" else [])
    assert stage.line.closed or broken == "line"


async def test_a_core_too_broken_to_close_its_own_story_still_ends_its_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    monkeypatch.setattr("antiphon.conversation.ending.end", _torn)
    stage.call.post(object())  # type: ignore[arg-type]  # A programmer's mistake.
    record = await _over(stage)
    assert stage.call.cause == "error" and stage.line.closed
    assert len(_notes(record, "error")) == 1


class _Watch:
    """An attendant who fell over."""

    event = command = note = phase = picture = measured = staticmethod(_torn)


async def test_a_watcher_who_breaks_is_not_told_any_more_and_the_call_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.call = Call(_with(stage, attendant=_Watch()))
    stage.line.listener = stage.call
    await stage.begin()
    await stage.says("What are your hours?")
    assert stage.call.cause == "" and stage.line.played["r2"]


def _with(stage: Stage, **parts: Any) -> Any:
    return dataclasses.replace(stage.call.parts, **parts)


class _Recording:
    """A recorder that fell over."""

    is_over = False
    caller = agent = cleared = heard = said = pause = resume = stop = end = staticmethod(_torn)


async def test_a_judge_that_breaks_oddly_is_told_in_the_trace(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.call.parts.end_of_turn.score = _torn  # type: ignore[method-assign, union-attr]
    await stage.begin()
    await stage.says("What are your hours?")
    await settle()
    stage.call.line_closed("hangup")
    record = await _over(stage)
    assert "torn cable" in _notes(record, "end_of_turn_failed")[0]["reason"]
