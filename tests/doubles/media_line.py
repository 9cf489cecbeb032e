"""A media plane on virtual time: a clock made of numbers, a far end that plays what it is sent, a listener
that notes what it is told, and a voice activity detector that goes by energy."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import PHONE, Encoding, LineFormat, MediaSource
from antiphon.runtime.media import MediaPlane, SpeechGate
from antiphon.runtime.media.ports import Line

MS = 1_000_000


class VirtualClock:
    def __init__(self) -> None:
        self.now_ns = 5_000_000_000

    def __call__(self) -> int:
        return self.now_ns


class EnergyVad:
    """Speech is whatever is louder than -45 dBFS in the window proper; remembers who was asked and reset.

    Args:
        remembers: False where many calls pass by: every window is a kilobyte.
    """

    def __init__(self, sample_rate_hz: int, *, remembers: bool = True) -> None:
        self._remembers = remembers
        self.sample_rate_hz = sample_rate_hz
        self.window_samples = sample_rate_hz * 32 // 1000
        self.resets: list[int] = []
        self.windows: list[tuple[int, NDArray[np.float32]]] = []

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        assert len(set(rows.tolist())) == len(rows), "one window a row in a batch"
        context = self.sample_rate_hz // 250
        assert windows.shape == (len(rows), context + self.window_samples)
        assert np.isfinite(windows).all()
        if self._remembers:
            self.windows += [(int(row), window.copy()) for row, window in zip(rows, windows, strict=True)]
        power = np.mean(windows[:, context:] ** 2, axis=1)
        return (10 * np.log10(power + 1e-10) > -45).astype(np.float32)

    def reset(self, rows: NDArray[np.intp]) -> None:
        if self._remembers:
            self.resets += rows.tolist()


class Notes:
    """A listener that writes down everything, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object, object]] = []
        self.audio = bytearray()
        self.seconds: list[LineSecond] = []
        self.blocks: list[int] = []

    def named(self, *names: str) -> list[tuple[str, object, object]]:
        return [event for event in self.events if event[0] in names]

    def speech_started(self, onset_ms: int) -> None:
        self.events.append(("started", onset_ms, len(self.audio)))

    def speech_stopped(self, ended_ms: int) -> None:
        self.events.append(("stopped", ended_ms, len(self.audio)))

    def caller_audio(self, pcm: bytes) -> None:
        self.audio += pcm
        self.blocks.append(len(pcm))

    def line_measured(self, second: LineSecond) -> None:
        self.seconds.append(second)

    def playout_started(self, reply_id: str) -> None:
        self.events.append(("playout_started", reply_id, None))

    def playout_mark(self, reply_id: str, heard_ms: int) -> None:
        self.events.append(("mark", reply_id, heard_ms))

    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        self.events.append(("finished", reply_id, heard_ms))

    def dtmf(self, digit: str) -> None:
        self.events.append(("dtmf", digit, None))

    def talk(self, pressed: bool) -> None:
        self.events.append(("talk", "down" if pressed else "up", None))

    def line_closed(self, reason: str) -> None:
        self.events.append(("closed", reason, None))


