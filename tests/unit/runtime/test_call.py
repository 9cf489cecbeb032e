"""The driver of a call: commands carried out, results carried back, everything in the trace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.runtime.stage import Stage, StageReasoner, StageTts, settle

from antiphon.agents.ports import Effect, Expect, Replying, ReplyRequest, Tool, ToolContext, ToolResult
from antiphon.conversation.commands import CommitTurn, RunTool
from antiphon.conversation.replay import first_difference, replay
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.records.lines import CommandEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly


def _tool(effect: Effect, seen: list[ToolContext], *, fails: bool = False) -> Tool:
    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        seen.append(context)
        if fails:
            raise RuntimeError("broken")
        return ToolResult(ok=True, value={"id": 7})

    return Tool(name="book", description="", parameters={"type": "object"}, effect=effect, run=run)


async def test_the_caller_hears_the_greeting_and_then_the_answer(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    await stage.says("What are your hours?")
    assert set(stage.line.played) == {"r1", "r2"}
    assert stage.voices[0].asked == ["Hello.", "You said What are your hours?."]


async def test_the_answer_is_prepared_before_the_turn_is_confirmed_but_not_played(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.speech_started(onset_ms=0)
    await stage.clock.advance(800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.final("What are your hours?")
    await settle()
    assert stage.voices[0].asked[-1] == "You said What are your hours?."
    assert "r2" not in stage.line.played
    await stage.clock.advance(300)
    assert "r2" in stage.line.played


async def test_history_holds_what_was_heard_and_nothing_else(tmp_path: Path) -> None:
    reasoner = StageReasoner()
    stage = Stage(tmp_path, reasoner=reasoner)
    await stage.begin()
    await stage.says("Tell me about the clinic and its doctors.")
    stage.line.heard_ms = 600  # 12 characters at 50 ms: "You said Tel..."
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(400)
    stage.stt.final("Stop, what are your hours?")
    await stage.clock.advance(10)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms)
    stage.stt.final("Stop, what are your hours?")
    await stage.clock.advance(1000)
    said = [(type(item).__name__, item.text) for item in reasoner.requests[-1].history]
    assert said == [
        ("HeardReply", "Hello."),
        ("CallerTurn", "Tell me about the clinic and its doctors."),
        ("HeardReply", "You said"),
    ]
    assert stage.line.flushed == ["r2"]


async def test_a_draft_the_caller_talks_over_is_discarded(tmp_path: Path) -> None:
    reasoner = StageReasoner()
    stage = Stage(tmp_path, reasoner=reasoner)
    await stage.begin()
    stage.call.speech_started(onset_ms=0)
    await stage.clock.advance(500)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.final("I would like an appointment and")
    await settle()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await settle()
    assert reasoner.discarded == ["r2"]
    assert "r2" not in reasoner.confirmed


async def test_an_effect_waits_for_confirmation_and_its_intent_is_on_disk_first(tmp_path: Path) -> None:
    seen: list[ToolContext] = []
    on_disk: list[bool] = []

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            result = await act.run_tool("book", {"slot": 1})
            act.say(f"Booked {result.value['id']}.")
        else:
            act.say("Hello.")

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        seen.append(context)
        text = stage.trace.path.read_text()
        on_disk.append(context.idempotency_key in text)
        return ToolResult(ok=True, value={"id": 7})

    tool = Tool(name="book", description="", parameters={}, effect=Effect.WRITE, run=run)
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), tools=[tool])
    await stage.begin()
    await stage.says("Book it please, that is right.")
    while not seen:
        await settle()
    await settle()
    assert on_disk == [True]
    assert stage.voices[0].asked[-1] == "Booked 7."


async def test_a_broken_tool_is_a_failed_tool_not_a_lost_call(tmp_path: Path) -> None:
    seen: list[ToolContext] = []
    errors: list[str] = []

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            errors.append((await act.run_tool("book", {})).error)
            errors.append((await act.run_tool("nothing", {})).error)
        act.say("Sorry about that.")

    stage = Stage(tmp_path, reasoner=StageReasoner(plan), tools=[_tool(Effect.NONE, seen, fails=True)])
    await stage.begin()
    await stage.says("What do you have?")
    await settle()
    assert errors == ["RuntimeError", "there is no tool 'nothing'"]
    assert stage.call.cause == ""


async def test_a_dead_voice_is_replaced_by_the_next(tmp_path: Path) -> None:
    stage = Stage(tmp_path, voices=[StageTts(broken=True), StageTts()])
    await stage.begin()
    assert stage.line.played["r1"]
    assert stage.voices[1].asked == ["Hello."]


async def test_a_reasoner_that_fails_is_an_apology(tmp_path: Path) -> None:
    def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            raise ProviderUnavailable("stage", "gone")
        act.say("Hello.")

    stage = Stage(tmp_path, reasoner=StageReasoner(plan))
    await stage.begin()
    await stage.says("What are your hours?")
    await settle()
    assert "trouble" in stage.voices[0].asked[-1]


async def test_the_recogniser_is_told_what_the_question_expects(tmp_path: Path) -> None:
    def plan(request: ReplyRequest, act: Replying) -> None:
        act.say("Which doctor?")
        act.expect(Expect.CHOICE, ["Dr. Patel", "Dr. Okafor"])

    stage = Stage(tmp_path, reasoner=StageReasoner(plan))
    await stage.begin(greet=False)
    assert stage.stt.expected == ("Dr. Patel", "Dr. Okafor")


async def test_the_end_closes_line_recogniser_and_trace_and_the_trace_replays(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    await stage.says("What are your hours?")
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    assert stage.line.closed
    assert stage.stt.closed
    record = read_call(stage.trace.path)
    assert record.complete
    recorded = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    again = [c for _, commands in replay(record.header.policy, record.events) for c in commands]
    assert first_difference(recorded, again) is None
    assert any(isinstance(command, CommitTurn) for command in recorded)


async def test_an_effect_under_way_is_finished_after_a_hang_up(tmp_path: Path) -> None:
    import asyncio

    gate = asyncio.Event()
    done: list[str] = []

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        await gate.wait()
        done.append(context.idempotency_key)
        return ToolResult(ok=True)

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            await act.run_tool("book", {})
        act.say("Done.")

    tool = Tool(name="book", description="", parameters={}, effect=Effect.WRITE, run=run)
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), tools=[tool])
    await stage.begin()
    await stage.says("Book it please, that is right.")
    stage.call.line_closed("hangup")
    gate.set()
    await stage.call.wait_ended()
    record = read_call(stage.trace.path)
    keys = [
        e.command.idempotency_key
        for e in record.entries
        if isinstance(e, CommandEntry) and isinstance(e.command, RunTool)
    ]
    assert done == keys
    assert any(type(event).__name__ == "ToolFinished" for event in record.events)


async def test_a_fault_in_the_core_ends_this_call_only(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.post(object())  # type: ignore[arg-type]  # A programmer's mistake.
    await stage.call.wait_ended()
    assert stage.call.cause == "error"
    assert stage.line.closed


async def test_a_call_that_ended_because_its_line_broke_replays_exactly(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()

    def broken(reply_id: str) -> int:
        raise RuntimeError("torn cable")

    await stage.says("What are your hours?")
    stage.line.pause = broken  # type: ignore[method-assign]
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.call.wait_ended()
    assert stage.call.cause == "error"
    record = read_call(stage.trace.path)
    commands = [type(e.command).__name__ for e in record.entries if isinstance(e, CommandEntry)]
    assert commands.count("ReportHeard") == 2 and commands[-1] == "EndCall"
    assert replay_exactly(record).difference is None


async def test_a_recogniser_that_breaks_ends_its_call_and_never_reaches_the_plane(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.begin()

    def broken(pcm: bytes) -> None:
        raise RuntimeError("torn cable")

    stage.stt.push = broken  # type: ignore[method-assign]
    stage.call.caller_audio(b"\0\0")
    await stage.call.wait_ended()
    assert stage.call.cause == "error"
