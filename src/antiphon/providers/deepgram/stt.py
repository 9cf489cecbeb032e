"""Streaming recognition by Deepgram: Nova, and Flux, which can decide itself when a turn is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from antiphon.errors import ProviderProtocolError
from antiphon.providers.deepgram import wire
from antiphon.providers.deepgram.client import DeepgramConfig, deepgram_client, deepgram_errors
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

# The socket closes after 10 s without audio or KeepAlive ("Audio Keep Alive": every 3-5 s).
_KEEP_ALIVE_MS = 4_000
_NOVA_BLOCK_MS = 40
_FLUX_BLOCK_MS = 80  # Recommended for Flux.
_SUPPORTED_HZ = (8_000, 16_000, 24_000, 32_000, 48_000)


class DeepgramStt:
    """A `SpeechToText`. `model` is Deepgram's name: "nova-3", "nova-3-medical", "flux-general-en", …"""

    def __init__(self, model: str, config: DeepgramConfig, limits: ListeningLimits | None = None) -> None:
        self._recogniser = _Flux(model, config) if model.startswith("flux") else _Nova(model, config)
        self._limits = limits or ListeningLimits()

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


class _Nova:
    """`Recogniser` on `/v1/listen`."""

    name = wire.NAME
    block_ms = _NOVA_BLOCK_MS
    keep_alive_ms = _KEEP_ALIVE_MS
    keep_alive_silence = False
    ends_turns = True

    def __init__(self, model: str, config: DeepgramConfig) -> None:
        # The SDK imports more of itself when first asked for it, which is not to happen on a call: 200 ms.
        self._model, self._listen = model, deepgram_client(config).listen.v1

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in _SUPPORTED_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        query = wire.nova_query(self._model, asked)
        with deepgram_errors():
            async with self._listen.connect(**query) as socket:
                yield _NovaLink(socket, configures=self._model.startswith("nova-3"))


class _Flux:
    """`Recogniser` on `/v2/listen`."""

    name = wire.NAME
    block_ms = _FLUX_BLOCK_MS
    keep_alive_ms = _KEEP_ALIVE_MS
    keep_alive_silence = True
    ends_turns = True

    def __init__(self, model: str, config: DeepgramConfig) -> None:
        self._model, self._listen = model, deepgram_client(config).listen.v2

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in _SUPPORTED_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        query = wire.flux_query(self._model, asked)
        with deepgram_errors():
            async with self._listen.connect(**query) as socket:
                yield _FluxLink(socket)


class _Terms:
    """Key terms changed within a stream, one change at a time: a second one in flight is refused."""

    def __init__(self) -> None:
        self._in_flight = False
        self._next: tuple[str, ...] | None = None

    def want(self, terms: tuple[str, ...]) -> tuple[str, ...] | None:
        """What to send now, if anything."""
        if self._in_flight:
            self._next = terms
            return None
        self._in_flight = True
        return terms

    def answered(self) -> tuple[str, ...] | None:
        """The change is made or refused; what to send now, if anything."""
        terms, self._next = self._next, None
        self._in_flight = terms is not None
        return terms


class _NovaLink:
    def __init__(self, socket: Any, *, configures: bool) -> None:
        self._socket, self._configures = socket, configures
        self._terms = _Terms()

    async def send(self, pcm: bytes) -> None:
        with deepgram_errors():
            await self._socket.send_media(pcm)

    async def finish(self) -> None:
        with deepgram_errors():
            await self._socket.send_finalize()

    async def keep_alive(self) -> None:
        with deepgram_errors():
            await self._socket.send_keep_alive()

    async def expect(self, terms: tuple[str, ...]) -> None:
        if self._configures:
            await self._configure(self._terms.want(terms))

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        message = await _received(self._socket)
        if str(message.get("type")).startswith("Configure"):
            await self._configure(self._terms.answered())
        return wire.nova_heard(message)

    async def _configure(self, terms: tuple[str, ...] | None) -> None:
        if terms is None:
            return
        from deepgram.listen.v1.types import ListenV1Configure

        with deepgram_errors():
            await self._socket.send_configure(ListenV1Configure(keyterms=list(terms)))


class _FluxLink:
    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._terms = _Terms()

    async def send(self, pcm: bytes) -> None:
        with deepgram_errors():
            await self._socket.send_media(pcm)

    async def finish(self) -> None:
        with deepgram_errors():
            await self._socket.send_force_end_turn()

    async def keep_alive(self) -> None:
        """Flux has no message for it: the stream sends silence."""

    async def expect(self, terms: tuple[str, ...]) -> None:
        await self._configure(self._terms.want(terms))

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        message = await _received(self._socket)
        if str(message.get("type")).startswith("Configure"):
            await self._configure(self._terms.answered())
        return wire.flux_heard(message)

    async def _configure(self, terms: tuple[str, ...] | None) -> None:
        if terms is None:
            return
        with deepgram_errors():
            await self._socket.send_configure({"type": "Configure", "keyterms": list(terms)})


async def _received(socket: Any) -> Mapping[str, Any]:
    """The SDK gives its own types, unchecked, or what it got when it knows no type for it."""
    with deepgram_errors():
        message = await socket.recv()
        found = message if isinstance(message, dict) else message.dict()
    if not isinstance(found, dict):
        raise ProviderProtocolError(wire.NAME, "a message that is not an object")
    return found
