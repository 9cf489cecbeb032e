"""The official SDK, unmodified, talks with the clinic over a real socket: a tool call and an interruption."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from openai import AsyncOpenAI, OpenAIError
from tests.audio.real_lines import Watched, assert_replays_exactly
from websockets.exceptions import InvalidStatus

from antiphon.calls.carriers import carrier_server
from antiphon.calls.realtime import KeyGate, RealtimeServer
from antiphon.server.realtime import offer_of

pytestmark = [pytest.mark.models, pytest.mark.light, pytest.mark.asyncio(loop_scope="module")]

RATE_HZ = 24_000
CHUNK_MS = 40
QUESTION = "I would like to book a physical on Friday."
INTERRUPTION = "Sorry, wait, do you take Aetna insurance?"
KEY = "a-key-of-the-operator"


@dataclass
class Microphone:
    """What the caller says, and silence in between, sent in real time as a microphone would."""

    connection: Any
    queued: bytes = b""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        begun_s, sent = loop.time(), 0
        due = asyncio.Event()
        step = CHUNK_MS * RATE_HZ // 1000 * 2
        while True:
            chunk, self.queued = self.queued[:step], self.queued[step:]
            chunk += bytes(step - len(chunk))
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(chunk).decode())
            sent += 1
            loop.call_at(begun_s + sent * CHUNK_MS / 1000, due.set)
            await due.wait()
            due.clear()


@dataclass
class Conversation:
    events: list[Any] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def named(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    async def listen(self, connection: Any) -> None:
        async for event in connection:
            self.events.append(event)
            self.changed.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def serving(watched: Watched) -> AsyncIterator[str]:
    exchange = watched.stack.exchange

    def offer(agent: str) -> Any:
        kit = exchange.agents.get(agent)
        return offer_of(kit) if kit is not None else None

    realtime = RealtimeServer(exchange, KeyGate([KEY], None, loopback=True), offer, guarded=True)
    server = carrier_server(exchange, None, doors={"v1": realtime.welcome})
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/v1"
    finally:
        await realtime.stop()
        await server.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talk(watched: Watched) -> Conversation:
    told = Conversation()
    spoken = [
        (await watched.render(text, rate_hz=RATE_HZ)).astype("<i2").tobytes()
        for text in (QUESTION, INTERRUPTION)
    ]
    async with (
        serving(watched) as url,
        AsyncOpenAI(api_key=KEY, base_url=url).realtime.connect(model="clinic") as connection,
    ):
        listening = asyncio.ensure_future(told.listen(connection))
        await connection.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
        await told.until(lambda: told.named("response.done"))
        microphone = Microphone(connection)
        speaking = asyncio.ensure_future(microphone.run())
        microphone.queued = spoken[0]
        await told.until(lambda: told.named("input_audio_buffer.committed"))
        answers = len(told.named("response.output_audio.delta"))
        await told.until(lambda: told.named("response.mcp_call.completed"))
        await told.until(lambda: len(told.named("response.output_audio.delta")) > answers + 20)
        microphone.queued = spoken[1]
        await told.until(lambda: len(told.named("input_audio_buffer.committed")) >= 2)
        await told.until(lambda: told.named("response.done")[-1].response.status == "completed")
        speaking.cancel()
        await connection.close()
        with suppress(asyncio.CancelledError, OpenAIError):
            await listening
    return told


async def test_the_greeting_and_the_turns_are_told(talk: Conversation) -> None:
    assert talk.events[0].type == "session.created"
    assert not talk.named("error")
    greeting = talk.named("response.done")[0].response
    assert greeting.status == "completed" and "Willow Street" in greeting.output[0].content[0].transcript
    heard = talk.named("conversation.item.input_audio_transcription.completed")[0].transcript
    assert "physical" in heard.lower()


async def test_a_tool_of_the_agents_was_used(talk: Conversation) -> None:
    items = [event.item for event in talk.named("response.output_item.done")]
    tools = [item for item in items if item.type == "mcp_call"]
    assert tools and tools[0].name == "clinic.find_slots" and tools[0].output


async def test_the_interruption_cut_the_answer(talk: Conversation) -> None:
    cut = [event.response for event in talk.named("response.done") if event.response.status == "cancelled"]
    assert cut and cut[0].status_details.reason == "turn_detected"
    assert talk.named("output_audio_buffer.cleared")


async def test_audio_came_in_real_time_at_24_khz(talk: Conversation) -> None:
    audio = b"".join(base64.b64decode(event.delta) for event in talk.named("response.output_audio.delta"))
    samples = np.frombuffer(audio, "<i2")
    assert len(samples) > 3 * RATE_HZ and np.abs(samples).max() > 1000


async def test_a_wrong_key_opens_nothing(watched: Watched) -> None:
    async with serving(watched) as url:
        with pytest.raises((OpenAIError, InvalidStatus), match="401"):
            async with AsyncOpenAI(api_key="wrong", base_url=url).realtime.connect(model="clinic"):
                raise AssertionError("let in")


async def test_the_record_replays(watched: Watched, talk: Conversation) -> None:
    assert talk.events
    from antiphon.storage.traces import list_calls

    calls = [
        call for call in list_calls(watched.home / "calls", limit=10) if call.header["line"] == "realtime"
    ]
    assert calls
    async with asyncio.timeout(30):
        await watched.stack.exchange.wait_ended(calls[0].call_id)
    assert_replays_exactly(watched.record(calls[0].call_id))
    assert not watched.errors
