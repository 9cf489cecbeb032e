"""Synthesis messages of the Speech service, to and from our values. Pure but for the time of day in them.

Sources: as in `frames`; `SynthesisAdapterBase.ts` and `SynthesisContext.ts` of the JavaScript SDK; what
azure-cognitiveservices-speech 1.53.0 sends; "SSML document structure" and "Customize voice and sound with
SSML" (prosody rate 0.5 to 2), read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from antiphon.providers.azure import frames
from antiphon.providers.azure.client import TICKS_PER_MS
from antiphon.providers.said import Said
from antiphon.speech.ports import TtsRequest

PATH = "/tts/cognitiveservices/websocket/v1"
RATES_HZ = (8_000, 16_000, 24_000, 48_000)
_OTHERWISE_HZ = 24_000
_SPEED_MIN, _SPEED_MAX = 0.5, 2.0
_SSML = "application/ssml+xml"
# The unified and compatibility ideographs (Unicode 17, Blocks.txt), without kana, hangul and punctuation.
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f]")


class _Text(msgspec.Struct):
    Text: str


class _Data(msgspec.Struct):
    Offset: int = 0
    Duration: int = 0
    text: _Text | None = None


class _Mark(msgspec.Struct):
    Type: str
    Data: _Data


class _Marks(msgspec.Struct):
    Metadata: list[_Mark]


def rate_hz(request: TtsRequest) -> int:
    return request.sample_rate_hz if request.sample_rate_hz in RATES_HZ else _OTHERWISE_HZ


def begin(request: TtsRequest, context: str) -> Sequence[Mapping[str, Any]]:
    """A turn that says one thing."""
    form = f"raw-{rate_hz(request) // 1000}khz-16bit-mono-pcm"
    marks = {
        "bookmarkEnabled": False,
        "punctuationBoundaryEnabled": False,
        "sentenceBoundaryEnabled": False,
        "sessionEndEnabled": True,
        "visemeEnabled": False,
        "wordBoundaryEnabled": True,
    }
    wanted = {"audio": {"metadataOptions": marks, "outputFormat": form}, "language": {"autoDetection": False}}
    return (
        {"text": frames.json("synthesis.context", context, {"synthesis": wanted})},
        {"text": frames.text("ssml", context, ssml(request), _SSML)},
    )


def read(frame: frames.Frame) -> Said:
    """Raises:
    ProviderProtocolError: The message is not as documented.
    """
    match frame.path:
        case "audio":
            return Said(context=frame.request, pcm=frame.body)
        case "audio.metadata":
            return Said(context=frame.request, times=_times(frames.decode(frame.body, _Marks)))
        case "turn.end":
            return Said(context=frame.request, ended=True)
    return Said(context=frame.request)


def inside(request: TtsRequest) -> str:
    """What stands in <voice>."""
    speed = min(max(request.speed, _SPEED_MIN), _SPEED_MAX)
    words = request.ssml or escape(request.text.strip())
    if speed != 1.0:
        words = f'<prosody rate="{speed:g}">{words}</prosody>'
    return words


def charged(words: str) -> int:
    """Characters Azure bills for what stands in <voice>: all markup in it counts, and a Chinese character
    twice, in Japanese and Korean too ("What is text to speech?", billable characters, read 2026-11-25)."""
    return len(words) + len(_CHINESE.findall(words))


def ssml(request: TtsRequest) -> str:
    language = "-".join(request.voice.split("-")[:2]) or request.language
    return (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis"'
        f" xml:lang={quoteattr(language)}><voice name={quoteattr(request.voice)}>"
        f"{inside(request)}</voice></speak>"
    )


def _times(marks: _Marks) -> list[tuple[str, int]]:
    return [
        (mark.Data.text.Text, round((mark.Data.Offset + mark.Data.Duration) / TICKS_PER_MS))
        for mark in marks.Metadata
        if mark.Type == "WordBoundary" and mark.Data.text is not None
    ]
