"""Aura: Deepgram's voices, streamed over HTTP. Sources: "Text to Speech REST" and `speak.v1.audio` of
deepgram-sdk 7.17.0 (2000 letters a request, linear16 without a container), read 2026-11-25."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from antiphon.providers.deepgram.client import (
    DeepgramConfig,
    deepgram_addresses,
    deepgram_client,
    deepgram_errors,
    deepgram_http,
)
from antiphon.providers.deepgram.wire import NAME, SPEEDS
from antiphon.providers.http_speech import KeptOpen
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

RATES_HZ = (8_000, 16_000, 24_000, 32_000, 48_000)
_OTHERWISE_HZ = 24_000


class DeepgramTts:
    """A `TextToSpeech`. Voices are Deepgram's models ("aura-2-thalia-en"); a language belongs to a voice."""

    def __init__(self, config: DeepgramConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        http = deepgram_http()
        # Imported now, and not on a call.
        self._voices = deepgram_client(config, http).speak.v1.audio
        self._open = KeptOpen(http, deepgram_addresses(config).base)

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._open.warm()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        rate_hz = request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ
        query: dict[str, Any] = {
            "model": request.voice,
            "encoding": "linear16",
            "container": "none",
            "sample_rate": rate_hz,
        }
        if request.speed != 1.0:
            query["speed"] = min(max(request.speed, SPEEDS[0]), SPEEDS[1])
        line = PcmPieces(rate_hz, request, self._paces.of(request))
        self._open.used()
        with deepgram_errors():
            # Closed with us: a caller who interrupts must not pay for the rest.
            async with aclosing(self._voices.generate(text=request.text, **query)) as pieces:
                await speak_pcm(NAME, pieces, line, emit, self._limits)
