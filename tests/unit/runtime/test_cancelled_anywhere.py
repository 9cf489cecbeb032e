"""Whatever is cancelled, wherever it waits, and whenever the caller hangs up: the call is over, nothing of it
goes on, its trace is whole, and what was used is paid once.

Every task of the runtime is wrapped: each place where one waits in a short call is found by a first run, and
then a call is run for each of them in which just there the task is cancelled, or the caller hangs up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.scripted_ports import ScriptedModel
from tests.doubles.virtual_loop import passes
from tests.unit.runtime.stage import Stage, StageReasoner, StageStt

from antiphon.agents.ports import Effect, Message, Replying, ReplyRequest, Tool, ToolContext, ToolResult
from antiphon.conversation import commands as cmd
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.models import FailoverModel
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.failover.voices import FailoverTts, SpeakingAs
from antiphon.runtime.metered_models import metered_model
from antiphon.runtime.metering import MeteredTts
from antiphon.runtime.records.lines import CallRecord, CommandEntry, NoteEntry, read_call
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.storage.traces import close_traces

How = Literal["cancelled", "hung up"]
OVER_WITHIN_S = 60  # Of virtual time.
_OURS = "antiphon/runtime/"


class _Waits:
    """Wraps the runtime's tasks; at one of the places where they wait something happens to the call."""

    def __init__(self, at: tuple[str, int] | None, how: How) -> None:
        self.seen: Counter[str] = Counter()
        self._at, self._how = at, how
        self.stage: Stage | None = None
        self.happened = False

    def factory(self, loop: asyncio.AbstractEventLoop, work: Any, **told: Any) -> asyncio.Task[Any]:
        code = getattr(work, "cr_code", None)
        if code is not None and _OURS in code.co_filename:
            work = self._watched(work)
        return asyncio.Task(work, loop=loop, **told)

    async def _watched(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await _Stepped(work, self._waits)

    def _waits(self, work: Coroutine[Any, Any, Any]) -> None:
        place = _place(work)
        self.seen[place] += 1
        if (place, self.seen[place]) != self._at or self.happened:
            return
        self.happened = True
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None and self.stage is not None
        call = self.stage.call
        if self._how == "cancelled":
            loop.call_soon(task.cancel)
        else:
            loop.call_soon(lambda: call.cause or call.line_closed("hangup"))


class _Stepped(Generator[Any, Any, Any]):
    """A coroutine, step by step, of which it is told wherever it waits."""

    def __init__(
        self, work: Coroutine[Any, Any, Any], waits: Callable[[Coroutine[Any, Any, Any]], None]
    ) -> None:
        self._work, self._tell = work, waits

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, given: Any) -> Any:
        return self._waiting(self._work.send(given))

    def throw(self, *error: Any) -> Any:
        return self._waiting(self._work.throw(*error))

    def _waiting(self, waited_for: Any) -> Any:
        self._tell(self._work)
        return waited_for


def _place(work: Any) -> str:
    """Where it stands: the functions of the runtime it is in, and their lines."""
    stands = []
    while work is not None:
        frame = getattr(work, "cr_frame", None)
        if frame is not None and _OURS in frame.f_code.co_filename:
            file = frame.f_code.co_filename.rpartition(_OURS)[2]
            stands.append(f"{file}:{frame.f_lineno} {frame.f_code.co_name}")
        work = getattr(work, "cr_await", None)
    return " > ".join(stands)


