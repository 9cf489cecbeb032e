"""Rime's voices: with word times over a socket, or with one HTTP answer a sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from antiphon.errors import ConfigError
from antiphon.providers.http_speech import SpeechOverHttp
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.rime import wire
from antiphon.providers.rime.sockets import RimeSockets
from antiphon.providers.word_ends import WordEnds
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

_SOCKET_URL = "wss://users-ws.rime.ai"
_HTTP_URL = "https://users.rime.ai"


@dataclass(frozen=True, slots=True, kw_only=True)
class RimeConfig:
    """`url` is another address than Rime's own ("https://host:port"), or "". Sockets follow its scheme."""

    key: str
    url: str = ""

    def address(self, scheme: str, own: str) -> str:
        if not self.url:
            return own
        _, _, place = self.url.rstrip("/").partition("://")
        secure = "s" if self.url.startswith(("https://", "wss://")) else ""
        return f"{scheme}{secure}://{place}"


class RimeTts:
    """A `TextToSpeech` on `/ws3`. `request.voice` is "SPEAKER" or "MODEL/SPEAKER"."""

    def __init__(self, config: RimeConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        try:
            self._sockets = RimeSockets(config.address("ws", _SOCKET_URL), config.key, self._limits)
        except ImportError:
            raise ConfigError(
                "the websockets package is not installed", fix="pip install 'antiphon[rime]'"
            ) from None

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._sockets.warm(wire.voice_of(request))

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        voice = wire.voice_of(request)
        line = PcmPieces(voice.rate_hz, request, self._paces.of(request))
        async with aclosing(self._dated(voice, request.text)) as pieces:
            await speak_pcm(wire.NAME, pieces, line, emit, self._limits)

    async def _dated(self, voice: wire.RimeVoice, text: str) -> AsyncGenerator[TtsAudio, None]:
        words, times = WordEnds(text), wire.ContextTimes()
        async with aclosing(self._sockets.speak(voice, text)) as messages:
            async for said in messages:
                for word, end_ms in times.placed(said.words):
                    words.take(word, end_ms)
                if not said.done:
                    yield TtsAudio(pcm=said.pcm, word_ends_ms=words.ends_ms)


class RimeHttpTts:
    """A `TextToSpeech` on `/v1/rime-tts`: no word times, nothing but HTTP on the way."""

    def __init__(self, config: RimeConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        url = f"{config.address('http', _HTTP_URL)}/v1/rime-tts"
        headers = {"Authorization": f"Bearer {config.key}"}
        self._http = SpeechOverHttp(wire.NAME, url, headers, self._limits)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._http.warm()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        voice = wire.voice_of(request)
        line = PcmPieces(voice.rate_hz, request, self._paces.of(request))
        async with aclosing(self._http.pieces(wire.post(voice, request.text))) as pieces:
            await speak_pcm(wire.NAME, pieces, line, emit, self._limits)
