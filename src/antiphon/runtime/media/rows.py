"""The arrays of one sample rate: one row a call. Grown by doubling, cleared when a call takes a row.

Window ring: 160-sample frames against 256-sample windows come out even after 8 frames (5 windows), so a ring
of 40 blocks (32 samples at 8 kHz, 64 at 16) holds both without wrapping. A block before it repeats the ring's
last one: the context of a window is then always the block just before it.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.line_quality import FRAMES

Rows = NDArray[np.intp]
# [rows, frame_samples] of rows that all speak mu-law, as its codes, or of rows none of which does.
Frames = NDArray[np.uint8] | NDArray[np.int16]

RING_FRAMES = 8
BLOCKS_PER_FRAME = 5
BLOCKS_PER_WINDOW = 8
RING_BLOCKS = RING_FRAMES * BLOCKS_PER_FRAME
HISTORY_FRAMES = 400  # 8 s
RING_WINDOWS = RING_BLOCKS // BLOCKS_PER_WINDOW
FLOOR_START_DBFS = -60.0
# Columns of `runs`. What advances together lies together: a tick reads and writes all of it at once.
LOUD, SILENT, QUIET, CROWD, CALM, SURE, DOUBT, ONSET_AT, SPEECH_AT, SURE_AT = range(10)
# Columns of `stream`.
FRAMES_IN, ANCHOR_NS, LOWEST_NS, OBSERVED, ARRIVED_NS = range(5)


class RowArrays:
    """Everything the plane knows of its calls' incoming audio, row by row. Positions are in frames or samples
    since the call began; `*_ns` are readings of the plane's clock.

    `runs` and `stream` hold several numbers a row; `frames`, `anchor_ns`, `loud_run` and so on are views
    of their columns, and `*_frames` and `*_windows` views of the ring, one frame or window an index.
    """

    def __init__(self, sample_rate_hz: int, capacity: int) -> None:
        self.block_samples = sample_rate_hz // 250
        self.frame_samples = sample_rate_hz // 50
        self.ring = np.zeros((capacity, RING_BLOCKS + 1, self.block_samples), np.float32)
        self.power = np.zeros((capacity, RING_BLOCKS), np.float32)  # Mean square of each block in the ring.
        # The last 8 s: of a line that speaks mu-law its codes, which are half as large and lose nothing, of
        # another its samples. Memory nobody has written to is not there, so a row pays for one of them.
        self.codes = np.zeros((capacity, HISTORY_FRAMES, self.frame_samples), np.uint8)
        self.samples = np.zeros((capacity, HISTORY_FRAMES, self.frame_samples), np.int16)
        self.coded = np.zeros(capacity, np.bool_)
        self.stream = np.zeros((capacity, 5), np.int64)
        self.runs = np.zeros((capacity, 10), np.int64)
        self.given = np.zeros(capacity, np.int64)  # Of the frames, given to the listener.
        self.measured = np.zeros(capacity, np.int64)  # Of the frames, in seconds that were told.
        self.level_dbfs = np.zeros(capacity, np.float32)
        self.floor_dbfs = np.zeros(capacity, np.float32)
        self.unanchored = np.zeros(capacity, np.bool_)
        # What came before the last gap keeps the dates it had: silence put in is not stream time.
        self.gap_frames = np.zeros(capacity, np.int64)  # Written when it began.
        self.gap_anchor_ns = np.zeros(capacity, np.int64)
        self.patience_ns = np.zeros(capacity, np.int64)  # Silence of the stream that is not yet a gap.
        self.talking = np.zeros(capacity, np.bool_)
        self.wary = np.zeros(capacity, np.bool_)  # There is a crowd behind the caller.
        # Of the seconds in progress, for `seconds.py`.
        self.voiced = np.zeros((capacity, 2 * FRAMES), np.bool_)
        self.second_power = np.zeros((capacity, 2 * FRAMES, BLOCKS_PER_FRAME), np.float32)
        self.missing = np.zeros(capacity, np.int64)  # Frames made up for what never came.
        self.noise_power = np.zeros(capacity, np.float32)  # Mean square between words; NaN: not known yet.
        self.playout_due_ns = np.zeros(capacity, np.int64)
        self.live = np.zeros(capacity, np.bool_)
        self._stored = [name for name, values in vars(self).items() if isinstance(values, np.ndarray)]
        self._look()

    def _look(self) -> None:
        """The views; anew when what they look at has grown."""
        stream, runs = self.stream, self.runs
        self.frames = stream[:, FRAMES_IN]  # Written since the call began.
        # Stream time on the wall: when position 0 would have arrived on the fastest path seen.
        self.anchor_ns = stream[:, ANCHOR_NS]
        self.lowest_ns = stream[:, LOWEST_NS]  # The same over the last observations only.
        self.observed = stream[:, OBSERVED]
        self.arrived_ns = stream[:, ARRIVED_NS]
        # Windows in a row, while not talking or while talking:
        self.loud_run = runs[:, LOUD]
        self.silent_run = runs[:, SILENT]  # improbable
        self.quiet_run = runs[:, QUIET]  # without energy
        self.crowd_run = runs[:, CROWD]  # loud speech, but nobody's for sure
        self.calm_run = runs[:, CALM]  # improbable, whether or not talking
        self.sure_count = runs[:, SURE]  # Sure windows since the onset.
        self.doubt = runs[:, DOUBT]  # Loud windows of nobody's, less twice those of somebody's.
        self.onset_window = runs[:, ONSET_AT]  # Start of the first window of the run, samples.
        self.speech_window = runs[:, SPEECH_AT]  # Start of the last window with speech, samples.
        self.sure_window = runs[:, SURE_AT]  # Of the last sure one.
        capacity, block = len(self.live), self.block_samples
        self.ring_frames = self.ring[:, 1:].reshape(capacity, RING_FRAMES, self.frame_samples)
        self.power_frames = self.power.reshape(capacity, RING_FRAMES, BLOCKS_PER_FRAME)
        self.power_windows = self.power.reshape(capacity, RING_WINDOWS, BLOCKS_PER_WINDOW)
        row, step, sample = self.ring.strides
        # With the block before it, which is the network's context.
        self.windows = as_strided(
            self.ring,
            (capacity, RING_WINDOWS, (BLOCKS_PER_WINDOW + 1) * block),
            (row, BLOCKS_PER_WINDOW * step, sample),
            writeable=False,
        )
        assert np.shares_memory(self.ring_frames, self.ring), "a view, not a copy"

    @property
    def capacity(self) -> int:
        return len(self.live)

    def grow(self) -> None:
        for name in self._stored:
            values = getattr(self, name)
            # Not there yet either: rows cost when calls take them.
            grown = np.zeros((2 * len(values), *values.shape[1:]), values.dtype)
            grown[: len(values)] = values
            setattr(self, name, grown)
        self._look()

    def clear(self, row: int) -> None:
        """Forget whatever call had this row before."""
        for name in self._stored:
            if name not in ("codes", "samples"):  # Only what `frames` counts is read.
                getattr(self, name)[row] = 0
        self.floor_dbfs[row] = FLOOR_START_DBFS
        self.noise_power[row] = np.nan

    def keep(self, rows: Rows, count: NDArray[np.int64], frames: Frames) -> None:
        """Frame number `count` of each of these (distinct) rows; `frames` is [rows, frame_samples]."""
        kept = self.codes if frames.dtype == np.uint8 else self.samples
        kept[rows, count % HISTORY_FRAMES] = frames

    def kept(self, rows: Rows, first: NDArray[np.int64], frames: NDArray[np.intp]) -> NDArray[np.int16]:
        """Frames `first` + `frames` of each of these rows, [rows, frames, frame_samples]; a copy. They must
        lie in the last 8 s."""
        rows, slots = rows[:, None], (first[:, None] + frames) % HISTORY_FRAMES
        coded = self.coded[rows[:, 0]]
        among = np.count_nonzero(coded)
        if among == len(rows):
            return g711.decode(self.codes[rows, slots])
        pcm: NDArray[np.int16] = self.samples[rows, slots]
        if among:
            pcm[coded] = g711.decode(self.codes[rows[coded], slots[coded]])
        return pcm

    def read(self, row: int, start: int, stop: int) -> NDArray[np.int16]:
        """Samples [start, stop) of the row, as far as the last 8 s still hold them; a copy."""
        written = int(self.frames[row]) * self.frame_samples
        oldest = max(0, written - HISTORY_FRAMES * self.frame_samples)
        start, stop = max(start, oldest), min(stop, written)
        flat = (self.codes if self.coded[row] else self.samples)[row].reshape(-1)
        if stop <= start:
            return np.zeros(0, np.int16)
        first, last = start % len(flat), stop % len(flat)
        piece = flat[first:last].copy() if first < last else np.concatenate([flat[first:], flat[:last]])
        return g711.decode(piece) if self.coded[row] else piece
