"""Vendors that speak, and that transcribe recordings, over HTTP. They speak and hear coded speech.

Written from the request and answer types of deepgram-sdk 7.17.0, openai 3.54.0 and assemblyai 1.8.2.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assemblyai import types as assemblyai_types
from deepgram.types import ListenV1Response
from openai.types.audio import (
    SpeechCreateParams,
    Transcription,
    TranscriptionDiarized,
    TranscriptionVerbose,
)
from tests.doubles.coded_speech import CodedEar, HeardWord, blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY
from tests.doubles.typed import check

# Not a whole number of samples: a client that takes pieces for samples hears noise.
PIECE_BYTES = 1_001


def _refusal(fault: Fault, faulty: Faulty, body: object, empty: HttpAnswer) -> HttpAnswer:
    match fault:
        case Fault.RATE_LIMIT:
            headers = {"retry-after": str(faulty.retry_after_s)}
            return json_answer(429, body, headers)
        case Fault.AUTH:
            return json_answer(401, body)
        case Fault.CLOSE_CODE:
            return json_answer(503, body)
    return empty


def _pcm(text: str, rate_hz: int, media_type: str) -> HttpAnswer:
    pieces = list(blocks(spoken(text, rate_hz), PIECE_BYTES))
    return HttpAnswer(headers={"content-type": media_type}, pieces=pieces)


def recording(body: bytes) -> tuple[list[HeardWord], float]:
    """Words and length (s) of a mono WAV."""
    with wave.open(io.BytesIO(body)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth()) == (1, 2)
        ear = CodedEar(wav.getframerate())
        ear.push(wav.readframes(wav.getnframes()))
        return ear.words, wav.getnframes() / wav.getframerate()


@dataclass
class DeepgramHttp:
    """A `Wire`: `/v1/speak` and `/v1/listen`."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert request.headers["authorization"] == f"Token {KEY}"
        if request.path == "/v1/speak":
            return self._speak(request)
        assert request.path == "/v1/listen"
        return json_answer(200, checked(ListenV1Response, _deepgram_transcript(request)))

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        said = {"err_code": fault.name, "err_msg": "no", "request_id": "r"}
        empty = HttpAnswer(headers={"content-type": "audio/l16"})
        return _refusal(fault, faulty, said, empty)

    def malformed(self) -> bytes:
        return b"{"

    def _speak(self, request: HttpRequest) -> HttpAnswer:
        query = request.query
        assert set(query) <= {"model", "encoding", "container", "sample_rate", "speed", "mip_opt_out"}, query
        assert (query["encoding"], query["container"]) == ("linear16", "none")
        assert int(query["sample_rate"]) in {8000, 16000, 24000, 32000, 48000}
        assert set(request.json) == {"text"}
        assert 0.7 <= float(query.get("speed", "1")) <= 1.5
        return _pcm(request.json["text"], int(query["sample_rate"]), "audio/l16")


def _deepgram_transcript(request: HttpRequest) -> dict[str, Any]:
    known = {"model", "language", "smart_format", "keyterm", "diarize", "sentiment", "topics", "summarize"}
    query = request.query
    assert set(query) <= known, query
    words, seconds = recording(request.body)
    half = len(words) // 2
    results: dict[str, Any] = {
        "channels": [
            {
                "alternatives": [
                    {
                        "transcript": " ".join(word.text for word in words),
                        "confidence": 0.9,
                        "words": [
                            {
                                "word": word.text,
                                "start": word.start_ms / 1000,
                                "end": word.end_ms / 1000,
                                "confidence": 0.9,
                                **({"speaker": int(number >= half)} if "diarize" in query else {}),
                            }
                            for number, word in enumerate(words)
                        ],
                    }
                ]
            }
        ]
    }
    if "sentiment" in query:
        segment = {"text": "…", "start_word": 0, "end_word": half - 1, "sentiment": "positive"}
        results["sentiments"] = {"segments": [{**segment, "sentiment_score": 0.5}]}
    if "topics" in query:
        topics = [{"topic": "Appointments", "confidence_score": 0.9}]
        results["topics"] = {"segments": [{"text": "…", "start_word": 0, "end_word": 1, "topics": topics}]}
    if query.get("summarize") == "v2":
        results["summary"] = {"result": "success", "short": "Somebody books a visit."}
    metadata = {
        "request_id": "r",
        "sha256": "0",
        "created": "2026-11-25T10:00:00Z",
        "duration": seconds,
        "channels": 1,
        "models": ["m"],
        "model_info": {},
    }
    return {"metadata": metadata, "results": results}


