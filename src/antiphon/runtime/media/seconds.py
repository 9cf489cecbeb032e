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


def note_frame(arrays: RowArrays, rows: Rows, count: NDArray[np.int64]) -> None:
    """What later says which frames of the second were voice; `count` frames were there before this one."""
    arrays.voiced[rows, count % (2 * FRAMES)] = arrays.talking[rows]


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
    pcm = arrays.kept(rows, start, _SECOND)
    voiced = arrays.voiced[rows[:, None], (start % (2 * FRAMES))[:, None] + _SECOND]
    noise = arrays.noise_power[rows]
    seconds = measure(pcm, voiced, arrays.missing[rows], noise)
    arrays.noise_power[rows] = noise
    arrays.missing[rows] = 0
    arrays.measured[rows] = start + FRAMES
    return seconds
