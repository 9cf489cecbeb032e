"""The arrays of one sample rate: one row a call. Grown by doubling, cleared when a call takes a row.

Window ring: 160-sample frames against 256-sample windows come out even after 8 frames (5 windows), so a ring
of 40 blocks (32 samples at 8 kHz, 64 at 16) holds both without wrapping. A block before it repeats the ring's
last one: the context of a window is then always the block just before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.line_quality import FRAMES

Rows = NDArray[np.intp]

RING_FRAMES = 8
BLOCKS_PER_FRAME = 5
BLOCKS_PER_WINDOW = 8
RING_BLOCKS = RING_FRAMES * BLOCKS_PER_FRAME
HISTORY_FRAMES = 400  # 8 s
FLOOR_START_DBFS = -60.0


class RowArrays:
    """Everything the plane knows of its calls' incoming audio, row by row. Positions are in frames or samples
    since the call began; `*_ns` are readings of the plane's clock."""

    def __init__(self, sample_rate_hz: int, capacity: int) -> None:
        self.block_samples = sample_rate_hz // 250
        self.frame_samples = sample_rate_hz // 50
        self.ring = np.zeros((capacity, RING_BLOCKS + 1, self.block_samples), np.float32)
        self.power = np.zeros((capacity, RING_BLOCKS), np.float32)  # Mean square of each block in the ring.
        self.history = np.zeros((capacity, HISTORY_FRAMES, self.frame_samples), np.int16)
        self.frames = np.zeros(capacity, np.int64)  # Written since the call began.
        self.given = np.zeros(capacity, np.int64)  # Of those, given to the listener.
        self.level_dbfs = np.zeros(capacity, np.float32)
        self.floor_dbfs = np.zeros(capacity, np.float32)
        # Stream time on the wall: when position 0 would have arrived on the fastest path seen.
        self.anchor_ns = np.zeros(capacity, np.int64)
        self.lowest_ns = np.zeros(capacity, np.int64)  # The same over the last observations only.
        self.observed = np.zeros(capacity, np.int64)
        self.unanchored = np.zeros(capacity, np.bool_)
        # What came before the last gap keeps the dates it had: silence put in is not stream time.
        self.gap_frames = np.zeros(capacity, np.int64)  # Written when it began.
        self.gap_anchor_ns = np.zeros(capacity, np.int64)
        self.arrived_ns = np.zeros(capacity, np.int64)
        self.patience_ns = np.zeros(capacity, np.int64)  # Silence of the stream that is not yet a gap.
        self.talking = np.zeros(capacity, np.bool_)
        # Windows in a row, while not talking or while talking:
        self.loud_run = np.zeros(capacity, np.int64)
        self.silent_run = np.zeros(capacity, np.int64)  # improbable
        self.quiet_run = np.zeros(capacity, np.int64)  # without energy
        self.crowd_run = np.zeros(capacity, np.int64)  # loud speech, but nobody's for sure
        self.calm_run = np.zeros(capacity, np.int64)  # improbable, whether or not talking
        self.sure_count = np.zeros(capacity, np.int64)  # Sure windows since the onset.
        self.doubt = np.zeros(capacity, np.int64)  # Loud windows of nobody's, less twice those of somebody's.
        self.wary = np.zeros(capacity, np.bool_)  # There is a crowd behind the caller.
        self.onset_window = np.zeros(capacity, np.int64)  # Start of the first window of the run, samples.
        self.speech_window = np.zeros(capacity, np.int64)  # Start of the last window with speech, samples.
        self.sure_window = np.zeros(capacity, np.int64)  # Of the last sure one.
        # Of the second in progress, for `seconds.py`.
        self.voiced = np.zeros((capacity, FRAMES), np.bool_)
        self.missing = np.zeros(capacity, np.int64)  # Frames made up for what never came.
        self.noise_power = np.zeros(capacity, np.float32)  # Mean square between words; NaN: not known yet.
        self.playout_due_ns = np.zeros(capacity, np.int64)
        self.live = np.zeros(capacity, np.bool_)

    @property
    def capacity(self) -> int:
        return len(self.live)

    def grow(self) -> None:
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray):
                # Memory nobody has written to is not there yet: rows cost when calls take them.
                grown = np.zeros((2 * len(values), *values.shape[1:]), values.dtype)
                grown[: len(values)] = values
                setattr(self, name, grown)

    def clear(self, row: int) -> None:
        """Forget whatever call had this row before."""
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray) and name != "history":  # Only what `frames` counts is read.
                values[row] = 0
        self.floor_dbfs[row] = FLOOR_START_DBFS
        self.noise_power[row] = np.nan

    def read(self, row: int, start: int, stop: int) -> NDArray[np.int16]:
        """Samples [start, stop) of the row, as far as the last 8 s still hold them; a copy."""
        written = int(self.frames[row]) * self.frame_samples
        oldest = max(0, written - HISTORY_FRAMES * self.frame_samples)
        start, stop = max(start, oldest), min(stop, written)
        flat: NDArray[np.int16] = self.history[row].reshape(-1)
        if stop <= start:
            return flat[:0].copy()
        first, last = start % len(flat), stop % len(flat)
        if first < last:
            return flat[first:last].copy()
        wrapped: NDArray[np.int16] = np.concatenate([flat[first:], flat[:last]])
        return wrapped
