"""How many calls one process can carry: length of a tick and CPU per call-second, by number of calls.

    python -m benchmarks.media_plane [--calls 1,50,200,500,700] [--seconds 8] [--energy]

Every call hears a phrase and speaks one, in turn and out of step, in mu-law; sockets are left out. `--energy`
replaces the embedded voice activity model by a sum, which shows the plane alone.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import PHONE, MediaSource
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.media.ports import Line
from antiphon.speech.ports import VoiceActivity

_FRAME_NS = 20_000_000
_TURN_FRAMES = 400  # 8 s: 3 s of caller, pause, 3 s of agent, pause.
_SPEECH_FRAMES = 150


class Energy:
    """A voice activity detector that costs nothing worth measuring."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.window_samples = sample_rate_hz * 32 // 1000

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return (np.einsum("rs,rs->r", windows, windows) > 0.01).astype(np.float32)

    def reset(self, rows: NDArray[np.intp]) -> None:
        pass


class FarEnd:
    """Answers every mark at the next tick."""

    def __init__(self) -> None:
        self.marks: list[str] = []
        self.sent = 0

    def send(self, payload: bytes) -> None:
        self.sent += len(payload)

    def mark(self, name: str) -> None:
        self.marks.append(name)

    def clear(self) -> None: ...
    def end(self) -> None: ...


class Listener:
    def __init__(self) -> None:
        self.utterances = self.finished = 0

    def speech_started(self, onset_ms: int) -> None: ...
    def speech_stopped(self, ended_ms: int) -> None:
        self.utterances += 1

    def caller_audio(self, pcm: bytes) -> None: ...
    def line_measured(self, second: LineSecond) -> None: ...
    def playout_started(self, reply_id: str) -> None: ...
    def playout_mark(self, reply_id: str, heard_ms: int) -> None: ...
    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        self.finished += 1

    def dtmf(self, digit: str) -> None: ...
    def talk(self, pressed: bool) -> None: ...
    def line_closed(self, reason: str) -> None: ...


class Call:
    """One call's script: what its line carries in each frame of its turn."""

    def __init__(self, plane: MediaPlane, number: int, voice: list[bytes], reply: bytes) -> None:
        self.far_end, self.listener = FarEnd(), Listener()
        self.source: MediaSource
        self.line: Line
        self.source, self.line = plane.attach(PHONE, self.far_end, self.listener, 80)
        self._voice, self._reply = voice, reply
        self._offset = number * 37 % _TURN_FRAMES
        self._turn = 0

    def frame(self, number: int) -> None:
        place = (number + self._offset) % _TURN_FRAMES
        self.source.receive(self._voice[place])
        marks, self.far_end.marks = self.far_end.marks, []
        for name in marks:
            self.source.played(name)
        if place == _TURN_FRAMES // 2:
            self._turn += 1
            self.line.play(f"r{self._turn}", self._reply)
            self.line.finish(f"r{self._turn}")


def script() -> tuple[list[bytes], bytes]:
    """The caller's line over one turn, frame by frame, and the agent's reply."""
    random = np.random.default_rng(1)
    time_s = np.arange(_SPEECH_FRAMES * 160) / 8000
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * time_s)
    harmonics = sum(np.sin(2 * np.pi * n * np.cumsum(pitch) / 8000) / n for n in range(1, 20))
    syllables = 0.55 - 0.45 * np.cos(2 * np.pi * 4 * time_s)
    voice = (3000 * harmonics * syllables).clip(-32000, 32000).astype(np.int16)
    line = random.normal(0, 6, _TURN_FRAMES * 160).astype(np.int16)
    line[: len(voice)] += voice
    encoded = g711.encode(line).tobytes()
    return [encoded[start : start + 160] for start in range(0, len(encoded), 160)], voice.tobytes()


def measure(calls: int, seconds: float, *, energy: bool) -> str:
    now_ns = 0
    plane = MediaPlane(detector(8000, energy), detector(16000, energy), clock=lambda: now_ns)
    voice, reply = script()
    lines = [Call(plane, number, voice, reply) for number in range(calls)]
    took_ms: list[float] = []
    cpu_s = 0.0
    for number in range(round(seconds * 50)):
        now_ns += _FRAME_NS
        before = time.process_time()
        for line in lines:
            line.frame(number)
        started = time.perf_counter()
        plane.tick(now_ns)
        took_ms.append((time.perf_counter() - started) * 1000)
        cpu_s += time.process_time() - before
    heard = sum(line.listener.utterances for line in lines)
    p50, p99 = np.percentile(took_ms, [50, 99])
    skipped = plane.counters.windows_skipped / (plane.counters.windows_skipped + plane.counters.windows_heard)
    return (
        f"{calls:5d} | {p50:8.2f} | {p99:8.2f} | {1000 * cpu_s / (calls * seconds):12.2f} "
        f"| {100 * cpu_s / seconds:6.1f} | {100 * skipped:9.0f} | {heard:10d}"
    )


def detector(sample_rate_hz: int, energy: bool) -> VoiceActivity:
    if energy:
        return Energy(sample_rate_hz)
    from antiphon.providers.local.silero import SileroVad

    return SileroVad(sample_rate_hz)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", default="1,50,200,500,700")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--energy", action="store_true")
    args = parser.parse_args()
    print("calls | tick p50 | tick p99 | ms/call-second | core % | skipped % | utterances")
    for calls in map(int, args.calls.split(",")):
        print(measure(calls, args.seconds, energy=args.energy), flush=True)


if __name__ == "__main__":
    main()
