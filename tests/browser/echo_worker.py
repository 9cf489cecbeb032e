"""A media worker whose agent repeats what it hears: the whole browser path with no model in it."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.errors import CallFailed
from antiphon.runtime.arrivals import Arrival, CallerView
from antiphon.server.media_worker import run_worker
from antiphon.server.wiring import AgentSummary, CallOutcome, Wiring, WorkerOptions

FRAME_BYTES = 640
DELAY_FRAMES = 10  # The echo comes 200 ms late, in whole frames.


@dataclass(frozen=True)
class EchoOutcome:
    cause: str
    escalate_to: str = ""
    reason: str = ""


class EchoCall:
    """Implements `MediaSource`: sends back what it receives, and says on the screen what happened."""

    def __init__(self, call_id: str, sink: MediaSink, view: CallerView | None, gone: EchoExchange) -> None:
        self.call_id = call_id
        self._sink = sink
        self._view = view
        self._exchange = gone
        self._held: deque[bytes] = deque()
        self._partial = b""
        self._received = 0
        self.show({"type": "state", "phase": "listening"})
        self.show({"type": "caller", "text": "testing one two", "final": False, "turn": 1})

    def show(self, message: dict[str, object]) -> None:
        if self._view is not None:
            self._view.show(message)

    def receive(self, payload: bytes | memoryview) -> None:
        self._partial += bytes(payload)
        while len(self._partial) >= FRAME_BYTES:
            self._held.append(self._partial[:FRAME_BYTES])
            self._partial = self._partial[FRAME_BYTES:]
            self._received += 1
            if len(self._held) > DELAY_FRAMES:
                self._sink.send(self._held.popleft())
            if self._received == 50:
                self._sink.mark("first second")

    def concealed(self, duration_ms: int) -> None: ...
    def played(self, name: str) -> None:
        self.show({"type": "caller", "text": "testing one two three", "final": True, "turn": 1})
        stages = {"endpointing": 310, "transcript": 140, "reply": 90, "voice": 60}
        self.show({"type": "latency", "turn": 1, "total_ms": 430, "stages": stages})
        self.show({"type": "agent", "reply": "r1", "text": "I repeat what you say, word for word."})
        self.show({"type": "agent_heard", "reply": "r1", "text": "I repeat what you say", "complete": False})
        self.show({"type": "state", "phase": "speaking"})

    def dtmf(self, digit: str) -> None:
        self.show({"type": "tool", "name": f"key_{digit}", "ok": True})
        if digit == "#":
            self.finish("agent")

    def talk(self, pressed: bool) -> None:
        self.show({"type": "tool", "name": "talk_down" if pressed else "talk_up", "ok": True})

    def finish(self, cause: str) -> None:
        self.show({"type": "end", "cause": cause})
        self._sink.end()
        self._exchange.forget(self.call_id, cause)

    def closed(self, reason: str) -> None:
        self._exchange.forget(self.call_id, reason)


class EchoExchange:
    """Implements `CallExchange`."""

    def __init__(self) -> None:
        self._calls: dict[str, EchoCall] = {}
        self._outcomes: dict[str, EchoOutcome] = {}
        self._count = 0

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        if arrival.agent == "busy":
            raise CallFailed("every line is busy")
        self._count += 1
        call = EchoCall(f"echo-{self._count}", sink, view, self)
        self._calls[call.call_id] = call
        return call.call_id, call

    def active(self) -> Sequence[object]:
        return [{"call_id": call_id, "agent": "echo"} for call_id in self._calls]

    def outcome(self, key: str) -> CallOutcome | None:
        return self._outcomes.get(key)

    def forget(self, call_id: str, cause: str) -> None:
        self._calls.pop(call_id, None)
        self._outcomes[call_id] = EchoOutcome(cause=cause)

    async def drain(self, timeout_ms: int) -> None:
        for call in list(self._calls.values()):
            call.finish("operator")
        await asyncio.sleep(0)


async def wire_echo(options: WorkerOptions) -> Wiring:
    agents = (
        AgentSummary(name="echo", title="Echo", role="Repeats what it hears", language="en-US"),
        AgentSummary(name="radio", title="Radio", role="Listens while you hold", push_to_talk=True),
        AgentSummary(name="busy", title="Busy", role="Never has a free line", language="en-US"),
    )
    return Wiring(exchange=EchoExchange(), agents=agents, report={"models": {}})


if __name__ == "__main__":
    sys.exit(run_worker(sys.argv[1:], wire_echo))
