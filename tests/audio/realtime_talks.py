"""A conversation through the official SDK, unmodified, in real time: with its asynchronous client and with
its blocking one, each with a microphone that never stops sending."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from openai import AsyncOpenAI, OpenAI, OpenAIError

RATE_HZ = 24_000
CHUNK_MS = 40
CHUNK_BYTES = CHUNK_MS * RATE_HZ // 1000 * 2
WITHIN_S = 60


@dataclass
class Conversation:
    """What the client was told, in order."""

    events: list[Any] = field(default_factory=list)

    def named(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    @property
    def audio(self) -> bytes:
        return b"".join(base64.b64decode(event.delta) for event in self.named("response.output_audio.delta"))

    @property
    def cut(self) -> list[Any]:
        """Responses that were not finished."""
        done = [event.response for event in self.named("response.done")]
        return [response for response in done if response.status == "cancelled"]

    @property
    def tools(self) -> list[Any]:
        """Calls of the agent's own tools, with what they gave."""
        items = [event.item for event in self.named("response.output_item.done")]
        return [item for item in items if item.type == "mcp_call"]


Condition = Callable[[Conversation], object]


Scenario = list[tuple[Condition, bytes]]  # What is waited for, then what is said (s16le at 24 kHz).


def steps(question: bytes, interruption: bytes) -> Scenario:
    """The greeting, a question that takes a tool, its answer interrupted, and the answer to that."""
    return [
        (lambda told: told.named("response.done"), question),
        (lambda told: told.named("response.mcp_call.completed"), b""),
        # Well into the answer.
        (lambda told: _since_tool(told) > 25, interruption),
        (lambda told: len(told.named("input_audio_buffer.committed")) >= 2, b""),
        (lambda told: told.cut and told.named("response.done")[-1].response.status == "completed", b""),
    ]


def _since_tool(told: Conversation) -> int:
    places = [at for at, event in enumerate(told.events) if event.type == "response.mcp_call.completed"]
    rest = told.events[places[0] :] if places else []
    return sum(event.type == "response.output_audio.delta" for event in rest)


async def talk(url: str, key: str, scenario: Scenario) -> Conversation:
    """With `AsyncOpenAI`."""
    told, changed = Conversation(), asyncio.Event()
    queued = bytearray()

    async def listen(connection: Any) -> None:
        async for event in connection:
            told.events.append(event)
            changed.set()

    async def speak(connection: Any) -> None:
        loop = asyncio.get_running_loop()
        begun_s, sent, due = loop.time(), 0, asyncio.Event()
        while True:
            await connection.input_audio_buffer.append(audio=_next_chunk(queued))
            sent += 1
            loop.call_at(begun_s + sent * CHUNK_MS / 1000, due.set)
            await due.wait()
            due.clear()

    async with (
        AsyncOpenAI(api_key=key, base_url=url) as client,
        client.realtime.connect(model="clinic") as connection,
    ):
        listening = asyncio.ensure_future(listen(connection))
        await connection.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
        speaking = asyncio.ensure_future(speak(connection))
        try:
            for condition, said in scenario:
                async with asyncio.timeout(WITHIN_S):
                    while not condition(told):
                        changed.clear()
                        await changed.wait()
                queued += said
        finally:
            speaking.cancel()
            await connection.close()
            with suppress(asyncio.CancelledError, OpenAIError):
                await listening
    return told


def talk_blocking(url: str, key: str, scenario: Scenario) -> Conversation:
    """With `OpenAI`; to be run in a thread."""
    told, changed = Conversation(), threading.Condition()
    queued, over = bytearray(), threading.Event()

    def listen(connection: Any) -> None:
        with suppress(OpenAIError):
            for event in connection:
                with changed:
                    told.events.append(event)
                    changed.notify_all()

    def speak(connection: Any) -> None:
        begun_s, sent = time.monotonic(), 0
        while not over.wait(max(0.0, begun_s + sent * CHUNK_MS / 1000 - time.monotonic())):
            connection.input_audio_buffer.append(audio=_next_chunk(queued))
            sent += 1

    with (
        OpenAI(api_key=key, base_url=url) as client,
        client.realtime.connect(model="clinic") as connection,
    ):
        threads = [threading.Thread(target=work, args=(connection,)) for work in (listen, speak)]
        connection.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
        for thread in threads:
            thread.start()
        try:
            for condition, said in scenario:
                with changed:
                    met = changed.wait_for(lambda asked=condition: asked(told), WITHIN_S)  # type: ignore[misc]
                assert met, [event.type for event in told.events[-20:]]
                queued += said
        finally:
            over.set()
            threads[1].join()
            connection.close()
            threads[0].join()
    return told


def _next_chunk(queued: bytearray) -> str:
    """What is to be said next, or silence."""
    chunk = bytes(queued[:CHUNK_BYTES])
    del queued[:CHUNK_BYTES]
    return base64.b64encode(chunk + bytes(CHUNK_BYTES - len(chunk))).decode()
