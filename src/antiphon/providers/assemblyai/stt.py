"""Streaming recognition by AssemblyAI, through the asyncio client of its SDK."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from antiphon.errors import ConfigError, ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.assemblyai import wire
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.providers.refusals import answered_with
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

_BLOCK_MS = 60  # 50 to 1000 ms are accepted; "~50 ms" is recommended.
_INBOX_MESSAGES = 500
_GOODBYE_S = 0.03  # For the server's last message; a caller may be waiting for his line to close.
_RATES_HZ = (8_000, 16_000, 24_000, 48_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyAiConfig:
    """`url` is another address than AssemblyAI's own ("http://host:port"), or ""."""

    key: str
    url: str = ""


class AssemblyAiStt:
    """A `SpeechToText`. `model` is AssemblyAI's name: "universal-streaming-english", "u3-rt-pro", …"""

    def __init__(self, model: str, config: AssemblyAiConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Universal(model, config, self._limits.connect_ms / 1000)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


class _Universal:
    """`Recogniser` on `/v3/ws`. A session without audio stays open (no `inactivity_timeout` is asked for)."""

    name = wire.NAME
    block_ms = _BLOCK_MS
    keep_alive_ms = 0
    keep_alive_silence = False
    ends_turns = True

    def __init__(self, model: str, config: AssemblyAiConfig, connect_s: float) -> None:
        try:
            from assemblyai.streaming import v3
        except ImportError:
            raise ConfigError(
                "the AssemblyAI SDK is not installed", fix="pip install 'antiphon[assemblyai]'"
            ) from None
        self._sdk, self._model = v3, model
        host: dict[str, Any] = {}
        if config.url:
            _, _, place = config.url.rstrip("/").partition("://")
            secure = "s" if config.url.startswith(("https://", "wss://")) else ""
            host = {"api_host": f"ws{secure}://{place}"}
        self._options = v3.StreamingClientOptions(
            api_key=config.key,
            connect_timeout=connect_s,
            max_connection_retries=0,
            terminate_timeout=_GOODBYE_S,
            **host,
        )

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in _RATES_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        client = self._sdk.AsyncStreamingClient(self._options)
        link = _UniversalLink(self._sdk, client)
        try:
            await client.connect(self._sdk.StreamingParameters(**wire.parameters(self._model, asked)))
            await link.begin()
            yield link
        finally:
            await _leave(client)


class _UniversalLink:
    def __init__(self, sdk: Any, client: Any) -> None:
        self._sdk, self._client = sdk, client
        self._inbox: asyncio.Queue[dict[str, Any] | ProviderError] = asyncio.Queue(_INBOX_MESSAGES)
        self._turns = wire.Turns()
        for event in sdk.StreamingEvents:
            client.on(event, self._failed if event is sdk.StreamingEvents.Error else self._came)

    async def begin(self) -> None:
        """The session is ours when the server says so; until then a key may still be refused."""
        # A message its types cannot read ends the SDK's reading task without a word to anybody.
        reading: asyncio.Task[None] | None = getattr(self._client, "_read_task", None)
        if reading is not None:
            reading.add_done_callback(self._stopped_reading)
        while (await self._next())["type"] != "Begin":
            pass

    async def send(self, pcm: bytes) -> None:
        await self._client.stream(pcm)

    async def finish(self) -> None:
        await self._client.force_endpoint()

    async def expect(self, terms: tuple[str, ...]) -> None:
        await self._client.set_params(self._sdk.StreamingSessionParameters(keyterms_prompt=list(terms)))

    async def keep_alive(self) -> None:
        await self._client.keep_alive()

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        return self._turns.heard(await self._next())

    async def _next(self) -> dict[str, Any]:
        message = await self._inbox.get()
        if isinstance(message, ProviderError):
            raise message
        return message

    def _came(self, _client: Any, event: Any) -> None:
        self._put(event.model_dump(mode="json"))

    def _failed(self, _client: Any, error: Any) -> None:
        # The SDK tells a number only, while it handles the refusal that says when to come back.
        self._put(wire.from_code(error.code, answered_with(sys.exception())))

    def _stopped_reading(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (fault := task.exception()) is not None:  # Taken, or asyncio logs it with the caller's words.
            kind = type(fault).__name__
            self._put(ProviderProtocolError(wire.NAME, f"a message the SDK does not understand ({kind})"))
        else:
            self._put(ProviderUnavailable(wire.NAME, "the server closed the session"))

    def _put(self, message: dict[str, Any] | ProviderError) -> None:
        if self._inbox.full():
            self._inbox.get_nowait()  # The oldest is a partial that newer ones have replaced.
        self._inbox.put_nowait(message)


async def _leave(client: Any) -> None:
    """Say goodbye; when even that is cut short, let no task of the SDK live on."""
    try:
        await client.disconnect(terminate=True)
    finally:
        for name in ("_read_task", "_write_task"):
            task: asyncio.Task[None] | None = getattr(client, name, None)
            if task is not None and not task.done():
                task.cancel()
