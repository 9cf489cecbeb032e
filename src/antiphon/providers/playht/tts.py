"""PlayHT's voices over its streaming HTTP API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from antiphon.providers.http_speech import SpeechOverHttp
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.playht import wire
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayHtConfig:
    """`url` is where it answers ("https://host:port"); there is none of PlayHT's own any more."""

    key: str
    user: str
    url: str


class PlayHtTts:
    """A `TextToSpeech`. `request.voice` is "VOICE" or "ENGINE/VOICE"; voices are addresses of manifests."""

    def __init__(self, config: PlayHtConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        url = f"{config.url.rstrip('/')}/api/v2/tts/stream"
        headers = {"AUTHORIZATION": config.key, "X-USER-ID": config.user}
        self._http = SpeechOverHttp(wire.NAME, url, headers, self._limits)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._http.warm()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        line = PcmPieces(wire.rate_of(request), request, self._paces.of(request))
        async with aclosing(self._samples(request)) as pieces:
            await speak_pcm(wire.NAME, pieces, line, emit, self._limits)

    async def _samples(self, request: TtsRequest) -> AsyncGenerator[bytes, None]:
        wav = wire.WavStream(wire.rate_of(request))
        async with aclosing(self._http.pieces(wire.post(request))) as pieces:
            async for piece in pieces:
                yield wav.push(piece)
