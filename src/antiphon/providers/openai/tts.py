"""OpenAI's voices, streamed over HTTP as 24 kHz PCM. Source: `types/audio` of openai 3.54.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from antiphon.providers.openai.audio_client import OpenAiAudioConfig, openai_errors, warm_audio_client
from antiphon.providers.openai.transcription_wire import NAME
from antiphon.providers.openai.voices import voice_of
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.streaming import Bounds
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

RATE_HZ = 24_000  # The only rate of `response_format: pcm`.
DEFAULT_MODEL = "gpt-4o-mini-tts"
_SPEED_MIN, _SPEED_MAX = 0.25, 4.0


class OpenAiTts:
    """A `TextToSpeech`. `request.voice` is "VOICE", spoken by `gpt-4o-mini-tts`, or "MODEL/VOICE"."""

    def __init__(self, config: OpenAiAudioConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        bounds = Bounds(connect_ms=self._limits.connect_ms, stall_ms=self._limits.first_ms)
        client, self._pool = warm_audio_client(config, bounds)
        self._voices = client.audio.speech  # Imported now, and not on a call: 120 ms.

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._pool.open()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        model, _, voice = request.voice.rpartition("/")
        wanted: dict[str, Any] = {
            "model": model or DEFAULT_MODEL,
            "voice": voice_of(voice),
            "input": request.text,
            "response_format": "pcm",
        }
        if request.speed != 1.0:
            wanted["speed"] = min(max(request.speed, _SPEED_MIN), _SPEED_MAX)
        line = PcmPieces(RATE_HZ, request, self._paces.of(request))
        with openai_errors():
            async with self._voices.with_streaming_response.create(**wanted) as response:
                pieces = response.iter_bytes()
                await speak_pcm(NAME, pieces, line, emit, self._limits)