class FarEnd:
    """The caller's side of playout: a buffer played in virtual time, marks answered when reached, and at once
    on `clear`. `answers_marks` false is a carrier that loses them."""

    def __init__(self, clock: VirtualClock, line_format: LineFormat, *, answers_marks: bool = True) -> None:
        self.clock, self.format, self.answers_marks = clock, line_format, answers_marks
        self.source: MediaSource | None = None
        self.heard: list[int] = []  # Samples played, silence between replies left out.
        self.first_heard_ns = 0
        self.sends: list[tuple[int, int]] = []  # (when, bytes)
        self.clears = 0
        self.ended = False
        self._buffer: deque[int | str] = deque()
        self._played_to_ns = clock.now_ns

    @property
    def waiting_ms(self) -> float:
        samples = sum(1 for item in self._buffer if isinstance(item, int))
        return samples * 1000 / self.format.sample_rate_hz

    def send(self, payload: bytes) -> None:
        assert not self.ended, "nothing is sent after the end"
        self.advance()
        assert len(payload) % (self.format.bytes_per_ms * 20) == 0
        self.sends.append((self.clock.now_ns, len(payload)))
        if self.format.encoding is Encoding.MULAW:
            samples = g711.decode(np.frombuffer(payload, np.uint8))
        else:
            samples = np.frombuffer(payload, np.int16)
        self._buffer.extend(samples.tolist())

    def mark(self, name: str) -> None:
        self.advance()
        self._buffer.append(name)
        self._answer()

    def clear(self) -> None:
        self.advance()
        self.clears += 1
        names = [item for item in self._buffer if isinstance(item, str)]
        self._buffer.clear()
        for name in names:
            self._played(name)

    def end(self) -> None:
        self.ended = True

    def advance(self) -> None:
        """Play up to now; a buffer that is empty plays silence."""
        rate = self.format.sample_rate_hz
        budget = (self.clock.now_ns - self._played_to_ns) * rate // 1_000_000_000
        self._played_to_ns += budget * 1_000_000_000 // rate
        while self._buffer and (budget > 0 or isinstance(self._buffer[0], str)):
            item = self._buffer.popleft()
            if isinstance(item, str):
                self._played(item)
            else:
                budget -= 1
                self.heard.append(item)

    def _answer(self) -> None:
        while self._buffer and isinstance(self._buffer[0], str):
            self._played(str(self._buffer.popleft()))

    def _played(self, name: str) -> None:
        if self.answers_marks and self.source is not None:
            self.source.played(name)


@dataclass
class TestCall:
    __test__ = False
    source: MediaSource
    line: Line
    far_end: FarEnd
    notes: Notes


@dataclass
class World:
    """A plane, its clock and its calls. `run` moves time in whole milliseconds and ticks every 20."""

    gate: SpeechGate = field(default_factory=SpeechGate)
    clock: VirtualClock = field(default_factory=VirtualClock)
    calls: list[TestCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vad_8k, self.vad_16k = EnergyVad(8000), EnergyVad(16000)
        # Few rows and short runs, so that growing and pausing happen in tests too.
        self.plane = MediaPlane(
            self.vad_8k, self.vad_16k, clock=self.clock, gate=self.gate, rows=8, run_rows=4
        )
        self.next_tick_ns = self.clock.now_ns + 20 * MS

    def call(
        self, line_format: LineFormat = PHONE, *, lead_ms: int = 80, answers_marks: bool = True
    ) -> TestCall:
        far_end = FarEnd(self.clock, line_format, answers_marks=answers_marks)
        notes = Notes()
        source, line = self.plane.attach(line_format, far_end, notes, lead_ms)
        far_end.source = source
        call = TestCall(source, line, far_end, notes)
        self.calls.append(call)
        return call

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms):
            self.clock.now_ns += MS
            for call in self.calls:
                call.far_end.advance()
            if self.clock.now_ns >= self.next_tick_ns:
                self.next_tick_ns += 20 * MS
                self.plane.tick(self.clock.now_ns)

    def speak(self, call: TestCall, pcm: NDArray[np.int16], *, chunk_ms: int = 20) -> None:
        """The caller's line carries these samples in real time."""
        step = call.line.sample_rate_hz * chunk_ms // 1000
        for start in range(0, len(pcm), step):
            self.run(chunk_ms)
            call.source.receive(encoded(pcm[start : start + step], call.far_end.format))


def encoded(pcm: NDArray[np.int16], line_format: LineFormat) -> bytes:
    if line_format.encoding is Encoding.MULAW:
        return g711.encode(np.ascontiguousarray(pcm)).tobytes()
    return pcm.astype("<i2").tobytes()


def tone(duration_ms: int, *, sample_rate_hz: int = 8000, amplitude: int = 8000) -> NDArray[np.int16]:
    place = np.arange(duration_ms * sample_rate_hz // 1000)
    return (amplitude * np.sin(2 * np.pi * 440 * place / sample_rate_hz)).astype(np.int16)


def silence(duration_ms: int, *, sample_rate_hz: int = 8000) -> NDArray[np.int16]:
    return np.zeros(duration_ms * sample_rate_hz // 1000, np.int16)


def numbered(samples: int, *, first: int = 0) -> NDArray[np.int16]:
    """Samples that tell where they come from: 1, 2, 3, … (linear lines carry them unchanged)."""
    return (1 + first + np.arange(samples)).astype(np.int16)
