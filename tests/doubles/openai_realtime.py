"""OpenAI Realtime (GA) as a speech-to-speech session over one socket.

Written from `types/realtime` of openai 3.54.0, which every message is checked against, both ways.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from openai.types import realtime as sdk
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

RATE_HZ = 24_000
DELTA_MS = 100
USAGE = {
    "total_tokens": 190,
    "input_tokens": 120,
    "output_tokens": 70,
    "input_token_details": {"text_tokens": 40, "audio_tokens": 80, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 10, "audio_tokens": 60},
}


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What one response says.

    Attributes:
        items_ms: Length of each audio item: a response may have more than one.
        calls: (name, arguments) of function calls.
        hold: Send the first audio delta and wait, until it is cancelled.
    """

    text: str = "Good morning."
    items_ms: Sequence[int] = (600,)
    calls: Sequence[tuple[str, str]] = ()
    hold: bool = False


@dataclass
class Script:
    """`answers` are given in order, the last one again and again."""

    answers: list[Spoken] = field(default_factory=lambda: [Spoken()])
    heard: str = "good morning"


def openai_realtime(script: Script, **settings: Any) -> SocketVendor:
    async def talk(peer: Peer) -> None:
        await _Session(peer, script).run()

    return SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("Authorization") == f"Bearer {KEY}",
        check=_check_request,
        close_code=(1011, "internal error"),
        **settings,
    )


def _check_request(peer: Peer) -> None:
    assert peer.path == "/v1/realtime"
    assert peer.query == {"model": ["gpt-realtime"]}
    assert "OpenAI-Beta" not in peer.headers, "the beta header is gone in GA"


class _Session:
    def __init__(self, peer: Peer, script: Script) -> None:
        self._peer, self._script = peer, script
        self._events = self._responses = 0
        self._active = ""
        self._waiting_calls = 0

    async def run(self) -> None:
        await self._send(sdk.SessionCreatedEvent, type="session.created", session={"type": "realtime"})
        async for message in self._peer.messages():
            await self._take(message)

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "session.update":
                checked(sdk.SessionUpdateEvent, message)
                await self._send(
                    sdk.SessionUpdatedEvent, type="session.updated", session={"type": "realtime"}
                )
            case "input_audio_buffer.append":
                checked(sdk.InputAudioBufferAppendEvent, message)
            case "input_audio_buffer.commit":
                checked(sdk.InputAudioBufferCommitEvent, message)
                await self.heard("i1")
            case "conversation.item.create":
                checked(sdk.ConversationItemCreateEvent, message)
            case "conversation.item.truncate":
                checked(sdk.ConversationItemTruncateEvent, message)
                assert message["audio_end_ms"] > 0, "truncating to nothing is refused"
            case "conversation.item.delete":
                checked(sdk.ConversationItemDeleteEvent, message)
            case "response.create":
                checked(sdk.ResponseCreateEvent, message)
                assert not self._active, "a second response at a time is refused"
                await self.respond()
            case "response.cancel":
                checked(sdk.ResponseCancelEvent, message)
                await self._delta(self._active, "item0")  # What was under way still arrives.
                await self._done("cancelled")
            case other:
                raise AssertionError(f"no such event: {other}")

    async def heard(self, item: str) -> None:
        """The transcript of the caller's own words, asynchronous in the API."""
        await self._send(
            sdk.ConversationItemInputAudioTranscriptionCompletedEvent,
            type="conversation.item.input_audio_transcription.completed",
            item_id=item,
            content_index=0,
            transcript=self._script.heard,
            usage={"type": "duration", "seconds": 1.0},
        )

    async def respond(self) -> None:
        answers = self._script.answers
        answer = answers[min(self._responses, len(answers) - 1)]
        self._responses += 1
        self._active = f"resp{self._responses}"
        await self._send(
            sdk.ResponseCreatedEvent,
            type="response.created",
            response={"id": self._active, "status": "in_progress"},
        )
        if answer.text and answer.items_ms:
            await self._say(answer)
        for number, (name, arguments) in enumerate(answer.calls):
            await self._send(
                sdk.ResponseFunctionCallArgumentsDoneEvent,
                type="response.function_call_arguments.done",
                response_id=self._active,
                item_id=f"call-item{number}",
                output_index=number,
                call_id=f"call{self._responses}-{number}",
                name=name,
                arguments=arguments,
            )
        if not answer.hold:
            await self._done("completed")

    async def _say(self, answer: Spoken) -> None:
        await self._send(
            sdk.ResponseAudioTranscriptDeltaEvent,
            type="response.output_audio_transcript.delta",
            response_id=self._active,
            item_id="item0",
            output_index=0,
            content_index=0,
            delta=answer.text,
        )
        for number, item_ms in enumerate(answer.items_ms):
            for _ in range(1 if answer.hold else item_ms // DELTA_MS):
                await self._delta(self._active, f"item{number}")

    async def _delta(self, response: str, item: str) -> None:
        tone = (8000 * np.sin(np.arange(RATE_HZ * DELTA_MS // 1000) / 10)).astype("<i2")
        await self._send(
            sdk.ResponseAudioDeltaEvent,
            type="response.output_audio.delta",
            response_id=response,
            item_id=item,
            output_index=0,
            content_index=0,
            delta=base64.b64encode(tone.tobytes()).decode(),
        )

    async def _done(self, status: str) -> None:
        response, self._active = self._active, ""
        await self._send(
            sdk.ResponseDoneEvent,
            type="response.done",
            response={"id": response, "status": status, "usage": USAGE},
        )

    async def _send(self, kind: Any, **fields: Any) -> None:
        self._events += 1
        message = {"event_id": f"event{self._events}", **fields}
        checked(kind, message)
        await self._peer.send(message)
