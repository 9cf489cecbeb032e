"""Azure's voices, streamed with the times of their words through the SDK's native synthesizer.

Sources: azure-cognitiveservices-speech 1.53.0; "SSML document structure" and "Customize voice and sound with
SSML" (prosody rate 0.5 to 2), read 2026-11-25.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from antiphon.errors import ProviderError, ProviderUnavailable
from antiphon.providers.azure.client import (
    NAME,
    TICKS_PER_MS,
    AzureConfig,
    aside,
    azure_sdk,
    cancelled,
    speech_config,
)
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.speech.ports import TtsAudio, TtsRequest

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
_OTHERWISE_HZ = 24_000
_SPEED_MIN, _SPEED_MAX = 0.5, 2.0
_PIECES_WAITING_MAX = 4_000  # A sentence of minutes; more is a service gone mad.
_IDLE_MAX = 20  # Connections kept open between sentences.

_Said = bytes | ProviderError | None


class AzureTts:
    """A `TextToSpeech`. Voices have Azure's names ("en-US-AvaNeural"). One synthesizer, which is
    one connection, speaks one sentence at a time."""

    def __init__(self, config: AzureConfig, limits: SpeakingLimits | None = None) -> None:
        self._sdk, self._config = azure_sdk(), config
        self._limits = limits or SpeakingLimits()
        self._idle: dict[int, list[_Voice]] = {}

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        rate_hz = request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ
        line = PcmPieces(rate_hz, request)
        idle = self._idle.setdefault(rate_hz, [])
        voice = idle.pop() if idle else _Voice(self._sdk, self._config, rate_hz)
        try:
            async with aclosing(voice.speak(_ssml(request))) as pieces:
                await speak_pcm(NAME, pieces, line, emit, self._limits)
        finally:
            if voice.is_well and len(idle) < _IDLE_MAX:
                idle.append(voice)
            else:
                voice.leave()

    def characters(self, request: TtsRequest) -> int:
        """All markup counts except <speak> and <voice> ("What is text to speech?", pricing note, read
        2026-11-25)."""
        return len(_inside(request))


class _Voice:
    """A synthesizer. Attributes: ends_ms: of the words so far; is_well: It may speak the next sentence."""

    def __init__(self, sdk: Any, config: AzureConfig, rate_hz: int) -> None:
        settings = speech_config(sdk, config)
        formats = sdk.SpeechSynthesisOutputFormat
        settings.set_speech_synthesis_output_format(formats[f"Raw{rate_hz // 1000}Khz16BitMonoPcm"])
        self._synthesizer = sdk.SpeechSynthesizer(speech_config=settings, audio_config=None)
        self._word = sdk.SpeechSynthesisBoundaryType.Word
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Queue[_Said] = asyncio.Queue(_PIECES_WAITING_MAX)
        self._asked: Any = None
        self.ends_ms: list[int] = []
        self.is_well = True
        synthesizer = self._synthesizer
        synthesizer.synthesizing.connect(lambda event: self._tell(event.result.audio_data))
        synthesizer.synthesis_completed.connect(lambda event: self._tell(None))
        synthesizer.synthesis_canceled.connect(self._cancelled)
        synthesizer.synthesis_word_boundary.connect(self._bounded)

    async def speak(self, ssml: str) -> AsyncGenerator[TtsAudio, None]:
        self.ends_ms = []
        self.is_well = False
        self._asked = self._synthesizer.speak_ssml_async(ssml)
        while (said := await self._said.get()) is not None:
            if isinstance(said, ProviderError):
                raise said
            yield TtsAudio(pcm=said, word_ends_ms=tuple(self.ends_ms))
        # Words and sound come on threads of their own: the last dates may be behind all of the sound.
        yield TtsAudio(pcm=b"", word_ends_ms=tuple(self.ends_ms))
        self.is_well = True

    def leave(self) -> None:
        """Stop speaking and close the connection. Returns at once."""
        aside(partial(_stop, self._synthesizer, self._asked))
        self._synthesizer = self._asked = None

    # ---- on threads of the library

    def _cancelled(self, event: Any) -> None:
        self._tell(cancelled(event.result.cancellation_details.error_code))

    def _bounded(self, event: Any) -> None:
        if event.boundary_type == self._word:
            end_ms = event.audio_offset // TICKS_PER_MS + round(event.duration.total_seconds() * 1000)
            self._call(self.ends_ms.append, end_ms)

    def _tell(self, said: _Said) -> None:
        self._call(self._keep, said)

    def _call(self, work: Callable[[Any], object], value: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work, value)

    # ---- on the event loop

    def _keep(self, said: _Said) -> None:
        if self._said.full():
            self._said.get_nowait()
            said = ProviderUnavailable(NAME, "more audio than any sentence has")
        self._said.put_nowait(said)


def _stop(synthesizer: Any, _asked: Any) -> None:
    """Both are let go of here, in a thread that may wait for it."""
    synthesizer.stop_speaking_async().get()


def _inside(request: TtsRequest) -> str:
    """What stands in <voice>."""
    speed = min(max(request.speed, _SPEED_MIN), _SPEED_MAX)
    words = request.ssml or escape(request.text.strip())
    if speed != 1.0:
        words = f'<prosody rate="{speed:g}">{words}</prosody>'
    return words


def _ssml(request: TtsRequest) -> str:
    language = "-".join(request.voice.split("-")[:2]) or request.language
    return (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis"'
        f" xml:lang={quoteattr(language)}><voice name={quoteattr(request.voice)}>"
        f"{_inside(request)}</voice></speak>"
    )
