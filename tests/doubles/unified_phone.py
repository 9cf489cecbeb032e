"""A telephone call on virtual time that a speech-to-speech model drives: exchange, media plane, voice
activity and playout as in service, the clinic's file, tools and calendar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tests.doubles.media_line import EnergyVad, FarEnd
from tests.unit.agents.dialogue import AGENTS, NOW
from tests.unit.runtime.stage import StageScore, StageStt, StageTts, VirtualClock, as_written, settle

from antiphon.agents.build import build_reasoner
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.flows.emergency import EmergencyRules
from antiphon.agents.ports import LanguageModel, Tool
from antiphon.agents.tools.toolsets import build_tools
from antiphon.audio.ports import WIDEBAND
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import CallRecord, CommandEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.story import CallStory, tell
from antiphon.runtime.speaking import Voice
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import SpeechToSpeech
from antiphon.storage.traces import find_call

BOUND_S = 20.0
FRAME_MS = 20


def unified(port: SpeechToSpeech, definition: AgentDefinition, tools: Sequence[Tool]) -> UnifiedModel:
    """What the agent's calls are driven by."""
    emergency = EmergencyRules(definition.emergency)
    return UnifiedModel(name="acme/whale", port=port, definition=definition, tools=tools, emergency=emergency)


class Time(VirtualClock):
    """Of the agent's Monday morning."""

    def wall_time_ms(self) -> int:
        return int(NOW.timestamp() * 1000) + self.now_ms


class Carried:
    """What the far end reads its time from."""

    def __init__(self, time: Time) -> None:
        self._time = time

    @property
    def now_ns(self) -> int:
        return self._time.now_ns()


class Phone:
    """A caller on a wideband line who speaks tones and hears what is played."""

    def __init__(
        self,
        home: Path,
        endpointing: str,
        unified: Callable[[AgentDefinition, Sequence[Tool]], UnifiedModel | None],
        prepare: Callable[[Time], None] = lambda time: None,
        *,
        model: str = "acme/whale",
        language_model: LanguageModel | None = None,
    ) -> None:
        self.time = Time()
        prepare(self.time)
        self.home, self.stt = home, StageStt()
        behind = "acme/mind" if language_model is not None else "flow/front_desk"
        text = (AGENTS / "clinic.yaml").read_text()
        text = text.replace("[openai-compatible, flow/front_desk]", f'["unified:{model}", {behind}]')
        by_meaning = str(endpointing == "provider").lower()
        text = text.replace("speech:\n", f"speech:\n  model_voice: sage\n  semantic_turns: {by_meaning}\n")
        text = text.replace("preset: balanced", f"preset: balanced\n  endpointing: {endpointing}")
        text = text.replace("clinic/", f"{AGENTS}/clinic/")
        (home / "clinic.yaml").write_text(text)
        definition = load_agent(home / "clinic.yaml")
        tools = build_tools(definition, home)
        kit = AgentKit(
            definition=definition,
            recognisers=[("stage", self.stt)],
            voices=[Voice(name="stage", tts=StageTts(), voice="v")],
            end_of_turn=StageScore(),
            shape=as_written,
            tools={tool.name: tool for tool in tools},
            make_reasoner=lambda: build_reasoner(
                definition, encoder=None, tools=tools, language_model=language_model
            ),
            unified=unified(definition, tools),
        )
        self.plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=self.time.now_ns)
        self.exchange = Exchange(
            plane=self.plane, agents={"clinic": kit}, calls_directory=home, clock=self.time
        )
        self.far_end = FarEnd(Carried(self.time), WIDEBAND)  # type: ignore[arg-type]  # It only reads the time.
        arrival = Arrival(agent="clinic", line="browser", line_format=WIDEBAND)
        self.call_id, self.source = self.exchange.answer(arrival, self.far_end)
        self.far_end.source = self.source
        self.call = self.exchange._calls[self.call_id]

    async def carries(self, duration_ms: int, *, loud: bool) -> None:
        """So much of the caller's line, and of time."""
        samples = np.arange(WIDEBAND.sample_rate_hz * FRAME_MS // 1000)
        pcm = (6000 * np.sin(samples / 5) if loud else 0 * samples).astype("<i2").tobytes()
        for _ in range(duration_ms // FRAME_MS):
            await self.time.advance(FRAME_MS)
            self.far_end.advance()
            self.source.receive(pcm)
            self.plane.tick(self.time.now_ns())

    async def quiet_until(self, condition: Callable[[], object]) -> None:
        """The caller says nothing, but for the time that messages take no time passes."""
        async with asyncio.timeout(BOUND_S):
            while not condition():
                await self.carries(FRAME_MS, loud=False)

    async def listens(self) -> None:
        """Until the agent has said all and waits for the caller."""
        await self.quiet_until(lambda: self.call._conversation.phase.value in ("listening", "ended"))

    async def without_time(self, condition: Callable[[], object]) -> None:
        """Messages are under way, and the caller's line stands still."""
        async with asyncio.timeout(BOUND_S):
            while not condition():
                await settle()

    async def speaks_to_stt(self, text: str) -> None:
        """A turn that the agent's own recogniser hears."""
        turns = self.call._conversation.state.turns
        await self.carries(1000, loud=True)
        self.stt.final(text)
        await self.quiet_until(lambda: self.call._conversation.state.turns > turns)

    async def speaks(self, duration_ms: int = 1000) -> None:
        """A turn; returns when the agent answers it."""
        turns = self.call._conversation.state.turns
        await self.carries(duration_ms, loud=True)
        await self.quiet_until(lambda: self.call._conversation.state.turns > turns)

    async def story(self) -> CallStory:
        return tell((await self.record()).entries)

    async def record(self) -> CallRecord:
        """The closed trace, which must replay byte for byte."""
        if not self.call.cause:
            self.source.closed("hangup")
        async with asyncio.timeout(BOUND_S):
            await self.call.wait_ended()
        record = read_call(find_call(self.home, self.call_id))
        assert record.complete
        assert replay_exactly(record).difference is None
        assert sum(isinstance(entry, CommandEntry) for entry in record.entries) > 50
        return record