class _Voice:
    """Two blocks, 20 ms apart."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.asked.append(request.text)
        for _ in range(2):
            await passes(20)
            emit(TtsAudio(pcm=b"\1\0" * 25 * 8 * len(request.text)))


class _Stt(StageStt):
    async def aclose(self) -> None:
        await passes(10)
        await super().aclose()


class _Scores:
    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        await passes(10)
        return 0.9


class _World:
    """A call with a model, voices and a tool with an effect, all of which take their time."""

    def __init__(self, directory: Path) -> None:
        self.model, self.voices, self.booked = (
            ScriptedModel(20, "Right away. ", 20, "Done."),
            _Voice(),
            list[str](),
        )
        book = HealthBook()
        rules = RaceRules(note="model_failed", first_ms=1000)
        candidate = Candidate(name="m", port=metered_model("m", self.model), health=book.of("llm", "m"))
        model = FailoverModel([candidate], rules)

        async def plan(request: ReplyRequest, act: Replying) -> None:
            if not request.text:
                act.say("Hello, who is there?")
                return
            if "book" in request.text.lower():
                await act.run_tool("book", {})
            await model.complete([Message(role="user", content=request.text)], (), act.say)

        async def books(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
            await passes(20)
            self.booked.append(context.idempotency_key)
            return ToolResult(ok=True, value={})

        tool = Tool(name="book", description="", parameters={}, effect=Effect.WRITE, run=books)
        spoken = FailoverTts(
            [
                Candidate(
                    name="v",
                    port=SpeakingAs(tts=MeteredTts("v", self.voices), voice="v"),
                    health=book.of("tts", "v"),
                )
            ],
            RaceRules(note="voice_failed", first_ms=1000),
        )
        self.stage = Stage(directory, reasoner=StageReasoner(plan), tools=[tool], voices=[spoken])  # type: ignore[list-item]
        self.stage.stt = stt = _Stt()
        object.__setattr__(self.stage.call.parts, "recognisers", [("stage", stt)])
        object.__setattr__(self.stage.call.parts, "end_of_turn", _Scores())

    @property
    def is_up(self) -> bool:
        return not self.stage.call.cause

    async def lives(self) -> None:
        """A greeting, a booking, an answer he talks into, and a hang-up, unless it is over before."""
        stage = self.stage
        stage.call.begin(stage.line)
        await self._goes_by(200)
        if self.is_up and "r1" in stage.line.played:
            stage.line.hear_out("r1")
        await self._says("Book it please, that is right.")
        await self._says("No, wait. What are your hours?")
        await self._goes_by(300)
        if self.is_up:
            stage.call.line_closed("hangup")
        async with asyncio.timeout(OVER_WITHIN_S):
            await stage.call.wait_ended()

    async def _says(self, text: str) -> None:
        call, clock = self.stage.call, self.stage.clock
        if self.is_up:
            call.speech_started(onset_ms=max(0, clock.now_ms - 70))
        await self._goes_by(800)
        if self.is_up:
            call.speech_stopped(ended_ms=clock.now_ms - 100)
        await self._goes_by(60)
        if self.is_up:
            self.stage.stt.final(text)
        await self._goes_by(400)

    async def _goes_by(self, duration_ms: int) -> None:
        for _ in range(0, duration_ms, 20):
            await self.stage.clock.advance(20)
            await passes(20)


async def _run(directory: Path, waits: _Waits) -> list[str]:
    """What was wrong."""
    world = _World(directory)
    waits.stage = world.stage
    asyncio.get_running_loop().set_task_factory(waits.factory)  # type: ignore[arg-type]
    try:
        await world.lives()
    except TimeoutError:
        return ["it is never over"]
    finally:
        asyncio.get_running_loop().set_task_factory(None)
    await passes(1)
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    close_traces()  # Who gave the end of the call up did not wait for the disk.
    record = read_call(world.stage.trace.path)
    return [
        *(f"{name} goes on" for name in left),
        *([] if world.stage.line.closed else ["its line is open"]),
        *([] if record.complete else ["its trace is not whole"]),
        *_unpaid(world, record),
        *_untold(world, record),
    ]


def _unpaid(world: _World, record: CallRecord) -> list[str]:
    paid = Counter(
        entry.fields["role"]
        for entry in record.entries
        if isinstance(entry, NoteEntry) and entry.type == "usage"
    )
    owed = Counter(tts=len(world.voices.asked), llm=len(world.model.asked))
    return [] if paid == +owed else [f"paid {dict(paid)}, owed {dict(+owed)}"]


def _untold(world: _World, record: CallRecord) -> list[str]:
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    ends = [command.cause for command in commands if isinstance(command, cmd.EndCall)]
    results = sum(type(event).__name__ == "ToolFinished" for event in record.events)
    wrong = [] if len(ends) == 1 else [f"it ended {len(ends)} times"]
    if results != sum(isinstance(command, cmd.RunTool) for command in commands) or results < len(
        world.booked
    ):
        wrong.append("an effect has no result")
    return wrong


@pytest.mark.parametrize("how", ["cancelled", "hung up"])
def test_a_call_is_over_whole_and_paid_wherever_it_is_cut(tmp_path: Path, how: How) -> None:
    found = _Waits(None, how)
    assert live_with_sockets(_run(tmp_path / "first", found)) == []
    assert len(found.seen) >= 12, "the tasks of a call wait in many places"
    wrong: list[str] = []
    missed = 0
    for number, place in enumerate(found.seen):
        for time in {1, found.seen[place]}:
            waits = _Waits((place, time), how)
            told = live_with_sockets(_run(tmp_path / f"{number}-{time}", waits))
            missed += not waits.happened
            wrong += [f"{place}, time {time}: {what}" for what in told]
    assert not wrong, "\n".join(wrong)
    assert missed <= 2, "a disk answers sooner or later than before"
