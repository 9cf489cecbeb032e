"""The clinic's own agent behind a loopback line on virtual time: tones for a voice, noise for a caller's, and
a recogniser that is told what each utterance was. Nothing but the vendors is a double."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from tests.doubles.media_line import EnergyVad
from tests.doubles.phone_world import LoopTime
from tests.doubles.scripted_agent import ToneVoice
from tests.doubles.virtual_loop import VirtualLoop, pass_time
from tests.unit.agents.dialogue import AGENTS, NOW

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.ports import LanguageModel
from antiphon.agents.tools import CalendarView, appointment_tools
from antiphon.agents.tools.feedback import feedback_tools
from antiphon.audio.ports import PHONE
from antiphon.calls.amd import open_screening
from antiphon.calls.loopback import Heard, LoopbackLine
from antiphon.runtime.exchange import Exchange, Outcome
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.speaking import Voice
from antiphon.speech.ports import SttConfig, SttEvent, Transcript
from antiphon.speech.ssml import Shaper
from antiphon.storage.traces import find_call

RATE_HZ = 8000
HEARS_OUT_MS = 1200
GIVES_UP_MS = 120_000
TRANSCRIPT_MS = 150


class DeskTime(LoopTime):
    def wall_time_ms(self) -> int:
        return int(NOW.timestamp() * 1000)


class ToldWords:
    """A recogniser that takes the n-th utterance for the n-th of `texts`; nothing after the last."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        self._segment = -1
        self._emit: Callable[[SttEvent], None] = lambda event: None

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> ToldWords:
        self._emit = emit
        return self

    def push(self, pcm: bytes) -> None: ...
    def speech_started(self) -> None: ...

    def speech_stopped(self) -> None:
        self._segment += 1
        text = self._texts.pop(0) if self._texts else ""
        final = Transcript(segment=self._segment, text=text, final=True)
        asyncio.get_running_loop().call_later(TRANSCRIPT_MS / 1000, self._emit, final)

    def turn_committed(self) -> None: ...
    def expect(self, phrases: Sequence[str]) -> None: ...
    async def aclose(self) -> None: ...


def voice(duration_ms: int, seed: int = 0) -> NDArray[np.int16]:
    """Something loud without a pitch, which is all an energy detector asks of a voice."""
    noise = np.random.default_rng(seed).standard_normal(duration_ms * RATE_HZ // 1000)
    return (3000 * noise).clip(-32000, 32000).astype(np.int16)


@dataclass
class FrontDesk:
    """`changes` go over the clinic's own file, section by section."""

    home: Path
    words: Sequence[str] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    language_model: LanguageModel | None = None
    heard: list[Heard] = field(default_factory=list)

    async def answer(
        self, script: Callable[[FrontDesk], Any], *, outbound: bool = False
    ) -> tuple[CallRecord, Outcome]:
        """One call by the script, to its end and a little beyond; what its trace says."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=loop.now_ns)
        exchange = Exchange(
            plane=plane,
            agents={"clinic": self.kit()},
            calls_directory=self.home / "calls",
            clock=DeskTime(loop),
            opens_screening=open_screening,
        )
        self.exchange = exchange
        self.over = asyncio.Event()
        self.line = LoopbackLine(
            exchange, "clinic", PHONE, heard=self.heard.append, ended=self.over.set, outbound=outbound,
            clock=loop.now_ns,
        )  # fmt: skip
        tasks = [asyncio.ensure_future(each) for each in (self._tick(plane, loop), self._carry())]
        try:
            await script(self)
            async with asyncio.timeout(GIVES_UP_MS / 1000):
                while self.line.is_open:
                    await pass_time(0.1)
        except TimeoutError:
            raise AssertionError(f"the call never ended; it said {self.said}") from None
        finally:
            self.line.hang_up()
            give_up_s = time.monotonic() + 30
            while exchange.active():  # The thread that closes the trace lives in real time.
                assert time.monotonic() < give_up_s, "the call never ended"
                await pass_time(0.02)
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        outcome = exchange.outcome(self.line.call_id)
        assert outcome is not None
        return read_call(find_call(self.home / "calls", self.line.call_id)), outcome

    async def _tick(self, plane: MediaPlane, loop: VirtualLoop) -> None:
        while True:
            await pass_time(0.020)
            plane.tick(loop.now_ns())

    async def _carry(self) -> None:
        await self.line.run(sleep=pass_time)

    # What a script does.

    async def hear_out(self) -> None:
        """Until the agent has said something and been quiet for a while, or has hung up."""
        begun = len(self.heard)
        async with asyncio.timeout(GIVES_UP_MS / 1000):
            while self.line.is_open:
                loud = [block.at_ms for block in self.heard[begun:] if block.samples.any()]
                if loud and self.line.now_ms - loud[-1] >= HEARS_OUT_MS:
                    return
                await pass_time(0.1)

    async def wait(self, duration_ms: int) -> None:
        await pass_time(duration_ms / 1000)

    async def say(self, samples: NDArray[np.int16]) -> None:
        """Until all of it was on the line."""
        self.line.say(samples)
        while self.line.pending_ms and self.line.is_open:
            await pass_time(0.02)

    async def press(self, keys: str) -> None:
        for key in keys:
            self.line.press(key)
            await pass_time(0.25)

    @property
    def said(self) -> list[str]:
        return [request.text for request in self.tones.asked]

    def booked(self, first: str, last: str) -> list[Any]:
        return CalendarView(self.calendar).appointments(first, last, name_likeness_min=0.7)

    def kit(self) -> AgentKit:
        file = yaml.safe_load((AGENTS / "clinic.yaml").read_text(encoding="utf-8"))
        file["reasoning"]["model"] = ["flow/front_desk"] if self.language_model is None else ["acme/model"]
        for name, section in self.changes.items():
            known = file.get(name)
            file[name] = known | section if isinstance(known, dict) else section
        shutil.copytree(AGENTS / "clinic", self.home / "clinic", dirs_exist_ok=True)
        path = self.home / "clinic.yaml"
        path.write_text(yaml.safe_dump(file, sort_keys=False), encoding="utf-8")
        definition = load_agent(path)
        self.calendar = self.home / "calendar.sqlite"
        tools = appointment_tools(self.calendar, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
        if "feedback" in file["tools"]:
            tools = [*tools, *feedback_tools()]
        reasoning = prepare_reasoning(
            definition, encoder=None, tools=tools, language_model=self.language_model
        )
        self.tones = ToneVoice()
        return AgentKit(
            definition=definition,
            recognisers=[("told", ToldWords(self.words))],
            voices=[Voice(name="tones", tts=self.tones, voice="v")],
            end_of_turn=None,
            shape=Shaper(definition.language).utterance,
            tools={tool.name: tool for tool in tools},
            make_reasoner=reasoning.reasoner,
            make_reasoner_with=reasoning.reasoner if self.language_model is not None else None,
        )
