"""From an agent file to a booking over a speech-to-speech session: exchange, media plane, voice activity and
playout as in service, on virtual time; the vendor's SDK on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import EnergyVad, FarEnd
from tests.doubles.openai_realtime import Script, Spoken, openai_realtime
from tests.doubles.socket_vendor import KEY
from tests.doubles.spoken_mind import spoken_front_desk
from tests.unit.agents.dialogue import AGENTS, NOW
from tests.unit.runtime.stage import StageScore, StageStt, StageTts, VirtualClock

from antiphon.agents.build import build_reasoner
from antiphon.agents.definition import load_agent
from antiphon.agents.tools import CalendarView
from antiphon.agents.tools.toolsets import build_tools, calendar_database
from antiphon.audio.ports import WIDEBAND
from antiphon.providers.registry import Registry
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.assembly import unified_model
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import CommandEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.story import CallStory, tell
from antiphon.runtime.speaking import Voice
from antiphon.storage.traces import find_call

BOUND_S = 60.0
FRAME_MS = 20
SAID = (
    "I'd like a physical on Friday",
    "the first one",
    "Linda Chen, April 8th 1979",
    "yes",
    "no, thank you",
)


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

    def __init__(self, home: Path, url: str, endpointing: str) -> None:
        self.time = Time()
        self.home = home
        text = (AGENTS / "clinic.yaml").read_text()
        text = text.replace(
            "[openai-compatible, flow/front_desk]", '["unified:openai/gpt-realtime", flow/front_desk]'
        )
        text = text.replace("preset: balanced", f"preset: balanced\n  endpointing: {endpointing}")
        text = text.replace("clinic/", f"{AGENTS}/clinic/")
        (home / "clinic.yaml").write_text(text)
        definition = load_agent(home / "clinic.yaml")
        tools = build_tools(definition, home)
        registry = Registry(environment={"OPENAI_API_KEY": KEY, "ANTIPHON_OPENAI_URL": url})
        kit = AgentKit(
            definition=definition,
            recognisers=[("stage", StageStt())],
            voices=[Voice(name="stage", tts=StageTts(), voice="v")],
            end_of_turn=StageScore(),
            shape=str.strip,
            tools={tool.name: tool for tool in tools},
            make_reasoner=lambda: build_reasoner(definition, encoder=None, tools=tools),
            unified=unified_model(definition, registry, tools),
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

    async def speaks(self, duration_ms: int = 1000) -> None:
        """A turn; returns when the agent answers it."""
        turns = self.call._conversation.state.turns
        await self.carries(duration_ms, loud=True)
        await self.quiet_until(lambda: self.call._conversation.state.turns > turns)

    async def story(self) -> CallStory:
        """Of the closed call, whose trace must replay byte for byte."""
        if not self.call.cause:
            self.source.closed("hangup")
        async with asyncio.timeout(BOUND_S):
            await self.call.wait_ended()
        record = read_call(find_call(self.home, self.call_id))
        assert record.complete
        assert replay_exactly(record).difference is None
        assert sum(isinstance(entry, CommandEntry) for entry in record.entries) > 50
        return tell(record.entries)


@pytest.mark.parametrize("endpointing", ["ours", "provider"])
async def test_a_caller_books_by_telephone_with_a_model_that_hears_and_speaks_by_itself(
    endpointing: str, tmp_path: Path
) -> None:
    async with openai_realtime(Script(heard=SAID, mind=spoken_front_desk)) as vendor:
        phone = Phone(tmp_path, f"{vendor.http_url}/v1", endpointing)
        await phone.listens()
        for _ in SAID:
            await phone.speaks()
            await phone.listens()
        story = await phone.story()
    assert not vendor.complaints
    booked = CalendarView(calendar_database(phone.exchange.agents["clinic"].definition, tmp_path))
    (visit,) = booked.appointments("Linda", "Chen")
    assert (visit.appointment_type, f"{visit.start:%A %H:%M}") == ("physical", "Friday 08:00")
    assert story.outcome == "goal_reached"
    assert [turn.heard_as for turn in story.turns] == list(SAID)
    assert all(reply.complete for reply in story.replies.values())
    assert not story.errors


async def test_the_vendor_forgets_what_the_ear_did_not_get(tmp_path: Path) -> None:
    answers = [Spoken(text="We open at eight. " * 8, items_ms=(8000,)), Spoken(text="Of course.")]
    async with openai_realtime(Script(answers=answers)) as vendor:
        phone = Phone(tmp_path, f"{vendor.http_url}/v1", "ours")
        await phone.listens()
        await phone.speaks()
        greeted = len(phone.far_end.heard)
        await phone.quiet_until(lambda: len(phone.far_end.heard) - greeted > 1500 * 16)
        await phone.speaks()
        heard_ms = (len(phone.far_end.heard) - greeted) // 16
        peer = await vendor.peer(0)
        await phone.quiet_until(lambda: peer.of_type("conversation.item.truncate"))
        await phone.listens()
        story = await phone.story()
    (truncated,) = peer.of_type("conversation.item.truncate")
    # The line fades out over one more frame than is counted as heard.
    assert 0 <= heard_ms - truncated["audio_end_ms"] <= 40
    cut = [reply for reply in story.replies.values() if not reply.complete]
    assert [reply.heard_ms for reply in cut] == [truncated["audio_end_ms"]]
    assert story.interruptions[0].barge_in
    assert story.interruptions[0].silent_after_ms is not None
    assert story.interruptions[0].silent_after_ms <= 130
