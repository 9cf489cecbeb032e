"""PlayHT's `/api/v2/tts/stream`: coded speech as a WAV that does not know its own length yet.

Written from docs.play.ht, page "HTTP Streaming Endpoints", and docs.play.ai, page "Play3.0-mini" (read
2026-11-25). The service itself is gone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.doubles.coded_speech import blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest
from tests.doubles.rime_speech import PIECE_BYTES, plain_refusal
from tests.doubles.socket_vendor import KEY

USER = "test-user"
_FIELDS = {"text", "voice", "voice_engine", "output_format", "sample_rate", "speed", "language"}


def wav_head(rate_hz: int, *, channels: int = 1, bits: int = 16) -> bytes:
    """With a chunk nobody asked for before the samples, and lengths of a file that is still written."""
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame, frame, bits)
    note = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(form)) + form + note + b"data\xff\xff\xff\xff"
    )


@dataclass
class PlayHtHttp:
    """A `Wire`."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert request.path == "/api/v2/tts/stream"
        assert (request.headers["authorization"], request.headers["x-user-id"]) == (KEY, USER)
        body = request.json
        assert set(body) <= _FIELDS, body
        assert body["output_format"] == "wav"
        assert 8_000 <= body["sample_rate"] <= 48_000
        assert 0.1 <= body.get("speed", 1) <= 5
        assert body.get("language", "english").isalpha(), "languages have English names"
        wav = wav_head(body["sample_rate"]) + spoken(body["text"], body["sample_rate"])
        return HttpAnswer(headers={"content-type": "audio/wav"}, pieces=list(blocks(wav, PIECE_BYTES)))

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        return plain_refusal(fault, faulty, "audio/wav")

    def malformed(self) -> bytes:
        return b"{"
