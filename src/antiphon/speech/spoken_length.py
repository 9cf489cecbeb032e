"""How long an answer of a voice speaks, and whether it ends like speech: heard in its sound as it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FRAME_MS = 10
_END_FRAMES = 3
# Below its own loud sounds; the last of an "s" is about so quiet.
_QUIET_DB = 35.0
_LOUD_PERCENT = 90
_NOTHING = 1.0  # Mean square of samples that are as good as none.


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLength:
    """Attributes:
    speech_ms: From the first sound to the last; 0: there is none.
    fall_db: How much quieter than its loud sounds the last 30 ms are. Who has finished lets the voice fall.
    """

    speech_ms: int
    fall_db: float


class SoundMeter:
    """Samples of one answer, whole ones, in pieces of any length."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._frame = sample_rate_hz * _FRAME_MS // 1000
        self._powers: list[NDArray[np.float64]] = []
        self._rest = np.empty(0, np.int16)
        self._end = np.empty(0, np.int16)

    def push(self, samples: NDArray[np.int16]) -> None:
        self._end = np.concatenate([self._end, samples])[-_END_FRAMES * self._frame :]
        self._rest = np.concatenate([self._rest, samples])
        whole = len(self._rest) // self._frame * self._frame
        if whole:
            frames = self._rest[:whole].reshape(-1, self._frame).astype(np.float64)
            self._powers.append(np.mean(np.square(frames), axis=1))
            self._rest = self._rest[whole:]

    def measure(self) -> SpokenLength:
        powers = [*self._powers, *([_power(self._rest)] if len(self._rest) else [])]
        if not powers:
            return SpokenLength(speech_ms=0, fall_db=0.0)
        levels = 10 * np.log10(np.concatenate(powers) + _NOTHING)
        # Of what sounds: the pauses of a long answer say nothing of its loudness.
        sounds = levels[levels > levels.max() - _QUIET_DB]
        loud = float(np.percentile(sounds, _LOUD_PERCENT))
        if loud <= _QUIET_DB / 2:
            return SpokenLength(speech_ms=0, fall_db=0.0)
        (heard,) = np.nonzero(levels > loud - _QUIET_DB)
        end = 10 * np.log10(float(_power(self._end)[0]) + _NOTHING)
        return SpokenLength(
            speech_ms=int(heard[-1] - heard[0] + 1) * _FRAME_MS, fall_db=round(float(loud - end), 1)
        )


def _power(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    return np.array([np.mean(np.square(samples.astype(np.float64)))])
