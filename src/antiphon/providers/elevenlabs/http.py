"""ElevenLabs' voices over HTTP, one request a clause, for networks that let no socket through and for the
models the socket does not serve. On the official SDK's asyncio client. Source: `text_to_speech` of elevenlabs
2.78.0, "Stream speech with timing"."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import httpx

from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.elevenlabs import wire
from antiphon.providers.elevenlabs.tts import ElevenLabsConfig
from antiphon.providers.failures import socket_errors
from antiphon.providers.http_speech import KeptOpen
from antiphon.providers.pcm_speech import PcmPieces, SpeakingLimits, has_words, speak_pcm
from antiphon.providers.refusals import refused
from antiphon.providers.said import Said, dated
from antiphon.providers.streaming import CONNECTIONS_MAX, KEEP_ALIVE_S, KEPT_MAX
from antiphon.speech.pace import VoicePaces
from antiphon.speech.ports import TtsAudio, TtsRequest

# Times that begin again before the last ones ended count from their own piece; whether they ever do is not
# documented.
_OVERLAP_MS = 50


class ElevenLabsHttpTts:
    """A `TextToSpeech`; voices as `ElevenLabsTts`."""

    def __init__(self, config: ElevenLabsConfig, limits: SpeakingLimits | None = None) -> None:
        try:
            from elevenlabs.client import AsyncElevenLabs
        except ImportError:
            raise ConfigError(
                "the ElevenLabs SDK is not installed", fix="pip install 'antiphon[elevenlabs]'"
            ) from None
        self._limits = limits or SpeakingLimits()
        self._paces = VoicePaces()
        address = config.url or wire.ADDRESS
        timeout = httpx.Timeout(self._limits.first_ms / 1000, connect=self._limits.connect_ms / 1000)
        self._http = httpx.AsyncClient(
            timeout=timeout,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=KEPT_MAX,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
        )
        self._open = KeptOpen(self._http, address)
        client = AsyncElevenLabs(api_key=config.key, base_url=address.rstrip("/"), httpx_client=self._http)
        # Imports more of the SDK when first asked for, which is not to happen on a call.
        self._voices = client.text_to_speech

    async def warm(self, request: TtsRequest) -> None:
        """As `WarmsVoices`."""
        await self._open.warm()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if not has_words(request.text):
            return
        self._open.used()
        key = wire.speaking(request)
        wanted: dict[str, Any] = {"model_id": key.model, "output_format": f"pcm_{key.rate_hz}"}
        if key.language:
            wanted["language_code"] = key.language
        if settings := wire.speed(request):
            from elevenlabs import VoiceSettings

            wanted["voice_settings"] = VoiceSettings(speed=settings["speed"])
        line = PcmPieces(key.rate_hz, request, self._paces.of(request))
        with _errors():
            chunks: Any = self._voices.stream_with_timestamps(key.voice, text=request.text, **wanted)
            async with (
                aclosing(chunks),
                aclosing(_said(chunks, request.text)) as messages,
                aclosing(dated(messages, request, key.rate_hz)) as pieces,
            ):
                await speak_pcm(wire.NAME, pieces, line, emit, self._limits)

    async def aclose(self) -> None:
        await self._http.aclose()


async def _said(chunks: AsyncIterator[Any], text: str) -> AsyncGenerator[Said, None]:
    """Raises ProviderUnavailable: It ends as if it were complete, and has not come to the last word: the SDK
    passes over lines that it cannot read."""
    last_ms, due = 0, sum(char.isalnum() for char in text)
    told = 0
    async for chunk in chunks:
        aligned = chunk.alignment
        times: list[tuple[str, int]] = []
        from_here = False
        if aligned is not None and aligned.characters:
            ends = (round(1000 * end_s) for end_s in aligned.character_end_times_seconds)
            times = list(zip(aligned.characters, ends, strict=True))
            from_here = 1000 * aligned.character_start_times_seconds[0] < last_ms - _OVERLAP_MS
            last_ms = times[-1][1]
            told += sum(char.isalnum() for char in "".join(aligned.characters))
        pcm = base64.b64decode(chunk.audio_base_64 or "", validate=True)
        yield Said(pcm=pcm, times=times, times_from_here=from_here)
    if 0 < told < due:
        raise ProviderUnavailable(wire.NAME, "the audio ends before the last word")


@contextmanager
def _errors() -> Iterator[None]:
    """Raises ProviderUnavailable, ProviderRejected or ProviderProtocolError for what the SDK raises."""
    from elevenlabs.core.api_error import ApiError

    try:
        with socket_errors(wire.NAME):
            yield
    except ApiError as error:  # Its text has headers and body: not even as a cause.
        if error.status_code is None or error.status_code < 400:
            raise ProviderProtocolError(wire.NAME, "an answer the SDK cannot read") from None
        raise refused(wire.NAME, error.status_code, error.headers) from None
    except httpx.TimeoutException:
        raise ProviderUnavailable(wire.NAME, "no answer in time") from None
    except httpx.HTTPError as error:
        raise ProviderUnavailable(wire.NAME, f"cannot be reached ({type(error).__name__})") from None
