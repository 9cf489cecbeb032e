"""OpenAI's realtime socket as a transcription session (`intent=transcription`). Hears coded speech.

Written from `types/realtime` of openai 3.54.0, which every message is checked against.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from openai.types import realtime as sdk
from tests.doubles.coded_speech import CodedEar, HeardWord
from tests.doubles.faults import Fault
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

RATE_HZ = 24_000
TURN_SILENCE_MS = 300
COMMIT_MIN_MS = 100


@dataclass(slots=True, kw_only=True)
class Habits:
    """Attributes: live: words come while they are said, not only after the commit."""

    live: bool = True


def openai_transcription(habits: Habits | None = None, **settings: Any) -> SocketVendor:
    async def talk(peer: Peer) -> None:
        await _Session(peer, habits or Habits()).run()

    return SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("Authorization") == f"Bearer {KEY}",
        check=_check_query,
        close_code=(1011, "keepalive ping timeout"),
        **settings,
    )


def sent_audio(peer: Peer) -> bytes:
    appended = peer.of_type("input_audio_buffer.append")
    return b"".join(base64.b64decode(message["audio"]) for message in appended)


def _check_query(peer: Peer) -> None:
    assert peer.path == "/v1/realtime"
    assert peer.query == {"intent": ["transcription"]}
    assert "OpenAI-Beta" not in peer.headers, "the beta header is gone in GA"


class _Session:
    def __init__(self, peer: Peer, habits: Habits) -> None:
        self._peer, self._habits = peer, habits
        self._ear = CodedEar(RATE_HZ)
        self._events, self._item = 0, 0
        self._from_word, self._from_ms, self._said = 0, 0, 0
        self._session: dict[str, Any] = {}

    async def run(self) -> None:
        opened = {"type": "session.created", "session": {"type": "transcription"}}
        await self._send(sdk.SessionCreatedEvent, opened)
        async for message in self._peer.messages():
            match message["type"]:
                case "session.update":
                    await self._update(message)
                case "input_audio_buffer.append":
                    await self._audio(base64.b64decode(message["audio"], validate=True))
                case "input_audio_buffer.commit":
                    await self._commit()
                case other:
                    raise AssertionError(f"not an event of a transcription session: {other}")

    @property
    def _words(self) -> list[HeardWord]:
        return [] if self._peer.fault is Fault.NO_RESULT else self._ear.words[self._from_word :]

    @property
    def _item_id(self) -> str:
        return f"item_{self._item}"

    @property
    def _decides(self) -> bool:
        return self._session["audio"]["input"]["turn_detection"] is not None

    async def _update(self, message: dict[str, Any]) -> None:
        self._session = message["session"]
        checked(sdk.RealtimeTranscriptionSessionCreateRequest, self._session)
        updated = {"type": "session.updated", "session": self._session}
        await self._send(sdk.SessionUpdatedEvent, updated)

    async def _audio(self, pcm: bytes) -> None:
        self._ear.push(pcm)
        words = self._words
        if len(words) > self._said:
            if self._decides and not self._said:
                started = {
                    "type": "input_audio_buffer.speech_started",
                    "audio_start_ms": words[0].start_ms,
                    "item_id": self._item_id,
                }
                await self._send(sdk.InputAudioBufferSpeechStartedEvent, started)
            if self._habits.live:
                await self._deltas(words[self._said :])
            self._said = len(words)
        elif self._decides and words and self._ear.heard_ms - words[-1].end_ms >= TURN_SILENCE_MS:
            stopped = {
                "type": "input_audio_buffer.speech_stopped",
                "audio_end_ms": self._ear.heard_ms,
                "item_id": self._item_id,
            }
            await self._send(sdk.InputAudioBufferSpeechStoppedEvent, stopped)
            await self._transcribe()

    async def _commit(self) -> None:
        buffered_ms = self._ear.heard_ms - self._from_ms
        if buffered_ms < COMMIT_MIN_MS:
            error = {
                "type": "error",
                "error": {
                    "message": f"Error committing input audio buffer: only has {buffered_ms}ms of audio.",
                    "type": "invalid_request_error",
                    "code": "input_audio_buffer_commit_empty",
                },
            }
            await self._send(sdk.RealtimeErrorEvent, error)
            return
        await self._transcribe()

    async def _transcribe(self) -> None:
        committed = {"type": "input_audio_buffer.committed", "item_id": self._item_id}
        await self._send(sdk.InputAudioBufferCommittedEvent, committed)
        words = self._words
        if not self._habits.live:
            await self._deltas(words)
        text = " ".join(word.text for word in words)
        completed: dict[str, Any] = {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": self._item_id,
            "content_index": 0,
            "transcript": text,
            "usage": {"type": "tokens", "input_tokens": 20, "output_tokens": len(words), "total_tokens": 20},
        }
        if "include" in self._session:
            completed["logprobs"] = [
                {"token": word.text, "logprob": -0.105, "bytes": list(word.text.encode())} for word in words
            ]
        await self._send(sdk.ConversationItemInputAudioTranscriptionCompletedEvent, completed)
        self._item += 1
        self._from_word, self._from_ms, self._said = len(self._ear.words), self._ear.heard_ms, 0

    async def _deltas(self, words: list[HeardWord]) -> None:
        for word in words:
            delta = {
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": self._item_id,
                "content_index": 0,
                "delta": word.text if word is self._words[0] else f" {word.text}",
            }
            await self._send(sdk.ConversationItemInputAudioTranscriptionDeltaEvent, delta)

    async def _send(self, kind: Any, message: dict[str, Any]) -> None:
        self._events += 1
        await self._peer.send(checked(kind, {**message, "event_id": f"event_{self._events}"}))
