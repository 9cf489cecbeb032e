"""ElevenLabs' voices over its multi-context socket: the stream-input protocol, with a name on every message.

The official SDK (elevenlabs 2.78.0) cannot be used here: its streaming-input call exists only in the
blocking client, opens a socket for every text, insists on wss, and drops the alignment. So we speak the wire
ourselves, on `websockets`, which the SDK brings along; the doubles hold every message against the SDK's
types. HTTP, where the SDK has an asyncio client, is in `http.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from antiphon.errors import ConfigError
from antiphon.providers.elevenlabs import wire
from antiphon.providers.failures import socket_errors
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.said import Said, dated
from antiphon.providers.speech_sockets import Message, SpeechSockets
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

_MESSAGE_BYTES_MAX = 16 * 1024 * 1024  # A long clause at once, in base64.


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevenLabsConfig:
    """`url` is another address than ElevenLabs' own ("http://host:port", "https://api.eu.…"), or ""."""

    key: str
    url: str = ""


class ElevenLabsTts:
    """A `TextToSpeech`. `request.voice` is "VOICE" or "MODEL/VOICE", by ElevenLabs' ids.

    Calls with the same voice, model, language and rate share sockets of five contexts each, which is as many
    as ElevenLabs allows; more sockets are opened as they are needed.
    """

    def __init__(self, config: ElevenLabsConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        self._sockets = SpeechSockets(_Vendor(config), self._limits)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._sockets.warm(wire.speaking(request))

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        key = wire.speaking(request)
        line = PcmPieces(key.rate_hz, request, self._paces.of(request))
        messages = self._sockets.speak(key, lambda context: wire.begin(request, context), wire.cancel)
        async with aclosing(messages), aclosing(dated(messages, request, key.rate_hz)) as pieces:
            await speak_pcm(wire.NAME, pieces, line, emit, self._limits)

    async def aclose(self) -> None:
        await self._sockets.aclose()


class _Vendor:
    """`SpeechVendor` for `…/multi-stream-input`."""

    name = wire.NAME
    contexts_max = wire.CONTEXTS_MAX
    confirms_cancel = True

    def __init__(self, config: ElevenLabsConfig) -> None:
        try:
            self._connect = import_module("websockets.asyncio.client").connect
        except ImportError:
            raise ConfigError(
                "the ElevenLabs SDK is not installed", fix="pip install 'antiphon[elevenlabs]'"
            ) from None
        self._address = config.url or wire.ADDRESS
        self._headers = {"xi-api-key": config.key}

    async def connect(self, key: wire.Speaking) -> _Link:
        socket = await self._connect(
            wire.socket_url(self._address, key),
            additional_headers=self._headers,
            compression=None,  # Base64 of sound hardly shrinks.
            max_size=_MESSAGE_BYTES_MAX,
            open_timeout=None,  # Whoever asks sets the deadline.
        )
        return _Link(socket)

    def read(self, message: Any) -> Said:
        return wire.read(message)

    def errors(self) -> AbstractContextManager[None]:
        # They close with 1008 for an idle socket and for too many contexts too; a bad key is refused before
        # that, with a status or an error message.
        return socket_errors(wire.NAME, rejected=())


@dataclass(frozen=True, slots=True)
class _Link:
    socket: Any

    async def send(self, message: Message) -> None:
        await self.socket.send(json.dumps(message))

    async def receive(self) -> Any:
        return await self.socket.recv()

    async def close(self) -> None:
        await self.socket.close()
