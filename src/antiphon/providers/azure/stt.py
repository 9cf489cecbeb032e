"""Streaming recognition by Azure over the service's own socket.

One connection a call, and on it one turn an utterance: the service gives final words for the end of the audio
and not when asked. The next turn waits for the end of the one before, which the service would drop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from antiphon.providers.azure import frames, wire
from antiphon.providers.azure.client import NAME, AzureConfig, AzureSockets, about, azure_errors, goodbye
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

_BLOCK_MS = 50
_QUIET_MS = 10_000  # A turn without audio is ended by us rather than by the service.


class AzureStt:
    """A `SpeechToText`. Its model has no name of its own: languages choose it."""

    def __init__(self, config: AzureConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Speech(config)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


class _Speech:
    """`Recogniser` on `/stt/speech/universal/v2`."""

    name = NAME
    block_ms = _BLOCK_MS
    keep_alive_ms = _QUIET_MS
    keep_alive_silence = False
    ends_turns = True

    def __init__(self, config: AzureConfig) -> None:
        self._sockets = AzureSockets(config)

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in wire.RATES_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        with azure_errors():
            socket = await self._sockets.open("stt", wire.PATH)
            try:
                await socket.send(frames.json("speech.config", uuid4().hex, about()))
                yield _SpeechLink(socket, asked)
            finally:
                await goodbye(socket)


class _SpeechLink:
    def __init__(self, socket: Any, asked: Asked) -> None:
        self._socket, self._asked = socket, asked
        self._turn: wire.Turn | None = None
        self._sent_ms = 0
        self._over = asyncio.Event()

    async def send(self, pcm: bytes) -> None:
        turn = self._turn
        while turn is not None and turn.closed:
            self._over.clear()
            await self._over.wait()
            turn = self._turn
        with azure_errors():
            turn = turn or await self._begin()
            duration_ms = len(pcm) * 500 // self._asked.sample_rate_hz
            turn.sent_ms += duration_ms
            self._sent_ms += duration_ms
            await self._socket.send(frames.audio(turn.request, pcm))

    async def finish(self) -> None:
        """A turn that was closed is on its way to its last words; without one, everything has been said."""
        if self._turn is not None:
            self._turn.asked = True
            await self._close(self._turn)

    async def expect(self, terms: tuple[str, ...]) -> None:
        """From the next turn on: they go out with its first audio."""
        self._asked = replace(self._asked, terms=terms)

    async def keep_alive(self) -> None:
        """Nobody speaks: rather no turn than one that ends by itself."""
        if self._turn is not None:
            await self._close(self._turn)

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        with azure_errors():
            frame = frames.read(await self._socket.recv())
        turn = self._turn
        if turn is None or frame.request != turn.request:
            return ()
        heard = turn.heard(frame)
        if turn.over:
            self._turn = None
            self._over.set()
            with azure_errors():
                await self._socket.send(turn.received.telemetry(turn.request))
        return heard

    async def _begin(self) -> wire.Turn:
        turn = self._turn = wire.Turn(uuid4().hex, self._asked, self._sent_ms)
        await self._socket.send(frames.json("speech.context", turn.request, wire.context(self._asked)))
        header = wire.wave_header(self._asked.sample_rate_hz)
        await self._socket.send(frames.audio(turn.request, header, "audio/x-wav"))
        return turn

    async def _close(self, turn: wire.Turn) -> None:
        if not turn.closed:
            turn.closed = True
            with azure_errors():
                await self._socket.send(frames.audio(turn.request, b""))
