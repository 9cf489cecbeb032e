"""Speech or silence for many rows at once, and when exactly it began and ended.

Voice activity is judged per 32 ms window; dates come from energy in 4 ms blocks, so neither the window's
alignment nor the clock's phase shows in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.level import block_levels_dbfs, dbfs_of_power
from antiphon.runtime.media.rows import (
    BLOCKS_PER_WINDOW,
    CALM,
    CROWD,
    DOUBT,
    LOUD,
    ONSET_AT,
    QUIET,
    RING_FRAMES,
    RING_WINDOWS,
    SILENT,
    SPEECH_AT,
    SURE,
    SURE_AT,
    RowArrays,
    Rows,
)
from antiphon.runtime.media.settings import PlaneCounters, SpeechGate
from antiphon.speech.ports import VoiceActivity

# Which window the n-th frame of the ring completes: 8 frames hold 5 windows.
_COMPLETES = np.array([-1, 0, -1, 1, 2, -1, 3, 4])
_FADE_WINDOWS = 4  # 128 ms: as long as it goes on hearing a voice that has stopped.
_FLOOR_LOWEST_DBFS = -70.0  # Quieter lines exist; their noise is not worth a window of arithmetic.
_FLOOR_FALL = 0.2  # Of the distance, per frame: a lull shows the floor at once.
_FLOOR_RISE_DB = 0.1  # Per frame, 5 dB/s: a fan that starts is floor after some seconds.
_FLOOR_RISE_TALKING_DB = 0.01  # Speech itself must not become the floor.


@dataclass(slots=True, kw_only=True)
class _Windows:
    """One window of each of these (distinct) rows, and the runs that led up to it, which it carries on.

    Attributes:
        start: First sample.
        loudest: Level of the loudest block, dBFS.
        quiet: Too quiet to be anybody's.
        runs: [rows, columns of `RowArrays.runs`], a copy.
        probability: Of speech; 0 where nobody needed to listen.
    """

    rows: Rows
    start: NDArray[np.int64]
    floor: NDArray[np.float32]
    loudest: NDArray[np.float32]
    quiet: NDArray[np.bool_]
    talking: NDArray[np.bool_]
    runs: NDArray[np.int64]
    probability: NDArray[np.float32]


class Activity:
    """The speech state machine of one bank of rows."""

    def __init__(self, vad: VoiceActivity, gate: SpeechGate, counters: PlaneCounters) -> None:
        self._vad, self._gate, self._counters = vad, gate, counters

    def forget(self, row: int) -> None:
        self._vad.reset(np.array([row], np.intp))

    def track_floor(self, arrays: RowArrays, rows: Rows, power: NDArray[np.float32]) -> None:
        """Follow level and noise floor by one frame per row; `power` is [rows, 5]: mean squares of blocks."""
        level = dbfs_of_power(np.add.reduce(power, axis=1) / np.float32(power.shape[1]))
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
        done = np.flatnonzero(window >= 0)
        if not done.size:
            return rows[:0], rows[:0]
        return self._advance(arrays, self._judge(arrays, rows[done], count[done], window[done]))

    def _judge(
        self, arrays: RowArrays, rows: Rows, count: NDArray[np.int64], window: NDArray[np.intp]
    ) -> _Windows:
        gate = self._gate
        loudest = dbfs_of_power(np.maximum.reduce(arrays.power_windows[rows, window], axis=1))
        floor = arrays.floor_dbfs[rows]
        quiet = loudest < np.minimum(floor + gate.quiet_margin_db, gate.quiet_ceiling_dbfs)
        talking, runs = arrays.talking[rows], arrays.runs.take(rows, axis=0)
        listen = np.flatnonzero(talking | (runs[:, LOUD] > 0) | ~quiet)
        probability = np.zeros(len(rows), np.float32)
        if listen.size:
            probability[listen] = self._listen(arrays, rows[listen], window[listen])
        self._counters.windows_heard += len(listen)
        self._counters.windows_skipped += len(rows) - len(listen)
        return _Windows(
            rows=rows,
            start=(count // RING_FRAMES * RING_WINDOWS + window) * (BLOCKS_PER_WINDOW * arrays.block_samples),
            floor=floor,
            loudest=loudest,
            quiet=quiet,
            talking=talking,
            runs=runs,
            probability=probability,
        )

    def _listen(self, arrays: RowArrays, rows: Rows, window: NDArray[np.intp]) -> NDArray[np.float32]:
        return self._vad.probabilities(rows, arrays.windows[rows, window])

    def _advance(self, arrays: RowArrays, heard: _Windows) -> tuple[Rows, Rows]:
        gate, rows, runs, probability = self._gate, heard.rows, heard.runs, heard.probability
        talking, quiet = heard.talking, heard.quiet
        wary = arrays.wary[rows]
        loud = probability >= np.where(wary, gate.wary_probability, gate.onset_probability)
        run = np.where(loud & ~talking, runs[:, LOUD] + 1, 0)
        fresh = run == 1
        np.copyto(runs[:, ONSET_AT], heard.start, where=fresh)
        began = run >= gate.onset_windows
        release = np.where(
            heard.floor >= gate.din_dbfs, gate.noisy_release_probability, gate.release_probability
        )
        voiced = np.where(talking, probability >= release, began)
        np.copyto(runs[:, SPEECH_AT], heard.start, where=voiced & ~quiet)
        silent = np.where(talking & ~voiced, runs[:, SILENT] + 1, 0)
        hushed = np.where(talking & quiet, runs[:, QUIET] + 1, 0)
        self._weigh(heard, fresh)
        crowd = self._among_others(heard)
        ended = (silent >= gate.hangover_windows) | (hushed >= gate.quiet_windows) | crowd
        going_on = ~ended
        runs[:, LOUD] = run * ~began
        runs[:, SILENT] = silent * going_on
        runs[:, QUIET] = hushed * going_on
        arrays.runs[rows] = runs
        arrays.talking[rows] = (talking | began) & going_on
        arrays.wary[rows] = (wary | crowd) & (runs[:, CALM] < gate.calm_windows)
        return rows[began], rows[ended]

    def _weigh(self, heard: _Windows, fresh: NDArray[np.bool_]) -> None:
        """Count what is a voice at the telephone for sure; `fresh` are the rows in which one may begin."""
        runs = heard.runs
        sure = heard.probability >= self._gate.sure_probability
        np.copyto(runs[:, SURE_AT], heard.start, where=sure)
        np.copyto(runs[:, SURE], 0, where=fresh)
        np.copyto(runs[:, DOUBT], 0, where=fresh)
        runs[:, SURE] += sure
        np.copyto(runs[:, DOUBT], np.maximum(runs[:, DOUBT] - 2, 0), where=sure)

    def _among_others(self, heard: _Windows) -> NDArray[np.bool_]:
        """Count loud speech that is nobody's for sure: in which rows has it lasted for as long as a crowd?"""
        gate, runs, probability = self._gate, heard.runs, heard.probability
        improbable = probability < gate.release_probability
        runs[:, CALM] = np.where(improbable, runs[:, CALM] + 1, 0)
        loud = (heard.loudest >= gate.din_dbfs) & heard.talking
        unsure = loud & ~improbable & (probability < gate.sure_probability)
        crowd_run = np.where(unsure, runs[:, CROWD] + 1, 0)
        crowd: NDArray[np.bool_] = crowd_run >= gate.crowd_windows
        runs[:, DOUBT] = np.minimum(runs[:, DOUBT] + unsure, 2 * gate.doubt_windows)
        runs[:, CROWD] = crowd_run * ~crowd
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
