"""The official SDK talks with a clinic that one speech-to-speech session hears and speaks for: OpenAI's and
Gemini's, each on its protocol double. What the client is told is as with any other agent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from tests.audio.realtime_talks import RATE_HZ, steps, talk, talk_blocking
from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor
from tests.doubles.api_world import ROOT, api_world
from tests.doubles.faults import Faulty
from tests.doubles.media_line import EnergyVad
from tests.doubles.openai_realtime import Memory, Script, Spoken
from tests.doubles.served_api import realtime_desk
from tests.doubles.socket_vendor import SocketVendor
from tests.unit.runtime.stage import StageScore, StageStt, StageTts, as_written

from antiphon.agents.build import build_reasoner
from antiphon.agents.definition import load_agent
from antiphon.agents.tools.toolsets import build_tools
from antiphon.runtime.assembly import Shared, unified_model
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.runtime.speaking import Voice
from antiphon.server.access.roles import Role
from antiphon.server.realtime import offers_of

pytestmark = pytest.mark.light
ASKED = ("When are you open?", "And on Saturdays?")
ANSWER = "We are open from eight. " * 6


def mind(memory: Memory) -> Spoken:
    """Greets when told to, looks the hours up, and says them at length."""
    who, last = next(item for item in reversed(memory.items) if item[0] != "note")
    if who == "wish":
        return Spoken(text="This is the clinic.", items_ms=(600,))
    if who == "tool":
        return Spoken(text=ANSWER, items_ms=(8000,))
    if last == ASKED[0]:
        return Spoken(items_ms=(), text="", calls=[("clinic_opening_hours", "{}")])
    return Spoken(text="Closed on Saturdays.", items_ms=(700,))


def clinic(home: Path, vendor: SpeechVendor, double: SocketVendor) -> AgentKit:
    """The clinic of the repository, led by this vendor's session."""
    text = (ROOT / "agents/clinic.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "[openai-compatible, flow/front_desk]", f'["unified:{vendor.unified}", flow/front_desk]'
    )
    (home / "clinic.yaml").write_text(text.replace("clinic/", f"{ROOT}/agents/clinic/"), encoding="utf-8")
    definition = load_agent(home / "clinic.yaml")
    tools = build_tools(definition, home)
    shared = Shared(registry=vendor.registry(double), home=home)
    return AgentKit(
        definition=definition,
        recognisers=[("stage", StageStt())],
        voices=[Voice(name="stage", tts=StageTts(), voice="v")],
        end_of_turn=StageScore(),
        shape=as_written,
        tools={tool.name: tool for tool in tools},
        make_reasoner=lambda: build_reasoner(definition, encoder=None, tools=tools),
        unified=unified_model(definition, shared, tools),
    )


@contextlib.asynccontextmanager
async def answering(home: Path, kit: AgentKit) -> AsyncIterator[Exchange]:
    """In real time."""
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000))
    exchange = Exchange(
        plane=plane, agents={"clinic": kit}, calls_directory=home / "calls", clock=LoopClock()
    )
    ticking = asyncio.ensure_future(MediaClock(plane).run())
    try:
        yield exchange
    finally:
        await exchange.drain(5000)
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


@pytest.mark.parametrize(
    ("vendor", "blocking"),
    [(OpenAi(), False), (OpenAi(), True), (Gemini(), False), (Gemini(), True)],
    ids=["openai", "openai-sync", "gemini", "gemini-sync"],
)
async def test_the_sdk_holds_a_conversation_with_a_unified_agent(
    vendor: SpeechVendor, blocking: bool, tmp_path: Path
) -> None:
    samples = np.arange(RATE_HZ * 12 // 10)
    voice = (6000 * np.sin(samples / 5)).astype("<i2").tobytes()
    async with (
        vendor.double(Script(heard=ASKED, mind=mind), Faulty()) as double,
        answering(tmp_path, clinic(tmp_path, vendor, double)) as exchange,
        api_world(tmp_path / "api") as world,
    ):
        world.media.offers = offers_of(exchange.agents)
        async with realtime_desk(world, exchange) as desk:
            asked = f"http://{desk.host}/v1", await world.key(Role.OPERATOR), steps(voice, voice)
            told = await (asyncio.to_thread(talk_blocking, *asked) if blocking else talk(*asked))
    assert not double.complaints
    assert told.events[0].session.model == "clinic" and not told.named("error")
    heard = [
        event.transcript for event in told.named("conversation.item.input_audio_transcription.completed")
    ]
    assert heard == list(ASKED)
    assert told.tools[0].name == "clinic.opening_hours" and told.tools[0].output
    (cut,) = told.cut
    assert cut.status_details.reason == "turn_detected" and told.named("output_audio_buffer.cleared")
    # The client has what was heard of the answer, not all that was meant.
    said = next(part.transcript for item in cut.output if item.type == "message" for part in item.content)
    assert 0 < len(said) < len(ANSWER) and ANSWER.startswith(said.removesuffix("…").strip())
    last = told.named("response.done")[-1].response
    assert last.output[0].content[0].transcript == "Closed on Saturdays."
    assert len(told.audio) < 8 * RATE_HZ * 2
