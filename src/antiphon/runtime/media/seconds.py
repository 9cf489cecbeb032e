"""Once a second for every row: how good the line was. A second waits up to 100 ms for those of other rows:
to measure a few together costs hardly more than one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.line_quality import FRAMES, LineSecond, measure
from antiphon.runtime.media.rows import RowArrays, Rows

_SECOND = np.arange(FRAMES)
_LATEST = FRAMES + 5  # Frames since the last second was told.
_TOGETHER_MAX = 32  # About a millisecond: calls that began together are not measured in one tick.
# When a second is told, `voiced` must still know of its beginning: 2 * FRAMES after it.


def note_frame(arrays: RowArrays, rows: Rows, count: NDArray[np.int64], power: NDArray[np.float32]) -> None:
    """What later says how loud the frames of the second were and which were voice; `count` frames were there
    before this one."""
    place = count % (2 * FRAMES)
    arrays.voiced[rows, place] = arrays.talking[rows]
    arrays.second_power[rows, place] = power


def due(arrays: RowArrays, rows: Rows, count: NDArray[np.int64]) -> Rows:
    """Rows whose second is to be told after the frame number `count`: none, or those that are complete."""
    waiting = count - arrays.measured[rows]
    if not np.count_nonzero(waiting >= _LATEST - 1):
        return rows[:0]
    complete: Rows = rows[waiting >= FRAMES - 1]
    return complete[:_TOGETHER_MAX]


def take(arrays: RowArrays, rows: Rows) -> list[LineSecond]:
    """The oldest second of these rows, which are due; the next one has begun."""
    start = arrays.measured[rows]
    frames = rows[:, None], (start % (2 * FRAMES))[:, None] + _SECOND
    noise = arrays.noise_power[rows]

    def sound(picked: NDArray[np.intp]) -> NDArray[np.int16]:
        return arrays.kept(rows[picked], start[picked], _SECOND)

    seconds = measure(arrays.second_power[frames], arrays.voiced[frames], arrays.missing[rows], noise, sound)
    arrays.noise_power[rows] = noise
    arrays.missing[rows] = 0
    arrays.measured[rows] = start + FRAMES
    return seconds
