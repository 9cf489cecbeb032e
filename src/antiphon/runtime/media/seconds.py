"""Once a second for every row: how good the line was. Rows come due on the tick that completes their second,
so the work is spread as the calls are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.line_quality import FRAMES, LineSecond, measure
from antiphon.runtime.media.rows import HISTORY_FRAMES, RowArrays, Rows

_SECOND = np.arange(FRAMES)
assert HISTORY_FRAMES % FRAMES == 0, "a second lies in the history in one piece"


def note_frame(arrays: RowArrays, rows: Rows, count: NDArray[np.int64]) -> None:
    """What later says which frames of the second were voice; `count` frames were there before this one."""
    arrays.voiced[rows, count % FRAMES] = arrays.talking[rows]


def due(rows: Rows, count: NDArray[np.int64]) -> Rows:
    """Rows whose second is complete with the frame after `count`."""
    complete: Rows = rows[(count + 1) % FRAMES == 0]
    return complete


def take(arrays: RowArrays, rows: Rows) -> list[LineSecond]:
    """The last second of these rows, which are due; the next one begins."""
    start = arrays.frames[rows] % HISTORY_FRAMES - FRAMES
    pcm = arrays.history[rows[:, None], start[:, None] % HISTORY_FRAMES + _SECOND]
    noise = arrays.noise_power[rows]
    seconds = measure(pcm, arrays.voiced[rows], arrays.missing[rows], noise)
    arrays.noise_power[rows] = noise
    arrays.missing[rows] = 0
    return seconds
