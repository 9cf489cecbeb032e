"""What callers notice when the driver of a call is at fault: tools, voices, clocks, memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from antiphon.agents.ports import Effect, Replying, ReplyRequest, Tool, ToolContext, ToolResult
from antiphon.conversation import commands as cmd
from antiphon.conversation import tools
from antiphon.conversation.state import HeldTool, Reply, State
from antiphon.errors import ProviderUnavailable
from antiphon.runtime import call as call_module
from antiphon.runtime.call import Call
from antiphon.runtime.replying import ReplyInProgress
from antiphon.runtime.speaking import Speaker
from antiphon.speech.ports import TtsAudio, TtsRequest
from tests.golden.staged import Staged, hang_up, speaks_over, staged, until
from tests.golden.telling import Told
from tests.unit.runtime.stage import Stage, StageReasoner, StageTts, settle

CALLS_OPEN = 24
CALLS_IN_A_ROW = 40
CALL_BYTES_MAX = 300_000


# ---------------------------------------------------------------- what was heard goes to the model


async def _interrupted(folder: Path) -> Staged:
    reasoner = StageReasoner()
    stage = Stage(folder, reasoner=reasoner)
    await stage.begin()
    await stage.says("Tell me about the clinic and its doctors.")
    await speaks_over(stage, "Stop, what are your hours?", heard_ms=600)
    await hang_up(stage)
    return Staged(stage=stage, facts={"history": [item.text for item in reasoner.requests[-1].history]})


def _model_knows_what_was_heard(told: Told) -> None:
    said = told.facts["history"]
    assert said == ["Hello.", "Tell me about the clinic and its doctors.", "You said"]


def _only_whole_replies_are_remembered(patch: pytest.MonkeyPatch) -> None:
    report = Call._report_heard

    def forgetful(call: Call, command: cmd.ReportHeard) -> None:
        if command.complete:
            report(call, command)

    patch.setitem(call_module._CARRY_OUT, cmd.ReportHeard, forgetful)


# ---------------------------------------------------------------- effects


async def _barges_in_while_it_books(folder: Path) -> Staged:
    gate, ran, reference = asyncio.Event(), [], [""]

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        ran.append(context.idempotency_key)
        await gate.wait()
        return ToolResult(ok=True, value="B7")

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text and not reference[0]:
            result = await act.run_tool("book", {"slot": 1})
            reference[0] = result.value
        act.say(f"You are booked, reference {reference[0]}." if request.text else "Hello.")

    tool = Tool(name="book", description="", parameters={}, effect=Effect.WRITE, run=run)
    stage = Stage(folder, reasoner=StageReasoner(plan), tools=[tool])
    await stage.begin()
    await stage.says("Book it please, that is right.")
    await until(lambda: bool(ran))
    await stage.says("Hello? Did that work?")
    gate.set()
    await until(lambda: any("B7" in text for text in stage.voices[0].asked))
    await stage.clock.advance(500)
    await hang_up(stage)
    return Staged(stage=stage, facts={"ran": len(ran)})


def _ran_once(told: Told) -> None:
    assert told.facts["ran"] == 1
    assert len(told.commands(cmd.RunTool)) == 1
    assert len(told.commands(cmd.CommitTurn)) == 2


def _replies_do_not_wait_for_one_another(patch: pytest.MonkeyPatch) -> None:
    run = ReplyInProgress._run

    async def impatient(reply: ReplyInProgress) -> None:
        reply._after = None
        await run(reply)

    patch.setattr(ReplyInProgress, "_run", impatient)
    run_effect = tools._run_effect

    def forgetful(state: State, reply: Reply, tool: HeldTool) -> None:
        state.under_way.clear()  # Or what is asked again is known to be under way.
        run_effect(state, reply, tool)

    patch.setattr(tools, "_run_effect", forgetful)


# ---------------------------------------------------------------- voices


class _SlowTts(StageTts):
    """Gives half of its audio, and the rest when the gate opens; at most `open_max` at once."""

    def __init__(self, open_max: int = 100) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.open, self.open_max, self.refused = 0, open_max, 0

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if self.open >= self.open_max:
            self.refused += 1
            raise ProviderUnavailable("stage", "too many open contexts")
        self.asked.append(request.text)
        self.open += 1
        try:
            emit(TtsAudio(pcm=b"\1\0" * 400 * len(request.text)))
            if request.text.startswith("You said"):
                await self.gate.wait()
                emit(TtsAudio(pcm=b"\2\0" * 400 * len(request.text)))
        finally:
            self.open -= 1


async def _interrupted_in_the_middle_of_synthesis(folder: Path) -> Staged:
    voice = _SlowTts()
    stage = Stage(folder, voices=[voice])
    await stage.begin()
    await stage.says("Tell me about the clinic.")
    before = len(stage.line.played["r2"])
    await speaks_over(stage, "Stop, what are your hours?", heard_ms=400)
    voice.gate.set()
    await stage.clock.advance(1000)
    late = len(stage.line.played["r2"]) - before
    await hang_up(stage)
    return Staged(stage=stage, facts={"late_bytes": late, "next": "r3" in stage.line.played})


def _no_late_audio(told: Told) -> None:
    assert told.facts == {"late_bytes": 0, "next": True}


def _given_up_voices_go_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Speaker, "drop", lambda speaker, reply_id: None)


async def _interrupts_six_times(folder: Path) -> Staged:
    voice = _SlowTts(open_max=3)
    stage = Stage(folder, voices=[voice])
    await stage.begin()
    await stage.says("Tell me about the clinic.")
    for number in range(6):
        if stage.call.cause:
            break  # An agent gone mute hands over; there is nobody left to interrupt.
        await speaks_over(stage, f"No, tell me about doctor number {number}.", heard_ms=200)
    await hang_up(stage)
    return Staged(stage=stage, facts={"refused": voice.refused, "heard": sorted(stage.line.played)})


def _every_answer_has_a_voice(told: Told) -> None:
    assert told.facts["refused"] == 0
    assert told.facts["heard"] == [f"r{number}" for number in range(1, 9)]


async def _voice_drops(folder: Path) -> Staged:
    stage = Stage(folder, voices=[StageTts(), StageTts()])
    await stage.begin()
    stage.voices[0].broken = True
    await stage.says("What are your hours?")
    await hang_up(stage)
    return Staged(stage=stage, facts={"heard": "r2" in stage.line.played, "second": stage.voices[1].asked})


def _the_other_voice_speaks(told: Told) -> None:
    assert told.facts == {"heard": True, "second": ["You said What are your hours?."]}


def _nobody_stands_in(patch: pytest.MonkeyPatch) -> None:
    init = Speaker.__init__

    def alone(speaker: Speaker, *args: Any, **kwargs: Any) -> None:
        init(speaker, *args, **kwargs)
        speaker.voices = speaker.voices[:1]

    patch.setattr(Speaker, "__init__", alone)


# ---------------------------------------------------------------- time


async def _clock_steps_back(folder: Path) -> Staged:
    stage = Stage(folder)
    await stage.begin()
    await stage.clock.advance(1000)
    stage.call.speech_started(onset_ms=950)
    await stage.clock.advance(500)
    stage.clock.now_ms -= 700
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.final("What are your hours?")
    await stage.clock.advance(2000)
    heard = "r2" in stage.line.played
    cause = stage.call.cause
    await hang_up(stage)
    return Staged(stage=stage, facts={"heard": heard, "cause": cause})


def _answered_in_order(told: Told) -> None:
    assert told.facts == {"heard": True, "cause": ""}
    times = [entry.at_ms for entry in told.record.entries]
    assert times == sorted(times)


def _time_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Call, "_forward", lambda call, at_ms: at_ms)


# ---------------------------------------------------------------- memory


async def _many_at_once(folder: Path) -> Staged:
    """All of them greeted and answered once; what does a further call cost?"""
    stages: list[Stage] = []
    for number in range(CALLS_OPEN):
        if number == CALLS_OPEN // 2:
            gc.collect()
            tracemalloc.start()
        stage = Stage(folder / str(number))
        await stage.begin()
        await stage.says("What are your hours?")
        stage.line.played.clear()  # The stage keeps what it played; a line does not.
        stages.append(stage)
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for stage in stages:
        await hang_up(stage)
    return Staged(stage=stages[-1], facts={"bytes_per_call": grown // (CALLS_OPEN - CALLS_OPEN // 2)})


def _a_further_call_is_small(told: Told) -> None:
    grown = told.facts["bytes_per_call"]
    assert isinstance(grown, int) and 0 < grown < CALL_BYTES_MAX


def _each_call_has_a_model_of_its_own(patch: pytest.MonkeyPatch) -> None:
    begin = Call.begin

    def heavy(call: Call, line: Any) -> None:
        call.__dict__["model"] = bytearray(1_000_000)
        begin(call, line)

    patch.setattr(Call, "begin", heavy)


async def _one_after_the_other(folder: Path) -> Staged:
    gone: list[weakref.ref[Call]] = []
    tasks = len(asyncio.all_tasks())
    stage = Stage(folder / "first")
    for number in range(CALLS_IN_A_ROW):
        stage = Stage(folder / str(number))
        await stage.begin()
        await stage.says("What are your hours?")
        await hang_up(stage)
        gone.append(weakref.ref(stage.call))
    await settle()
    gc.collect()
    alive = sum(reference() is not None for reference in gone)
    return Staged(stage=stage, facts={"alive": alive, "tasks": len(asyncio.all_tasks()) - tasks})


def _nothing_stays(told: Told) -> None:
    assert told.facts == {"alive": 1, "tasks": 0}, "only the last, which the story holds"


def _calls_are_remembered(patch: pytest.MonkeyPatch) -> None:
    begin, kept = Call.begin, []

    def remember(call: Call, line: Any) -> None:
        kept.append(call)
        begin(call, line)

    patch.setattr(Call, "begin", remember)


SYMPTOMS = [
    staged(
        "agent_repeats_what_was_heard", "P2",
        story=_interrupted, absent=_model_knows_what_was_heard, fault=_only_whole_replies_are_remembered,
    ),
    staged(
        "booked_again_after_a_barge_in", "P10",
        story=_barges_in_while_it_books, absent=_ran_once, fault=_replies_do_not_wait_for_one_another,
    ),
    staged(
        "old_sentence_leaks_into_the_next", "P11",
        story=_interrupted_in_the_middle_of_synthesis, absent=_no_late_audio, fault=_given_up_voices_go_on,
    ),
    staged(
        "agent_goes_mute_after_rapid_interruptions", "P23",
        story=_interrupts_six_times, absent=_every_answer_has_a_voice, fault=_given_up_voices_go_on,
    ),
    staged(
        "agent_goes_mute_when_its_voice_drops", "P20",
        story=_voice_drops, absent=_the_other_voice_speaks, fault=_nobody_stands_in,
    ),
    staged(
        "call_drops_when_the_clock_steps_back", "I8",
        story=_clock_steps_back, absent=_answered_in_order, fault=_time_is_believed,
    ),
    staged(
        "machine_is_full_at_the_fifth_call", "P14",
        story=_many_at_once, absent=_a_further_call_is_small, fault=_each_call_has_a_model_of_its_own,
    ),
    staged(
        "hundredth_call_is_worse_than_the_first", "P15",
        story=_one_after_the_other, absent=_nothing_stays, fault=_calls_are_remembered,
    ),
]  # fmt: skip
