"""A stage for one call on virtual time: a line without a plane, a recogniser and a voice made of numbers."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from antiphon.agents.ports import Reasoner, Replying, ReplyRequest, Tool
from antiphon.conversation import Policy
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.call import Call
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.records.lines import Header, header_fields
from antiphon.runtime.speaking import Voice
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TtsAudio, TtsRequest
from antiphon.speech.ssml import Shaper, Utterance
from antiphon.storage.traces import TraceWriter

RATE_HZ = 8000
MS_PER_CHARACTER = 50


class VirtualClock:
    """Time that moves only when told to; implements `runtime.clock.Clock`."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._due: list[tuple[int, int, _Alarm]] = []
        self._count = 0

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> _Alarm:
        self._count += 1
        alarm = _Alarm(callback)
        heapq.heappush(self._due, (self.now_ms + max(0, delay_ms), self._count, alarm))
        return alarm

    def wall_time_ms(self) -> int:
        return 1_764_000_000_000 + self.now_ms

    def now_ns(self) -> int:
        return self.now_ms * 1_000_000

    async def advance(self, duration_ms: int) -> None:
        end_ms = self.now_ms + duration_ms
        await settle()
        while self._due and self._due[0][0] <= end_ms:
            at_ms, _, alarm = heapq.heappop(self._due)
            self.now_ms = max(self.now_ms, at_ms)
            if not alarm.cancelled:
                alarm.callback()
                await settle()
        self.now_ms = end_ms


class _Alarm:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Lets go of what it would have called, as the loop's own handles do."""
        self.cancelled = True
        self.callback = lambda: None


async def settle() -> None:
    """Let every task that can run, run."""
    for _ in range(30):
        await asyncio.sleep(0)


class StageLine:
    """Records what is played; the test says when it is heard."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.played: dict[str, bytes] = {}
        self.finished: list[str] = []
        self.flushed: list[str] = []
        self.paused: list[str] = []
        self.resumed: list[tuple[str, int]] = []
        self.deferred: list[str] = []
        self.closed = False
        self.heard_ms = 0
        self.listener: Call | None = None

    @property
    def now_ms(self) -> int:
        return self._clock.now_ms

    @property
    def sample_rate_hz(self) -> int:
        return RATE_HZ

    def play(self, reply_id: str, pcm: bytes) -> None:
        first = reply_id not in self.played
        self.played[reply_id] = self.played.get(reply_id, b"") + pcm
        if first and self.listener is not None:
            self.listener.playout_started(reply_id)

    def finish(self, reply_id: str) -> None:
        self.finished.append(reply_id)

    def pause(self, reply_id: str) -> int:
        self.paused.append(reply_id)
        return self.heard_ms

    def defer(self, reply_id: str) -> None:
        self.deferred.append(reply_id)

    def resume(self, reply_id: str, rewind_ms: int = 0) -> None:
        self.resumed.append((reply_id, rewind_ms))

    def flush(self, reply_id: str, fade_ms: int = 20) -> int:
        self.flushed.append(reply_id)
        return self.heard_ms

    hears_somebody = True
    hears_itself = False

    def recent_audio(self, duration_ms: int) -> bytes:
        return b"\0\0" * (RATE_HZ // 10)

    def close(self) -> None:
        self.closed = True

    def hear_out(self, reply_id: str) -> None:
        """The far end has played everything of this reply."""
        assert self.listener is not None
        self.listener.playout_finished(reply_id, len(self.played[reply_id]) * 1000 // (2 * RATE_HZ))


class StageStt:
    """A recogniser that says what the test tells it to."""

    def __init__(self) -> None:
        self.emit: Callable[[SttEvent], None] = lambda event: None
        self.config: SttConfig | None = None
        self.pushed: list[bytes] = []
        self.started = 0
        self.segment = 0
        self.asked = 0
        self.expected: Sequence[str] = ()
        self.closed = False

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> StageStt:
        self.config, self.emit = config, emit
        return self

    def push(self, pcm: bytes) -> None:
        self.pushed.append(pcm)

    def speech_started(self) -> None:
        self.started += 1

    def speech_stopped(self) -> None:
        self.asked += 1

    def turn_committed(self) -> None:
        self.segment += 1

    def expect(self, phrases: Sequence[str]) -> None:
        self.expected = tuple(phrases)

    async def aclose(self) -> None:
        self.closed = True

    def final(self, text: str) -> None:
        self.emit(Transcript(segment=self.segment, text=text, final=True))


class StageTts:
    """Every character is 50 ms of a constant; can be told to fail, and to wait (`hold` cleared)."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.asked: list[str] = []
        self.marked: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.asked.append(request.text)
        self.marked.append(request.ssml)
        if self.broken:
            raise ProviderUnavailable("stage", "no voice today")
        await self.hold.wait()
        samples = len(request.text) * MS_PER_CHARACTER * RATE_HZ // 1000
        emit(TtsAudio(pcm=b"\1\0" * samples))


