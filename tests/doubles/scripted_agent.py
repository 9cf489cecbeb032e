"""The agent's side of a loopback call on virtual time: tones at moments of call time, notes of what came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from tests.doubles.media_line import tone
from tests.doubles.virtual_loop import virtual_clock

from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.errors import CallFailed
from antiphon.runtime.arrivals import Arrival, CallerView
from antiphon.speech.ports import SttConfig, Transcript, TtsAudio, TtsRequest

RATE_HZ = 16000


class ScriptedAgent:
    """A switchboard whose agent says `utterances`, (at_ms, duration_ms) each, and may hang up.

    Attributes:
        voices_ms: When each stretch of the caller's voice was on the line, (from, to).
        keys: (at_ms, key).
        ended: (at_ms, reason) of every time the line was closed.
    """

    def __init__(
        self, *utterances: tuple[int, int], hangs_up_at_ms: int | None = None, full: bool = False
    ) -> None:
        self._utterances, self._hangs_up_at_ms, self._full = utterances, hangs_up_at_ms, full
        self.voices_ms: list[tuple[int, int]] = []
        self.keys: list[tuple[int, str]] = []
        self.ended: list[tuple[int, str]] = []
        self._received_ms = 0

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        if self._full:
            raise CallFailed("all lines are busy")
        self._began_ns = virtual_clock()
        loop = asyncio.get_running_loop()
        for at_ms, duration_ms in self._utterances:
            sound = tone(duration_ms, sample_rate_hz=RATE_HZ).tobytes()
            loop.call_later(at_ms / 1000, sink.send, sound)
        if self._hangs_up_at_ms is not None:
            loop.call_later(self._hangs_up_at_ms / 1000, sink.end)
        return "call-1", self

    @property
    def now_ms(self) -> int:
        return (virtual_clock() - self._began_ns) // 1_000_000

    def receive(self, payload: bytes | memoryview) -> None:
        loud = np.nonzero(np.abs(np.frombuffer(payload, np.int16)) > 300)[0]
        start_ms, self._received_ms = self._received_ms, self._received_ms + 20
        if not len(loud):
            return
        if self.voices_ms and start_ms - self.voices_ms[-1][1] <= 100:
            self.voices_ms[-1] = (self.voices_ms[-1][0], start_ms + 20)
        else:
            self.voices_ms.append((start_ms, start_ms + 20))

    def concealed(self, duration_ms: int) -> None: ...
    def played(self, name: str) -> None: ...

    def dtmf(self, digit: str) -> None:
        self.keys.append((self.now_ms, digit))

    def talk(self, pressed: bool) -> None: ...

    def closed(self, reason: str) -> None:
        self.ended.append((self.now_ms, reason))


class TellsInOrder:
    """A recogniser that understands the agent's n-th utterance as the n-th of `texts`, 100 ms later."""

    def __init__(self, *texts: str, breaks: bool = False) -> None:
        self.texts = list(texts)
        self.breaks = breaks
        self.closed = 0

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> TellsInOrder:
        self._emit = emit
        return self

    def push(self, pcm: bytes) -> None:
        if self.breaks:
            raise RuntimeError("the recogniser broke")

    def speech_started(self) -> None: ...

    def speech_stopped(self) -> None:
        text = self.texts.pop(0) if self.texts else ""
        final = Transcript(segment=0, text=text, final=True)
        asyncio.get_running_loop().call_later(0.1, self._emit, final)

    def turn_committed(self) -> None: ...

    def expect(self, phrases: Sequence[str]) -> None: ...

    async def aclose(self) -> None:
        self.closed += 1


class ToneVoice:
    """Speaks 50 ms of tone a character, in two blocks."""

    def __init__(self) -> None:
        self.asked: list[TtsRequest] = []

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.asked.append(request)
        samples = tone(50 * len(request.text), sample_rate_hz=request.sample_rate_hz)
        for half in np.array_split(samples, 2):
            emit(TtsAudio(pcm=half.tobytes()))
