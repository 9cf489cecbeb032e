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
        probability, loudest_dbfs = self._judge(arrays, rows, window)
        block = arrays.block_samples
        lap_start = count // RING_FRAMES * (RING_FRAMES * BLOCKS_PER_FRAME * block)
        start = lap_start + window * (BLOCKS_PER_WINDOW * block)
        return self._advance(arrays, rows, start, probability, loudest_dbfs)

    def _judge(
        self, arrays: RowArrays, rows: Rows, window: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Speech probabilities, and the level of the loudest block; too quiet to be anybody's is 0."""
        first = BLOCKS_PER_WINDOW * window[:, None]
        loudest = dbfs_of_power(arrays.power[rows[:, None], first + _WINDOW].max(axis=1))
        quiet = self._quiet(arrays, rows, loudest)
        heard = arrays.talking[rows] | (arrays.loud_run[rows] > 0) | ~quiet
        probability = np.zeros(len(rows), np.float32)
        listened = int(heard.sum())
        if listened:
            loud = rows[heard]
            blocks = arrays.ring[loud[:, None], first[heard] + _CONTEXT_AND_WINDOW]
            probability[heard] = self._vad.probabilities(loud, blocks.reshape(listened, -1))
        self._counters.windows_heard += listened
        self._counters.windows_skipped += len(rows) - listened
        return probability, loudest

    def _quiet(self, arrays: RowArrays, rows: Rows, loudest: NDArray[np.float32]) -> NDArray[np.bool_]:
        gate = self._gate
        limit = np.minimum(arrays.floor_dbfs[rows] + gate.quiet_margin_db, gate.quiet_ceiling_dbfs)
        quiet: NDArray[np.bool_] = loudest < limit
        return quiet

    def _advance(
        self,
        arrays: RowArrays,
        rows: Rows,
        start: NDArray[np.int64],
        probability: NDArray[np.float32],
        loudest: NDArray[np.float32],
    ) -> tuple[Rows, Rows]:
        gate = self._gate
        talking, quiet = arrays.talking[rows], self._quiet(arrays, rows, loudest)
        noisy = arrays.floor_dbfs[rows] >= gate.din_dbfs
        onset = np.where(arrays.wary[rows], gate.wary_probability, gate.onset_probability)
        loud = probability >= onset
        run = np.where(loud & ~talking, arrays.loud_run[rows] + 1, 0)
        arrays.onset_window[rows] = np.where(run == 1, start, arrays.onset_window[rows])
        began = run >= gate.onset_windows
        release = np.where(noisy, gate.noisy_release_probability, gate.release_probability)
        voiced = np.where(talking, probability >= release, began)
        arrays.speech_window[rows] = np.where(voiced & ~quiet, start, arrays.speech_window[rows])
        silent = np.where(talking & ~voiced, arrays.silent_run[rows] + 1, 0)
        hushed = np.where(talking & quiet, arrays.quiet_run[rows] + 1, 0)
        self._weigh(arrays, rows, start, probability, fresh=run == 1)
        crowd = self._among_others(arrays, rows, probability, loud=loudest >= gate.din_dbfs)
        ended = (silent >= gate.hangover_windows) | (hushed >= gate.quiet_windows) | crowd
        arrays.talking[rows] = (talking | began) & ~ended
        arrays.loud_run[rows] = np.where(began, 0, run)
        arrays.silent_run[rows] = np.where(ended, 0, silent)
        arrays.quiet_run[rows] = np.where(ended, 0, hushed)
        return rows[began], rows[ended]

    def _weigh(
        self,
        arrays: RowArrays,
        rows: Rows,
        start: NDArray[np.int64],
        probability: NDArray[np.float32],
        *,
        fresh: NDArray[np.bool_],
    ) -> None:
        """Count what is a voice at the telephone for sure; `fresh` are the rows in which one may begin."""
        sure = probability >= self._gate.sure_probability
        arrays.sure_window[rows] = np.where(sure, start, arrays.sure_window[rows])
        arrays.sure_count[rows] = np.where(fresh, 0, arrays.sure_count[rows]) + sure
        doubt = np.where(fresh, 0, arrays.doubt[rows])
        arrays.doubt[rows] = np.where(sure, np.maximum(doubt - 2, 0), doubt)

    def _among_others(
        self, arrays: RowArrays, rows: Rows, probability: NDArray[np.float32], *, loud: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Count loud speech that is nobody's for sure: in which rows has it lasted for as long as a crowd?"""
        gate = self._gate
        calm = np.where(probability < gate.release_probability, arrays.calm_run[rows] + 1, 0)
        unsure = loud & (calm == 0) & (probability < gate.sure_probability) & arrays.talking[rows]
        crowd_run = np.where(unsure, arrays.crowd_run[rows] + 1, 0)
        crowd: NDArray[np.bool_] = crowd_run >= gate.crowd_windows
        arrays.doubt[rows] = np.minimum(arrays.doubt[rows] + unsure, 2 * gate.doubt_windows)
        arrays.calm_run[rows] = calm
        arrays.crowd_run[rows] = np.where(crowd, 0, crowd_run)
        arrays.wary[rows] = (arrays.wary[rows] | crowd) & (calm < gate.calm_windows)
        return crowd

    def is_sure(self, arrays: RowArrays, row: int) -> bool:
        """Somebody speaks into the telephone, as far as one can tell; else it may be a crowd behind him."""
        if arrays.wary[row] and arrays.sure_count[row] < self._gate.sure_windows:
            return False
        return bool(arrays.doubt[row] < self._gate.doubt_windows)

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
        if self._dated_by_the_sure(arrays, row):
            last = min(last, int(arrays.sure_window[row]))
        start = max(int(arrays.onset_window[row]), last - _FADE_WINDOWS * window)
        loud = self._loud_blocks(arrays, row, start, last + window)
        return start + (int(loud[-1]) + 1) * arrays.block_samples if loud.size else last + window

    def _dated_by_the_sure(self, arrays: RowArrays, row: int) -> bool:
        gate = self._gate
        if arrays.sure_count[row] < gate.sure_windows:
            return False
        return bool(arrays.wary[row] or arrays.floor_dbfs[row] >= gate.din_dbfs)

    def _loud_blocks(self, arrays: RowArrays, row: int, start: int, stop: int) -> NDArray[np.intp]:
        limit = max(float(arrays.floor_dbfs[row]) + self._gate.date_margin_db, self._gate.date_floor_dbfs)
        levels = block_levels_dbfs(arrays.read(row, start, stop), arrays.block_samples)
        return np.flatnonzero(levels >= limit)
