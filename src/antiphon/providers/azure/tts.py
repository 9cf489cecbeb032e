"""Azure's voices over the service's own socket, streamed with the times of their words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any
from uuid import uuid4

from antiphon.providers.azure import frames, voice_wire
from antiphon.providers.azure.client import NAME, AzureConfig, AzureSockets, about, azure_errors, goodbye
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.said import Said, dated
from antiphon.providers.speech_sockets import Message, SpeechSockets
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

_ALL = "all"  # Voice and format are said with each turn, so one kind of socket does for all.


class AzureTts:
    """A `TextToSpeech`. Voices have Azure's names ("en-US-AvaNeural")."""

    def __init__(self, config: AzureConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        self._sockets = SpeechSockets(_Vendor(config), self._limits)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._sockets.warm(_ALL)

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        rate_hz = voice_wire.rate_hz(request)
        line = PcmPieces(rate_hz, request, self._paces.of(request))
        messages = self._sockets.speak(_ALL, lambda context: voice_wire.begin(request, context), _cut)
        async with aclosing(messages), aclosing(dated(messages, request, rate_hz)) as pieces:
            await speak_pcm(NAME, pieces, line, emit, self._limits)

    def characters(self, request: TtsRequest) -> int:
        """As `CountsCharacters`."""
        return voice_wire.charged(voice_wire.inside(request))

    async def aclose(self) -> None:
        await self._sockets.aclose()


def _cut(context: str) -> None:
    """A sentence that is cut takes its connection along: the service says nothing of when it has stopped, and
    until then it would speak the next one late."""


class _Vendor:
    """`SpeechVendor` for `/tts/cognitiveservices/websocket/v1`, which speaks one turn at a time."""

    name = NAME
    contexts_max = 1
    confirms_cancel = False

    def __init__(self, config: AzureConfig) -> None:
        self._sockets = AzureSockets(config)

    async def connect(self, key: str) -> _Link:
        socket = await self._sockets.open("tts", voice_wire.PATH)
        await socket.send(frames.json("speech.config", uuid4().hex, about()))
        return _Link(socket)

    def read(self, message: Any) -> Said:
        return voice_wire.read(message)

    def errors(self) -> AbstractContextManager[None]:
        return azure_errors()


class _Link:
    def __init__(self, socket: Any) -> None:
        self._socket, self._received = socket, frames.Received()

    async def send(self, message: Message) -> None:
        await self._socket.send(message["text"])

    async def receive(self) -> frames.Frame:
        frame = frames.read(await self._socket.recv())
        self._received.note(frame)
        if frame.path == "turn.end":
            await self._socket.send(self._received.telemetry(frame.request))
            self._received = frames.Received()
        return frame

    async def close(self) -> None:
        await goodbye(self._socket)
