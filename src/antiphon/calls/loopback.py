"""A simulated caller's end of a line, through the same codec, ports and plane as the phone.

The far end is honest: what arrives is buffered and played in real time, a mark is answered when it is
reached, `clear` drops the rest. Whoever owns the line calls `step` every 20 ms (`run` does so in real time).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.level import active_level_dbfs
from antiphon.audio.ports import Encoding, LineFormat, MediaSource
from antiphon.runtime.arrivals import Arrival, Switchboard

Samples = NDArray[np.int16]

_FRAME_NS = 20_000_000
_LATE_FRAMES_MAX = 50
_PEAK = 32767


class LineConditions(Protocol):
    """What the line does to the caller's voice, before the codec. Called once per 20 ms, silence included."""

    def apply(self, frame: Samples) -> Samples: ...


class NoiseMix:
    """A recording of noise, looped under the caller.

    Args:
        noise: At the line's sample rate; at least one sample.
        snr_db: Speech level over noise level, both without pauses.
        speech_dbfs: Level of this caller's speech without pauses (`audio.level.active_level_dbfs`).
    """

    def __init__(self, noise: Samples, *, snr_db: float, speech_dbfs: float, sample_rate_hz: int) -> None:
        assert noise.size, "noise needs samples"
        gain_db = speech_dbfs - snr_db - active_level_dbfs(noise, sample_rate_hz)
        self._noise = noise.astype(np.float32) * np.float32(10 ** (gain_db / 20))
        self._place = 0

    def apply(self, frame: Samples) -> Samples:
        places = (self._place + np.arange(len(frame))) % len(self._noise)
        self._place = (self._place + len(frame)) % len(self._noise)
        mixed = np.clip(frame + self._noise[places], -_PEAK, _PEAK)
        return mixed.astype(np.int16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """20 ms at the caller's ear, silence included; `at_ms` is call time of the first sample."""

    at_ms: int
    samples: Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When something said will be on the line, ms since the call began."""

    start_ms: int
    end_ms: int


class LoopbackLine:
    """One simulated caller's line. Implements `MediaSink`.

    Args:
        heard: Told every 20 ms what the caller hears.
        ended: Told once when the agent hangs up.
        conditions: What the line does to the caller's voice.
        outbound: The agent placed the call, and this end answers.

    Raises:
        ConfigError, CallFailed: From the switchboard, at once.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        agent: str,
        line_format: LineFormat,
        *,
        heard: Callable[[Heard], None] = lambda block: None,
        ended: Callable[[], None] = lambda: None,
        conditions: LineConditions | None = None,
        caller_number: str = "",
        outbound: bool = False,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._format, self._heard, self._ended, self._conditions = line_format, heard, ended, conditions
        self._clock = clock
        self._frame_samples = line_format.sample_rate_hz // 50
        self._ear: deque[Samples | str] = deque()  # Received and not played; names are marks.
        self._voice: deque[Samples] = deque()  # Said and not sent, in whole frames but the last.
        self._steps = 0
        self._skipped_ns = 0
        self._open = True
        self._source: MediaSource | None = None
        self.began_ns = clock()
        arrival = Arrival(
            agent=agent,
            line="loopback",
            line_format=line_format,
            caller_number=caller_number,
            outbound=outbound,
        )
        self.call_id, source = switchboard.answer(arrival, self)
        self._source = source if self._open else None

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def now_ms(self) -> int:
        """Call time of the next 20 ms."""
        return (self._steps * _FRAME_NS + self._skipped_ns) // 1_000_000

    @property
    def pending_ms(self) -> int:
        """Said and not yet on the line."""
        return sum(map(len, self._voice)) * 1000 // self._format.sample_rate_hz

    def say(self, samples: Samples) -> Span:
        """Queue speech (int16 at the line's rate) behind what is still being said."""
        start = self.now_ms + self.pending_ms
        if samples.size:
            self._voice.append(samples.astype(np.int16, copy=True))
        return Span(start_ms=start, end_ms=start + len(samples) * 1000 // self._format.sample_rate_hz)

    def fall_silent(self) -> None:
        """Drop what was to be said: the caller stops in the middle of a word."""
        self._voice.clear()

    def press(self, digit: str) -> None:
        if self._source is not None:
            self._source.dtmf(digit)

    def hang_up(self) -> None:
        if self._open:
            source = self._close()
            if source is not None:
                source.closed("hangup")

    def step(self) -> None:
        """The next 20 ms in both directions."""
        if not self._open:
            return
        frame = _take(self._voice, self._frame_samples)
        if self._conditions is not None:
            frame = self._conditions.apply(frame)
        block = Heard(at_ms=self.now_ms, samples=self._play())
        self._steps += 1
        if self._source is not None:
            self._source.receive(self._encode(frame))
        self._heard(block)

    async def run(self, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Step in real time until either side hangs up."""
        while self._open:
            behind_ns = self._clock() - self.began_ns - self._steps * _FRAME_NS - self._skipped_ns
            if behind_ns < _FRAME_NS:
                await sleep(max(_FRAME_NS - behind_ns, 1_000_000) / 1e9)
                continue
            if behind_ns > _LATE_FRAMES_MAX * _FRAME_NS:  # A stalled machine: do not rush through it.
                self._skipped_ns += behind_ns - _FRAME_NS
            self.step()

    # `MediaSink`: from the agent.

    def send(self, payload: bytes) -> None:
        if self._open:
            self._ear.append(self._decode(payload))

    def mark(self, name: str) -> None:
        if self._open:
            self._ear.append(name)

    def clear(self) -> None:
        names = [item for item in self._ear if isinstance(item, str)]
        self._ear.clear()
        for name in names:
            self._answer(name)

    def end(self) -> None:
        if self._open:
            self._close()
            self._ended()

    def _close(self) -> MediaSource | None:
        source, self._source = self._source, None
        self._open = False
        self._voice.clear()
        self._ear.clear()
        return source

    def _answer(self, name: str) -> None:
        if self._source is not None:
            self._source.played(name)

    def _play(self) -> Samples:
        """20 ms from the ear's buffer, silence where it is empty; marks that are reached are answered."""
        parts: list[Samples] = []
        wanted = self._frame_samples
        while self._ear and (wanted > 0 or isinstance(self._ear[0], str)):
            item = self._ear.popleft()
            if isinstance(item, str):
                self._answer(item)
                continue
            parts.append(item[:wanted])
            if len(item) > wanted:
                self._ear.appendleft(item[wanted:])
            wanted -= len(parts[-1])
        parts.append(np.zeros(wanted, np.int16))
        return np.concatenate(parts)

    def _encode(self, frame: Samples) -> bytes:
        if self._format.encoding is Encoding.MULAW:
            return g711.encode(frame).tobytes()
        return frame.astype("<i2").tobytes()

    def _decode(self, payload: bytes) -> Samples:
        if self._format.encoding is Encoding.MULAW:
            return g711.decode(np.frombuffer(payload, np.uint8))
        return np.frombuffer(payload, "<i2").astype(np.int16)


def _take(queue: deque[Samples], count: int) -> Samples:
    """The next samples of a queue of blocks, silence after its end."""
    parts: list[Samples] = []
    while queue and count > 0:
        block = queue.popleft()
        parts.append(block[:count])
        if len(block) > count:
            queue.appendleft(block[count:])
        count -= len(parts[-1])
    parts.append(np.zeros(count, np.int16))
    return np.concatenate(parts)
