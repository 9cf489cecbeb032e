"""All calls of one sample rate: what arrived since the last tick, decoded and heard in one batch.

Frames of a tick are taken in rounds, one frame a row each, because two frames of one call in a tick (any
jitter makes them) must not write the same slot at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.level import block_power
from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import Encoding
from antiphon.runtime.media import seconds
from antiphon.runtime.media.activity import Activity
from antiphon.runtime.media.rows import (
    ANCHOR_NS,
    ARRIVED_NS,
    LOWEST_NS,
    OBSERVED,
    RING_BLOCKS,
    RING_FRAMES,
    Frames,
    RowArrays,
    Rows,
)
from antiphon.runtime.media.settings import FRAME_NS, NEVER_NS, PlaneCounters, SpeechGate
from antiphon.speech.ports import VoiceActivity

GAP_NS = 100_000_000  # A stream that brings nothing for longer has a gap.
_FILL_FRAMES_MAX = 50  # A tick: after a stall of the whole process, catch up a second at a time.
_ROUNDS = 8  # Of one burst, until the loop may turn; two seconds at once are a hundred.
_LEAK_NS = 2_000  # Per tick: clocks of two machines differ by up to 100 ppm.
_REANCHOR_TICKS = 100  # When even the fastest of 2 s was slow, the path has become longer for good.
_REANCHOR_NS = 5_000_000
_BLOCK_FRAMES = 5  # 100 ms to the listener.
_BLOCK = np.arange(_BLOCK_FRAMES)
_SCALE = np.float32(1 / 32768)


class BankCall(Protocol):
    """What a bank tells one call, a few times a turn. Positions are samples since the call began."""

    def hear(self, pcm: bytes) -> None: ...
    def speech_started(self, onset_sample: int) -> None: ...
    def speech_stopped(self, end_sample: int) -> None: ...
    def line_measured(self, second: LineSecond) -> None: ...
    def pump(self, now_ns: int) -> None: ...


class Inbox:
    """Whole 20 ms frames of one encoding that arrived since the last tick, in order of arrival."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.rows: list[int] = []
        self.frames: list[bytes] = []
        self.arrived_ns: list[int] = []

    def take(self, frame_samples: int) -> tuple[Rows, Frames, NDArray[np.int64]]:
        """Rows, their frames and arrivals; the inbox is empty after."""
        joined = b"".join(self.frames)
        frames: Frames
        if self.encoding is Encoding.MULAW:
            frames = np.frombuffer(joined, np.uint8)
        else:
            frames = np.frombuffer(joined, "<i2").astype(np.int16, copy=False)
        taken = (
            np.array(self.rows, np.intp),
            frames.reshape(-1, frame_samples),
            np.array(self.arrived_ns, np.int64),
        )
        self.rows, self.frames, self.arrived_ns = [], [], []
        return taken


