"""Sonic over its socket, through the asyncio client of Cartesia's SDK.

Of the SDK we use the connection (address, key, version header, encoding and decoding of events), and keep the
contexts ourselves: its own wait for ever when the connection breaks, and their queues have no bound.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from typing import Any

from antiphon.errors import ConfigError
from antiphon.providers.cartesia import wire
from antiphon.providers.failures import socket_errors
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.said import Said, dated
from antiphon.providers.speech_sockets import Message, SpeechSockets
from antiphon.providers.streaming import load
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

# Cartesia names no number of contexts a socket; a plan's own limit (2 to 15 at once) comes first. One broken
# socket takes so many sentences with it.
_CONTEXTS_MAX = 20
_MESSAGE_BYTES_MAX = 16 * 1024 * 1024
_ALL = "all"  # Voice, model and format are said with each context, so one kind of socket does for all.


@dataclass(frozen=True, slots=True, kw_only=True)
class CartesiaConfig:
    """`url` is another address than Cartesia's own ("http://host:port"), or ""."""

    key: str
    url: str = ""


class CartesiaTts:
    """A `TextToSpeech`. `request.voice` is "VOICE" or "MODEL/VOICE", by Cartesia's ids."""

    def __init__(self, config: CartesiaConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        self._sockets = SpeechSockets(_Vendor(config), self._limits)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._sockets.warm(_ALL)

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        rate_hz = wire.rate_hz(request)
        line = PcmPieces(rate_hz, request, self._paces.of(request))
        messages = self._sockets.speak(_ALL, lambda context: wire.begin(request, context), wire.cancel)
        async with aclosing(messages), aclosing(dated(messages, request, rate_hz)) as pieces:
            await speak_pcm(wire.NAME, pieces, line, emit, self._limits)

    async def aclose(self) -> None:
        await self._sockets.aclose()


class _Vendor:
    """`SpeechVendor` for `/tts/websocket`."""

    name = wire.NAME
    contexts_max = _CONTEXTS_MAX
    confirms_cancel = False

    def __init__(self, config: CartesiaConfig) -> None:
        try:
            from cartesia import AsyncCartesia
        except ImportError:
            raise ConfigError(
                "the Cartesia SDK is not installed", fix="pip install 'antiphon[cartesia]'"
            ) from None
        address: dict[str, Any] = {}
        if config.url:
            _, _, place = config.url.rstrip("/").partition("://")
            secure = "s" if config.url.startswith(("https://", "wss://")) else ""
            address = {
                "base_url": f"http{secure}://{place}",
                "websocket_base_url": f"ws{secure}://{place}",
            }
        # Imports more of the SDK when first asked for, which is not to happen on a call.
        load("websockets.asyncio.client")
        self._voices = AsyncCartesia(api_key=config.key, max_retries=0, **address).tts

    async def connect(self, key: str) -> _Link:
        options: Any = {"compression": None, "max_size": _MESSAGE_BYTES_MAX, "open_timeout": None}
        manager = self._voices.websocket_connect(websocket_connection_options=options)
        return _Link(await manager.enter())

    def read(self, message: Any) -> Said:
        return wire.read(message)

    def errors(self) -> AbstractContextManager[None]:
        return socket_errors(wire.NAME)


@dataclass(frozen=True, slots=True)
class _Link:
    connection: Any

    async def send(self, message: Message) -> None:
        await self.connection.send(message)

    async def receive(self) -> Any:
        return await self.connection.recv()

    async def close(self) -> None:
        await self.connection.close()