class StageScore:
    def __init__(self, score: float = 0.9) -> None:
        self.value = score

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        return self.value


class StageReasoner:
    """Answers with what `plan` does for each request; remembers what it is told."""

    def __init__(self, plan: Callable[[ReplyRequest, Replying], object] | None = None) -> None:
        self.plan = plan
        self.requests: list[ReplyRequest] = []
        self.confirmed: list[str] = []
        self.discarded: list[str] = []
        self.heard_replies: list[tuple[str, str, bool]] = []

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        self.requests.append(request)
        if self.plan is None:
            act.say(f"You said {request.text}." if request.text else "Hello.")
            return
        result = self.plan(request, act)
        if asyncio.iscoroutine(result):
            await result

    def confirm(self, reply_id: str) -> None:
        self.confirmed.append(reply_id)

    def discard(self, reply_id: str) -> None:
        self.discarded.append(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        self.heard_replies.append((reply_id, text, complete))


def as_written(text: str) -> Utterance:
    """No reading rules; only an author's marks count."""
    return Shaper("xx").utterance(text) if "<" in text else Utterance(text=text.strip())


class Stage:
    """One call ready to begin. `call` begins at construction inside a running loop."""

    def __init__(
        self,
        directory: Path,
        *,
        reasoner: Reasoner | None = None,
        tools: Sequence[Tool] = (),
        voices: Sequence[StageTts] | None = None,
        policy: Policy | None = None,
        unified: UnifiedModel | None = None,
        clock: VirtualClock | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.line = StageLine(self.clock)
        self.stt = StageStt()
        self.voices = list(voices or [StageTts()])
        self.reasoner = reasoner or StageReasoner()
        policy = policy or Policy()
        header = Header(
            call_id="stage-call",
            agent="stage",
            definition_hash="0",
            policy=policy,
            wall_time_ms=self.clock.wall_time_ms(),
            line="loopback",
        )
        self.trace = TraceWriter(directory, "stage-call", header_fields(header))
        self.call = Call(
            CallParts(
                call_id="stage-call",
                agent="stage",
                line_kind="loopback",
                caller_number="",
                language="en-US",
                policy=policy,
                started_at=datetime.fromtimestamp(1_764_000_000, tz=ZoneInfo("America/New_York")),
                recognisers=[("stage", self.stt)],
                vocabulary=(),
                voices=[Voice(name=f"stage-{i}", tts=tts, voice="v") for i, tts in enumerate(self.voices)],
                shape=as_written,
                end_of_turn=StageScore(),
                reasoner=self.reasoner,
                tools={tool.name: tool for tool in tools},
                trace=self.trace,
                clock=self.clock,
                unified=unified,
            )
        )
        self.line.listener = self.call

    async def begin(self, *, greet: bool = True) -> None:
        self.call.begin(self.line)
        await settle()
        if greet:
            self.line.hear_out("r1")
            await settle()

    async def says(self, text: str, duration_ms: int = 800) -> None:
        """A whole utterance, its final 60 ms after the pause was noticed; the turn commits 300 ms later."""
        self.call.speech_started(onset_ms=max(0, self.clock.now_ms - 70))
        await self.clock.advance(duration_ms)
        self.call.speech_stopped(ended_ms=self.clock.now_ms - 100)
        await self.clock.advance(60)
        self.stt.final(text)
        await self.clock.advance(300)
