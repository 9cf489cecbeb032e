"""ElevenLabs speaking: the multi-context socket, and the HTTP stream with times. They speak coded speech.

Written from the types of elevenlabs 2.78.0, against which every message is checked, both ways, and from the
pages "Multi-Context WebSocket" and "Stream speech with timing" (read 2026-11-25). The limit of five contexts,
which a cancelled one counts towards until its `isFinal`, is as in github.com/pipecat-ai/pipecat issue 4132.
"""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from elevenlabs.text_to_speech.client import AsyncTextToSpeechClient
from elevenlabs.types import (
    AudioOutputMulti,
    CloseContext,
    FinalOutputMulti,
    FlushContext,
    InitializeConnectionMulti,
    SendTextMulti,
    StreamingAudioChunkWithTimestampsResponse,
)
from tests.doubles.coded_speech import GAP_MS, spoken, timed
from tests.doubles.contexts_double import ContextsDouble, Piece, Sentence, contexts_messages
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

CONTEXTS_MAX = 5
_FORMATS = {f"pcm_{rate}": rate for rate in (8000, 16000, 22050, 24000, 44100)}
_QUERY = {
    "model_id", "language_code", "enable_logging", "enable_ssml_parsing", "output_format",
    "inactivity_timeout", "sync_alignment", "auto_mode", "apply_text_normalization", "seed",
}  # fmt: skip
_SOCKET_MODELS = {"eleven_flash_v2_5", "eleven_flash_v2", "eleven_turbo_v2_5", "eleven_multilingual_v2"}
_HTTP_PARAMETERS = set(inspect.signature(AsyncTextToSpeechClient.stream_with_timestamps).parameters)
_WITHOUT_LANGUAGE = {"eleven_flash_v2", "eleven_multilingual_v2"}


@dataclass
class _Context:
    speed: float = 1.0
    text: str = ""
    flushed: bool = False


@dataclass
class ElevenLabsTongue:
    """A `Tongue`.

    Attributes:
        dates_first: The whole sentence is dated with its first piece, as the service has been seen to do.
        forgets_late: A cancelled context is confirmed only when the test says so, by `forget`.
    """

    dates_first: bool = False
    forgets_late: bool = False
    open: dict[int, dict[str, _Context]] = field(default_factory=dict)
    _late: list[tuple[Peer, str]] = field(default_factory=list)

    async def talk(self, peer: Peer, double: ContextsDouble) -> None:
        contexts: dict[str, _Context] = {}
        self.open[id(peer)] = contexts
        async for message in contexts_messages(peer):
            name = message["context_id"]
            if message.get("close_context"):
                checked(CloseContext, message)
                context = contexts.get(name)
                if context is not None and context.flushed and name not in double.cancelled:
                    context.flushed = False  # The close that belongs to it; another one is a cancellation.
                    continue
                await self._cancel(peer, double, name)
            elif name not in contexts:
                if len(contexts) >= CONTEXTS_MAX:
                    said = (
                        f"Maximum simultaneous contexts per WebSocket connection exceeded ({CONTEXTS_MAX})."
                    )
                    error = {"message": said, "error": "max_active_conversations", "code": 1008}
                    await peer.send(error)
                    await peer.close(1008, said)
                    return
                checked(InitializeConnectionMulti, message)
                contexts[name] = _Context(speed=message.get("voice_settings", {}).get("speed", 1.0))
            else:
                checked(SendTextMulti, message)
                self._text(peer, double, name, contexts[name], message)

    def _text(
        self, peer: Peer, double: ContextsDouble, name: str, context: _Context, message: Mapping[str, Any]
    ) -> None:
        assert message["text"].endswith(" "), "text should end with a space"
        context.text += message["text"]
        if not message.get("flush"):
            return
        checked(FlushContext, dict(message))
        context.flushed = True
        voice = f"{peer.query['model_id'][0]}/{peer.path.split('/')[3]}"
        rate_hz = _FORMATS[peer.query["output_format"][0]]
        sentence = Sentence(
            context=name, text=context.text.strip(), voice=voice, speed=context.speed, rate_hz=rate_hz
        )
        double.say(peer, sentence)

    async def _cancel(self, peer: Peer, double: ContextsDouble, name: str) -> None:
        double.cancel(name)
        if name not in self.open[id(peer)]:
            return
        if self.forgets_late:
            self._late.append((peer, name))
            return
        for message in self.end(name):
            await peer.send(message)

    async def forget(self) -> None:
        """What was cancelled is over now."""
        for peer, name in self._late:
            self.open[id(peer)].pop(name, None)
            await peer.send(checked(FinalOutputMulti, {"isFinal": True, "contextId": name}))
        self._late.clear()

    def sound(self, sentence: Sentence, piece: Piece) -> list[Mapping[str, Any]]:
        message: dict[str, Any] = {
            "audio": base64.b64encode(piece.pcm).decode(),
            "contextId": sentence.context,
        }
        words = piece.words
        if self.dates_first:
            words = timed(sentence.text) if piece.start_ms == 0 else []
        if words:
            chars = [char for word in words for char in _chars(word.text, word.start_ms, word.end_ms)]
            message["alignment"] = {
                "chars": [char for char, _, _ in chars],
                "charStartTimesMs": [round(start - piece.start_ms) for _, start, _ in chars],
                "charDurationsMs": [duration for _, _, duration in chars],
            }
        return [checked(AudioOutputMulti, message)]

    def end(self, context: str) -> list[Mapping[str, Any]]:
        for contexts in self.open.values():
            contexts.pop(context, None)
        return [checked(FinalOutputMulti, {"isFinal": True, "contextId": context})]

    def refusal(self, fault: Fault, context: str) -> Mapping[str, Any]:
        code = {Fault.AUTH: "quota_exceeded", Fault.RATE_LIMIT: "too_many_concurrent_requests"}[fault]
        return {"message": "no", "error": code, "code": 1008, "contextId": context}