class Bank:
    """Rows, their arrays, and how they advance."""

    def __init__(
        self, vad: VoiceActivity, gate: SpeechGate, counters: PlaneCounters, *, capacity: int, run_rows: int
    ) -> None:
        self.sample_rate_hz = vad.sample_rate_hz
        self.arrays = RowArrays(vad.sample_rate_hz, capacity)
        assert vad.window_samples == 8 * self.arrays.block_samples, "a window is 32 ms"
        self.inboxes = {encoding: Inbox(encoding) for encoding in Encoding}
        self.tick_number = 0
        self.live_count = 0
        self._activity = Activity(vad, gate, counters)
        self._counters = counters
        self._run_rows = run_rows
        self._calls: list[BankCall | None] = [None] * capacity
        self._free = list(range(capacity - 1, -1, -1))
        self._leaving: list[int] = []

    def join(self, call: BankCall, encoding: Encoding, now_ns: int) -> int:
        """Give the call a row of its own, with no past. What comes for it is of this encoding."""
        if not self._free:
            capacity = self.arrays.capacity
            self.arrays.grow()
            self._calls += [None] * capacity
            self._free = list(range(2 * capacity - 1, capacity - 1, -1))
        row = self._free.pop()
        arrays = self.arrays
        arrays.clear(row)
        self._activity.forget(row)
        arrays.coded[row] = encoding is Encoding.MULAW
        arrays.anchor_ns[row] = arrays.arrived_ns[row] = now_ns
        arrays.unanchored[row] = arrays.live[row] = True
        arrays.patience_ns[row] = GAP_NS
        arrays.playout_due_ns[row] = NEVER_NS
        self._calls[row] = call
        self.live_count += 1
        return row

    def leave(self, row: int) -> None:
        """Take the row back. It is reused only after the next tick: frames of this call may still wait in an
        inbox, and must not reach the call that comes after."""
        self.arrays.live[row] = False
        self.arrays.playout_due_ns[row] = NEVER_NS
        self._calls[row] = None
        self._leaving.append(row)
        self.live_count -= 1

    @property
    def busy(self) -> bool:
        """Something to do at the next tick; with no call and nothing left over, a tick is free."""
        return self.live_count > 0 or bool(self._leaving)

    def tick(self, now_ns: int) -> Iterator[None]:
        """One tick in runs of so many rows; between two of them the event loop may turn, and calls may come,
        go, and receive what the next tick will take."""
        leaving, self._leaving = self._leaving, []
        for row in np.flatnonzero(self.arrays.playout_due_ns <= now_ns).tolist():
            if (call := self._calls[row]) is not None:
                call.pump(now_ns)
        self.tick_number += 1
        for inbox in self.inboxes.values():
            if inbox.rows:
                yield from self._take_in(*inbox.take(self.arrays.frame_samples))
        self._fill_gaps(now_ns)
        self._free += leaving

    def read(self, row: int, start: int, stop: int) -> NDArray[np.int16]:
        return self.arrays.read(row, start, stop)

    def hears_somebody(self, row: int) -> bool:
        return self._activity.is_sure(self.arrays, row)

    def give_audio(self, row: int) -> None:
        """Hand the call everything it was not given yet."""
        arrays, call = self.arrays, self._calls[row]
        start, stop = int(arrays.given[row]), int(arrays.frames[row])
        if call is None or start == stop:
            return
        arrays.given[row] = stop
        call.hear(self.read(row, start * arrays.frame_samples, stop * arrays.frame_samples).tobytes())

    def sample_at_ns(self, row: int, sample: int) -> int:
        """When this sample (a position since the call began) reached us, or would have without jitter."""
        arrays = self.arrays
        before_gap = sample < arrays.gap_frames[row] * arrays.frame_samples
        anchor_ns = arrays.gap_anchor_ns[row] if before_gap else arrays.anchor_ns[row]
        return int(anchor_ns) + sample * 1_000_000_000 // self.sample_rate_hz

    def _take_in(self, rows: Rows, frames: Frames, arrived_ns: NDArray[np.int64]) -> Iterator[None]:
        live = self.arrays.live[rows]
        if np.count_nonzero(live) < len(rows):
            self._counters.frames_dropped += int(len(rows) - live.sum())
            rows, frames, arrived_ns = rows[live], frames[live], arrived_ns[live]
            if not rows.size:
                return
        self._counters.frames_in += len(rows)
        if len(set(rows.tolist())) == len(rows):  # As a rule no jitter made two frames of one call meet.
            self._observe(rows, arrived_ns - (self.arrays.frames[rows] + 1) * FRAME_NS, arrived_ns)
            yield from self._advance_in_runs(rows, frames)
            return
        order = np.argsort(rows, kind="stable")
        first = np.diff(rows[order], prepend=-1) != 0
        place = np.arange(len(rows))
        turn = place - np.maximum.accumulate(np.where(first, place, 0))
        self._observe_together(rows[order], turn, arrived_ns[order], np.flatnonzero(first))
        for number in range(int(turn.max(initial=-1)) + 1):
            if number % _ROUNDS == _ROUNDS - 1:
                yield
            picked = order[turn == number]
            yield from self._advance_in_runs(rows[picked], frames[picked])

    def _advance_in_runs(self, rows: Rows, frames: Frames) -> Iterator[None]:
        for start in range(0, len(rows), self._run_rows):
            if start:
                yield
            part = rows[start : start + self._run_rows]
            theirs = frames[start : start + self._run_rows]
            live = self.arrays.live[part]  # A listener, or the loop, may have closed one in between.
            left = np.count_nonzero(live)
            if left == len(part):
                self._advance(part, theirs, filled=False)
            elif left:
                self._advance(part[live], theirs[live], filled=False)

    def _observe_together(
        self, rows: Rows, turn: NDArray[np.intp], arrived_ns: NDArray[np.int64], first: NDArray[np.intp]
    ) -> None:
        """`rows` is sorted, `turn` counts the frames of each, `first` points at its first. All frames of a
        tick are seen before any is heard, so that a burst is dated by its last frame, not by its first."""
        seen = np.minimum.reduceat(arrived_ns - (self.arrays.frames[rows] + turn + 1) * FRAME_NS, first)
        self._observe(rows[first], seen, np.maximum.reduceat(arrived_ns, first))

    def _observe(self, rows: Rows, seen: NDArray[np.int64], arrived: NDArray[np.int64]) -> None:
        """Map stream time to the wall by the earliest arrival: jitter only ever delays.

        `seen` is when position 0 would have arrived by the fastest frame of each of these (distinct) rows.
        """
        arrays = self.arrays
        new, stream = arrays.unanchored[rows], arrays.stream.take(rows, axis=0)
        anchor = np.where(new, seen, np.minimum(stream[:, ANCHOR_NS] + _LEAK_NS, seen))
        observed = stream[:, OBSERVED]
        lowest = np.where(new | (observed == 0), seen, np.minimum(stream[:, LOWEST_NS], seen))
        observed = np.where(new, 1, observed + 1)
        full = observed >= _REANCHOR_TICKS
        stream[:, ANCHOR_NS] = np.where(full & (lowest > anchor + _REANCHOR_NS), lowest, anchor)
        stream[:, LOWEST_NS] = lowest
        stream[:, OBSERVED] = observed * ~full
        stream[:, ARRIVED_NS] = arrived
        arrays.stream[rows] = stream
        arrays.unanchored[rows] = False

    def _advance(self, rows: Rows, frames: Frames, *, filled: bool) -> None:
        """One frame for each of these (distinct) rows."""
        arrays = self.arrays
        count = arrays.frames[rows]
        phase = count % RING_FRAMES
        samples = _scaled(frames)
        power = block_power(samples, arrays.block_samples)
        arrays.keep(rows, count, frames)
        arrays.ring_frames[rows, phase] = samples
        arrays.power_frames[rows, phase] = power
        lap = rows[phase == RING_FRAMES - 1]
        if lap.size:
            arrays.ring[lap, 0] = arrays.ring[lap, RING_BLOCKS]
        arrays.frames[rows] = count + 1
        if not filled:  # Our own silence says nothing about the caller's room.
            self._activity.track_floor(arrays, rows, power)
        began, ended = self._activity.hear(arrays, rows, count)
        seconds.note_frame(arrays, rows, count, power)
        self._give_blocks(rows[count + 1 - arrays.given[rows] >= _BLOCK_FRAMES])
        self._tell(began, ended)
        complete = seconds.due(arrays, rows, count)
        if complete.size:
            self._tell_seconds(complete)

    def _give_blocks(self, rows: Rows) -> None:
        """100 ms to each of these, read together."""
        arrays = self.arrays
        start = arrays.given[rows]
        pcm = arrays.kept(rows, start, _BLOCK)
        arrays.given[rows] = start + _BLOCK_FRAMES
        for row, block in zip(rows.tolist(), pcm, strict=True):
            if (call := self._calls[row]) is not None:
                call.hear(block.tobytes())

    def _tell(self, began: Rows, ended: Rows) -> None:
        for row in began.tolist():
            self.give_audio(row)
            if (call := self._calls[row]) is not None:
                call.speech_started(self._activity.onset_sample(self.arrays, row))
        for row in ended.tolist():
            self.give_audio(row)
            if (call := self._calls[row]) is not None:
                call.speech_stopped(self._activity.end_sample(self.arrays, row))

    def _tell_seconds(self, rows: Rows) -> None:
        rows = rows[self.arrays.live[rows]]  # A listener may have closed one just now.
        for row, second in zip(rows.tolist(), seconds.take(self.arrays, rows), strict=True):
            if (call := self._calls[row]) is not None:
                call.line_measured(second)

    def _fill_gaps(self, now_ns: int) -> None:
        """Silence where a stream has stalled, so that call time, endpointing and re-prompts go on."""
        arrays = self.arrays
        idle = np.flatnonzero(arrays.live & (now_ns - arrays.arrived_ns > arrays.patience_ns))
        if not idle.size:
            return
        behind = now_ns - arrays.anchor_ns[idle] - arrays.frames[idle] * FRAME_NS
        missing = np.clip((behind - arrays.patience_ns[idle]) // FRAME_NS, 0, _FILL_FRAMES_MAX)
        for number in range(int(missing.max())):
            rows = idle[(missing > number) & arrays.live[idle]]
            if not rows.size:
                break
            fresh = rows[~arrays.unanchored[rows]]
            arrays.gap_frames[fresh] = arrays.frames[fresh]
            arrays.gap_anchor_ns[fresh] = arrays.anchor_ns[fresh]
            # What comes next says anew where stream time stands: all of it late, or none.
            arrays.unanchored[rows] = True
            self._counters.frames_filled += len(rows)
            coded = arrays.coded[rows]
            for part, dtype, silence in ((rows[coded], np.uint8, g711.SILENCE), (rows[~coded], np.int16, 0)):
                if part.size:
                    frames = np.full((len(part), arrays.frame_samples), silence, dtype)
                    self._advance(part, frames, filled=True)


def _scaled(frames: Frames) -> NDArray[np.float32]:
    if frames.dtype == np.uint8:
        return g711.decode_scaled(frames.view(np.uint8))
    samples = frames.astype(np.float32)
    samples *= _SCALE
    return samples
