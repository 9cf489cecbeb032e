"""Google Cloud's voices. Chirp 3 HD streams; every other voice answers with the whole sentence at once.

Sources: `google.cloud.texttospeech_v1.types.cloud_tts` of google-cloud-texttospeech 2.38.0 (speaking rate
0.25 to 2, streamed or not); "Chirp 3: HD voices" (docs.cloud.google.com/text-to-speech/docs/chirp3-hd:
formats, languages, regions), read 2026-11-25.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any

from antiphon.errors import ProviderError, ProviderProtocolError
from antiphon.providers.google.client import NAME, GoogleChannels, GoogleConfig, connected, google_errors
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)
_OTHERWISE_HZ = 24_000
_STREAMING = "chirp3-hd"
_SPEED_MIN, _SPEED_MAX = 0.25, 2.0
_WITHOUT_MARKS = "chirp"
_PIECE_BYTES = 9_600  # An answer that comes whole is given on in pieces, so that it can be cut.


class GoogleTts:
    """A `TextToSpeech`. Voices have Google's names ("en-US-Chirp3-HD-Leda"), which begin with a language.
    Marks go out to all but the Chirp voices."""

    def __init__(self, config: GoogleConfig, limits: SpeakingLimits | None = None) -> None:
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        place = config.location
        host = "texttospeech.googleapis.com"
        self._channels = GoogleChannels(config, f"{place}-{host}" if place not in ("", "global") else host)
        self._channel: Any = None
        self._client: Any = None

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`. A channel that Google closed while nobody spoke connects anew."""
        self._made()
        with suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(self._limits.connect_ms / 1000):
                await connected(self._channel)

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        rate_hz = request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ
        speak = self._stream if _STREAMING in request.voice.lower() else self._whole
        line = PcmPieces(rate_hz, request, self._paces.of(request))
        with google_errors():
            # Closed with us: a caller who interrupts must not pay for the rest.
            async with aclosing(speak(request, rate_hz)) as pieces:
                await speak_pcm(NAME, pieces, line, emit, self._limits)

    def characters(self, request: TtsRequest) -> int:
        """Tags count like letters ("Speech Synthesis Markup Language (SSML)", note, read 2026-11-25)."""
        return len(_marked(request) or request.text)

    async def _stream(self, request: TtsRequest, rate_hz: int) -> AsyncGenerator[bytes, None]:
        from google.cloud.texttospeech_v1 import StreamingSynthesizeRequest

        async def requests() -> AsyncIterator[Any]:
            audio = {"audio_encoding": "PCM", **_audio(request, rate_hz)}
            config = {"voice": _voice(request.voice), "streaming_audio_config": audio}
            yield StreamingSynthesizeRequest(streaming_config=config)
            yield StreamingSynthesizeRequest(input={"text": request.text})

        call = await self._made().streaming_synthesize(
            requests=requests(), metadata=self._channels.metadata, timeout=None
        )
        try:
            async for response in call:
                if response is None:  # What gRPC gives for a message that cannot be read.
                    raise ProviderProtocolError(NAME, "a message the SDK does not understand")
                yield response.audio_content
        finally:
            call.cancel()

    async def _whole(self, request: TtsRequest, rate_hz: int) -> AsyncGenerator[bytes, None]:
        marked = _marked(request)
        given = {"ssml": marked} if marked else {"text": request.text}
        response = await self._made().synthesize_speech(
            request={
                "input": given,
                "voice": _voice(request.voice),
                "audio_config": {"audio_encoding": "PCM", **_audio(request, rate_hz)},
            },
            metadata=self._channels.metadata,
            timeout=self._limits.first_ms / 1000,
        )
        if response is None:
            raise ProviderProtocolError(NAME, "a message the SDK does not understand")
        pcm: bytes = response.audio_content
        for at in range(0, len(pcm), _PIECE_BYTES):
            yield pcm[at : at + _PIECE_BYTES]

    def _made(self) -> Any:
        """One channel for all calls, made on the event loop that will use it."""
        if self._client is None:
            from google.cloud.texttospeech_v1 import TextToSpeechAsyncClient
            from google.cloud.texttospeech_v1.services.text_to_speech.transports import (
                TextToSpeechGrpcAsyncIOTransport,
            )

            self._channel = self._channels.open()
            transport = TextToSpeechGrpcAsyncIOTransport(channel=self._channel)
            self._client = TextToSpeechAsyncClient(transport=transport)
        return self._client


def _marked(request: TtsRequest) -> str:
    """The document to send; "" where plain words are sent."""
    if not request.ssml or _WITHOUT_MARKS in request.voice.lower():
        return ""
    return f"<speak>{request.ssml}</speak>"


def _voice(name: str) -> dict[str, str]:
    """Raises ValueError for a name without a language, which no voice of Google's has."""
    parts = name.split("-")
    if len(parts) < 3:
        raise ProviderProtocolError(NAME, "a voice without a language in its name")
    return {"name": name, "language_code": "-".join(parts[:2])}


def _audio(request: TtsRequest, rate_hz: int) -> dict[str, Any]:
    audio: dict[str, Any] = {"sample_rate_hertz": rate_hz}
    if request.speed != 1.0:
        audio["speaking_rate"] = min(max(request.speed, _SPEED_MIN), _SPEED_MAX)
    return audio
