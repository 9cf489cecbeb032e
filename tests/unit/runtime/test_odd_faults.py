"""Tools, minds and voices that break in ways nobody promised: with another error than their port names, or by
giving up work of their own."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.stage import Stage, StageReasoner, StageTts, settle

from antiphon.agents.ports import Effect, Replying, ReplyRequest, Tool, ToolContext, ToolResult
from antiphon.conversation import events as ev
from antiphon.runtime.call import Call
from antiphon.runtime.records.lines import CallRecord, EventEntry, NoteEntry, read_call
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.speech.ssml import Utterance


async def _over(stage: Stage) -> CallRecord:
    if not stage.call.cause:  # Or the trouble has ended it, and its line tells nothing any more.
        stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    return read_call(stage.trace.path)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(3)])
async def test_a_tool_that_breaks_in_any_way_is_a_failed_tool(tmp_path: Path, error: BaseException) -> None:
    results: list[ToolResult] = []

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        raise error

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            results.append(await act.run_tool("book", {}))
        act.say("Sorry about that.")

    tool = Tool(name="book", description="", parameters={}, effect=Effect.NONE, run=run)
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), tools=[tool])
    await stage.begin()
    await stage.says("What do you have?")
    assert [(result.ok, result.error) for result in results] == [(False, type(error).__name__)]
    assert stage.call.cause == "" and stage.line.played["r2"]


async def test_an_effect_whose_intent_the_disk_does_not_take_in_time_is_not_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    results: list[ToolResult] = []
    answered = asyncio.Event()

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        done.append(context.idempotency_key)
        return ToolResult(ok=True)

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            results.append(await act.run_tool("book", {}))
            answered.set()
        act.say("Sorry about that.")

    tool = Tool(name="book", description="", parameters={}, effect=Effect.WRITE, run=run, timeout_ms=10)
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), tools=[tool])
    hangs: Future[bool] = Future()
    monkeypatch.setattr(stage.trace, "sync", lambda: hangs)
    await stage.begin()
    await stage.says("Book it please, that is right.")
    async with asyncio.timeout(5):  # Only so that what never comes fails.
        await answered.wait()
    assert not results[0].ok and "could not be stored" in results[0].error
    await settle()
    assert done == [] and stage.call.cause == ""


async def test_a_mind_that_was_cancelled_from_within_is_an_apology_at_once(tmp_path: Path) -> None:
    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            raise asyncio.CancelledError
        act.say("Hello.")

    stage = Stage(tmp_path, reasoner=StageReasoner(plan))
    await stage.begin()
    await stage.says("What are your hours?")
    assert "trouble" in stage.voices[0].asked[-1]


class _Odd(StageTts):
    """Breaks as no voice should."""

    def __init__(self, error: BaseException, pieces: Sequence[bytes] = ()) -> None:
        super().__init__()
        self.error, self.pieces = error, pieces

    async def synthesize(self, request: TtsRequest, emit: Any) -> None:
        for pcm in self.pieces:
            emit(TtsAudio(pcm=pcm))
        raise self.error


@pytest.mark.parametrize("error", [KeyError("key sk-123"), asyncio.CancelledError()])
async def test_a_voice_that_breaks_in_any_way_is_replaced_by_the_next(
    tmp_path: Path, error: BaseException
) -> None:
    stage = Stage(tmp_path, voices=[_Odd(error), StageTts()])
    await stage.begin()
    assert stage.line.played["r1"] and stage.voices[1].asked == ["Hello."]
    record = await _over(stage)
    assert [
        (note.fields["provider"], note.fields["reason"])
        for note in record.entries
        if isinstance(note, NoteEntry) and note.type == "voice_failed"
    ] == [("stage-0", type(error).__name__)]


async def test_a_voice_that_breaks_oddly_within_a_sentence_is_told_as_broken_off(tmp_path: Path) -> None:
    stage = Stage(tmp_path, voices=[_Odd(KeyError("audio"), [b"\1\0" * 800])])
    await stage.begin(greet=False)
    record = await _over(stage)
    events = [entry.event for entry in record.entries if isinstance(entry, EventEntry)]
    failed = [event for event in events if isinstance(event, ev.SynthesisFailed)]
    assert [(event.index, event.audio_ms) for event in failed][:1] == [(0, 100)]


async def test_a_voice_whose_work_was_stopped_by_nobody_of_ours_is_a_chunk_that_failed(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.voices[0].hold.clear()
    await stage.begin(greet=False)
    (speaking,) = (task for task in asyncio.all_tasks() if task.get_name() == "speak r1")
    speaking.cancel()
    await settle()
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    failed = [event for event in read_call(stage.trace.path).events if isinstance(event, ev.SynthesisFailed)]
    assert [(event.reply_id, event.index) for event in failed] == [("r1", 0)]


async def test_words_that_cannot_be_shaped_are_a_chunk_that_failed_not_a_reply_that_never_ends(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.call = Call(dataclasses.replace(stage.call.parts, shape=_shape_breaks))
    stage.line.listener = stage.call
    await stage.begin(greet=False)
    record = await _over(stage)
    assert any(
        isinstance(entry, EventEntry) and isinstance(entry.event, ev.SynthesisFailed)
        for entry in record.entries
    )


def _shape_breaks(text: str) -> Utterance:
    raise IndexError(text)
