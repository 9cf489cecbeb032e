"""Streaming recognition by OpenAI: a realtime session that only transcribes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec

from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.providers.openai import transcription_wire as wire
from antiphon.providers.openai.audio_client import OpenAiAudioConfig, audio_client, openai_errors
from antiphon.providers.streaming import ANYIO, load
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

_BLOCK_MS = 50  # Base64 in JSON: smaller blocks cost more envelope than audio is worth waiting for.
_decoder = msgspec.json.Decoder(dict[str, Any])


class OpenAiStt:
    """A `SpeechToText`. `model` is OpenAI's name: "gpt-4o-transcribe", "gpt-live-transcribe", …"""

    def __init__(self, model: str, config: OpenAiAudioConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Transcription(model, config, self._limits)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


class _Transcription:
    """`Recogniser` on `/v1/realtime?intent=transcription`. Sessions end after an hour; the stream then opens
    another."""

    name = wire.NAME
    block_ms = _BLOCK_MS
    keep_alive_ms = 0
    keep_alive_silence = False

    def __init__(self, model: str, config: OpenAiAudioConfig, limits: ListeningLimits) -> None:
        self._model = model
        client = audio_client(config, connect_ms=limits.connect_ms, stall_ms=limits.final_ms)
        self._realtime = client.realtime  # Imported now, and not on a call.
        load("openai.lib._websocket", "websockets.asyncio.client", ANYIO)
        self.ends_turns = wire.ends_turns(model)

    def sample_rate_hz(self, line_hz: int) -> int:
        return wire.SAMPLE_RATE_HZ

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        with openai_errors():
            async with self._realtime.connect(extra_query={"intent": "transcription"}) as connection:
                link = _TranscriptionLink(connection, self._model, asked)
                await link.begin()
                yield link


class _TranscriptionLink:
    def __init__(self, connection: Any, model: str, asked: Asked) -> None:
        self._connection, self._model, self._asked = connection, model, asked
        self._items = wire.Items()

    async def begin(self) -> None:
        await self._send(wire.session_update(self._model, self._asked))
        while not wire.is_ready(await self._next()):
            pass

    async def send(self, pcm: bytes) -> None:
        audio = base64.b64encode(pcm).decode("ascii")
        await self._send({"type": "input_audio_buffer.append", "audio": audio})

    async def finish(self) -> None:
        await self._send({"type": "input_audio_buffer.commit"})

    async def expect(self, terms: tuple[str, ...]) -> None:
        if wire.takes_terms(self._model):
            update = wire.session_update(self._model, replace(self._asked, terms=terms))
            await self._send({**update, "event_id": wire.UPDATE})

    async def keep_alive(self) -> None:
        """Not needed: a session without audio stays open."""

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        return self._items.heard(await self._next())

    async def _send(self, event: dict[str, Any]) -> None:
        with openai_errors():
            await self._connection.send(event)

    async def _next(self) -> dict[str, Any]:
        with openai_errors():
            # Bytes, because the SDK builds its types unchecked: a missing field would be found too late.
            return _decoder.decode(await self._connection.recv_bytes())
