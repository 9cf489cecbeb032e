"""Rime's messages, to and from our values. Pure.

Sources: docs.rime.ai, pages "Websockets JSON", "Streaming HTTP" and "Error reference", read 2026-11-25; the
flow of messages as Pipecat 1.14.0 knows it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from antiphon.errors import ProviderProtocolError
from antiphon.providers.http_speech import SpeechPost
from antiphon.speech.ports import TtsRequest

NAME = "rime"
DEFAULT_MODEL = "coda"
# Every model speaks at these; arcana and coda would go on to 48 and 96 kHz, mist would not.
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 44_100)
_OTHERWISE_HZ = 24_000
_SPEED_MIN, _SPEED_MAX = 0.5, 2.0  # Rime names no bounds; words blur beyond these.
_STRETCH = "timeScaleFactor"
_OLDER_MODELS = ("mist", "mistv1", "mistv2")
_LONG_TAGS = {"en": "eng", "es": "spa", "fr": "fra", "de": "ger", "pt": "por", "ja": "jpn", "he": "heb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RimeVoice:
    """Everything that is fixed for a connection, and for one request over HTTP."""

    model: str
    speaker: str
    language: str
    rate_hz: int
    speed: float

    @property
    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "speaker": self.speaker,
            "modelId": self.model,
            "lang": self.language,
            "samplingRate": self.rate_hz,
        }
        if self.speed != 1.0:
            # Both are factors of duration: above one is slower.
            factor = "speedAlpha" if self.model in _OLDER_MODELS else _STRETCH
            found[factor] = round(1 / self.speed, 3)
        return found


def voice_of(request: TtsRequest) -> RimeVoice:
    """`request.voice` is "SPEAKER", spoken by `coda`, or "MODEL/SPEAKER"."""
    model, _, speaker = request.voice.rpartition("/")
    model = model or DEFAULT_MODEL
    language = request.language.partition("-")[0].lower()
    rate_hz = request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ
    return RimeVoice(
        model=model,
        speaker=speaker,
        language=_LONG_TAGS.get(language, language) if model in _OLDER_MODELS else language,
        rate_hz=rate_hz,
        speed=min(max(request.speed, _SPEED_MIN), _SPEED_MAX),
    )


def post(voice: RimeVoice, text: str) -> SpeechPost:
    """Headerless s16le; the older name of the type was audio/pcm."""
    return SpeechPost(body={"text": text, **voice.parameters}, headers={"Accept": "audio/L16"})


def query(voice: RimeVoice) -> str:
    """With `segment=never` a text waits for its flush, so that there is one `done` for all of it."""
    return urlencode({**voice.parameters, "audioFormat": "pcm", "segment": "never"})


def begin(context: str, text: str) -> list[dict[str, str]]:
    return [{"text": text, "contextId": context}, {"operation": "flush"}]


CLEAR = {"operation": "clear"}


class _WordTimes(msgspec.Struct):
    words: list[str]
    start: list[float]
    end: list[float]


class _Message(msgspec.Struct):
    type: str
    data: str = ""
    contextId: str | None = None
    word_timestamps: _WordTimes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `words` are (word, start_ms, end_ms) as Rime counts them."""

    context: str | None = None
    pcm: bytes = b""
    words: tuple[tuple[str, int, int], ...] = ()
    done: bool = False
    failed: bool = False


def said(message: str | bytes) -> Said:
    """Raises ProviderProtocolError; kinds of messages we do not know say nothing."""
    try:
        read = msgspec.json.decode(message, type=_Message)
        pcm = base64.b64decode(read.data, validate=True) if read.type == "chunk" else b""
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError):
        raise ProviderProtocolError(NAME, "a message we do not understand") from None
    times = read.word_timestamps if read.type == "timestamps" else None
    if times is not None and not len(times.words) == len(times.start) == len(times.end):
        raise ProviderProtocolError(NAME, "words without their times")
    dated = zip(times.words, times.start, times.end, strict=True) if times else ()
    return Said(
        context=read.contextId,
        pcm=pcm,
        words=tuple((word, round(start * 1000), round(end * 1000)) for word, start, end in dated),
        done=read.type == "done",
        failed=read.type == "error",
    )


class ContextTimes:
    """Times of one context. Rime counts them within what it took as one segment: where they begin again
    before the last word's end, they go on from there."""

    def __init__(self) -> None:
        self._base_ms, self._end_ms = 0, 0

    def placed(self, words: tuple[tuple[str, int, int], ...]) -> list[tuple[str, int]]:
        if words and self._base_ms + words[0][1] < self._end_ms:
            self._base_ms = self._end_ms
        found = [(word, self._base_ms + end_ms) for word, _, end_ms in words]
        self._end_ms = max([self._end_ms, *(end_ms for _, end_ms in found)])
        return found
