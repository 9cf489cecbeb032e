"""PlayHT's requests and its streamed WAV. Pure.

Sources: docs.play.ht, pages "HTTP Streaming Endpoints" and "Models"; docs.play.ai, page "Play3.0-mini" for
the bounds of speed and rate; read 2026-11-25. WAV: "RIFF WAVE" (IBM and Microsoft, 1991).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from antiphon.errors import ProviderProtocolError
from antiphon.providers.http_speech import SpeechPost
from antiphon.speech.ports import TtsRequest

NAME = "playht"
DEFAULT_ENGINE = "Play3.0-mini"
RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)
LANGUAGES: Mapping[str, str] = {
    "ar": "arabic", "bg": "bulgarian", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german",
    "el": "greek", "en": "english", "es": "spanish", "fr": "french", "he": "hebrew", "hi": "hindi",
    "hr": "croatian", "hu": "hungarian", "id": "indonesian", "it": "italian", "ja": "japanese",
    "ko": "korean", "ms": "malay", "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "th": "thai", "tr": "turkish", "uk": "ukrainian", "zh": "mandarin",
}  # fmt: skip
_OTHERWISE_HZ = 24_000
_SPEED_MIN, _SPEED_MAX = 0.1, 5.0


def rate_of(request: TtsRequest) -> int:
    return request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ


def engine_and_voice(name: str) -> tuple[str, str]:
    """Of "VOICE" or "ENGINE/VOICE"; voices are addresses with slashes, engines begin with Play."""
    engine, _, voice = name.partition("/")
    return (engine, voice) if engine.startswith("Play") and voice else (DEFAULT_ENGINE, name)


def post(request: TtsRequest) -> SpeechPost:
    """WAV and not `raw`: it says itself what its samples are."""
    engine, voice = engine_and_voice(request.voice)
    body: dict[str, Any] = {
        "text": request.text,
        "voice": voice,
        "voice_engine": engine,
        "output_format": "wav",
        "sample_rate": rate_of(request),
    }
    if request.speed != 1.0:
        body["speed"] = min(max(request.speed, _SPEED_MIN), _SPEED_MAX)
    language = LANGUAGES.get(request.language.partition("-")[0].lower())
    if language is not None and engine != "PlayHT2.0-turbo":  # Which speaks English and takes no language.
        body["language"] = language
    return SpeechPost(body=body, headers={"accept": "audio/wav"})


_FORMAT = struct.Struct("<HHIIHH")  # Tag, channels, samples and bytes a second, bytes a frame, bits.
_HEAD_MAX = 4_096


class WavStream:
    """A WAV that is still being written: its lengths are not to be trusted, its format is.

    Args:
        rate_hz: What was asked for; anything but mono s16le at this rate is refused.
    """

    def __init__(self, rate_hz: int) -> None:
        self._wanted = (1, 1, rate_hz, 16)
        self._head: bytes | None = b""
        self._read_format = False

    def push(self, piece: bytes) -> bytes:
        """The samples in it, half ones too. Raises ProviderProtocolError."""
        if self._head is None:
            return piece
        self._head += piece
        data = self._after_head(self._head)
        if data is None:
            if len(self._head) > _HEAD_MAX:
                raise ProviderProtocolError(NAME, "a WAV without samples")
            return b""
        self._head = None
        return data

    def _after_head(self, head: bytes) -> bytes | None:
        """What follows the head, None while it is not complete."""
        if not (b"RIFF".startswith(head[:4]) and b"WAVE".startswith(head[8:12])):
            raise ProviderProtocolError(NAME, "an answer that is no WAV")
        at = 12
        while len(head) >= at + 8:
            name, length = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
            at += 8
            if name == b"data":
                if not self._read_format:
                    raise ProviderProtocolError(NAME, "a WAV that does not say what it is")
                return head[at:]
            if name == b"fmt " and len(head) >= at + _FORMAT.size:
                self._check(head[at : at + _FORMAT.size])
            at += length + length % 2
        return None

    def _check(self, chunk: bytes) -> None:
        tag, channels, rate_hz, _, _, bits = _FORMAT.unpack(chunk)
        if (tag, channels, rate_hz, bits) != self._wanted:
            told = f"format {tag}, {channels} channels, {rate_hz} Hz, {bits} bits"
            raise ProviderProtocolError(NAME, f"not the samples that were asked for: {told}")
        self._read_format = True
