"""OpenAI Realtime (GA) as a speech-to-speech session over one socket.

Written from `types/realtime` of openai 3.54.0, which every message is checked against, both ways.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from openai.types import realtime as sdk
from tests.doubles.coded_session import CodedSession
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

from antiphon.audio import g711

RATE_HZ, PHONE_HZ = 24_000, 8_000
LOUD = 500  # Of 32768: louder is a voice.
SILENCE_MS = 500  # As `silence_duration_ms` by default.
DELTA_MS = 100


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
class Memory:
    """What the session knows: (who, text), where who is "caller", "agent", "tool", "wish" (text that is
    answered: the instructions of one response) or "note" (text that is not)."""

    instructions: str = ""
    items: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Script:
    """`answers` are given in order, the last one again and again; a `mind` makes them from what it knows.
    So with `heard`, what the caller says: an empty one is never told. `mute`: turns that are ended by this
    side are heard but not answered. `coded`: what the caller says is decoded from his audio instead, and
    answers are words in coded speech instead of a tone; on a telephone line, with turns ended by us.
    `refuses`: the code of an error that answers the session's settings."""

    answers: list[Spoken] = field(default_factory=lambda: [Spoken()])
    heard: str | Sequence[str] = "good morning"
    mind: Callable[[Memory], Spoken] | None = None
    mute: bool = False
    coded: bool = False
    refuses: str = ""

    turns: int = 0  # Of the caller so far, whatever the connection.
    given: int = 0  # So with answers.
    bills: list[Mapping[str, int]] = field(default_factory=list)  # What each answer's cost was told to be.

    def next_words(self) -> str:
        turn, self.turns = self.turns, self.turns + 1
        return self.heard if isinstance(self.heard, str) else self.heard[min(turn, len(self.heard) - 1)]

    def next_bill(self) -> dict[str, int]:
        """No two cost the same, so that one that was paid twice shows."""
        number = len(self.bills)
        sound = {"input_audio_tokens": 80 + 3 * number, "output_audio_tokens": 60 + 5 * number}
        text = {"input_tokens": 40 + number, "output_tokens": 10 + 7 * number}
        return {
            "input_tokens": text["input_tokens"] + sound["input_audio_tokens"],
            "output_tokens": text["output_tokens"] + sound["output_audio_tokens"],
            "cached_tokens": 64 + number,
            **sound,
        }

    def next_answer(self, memory: Memory) -> Spoken:
        given, self.given = self.given, self.given + 1
        return self.mind(memory) if self.mind else self.answers[min(given, len(self.answers) - 1)]


def _usage(bill: Mapping[str, int]) -> dict[str, Any]:
    heard, said = bill["input_audio_tokens"], bill["output_audio_tokens"]
    whole_in, whole_out = bill["input_tokens"], bill["output_tokens"]
    return {
        "total_tokens": whole_in + whole_out,
        "input_tokens": whole_in,
        "output_tokens": whole_out,
        "input_token_details": {
            "text_tokens": whole_in - heard,
            "audio_tokens": heard,
            "cached_tokens": bill["cached_tokens"],
        },
        "output_token_details": {"text_tokens": whole_out - said, "audio_tokens": said},
    }


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
    assert peer.query == {"model": ["gpt-realtime-1.5"]}
    assert "OpenAI-Beta" not in peer.headers, "the beta header is gone in GA"


@dataclass
class _Ears:
    """Server VAD by loudness; time is counted in samples. `detection` None leaves turns to the client."""

    detection: dict[str, Any] | None = None
    talking: bool = False
    quiet_ms: float = 0.0

    def hear(self, data: bytes) -> str:
        """ "started", "stopped" or nothing. `data`: s16le at 24 kHz."""
        if self.detection is None or not data:
            return ""
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
        loud = bool(np.abs(samples.astype(int)).mean() > LOUD)
        self.quiet_ms = 0.0 if loud else self.quiet_ms + len(samples) * 1000 / RATE_HZ
        if loud and not self.talking:
            self.talking = True
            return "started"
        if self.talking and self.quiet_ms >= SILENCE_MS:
            self.talking = False
            return "stopped"
        return ""


