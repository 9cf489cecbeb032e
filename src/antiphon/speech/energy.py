"""Voice activity by loudness alone: no model, nothing that can be lost. What is louder than the line usually
is counts as a voice, so it hears music and slamming doors too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FLOOR_START_DBFS = -50.0  # Between usual lines and quiet voices on them.
_FLOOR_DBFS = (-70.0, -30.0)  # No line is quieter, and above a louder one nobody would be understood.
_FALL = 0.3  # Of the distance, per window: a lull shows the floor at once.
_RISE_DB = 0.3  # Per window, 9 dB/s.
_RISE_VOICED_DB = 0.02  # What is loud for half a minute without a lull was no voice.
# A window this far above the floor is nobody's, or a voice for sure; half-way between is as likely as not.
_NOBODY_DB, _VOICE_DB = 2.0, 18.0


class EnergyActivity:
    """`VoiceActivity`; a floor a row is all it remembers.

    Args:
        sample_rate_hz: 8000 or 16000.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._floor_dbfs: NDArray[np.float32] = np.full(16, _FLOOR_START_DBFS, np.float32)

    @property
    def sample_rate_hz(self) -> int:
        return self._sample_rate_hz

    @property
    def window_samples(self) -> int:
        return self._sample_rate_hz * 32 // 1000

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `VoiceActivity`; the context before a window does not count."""
        if len(rows) == 0:
            return np.empty(0, np.float32)
        self._grow(int(rows.max()) + 1)
        power = np.mean(np.square(windows[:, -self.window_samples :]), axis=1)
        level = 10 * np.log10(power + np.float32(1e-10))
        floor = self._floor_dbfs[rows]
        above: NDArray[np.float32] = (level - floor - _NOBODY_DB) / (_VOICE_DB - _NOBODY_DB)
        probability = np.clip(above, 0, 1).astype(np.float32)
        rise = np.where(probability >= 0.5, _RISE_VOICED_DB, _RISE_DB)
        moved = np.where(level < floor, floor + _FALL * (level - floor), np.minimum(floor + rise, level))
        self._floor_dbfs[rows] = np.clip(moved, *_FLOOR_DBFS)
        return probability

    def reset(self, rows: NDArray[np.intp]) -> None:
        """As `VoiceActivity`."""
        if len(rows):
            self._grow(int(rows.max()) + 1)
            self._floor_dbfs[rows] = _FLOOR_START_DBFS

    def _grow(self, rows: int) -> None:
        have = len(self._floor_dbfs)
        if rows > have:
            more = np.full(max(rows, 2 * have) - have, _FLOOR_START_DBFS, np.float32)
            self._floor_dbfs = np.concatenate([self._floor_dbfs, more])