@dataclass
class OpenAiAudioHttp:
    """A `Wire`: `/v1/audio/speech` and `/v1/audio/transcriptions`."""

    forms: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        if request.path == "/v1/audio/speech":
            check(request.json, SpeechCreateParams)
            assert request.json["response_format"] == "pcm"
            # "You may also provide a custom voice object with an `id`": an id alone is no voice.
            assert not str(request.json["voice"]).startswith("voice_")
            return _pcm(request.json["input"], 24_000, "audio/pcm")
        assert request.path == "/v1/audio/transcriptions"
        fields, file = _form(request)
        self.forms.append(fields)
        return json_answer(200, _openai_transcript(fields, file))

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        error = {"error": {"message": "no", "type": "x", "code": fault.value, "param": None}}
        empty = HttpAnswer(headers={"content-type": "audio/pcm"})
        return _refusal(fault, faulty, error, empty)

    def malformed(self) -> bytes:
        return b"{"


def _form(request: HttpRequest) -> tuple[dict[str, list[str]], bytes]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    fields: dict[str, list[str]] = {}
    file = b""
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        if part.get_filename():
            file = part.get_payload(decode=True)
        else:
            fields.setdefault(str(name), []).append(part.get_payload(decode=True).decode())
    return fields, file


def _openai_transcript(fields: dict[str, list[str]], file: bytes) -> dict[str, Any]:
    words, seconds = recording(file)
    text = " ".join(word.text for word in words)
    usage = {"type": "duration", "seconds": seconds}
    match fields["response_format"]:
        case ["diarized_json"]:
            assert fields["model"] == ["gpt-4o-transcribe-diarize"]
            half = len(words) // 2
            segments = [
                {
                    "id": f"seg_{number}",
                    "type": "transcript.text.segment",
                    "speaker": "AB"[number],
                    "text": " ".join(word.text for word in part),
                    "start": part[0].start_ms / 1000,
                    "end": part[-1].end_ms / 1000,
                }
                for number, part in enumerate((words[:half], words[half:]))
            ]
            whole = {"task": "transcribe", "text": text, "duration": seconds, "segments": segments}
            return checked(TranscriptionDiarized, whole)
        case ["verbose_json"]:
            assert fields["model"] == ["whisper-1"]
            dated = [
                {"word": word.text, "start": word.start_ms / 1000, "end": word.end_ms / 1000}
                for word in words
            ]
            whole = {"text": text, "language": "english", "duration": seconds, "words": dated, "usage": usage}
            return checked(TranscriptionVerbose, whole)
    return checked(Transcription, {"text": text, "usage": usage})


@dataclass
class AssemblyAiHttp:
    """A `Wire`: upload, order, ask. A transcript is done when it has been asked for the second time."""

    fails: bool = False
    orders: list[dict[str, Any]] = field(default_factory=list)
    _asked: int = 0
    _words: Sequence[HeardWord] = ()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert request.headers["authorization"] == KEY
        match request.method, request.path:
            case "POST", "/v2/upload":
                self._words, _ = recording(request.body)
                return json_answer(200, {"upload_url": "https://cdn.example/1"})
            case "POST", "/v2/transcript":
                checked(assemblyai_types.TranscriptRequest, request.json)
                assert request.json["audio_url"] == "https://cdn.example/1"
                self.orders.append(request.json)
                return json_answer(200, self._transcript("queued"))
            case "GET", "/v2/transcript/t1":
                self._asked += 1
                if self.fails:
                    return json_answer(200, self._transcript("error"))
                return json_answer(200, self._transcript("processing" if self._asked < 2 else "completed"))
        raise AssertionError(f"they know no {request.method} {request.path}")

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        empty = HttpAnswer(headers={"content-type": "application/json"})
        return _refusal(fault, faulty, {"error": "no"}, empty)

    def malformed(self) -> bytes:
        return b"{"

    def _transcript(self, status: str) -> dict[str, Any]:
        found: dict[str, Any] = {"id": "t1", "status": status, "audio_url": "https://cdn.example/1"}
        if status == "error":
            found["error"] = "the audio has no speech: hello please"
        if status != "completed":
            return found
        order = self.orders[-1]
        half = len(self._words) // 2
        words = [
            {
                "text": word.text,
                "start": word.start_ms,
                "end": word.end_ms,
                "confidence": 0.8,
                "speaker": "AB"[number >= half] if order.get("speaker_labels") else None,
            }
            for number, word in enumerate(self._words)
        ]
        found |= {"text": " ".join(word.text for word in self._words), "words": words, "language_code": "en"}
        if order.get("sentiment_analysis"):
            found["sentiment_analysis"] = True
            found["sentiment_analysis_results"] = [{**words[0], "text": "…", "sentiment": "NEGATIVE"}]
        if order.get("iab_categories"):
            summary = {"Travel": 0.2, "MedicalHealth": 0.9}
            found["iab_categories"] = True
            found["iab_categories_result"] = {"status": "success", "results": [], "summary": summary}
        if order.get("summarization"):
            found["summary"] = "Somebody books a visit."
        return checked(assemblyai_types.TranscriptResponse, json.loads(json.dumps(found)))