class _Session:
    def __init__(self, peer: Peer, script: Script) -> None:
        self._peer, self._script = peer, script
        self._events = self._responses = 0
        self._active = ""
        self._turns = 0
        self._ears = _Ears()
        self._memory = Memory()
        self._words = CodedSession(PHONE_HZ, PHONE_HZ) if script.coded else None

    async def run(self) -> None:
        await self._send(sdk.SessionCreatedEvent, type="session.created", session={"type": "realtime"})
        async for message in self._peer.messages():
            await self._take(message)

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "session.update":
                checked(sdk.SessionUpdateEvent, message)
                if self._script.refuses:
                    error = {
                        "type": "invalid_request_error", "code": self._script.refuses, "message": "no",
                        "param": "session.audio.output.voice", "event_id": message.get("event_id"),
                    }  # fmt: skip
                    await self._send(sdk.RealtimeErrorEvent, type="error", error=error)
                    return
                self._memory.instructions = message["session"]["instructions"]
                self._ears.detection = message["session"]["audio"]["input"]["turn_detection"]
                await self._send(
                    sdk.SessionUpdatedEvent, type="session.updated", session={"type": "realtime"}
                )
            case "input_audio_buffer.append":
                checked(sdk.InputAudioBufferAppendEvent, message)
                await self._listen(base64.b64decode(message["audio"]))
            case "input_audio_buffer.commit":
                checked(sdk.InputAudioBufferCommitEvent, message)
                await self.heard()
            case "conversation.item.create":
                checked(sdk.ConversationItemCreateEvent, message)
                self._remember(message["item"])
            case "conversation.item.truncate":
                checked(sdk.ConversationItemTruncateEvent, message)
                assert message["audio_end_ms"] > 0, "truncating to nothing is refused"
            case "conversation.item.delete":
                checked(sdk.ConversationItemDeleteEvent, message)
            case "response.create":
                checked(sdk.ResponseCreateEvent, message)
                assert not self._active, "a second response at a time is refused"
                if wish := message.get("response", {}).get("instructions"):
                    self._memory.items.append(("wish", wish))
                await self.respond()
            case "response.cancel":
                checked(sdk.ResponseCancelEvent, message)
                if self._active == message["response_id"]:
                    await self._delta(self._active, "item0")  # What was under way still arrives.
                    await self._done("cancelled")
            case other:
                raise AssertionError(f"no such event: {other}")

    async def _listen(self, data: bytes) -> None:
        """The vendor's own turn detection."""
        if self._words is not None:
            self._words.push(g711.decode(np.frombuffer(data, np.uint8)).astype("<i2").tobytes())
        moment = self._ears.hear(data)
        if moment == "started":
            await self._send(
                sdk.InputAudioBufferSpeechStartedEvent,
                type="input_audio_buffer.speech_started",
                item_id=f"i{self._turns + 1}",
                audio_start_ms=0,
            )
        elif moment == "stopped":
            await self._send(
                sdk.InputAudioBufferSpeechStoppedEvent,
                type="input_audio_buffer.speech_stopped",
                item_id=f"i{self._turns + 1}",
                audio_end_ms=0,
            )
            heard = self._hearing()
            if not self._script.mute and not self._active:
                await self.respond()
            await self._tell(heard)

    def _remember(self, item: dict[str, Any]) -> None:
        if item["type"] == "function_call_output":
            self._memory.items.append(("tool", item["output"]))
        elif item["type"] == "message":
            who = {"user": "caller", "assistant": "agent"}[item["role"]]
            self._memory.items.append((who, item["content"][0].get("text", "")))

    def _hearing(self) -> str:
        heard = self._script.next_words() if self._words is None else self._words.heard()
        self._turns += 1
        self._memory.items.append(("caller", heard))
        return heard

    async def heard(self) -> None:
        await self._tell(self._hearing())

    async def _tell(self, heard: str) -> None:
        """The transcript of the caller's own words, asynchronous in the API."""
        if not heard:
            return
        await self._send(
            sdk.ConversationItemInputAudioTranscriptionCompletedEvent,
            type="conversation.item.input_audio_transcription.completed",
            item_id=f"i{self._turns}",
            content_index=0,
            transcript=heard,
            usage={"type": "duration", "seconds": 1.0},
        )

    async def respond(self) -> None:
        answer = self._script.next_answer(self._memory)
        self._memory.items.append(("agent", answer.text))
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
        if self._words is not None:
            for pcm in self._words.sound(answer.text):
                await self._delta(self._active, "item0", g711.encode(np.frombuffer(pcm, "<i2")).tobytes())
            return
        for number, item_ms in enumerate(answer.items_ms):
            for _ in range(1 if answer.hold else item_ms // DELTA_MS):
                await self._delta(self._active, f"item{number}")

    async def _delta(self, response: str, item: str, data: bytes = b"") -> None:
        """A tone, unless there is `data` in the session's format."""
        tone = (8000 * np.sin(np.arange(RATE_HZ * DELTA_MS // 1000) / 10)).astype("<i2")
        await self._send(
            sdk.ResponseAudioDeltaEvent,
            type="response.output_audio.delta",
            response_id=response,
            item_id=item,
            output_index=0,
            content_index=0,
            delta=base64.b64encode(data or tone.tobytes()).decode(),
        )

    async def _done(self, status: str) -> None:
        response, self._active = self._active, ""
        bill, before = self._script.next_bill(), self._peer.sent
        await self._send(
            sdk.ResponseDoneEvent,
            type="response.done",
            response={"id": response, "status": status, "usage": _usage(bill)},
        )
        if self._peer.sent > before:
            self._script.bills.append(bill)

    async def _send(self, kind: Any, **fields: Any) -> None:
        self._events += 1
        message = {"event_id": f"event{self._events}", **fields}
        checked(kind, message)
        await self._peer.send(message)
