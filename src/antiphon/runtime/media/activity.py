"""Speech or silence for many rows at once, and when exactly it began and ended.

Voice activity is judged per 32 ms window; dates come from energy in 4 ms blocks, so neither the window's
alignment nor the clock's phase shows in them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.level import block_levels_dbfs, dbfs_of_power
from antiphon.runtime.media.rows import (
    BLOCKS_PER_FRAME,
    BLOCKS_PER_WINDOW,
    RING_FRAMES,
    RowArrays,
    Rows,
)
from antiphon.runtime.media.settings import PlaneCounters, SpeechGate
from antiphon.speech.ports import VoiceActivity

# Which window the n-th frame of the ring completes: 8 frames hold 5 windows.
_COMPLETES = np.array([-1, 0, -1, 1, 2, -1, 3, 4])
_WINDOW = np.arange(BLOCKS_PER_WINDOW)
_CONTEXT_AND_WINDOW = np.arange(BLOCKS_PER_WINDOW + 1)  # In the ring, a block behind.
_FADE_WINDOWS = 4  # 128 ms: as long as it goes on hearing a voice that has stopped.
_FLOOR_LOWEST_DBFS = -70.0  # Quieter lines exist; their noise is not worth a window of arithmetic.
_FLOOR_FALL = 0.2  # Of the distance, per frame: a lull shows the floor at once.
_FLOOR_RISE_DB = 0.1  # Per frame, 5 dB/s: a fan that starts is floor after some seconds.
_FLOOR_RISE_TALKING_DB = 0.01  # Speech itself must not become the floor.


class Activity:
    """The speech state machine of one bank of rows."""

    def __init__(self, vad: VoiceActivity, gate: SpeechGate, counters: PlaneCounters) -> None:
        self._vad, self._gate, self._counters = vad, gate, counters

    def forget(self, row: int) -> None:
        self._vad.reset(np.array([row], np.intp))

    def track_floor(self, arrays: RowArrays, rows: Rows, power: NDArray[np.float32]) -> None:
        """Follow level and noise floor by one frame per row; `power` is [rows, 5]: mean squares of blocks."""
        level = dbfs_of_power(power.mean(axis=1))
        floor = arrays.floor_dbfs[rows]
        rise = np.where(arrays.talking[rows], _FLOOR_RISE_TALKING_DB, _FLOOR_RISE_DB)
        moved = np.where(
            level < floor, floor + _FLOOR_FALL * (level - floor), np.minimum(floor + rise, level)
        )
        arrays.level_dbfs[rows] = level
        arrays.floor_dbfs[rows] = np.maximum(moved, _FLOOR_LOWEST_DBFS)

    def hear(self, arrays: RowArrays, rows: Rows, count: NDArray[np.int64]) -> tuple[Rows, Rows]:
        """Judge the windows completed by the frame number `count` of each row.

        Returns the rows in which speech was confirmed and those in which its end was.
        """
        window = _COMPLETES[count % RING_FRAMES]
        done = window >= 0
        rows, count, window = rows[done], count[done], window[done]
        if not rows.size:
            return rows, rows
        probability, quiet = self._judge(arrays, rows, window)
        block = arrays.block_samples
        lap_start = count // RING_FRAMES * (RING_FRAMES * BLOCKS_PER_FRAME * block)
        start = lap_start + window * (BLOCKS_PER_WINDOW * block)
        return self._advance(arrays, rows, start, probability, quiet)

    def _judge(
        self, arrays: RowArrays, rows: Rows, window: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Speech probabilities, and which windows are too quiet to be anybody's voice."""
        first = BLOCKS_PER_WINDOW * window[:, None]
        loudest = dbfs_of_power(arrays.power[rows[:, None], first + _WINDOW].max(axis=1))
        gate = self._gate
        limit = np.minimum(arrays.floor_dbfs[rows] + gate.quiet_margin_db, gate.quiet_ceiling_dbfs)
        quiet = loudest < limit
        heard = arrays.talking[rows] | (arrays.loud_run[rows] > 0) | ~quiet
        probability = np.zeros(len(rows), np.float32)
        listened = int(heard.sum())
        if listened:
            loud = rows[heard]
            blocks = arrays.ring[loud[:, None], first[heard] + _CONTEXT_AND_WINDOW]
            probability[heard] = self._vad.probabilities(loud, blocks.reshape(listened, -1))
        self._counters.windows_heard += listened
        self._counters.windows_skipped += len(rows) - listened
        return probability, quiet

    def _advance(
        self,
        arrays: RowArrays,
        rows: Rows,
        start: NDArray[np.int64],
        probability: NDArray[np.float32],
        quiet: NDArray[np.bool_],
    ) -> tuple[Rows, Rows]:
        gate = self._gate
        talking = arrays.talking[rows]
        loud = probability >= gate.onset_probability
        run = np.where(loud & ~talking, arrays.loud_run[rows] + 1, 0)
        arrays.onset_window[rows] = np.where(run == 1, start, arrays.onset_window[rows])
        began = run >= gate.onset_windows
        voiced = np.where(talking, probability >= gate.release_probability, began)
        arrays.speech_window[rows] = np.where(voiced & ~quiet, start, arrays.speech_window[rows])
        silent = np.where(talking & ~voiced, arrays.silent_run[rows] + 1, 0)
        hushed = np.where(talking & quiet, arrays.quiet_run[rows] + 1, 0)
        ended = (silent >= gate.hangover_windows) | (hushed >= gate.quiet_windows)
        arrays.talking[rows] = (talking | began) & ~ended
        arrays.loud_run[rows] = np.where(began, 0, run)
        arrays.silent_run[rows] = np.where(ended, 0, silent)
        arrays.quiet_run[rows] = np.where(ended, 0, hushed)
        return rows[began], rows[ended]

    def onset_sample(self, arrays: RowArrays, row: int) -> int:
        """The first sample of the speech just confirmed: where energy began in the window that began the run,
        or in the one before it, which voice activity hears too little of."""
        window = BLOCKS_PER_WINDOW * arrays.block_samples
        start = max(0, int(arrays.onset_window[row]) - window)
        loud = self._loud_blocks(arrays, row, start, int(arrays.onset_window[row]) + window)
        return start + int(loud[0]) * arrays.block_samples if loud.size else int(arrays.onset_window[row])

    def end_sample(self, arrays: RowArrays, row: int) -> int:
        """One past the last sample of the speech just ended: its last energy, in the last windows that were
        taken for speech. The detector is slow to let go of a voice that fades.

        Steady noise above the floor may move the date to the last window's end, never further.
        """
        window = BLOCKS_PER_WINDOW * arrays.block_samples
        last = int(arrays.speech_window[row])
        start = max(int(arrays.onset_window[row]), last - _FADE_WINDOWS * window)
        loud = self._loud_blocks(arrays, row, start, last + window)
        return start + (int(loud[-1]) + 1) * arrays.block_samples if loud.size else last + window

    def _loud_blocks(self, arrays: RowArrays, row: int, start: int, stop: int) -> NDArray[np.intp]:
        limit = max(float(arrays.floor_dbfs[row]) + self._gate.date_margin_db, self._gate.date_floor_dbfs)
        levels = block_levels_dbfs(arrays.read(row, start, stop), arrays.block_samples)
        return np.flatnonzero(levels >= limit)