def _chars(word: str, start_ms: int, end_ms: int) -> list[tuple[str, int, int]]:
    """Letters share the word's time, marks have none, and the space behind it has the gap."""
    letters, passed = sum(map(str.isalnum, word)) or 1, 0
    chars = []
    for char in word:
        at_ms = start_ms + (end_ms - start_ms) * passed // letters
        passed += char.isalnum()
        chars.append((char, at_ms, start_ms + (end_ms - start_ms) * passed // letters - at_ms))
    return [*chars, (" ", end_ms, GAP_MS)]


def elevenlabs_speech(tongue: ElevenLabsTongue | None = None, **settings: Any) -> ContextsDouble:
    async def talk(peer: Peer) -> None:
        await double.talk(peer)

    vendor = SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("xi-api-key") == KEY,
        check=_check,
        close_code=(1011, "internal error"),
        malformed='{"audio": 7, "contextId": "c"}',
        **settings,
    )
    double = ContextsDouble(tongue=tongue or ElevenLabsTongue(), vendor=vendor)
    return double


def _check(peer: Peer) -> None:
    _, version, kind, voice, way = peer.path.split("/")
    assert (version, kind, way) == ("v1", "text-to-speech", "multi-stream-input")
    assert voice
    assert set(peer.query) <= _QUERY, f"unknown parameters {set(peer.query) - _QUERY}"
    assert peer.query["output_format"][0] in _FORMATS
    model = peer.query["model_id"][0]
    assert model in _SOCKET_MODELS, f"the socket does not serve {model}"
    assert not (model in _WITHOUT_LANGUAGE and "language_code" in peer.query)
    assert 1 <= int(peer.query["inactivity_timeout"][0]) <= 180


@dataclass
class ElevenLabsHttp:
    """A `Wire`: `/v1/text-to-speech/{voice}/stream/with-timestamps`, a JSON object a line."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        assert request.headers["xi-api-key"] == KEY
        _, version, kind, voice, *way = request.path.split("/")
        assert (version, kind, way) == ("v1", "text-to-speech", ["stream", "with-timestamps"])
        assert voice
        assert set(request.json) | set(request.query) <= _HTTP_PARAMETERS
        assert 0.7 <= request.json.get("voice_settings", {}).get("speed", 1.0) <= 1.2
        rate_hz = _FORMATS[request.query["output_format"]]
        text = request.json["text"]
        lines = []
        for word in timed(text):
            chars = _chars(word.text, word.start_ms, word.end_ms)
            times = {
                "characters": [char for char, _, _ in chars],
                "character_start_times_seconds": [start / 1000 for _, start, _ in chars],
                "character_end_times_seconds": [(start + long) / 1000 for _, start, long in chars],
            }
            part = spoken(word.text, rate_hz)
            line = {"audio_base64": base64.b64encode(part).decode(), "alignment": times}
            lines.append(
                json.dumps(checked(StreamingAudioChunkWithTimestampsResponse, line)).encode() + b"\n"
            )
        return HttpAnswer(headers={"content-type": "application/json"}, pieces=lines)

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        said = {"detail": {"status": fault.value, "message": "no"}}
        match fault:
            case Fault.RATE_LIMIT:
                return json_answer(429, said, {"retry-after": str(faulty.retry_after_s)})
            case Fault.AUTH:
                return json_answer(401, said)
            case Fault.CLOSE_CODE:
                return json_answer(503, said)
        return HttpAnswer(headers={"content-type": "application/json"})

    def malformed(self) -> bytes:
        return b'{"audio_base64": \n'
