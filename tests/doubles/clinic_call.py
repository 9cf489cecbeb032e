"""Whole calls to the clinic over vendors' doubles on real sockets, on paced time: the agent's file names the
vendors, their adapters and SDKs are the real ones, and a scripted caller talks over the loopback line.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml
from tests.doubles.clinic_plugins import Plugins
from tests.doubles.clinic_vendors import ROWS, address
from tests.doubles.coded_speech import CodedEar, spoken
from tests.doubles.media_line import EnergyVad
from tests.doubles.paced_loop import PacedLoop
from tests.doubles.phone_world import LoopTime
from tests.doubles.virtual_loop import pass_time
from tests.unit.agents.dialogue import AGENTS, NOW

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.tools import CalendarView, appointment_tools
from antiphon.audio.ports import PHONE
from antiphon.calls.loopback import Heard, LoopbackLine
from antiphon.providers.prices import load_prices
from antiphon.runtime.assembly import Shared, language_models, recogniser, voice
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.speech.ports import EndOfTurn, VoiceActivity
from antiphon.speech.ssml import Shaper
from antiphon.storage.traces import find_call

TURNS = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)
HEARS_OUT_MS = 2_500  # A voice that hangs costs one clause two seconds.
GIVES_UP_S = 180.0
RATE_HZ = 8_000


class ClinicTime(LoopTime):
    def wall_time_ms(self) -> int:
        return int(NOW.timestamp() * 1000) + self.now_ns() // 1_000_000 % 1_000_000


@dataclass(frozen=True, kw_only=True)
class Waited:
    """One turn of the caller: how long until he heard something, and all he heard until he spoke again."""

    said: str
    answer_ms: int
    heard: str


@dataclass
class Talker:
    """A caller with lines; says the next one when the agent has finished."""

    lines: Sequence[str]
    before_line: Callable[[int], None] = lambda number: None
    turns: list[Waited] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _ear: CodedEar = field(default_factory=lambda: CodedEar(RATE_HZ))
    _known: int = 0
    _said: str = ""
    _ended_ms: int = 0
    _answer_ms: int = 0
    _sound_ms: int = 0

    def call(self, exchange: Exchange, clock: Callable[[], int]) -> LoopbackLine:
        self.line = LoopbackLine(
            exchange, "clinic", PHONE, heard=self._hear, ended=self._hung_up, clock=clock
        )
        return self.line

    @property
    def heard(self) -> str:
        return self._ear.text

    def _hear(self, block: Heard) -> None:
        self._ear.push(block.samples.astype("<i2").tobytes())
        if block.samples.any():
            if len(self._ear.words) == self._known and self._sound_ms < self._ended_ms:
                self._answer_ms = block.at_ms - self._ended_ms
            self._sound_ms = block.at_ms
        quiet_ms = block.at_ms - max(self._sound_ms, self._ended_ms)
        if (
            len(self._ear.words) > self._known
            and quiet_ms >= HEARS_OUT_MS
            and self._sound_ms > self._ended_ms
        ):
            self._note()
            self._speak()

    def _note(self) -> None:
        words = " ".join(word.text for word in self._ear.words[self._known :])
        self.turns.append(Waited(said=self._said, answer_ms=self._answer_ms, heard=words))
        self._known = len(self._ear.words)

    def _speak(self) -> None:
        number = len(self.turns) - 1
        if number >= len(self.lines):
            return
        self.before_line(number)
        self._said = self.lines[number]
        samples = np.frombuffer(spoken(self._said, RATE_HZ), "<i2")
        self._ended_ms = self.line.say(samples).end_ms

    def _hung_up(self) -> None:
        if len(self._ear.words) > self._known:
            self._note()
        self.over.set()


@dataclass
class Clinic:
    """`async with` it: the doubles of all vendors named listen, and the agent of `definition` answers.

    Attributes:
        turn: Settings of the agent's file besides its own. make_vad: For a sample rate.
        doubles: By role and name.
    """

    home: Path
    stt: Sequence[str]
    models: Sequence[str]
    tts: Sequence[str]
    turn: Mapping[str, Any] = field(default_factory=dict)
    end_of_turn: EndOfTurn | None = None
    make_vad: Callable[[int], VoiceActivity] = EnergyVad
    doubles: dict[tuple[str, str], Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    plugins: Plugins = field(default_factory=Plugins)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PacedLoop)
        self._loop = loop
        for role, names in (("stt", self.stt), ("llm", self.models), ("tts", self.tts)):
            for vendor in (vendor for vendor in ROWS[role] if vendor.name in names):
                double = await self._stack.enter_async_context(vendor.make())
                self.doubles[role, vendor.name] = double
                told = vendor.environment(double)
                assert not told.keys() & self.environment.keys(), f"{vendor.vendor} has one address"
                self.environment.update(told)
                if vendor.plugin is not None:
                    self.plugins.settings[vendor.name] = vendor.plugin(address(double))
        self._stack.push_async_callback(self.plugins.aclose)
        self.calendar = self.home / "calendar.sqlite"
        self.plane = MediaPlane(self.make_vad(8_000), self.make_vad(16_000), clock=loop.now_ns)
        self.exchange = Exchange(
            plane=self.plane,
            agents={"clinic": self._kit(self.definition())},
            calls_directory=self.home / "calls",
            clock=ClinicTime(loop),
        )
        ticking = asyncio.ensure_future(self._tick())
        self._stack.callback(ticking.cancel)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.exchange.drain(0)
        await self._stack.aclose()

    def definition(self) -> AgentDefinition:
        """The clinic's own file, but for the vendors it names."""
        file = yaml.safe_load((AGENTS / "clinic.yaml").read_text(encoding="utf-8"))
        file["speech"] |= {"stt": list(self.stt), "tts": list(self.tts)}
        file["reasoning"] |= {"model": list(self.models), "first_word_ms": 1_500}
        shutil.copytree(AGENTS / "clinic", self.home / "clinic", dirs_exist_ok=True)
        file["turn"] = {**file.get("turn", {}), **self.turn}
        path = self.home / "clinic.yaml"
        path.write_text(yaml.safe_dump(file, sort_keys=False), encoding="utf-8")
        return load_agent(path)

    def _kit(self, definition: AgentDefinition) -> AgentKit:
        registry = self.plugins.registry(self.environment)
        prices = load_prices({}, today=NOW.date())
        shared = Shared(registry=registry, home=self.home, prices=prices)
        tools = appointment_tools(self.calendar, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
        reasoning = prepare_reasoning(
            definition, encoder=None, tools=tools, language_model=language_models(definition, shared)
        )
        return AgentKit(
            definition=definition,
            recognisers=[recogniser(definition, shared)],
            voices=[voice(definition, shared)],
            end_of_turn=self.end_of_turn,
            shape=Shaper(definition.language).utterance,
            tools={tool.name: tool for tool in tools},
            make_reasoner=reasoning.reasoner,
            prices=prices,
        )

    async def _tick(self) -> None:
        while True:
            await pass_time(0.020)
            self.plane.tick(self._loop.now_ns())

    async def call(self, talker: Talker) -> CallRecord:
        """One call to its end, and what its trace says."""
        line = talker.call(self.exchange, self._loop.now_ns)
        running = asyncio.ensure_future(line.run(sleep=pass_time))
        try:
            async with asyncio.timeout(GIVES_UP_S):
                await talker.over.wait()
        except TimeoutError:
            raise AssertionError(f"the call never ended; he heard: {talker.heard}") from None
        finally:
            line.hang_up()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        while any(active.call_id == line.call_id for active in self.exchange.active()):
            await pass_time(0.020)
        return read_call(find_call(self.home / "calls", line.call_id))

    def booked(self) -> list[Any]:
        return CalendarView(self.calendar).appointments("Linda", "Chen", name_likeness_min=0.7)
