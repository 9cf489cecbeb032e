"""The clinic behind the Realtime endpoint on virtual time, and a client of it without a socket. All it is
told is held against the types of the official SDK."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from openai.types import realtime as sdk
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from tests.doubles.front_desk import DeskTime, FrontDesk, voice
from tests.doubles.media_line import EnergyVad
from tests.doubles.sdk_types import checked
from tests.doubles.virtual_loop import VirtualLoop, pass_time, virtual_clock

from antiphon.agents.ports import Completion, LanguageModel, Message, Tool, ToolCall, Usage
from antiphon.audio.resample import resample
from antiphon.calls.realtime import Admission, RealtimeSession
from antiphon.calls.streams.dialect import CloseCode
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.metered_models import metered_model
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.server.realtime import offer_of
from antiphon.storage.traces import find_call

GIVES_UP_MS = 60_000
CHUNK_MS = 40
_EVENTS: dict[str, Any] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind
    for kind in get_args(get_args(RealtimeServerEvent)[0])
}
SESSION = sdk.RealtimeSessionCreateRequest

Answer = str | ToolCall | Sequence[str | ToolCall]


class Mind:
    """A language model that answers by a function of its last message and of the tools it was offered."""

    def __init__(self, answer: Callable[[Message, Sequence[Tool]], Answer]) -> None:
        self._answer = answer
        self.asked: list[list[Message]] = []
        self.offered: list[list[str]] = []

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        self.asked.append(list(messages))
        self.offered.append([tool.name for tool in tools])
        told = self._answer(messages[-1], tools)
        parts = [told] if isinstance(told, str | ToolCall) else told
        text = "".join(part for part in parts if isinstance(part, str))
        if text:
            emit(text)
        calls = tuple(part for part in parts if isinstance(part, ToolCall))
        return Completion(text=text, tool_calls=calls, usage=Usage(input_tokens=100, output_tokens=10))


class Client:
    """Implements `session.Line`. `events` are as the SDK would give them, `audio` what was to be played."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.closed: tuple[CloseCode, str] | None = None
        self.audio = b""
        self.pings = 0
        self.session: RealtimeSession

    def send(self, message: bytes) -> None:
        assert self.closed is None, "nothing is sent into a closed socket"
        event = json.loads(message)
        checked(_EVENTS[event["type"]], event)
        if event["type"] in ("session.created", "session.updated"):
            checked(SESSION, event["session"])
        if event["type"] == "response.output_audio.delta":
            self.audio += base64.b64decode(event["delta"])
        self.events.append(event)

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed = (code, reason)

    # ---------------------------------------------------------------- what a client does

    def say(self, kind: str, **fields: Any) -> None:
        self.session.message(json.dumps({"type": kind, **fields}).encode())

    def update(self, **session: Any) -> None:
        self.say("session.update", session={"type": "realtime", **session})

    def append(self, wire: bytes) -> None:
        self.say("input_audio_buffer.append", audio=base64.b64encode(wire).decode())

    def writes(self, text: str, *, role: str = "user") -> None:
        content = [{"type": "input_text", "text": text}]
        self.say("conversation.item.create", item={"type": "message", "role": role, "content": content})

    def speech(self, duration_ms: int, *, quiet_ms: int) -> Iterator[bytes]:
        """So much of a voice and of silence, in chunks."""
        sound = resample(voice(duration_ms).astype(np.int16), 8000, 24000)
        wire = sound.astype("<i2").tobytes() + bytes(quiet_ms * 48)
        for start in range(0, len(wire), CHUNK_MS * 48):
            yield wire[start : start + CHUNK_MS * 48]

    async def speaks(self, duration_ms: int, *, quiet_ms: int = 1500) -> None:
        """In real time."""
        for chunk in self.speech(duration_ms, quiet_ms=quiet_ms):
            self.append(chunk)
            await pass_time(CHUNK_MS / 1000)

    # ---------------------------------------------------------------- what it was told

    def named(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        """In order, what repeats once."""
        found: list[str] = []
        for event in self.events:
            if not found or found[-1] != event["type"]:
                found.append(event["type"])
        return found

    @property
    def errors(self) -> list[tuple[str, str | None]]:
        return [(event["error"]["code"], event["error"]["param"]) for event in self.named("error")]

    async def until(self, condition: Callable[[], object], *, within_ms: int = GIVES_UP_MS) -> None:
        for _ in range(within_ms // 20):
            if condition():
                return
            await pass_time(0.02)
        raise AssertionError(f"it never came; told {self.kinds[-20:]}")

    async def done(self, count: int) -> list[dict[str, Any]]:
        """So many responses are over; gives them."""
        await self.until(lambda: len(self.named("response.done")) >= count)
        return [event["response"] for event in self.named("response.done")]

    @property
    def transcripts(self) -> list[str]:
        return [event["transcript"] for event in self.named("response.output_audio_transcript.done")]


@dataclass
class RealtimeDesk:
    """`async with` it on a virtual loop.

    Attributes:
        words: What the recogniser takes the caller's utterances for.
        changes: Over the clinic's own file.
    """

    home: Path
    words: Sequence[str] = ()
    mind: LanguageModel | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    calls_max: int = 10
    counted: Counter[str] = field(default_factory=Counter)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        mind = metered_model("acme/model", self.mind) if self.mind is not None else None
        self.desk = FrontDesk(self.home, self.words, self.changes, mind)
        self.kit = self.desk.kit()
        self.plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=loop.now_ns)
        self.exchange = Exchange(
            plane=self.plane,
            agents={"clinic": self.kit},
            calls_directory=self.home / "calls",
            clock=DeskTime(loop),
            calls_max=self.calls_max,
        )
        self._ticking = asyncio.ensure_future(self._tick(loop))
        self.clients: list[Client] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients:
            client.session.disconnected()
        give_up_s = time.monotonic() + 30
        while self.exchange.active():  # The thread that closes the trace lives in real time.
            assert time.monotonic() < give_up_s, "the call never ended"
            await pass_time(0.02)
        self._ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking
        assert not self.plane.live_calls

    async def _tick(self, loop: VirtualLoop) -> None:
        while True:
            await pass_time(0.020)
            self.plane.tick(loop.now_ns())

    def connect(self, wished: Mapping[str, Any] | None = None) -> Client:
        client = Client()
        loop = asyncio.get_running_loop()
        admission = Admission(
            switchboard=self.exchange, clock=virtual_clock, later=loop.call_later, counted=self.counted
        )
        client.session = RealtimeSession(client, offer_of(self.kit), admission, wished)
        self.clients.append(client)
        return client

    def record(self, client: Client) -> CallRecord:
        return read_call(find_call(self.home / "calls", client.session.call_id))
