"""Packet loss concealment: the last pitch period again, fading, as in ITU-T G.711 Appendix I but without its
look-back delay. It helps the ear and the recogniser; whoever uses it says that it was made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

_PERIOD_MS = (5, 15)  # 200 to 66 Hz, as Appendix I searches.
_MATCH_MS = 20
_KEPT_MS = _MATCH_MS + _PERIOD_MS[1]
_FADE_MS = 60  # Appendix I is silent after as much.


class Concealment:
    """Of one stream. `heard` everything real, in order; ask to `conceal` what is missing after it."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._per_ms = sample_rate_hz // 1000
        self._past = np.zeros(_KEPT_MS * self._per_ms, np.int16)
        self._period = np.zeros(0, np.float32)
        self._made_up = 0  # Samples since the last real one.

    def heard(self, samples: Samples) -> None:
        kept = len(self._past)
        self._past = np.concatenate([self._past, samples[-kept:]])[-kept:]
        self._made_up = 0

    def conceal(self, count: int) -> Samples:
        """`count` samples to go on with; silence after 60 ms."""
        if not self._made_up:
            self._period = self._last_period()
        places = self._made_up + np.arange(count)
        gain = np.clip(1 - places / (_FADE_MS * self._per_ms), 0, 1)
        self._made_up += count
        made: Samples = np.rint(self._period[places % len(self._period)] * gain).astype(np.int16)
        return made

    def _last_period(self) -> NDArray[np.float32]:
        """As long as the shift at which the last 20 ms look most like what was before them."""
        past = self._past.astype(np.float32)
        recent = past[-_MATCH_MS * self._per_ms :]
        shortest, longest = (limit * self._per_ms for limit in _PERIOD_MS)
        best, best_match = longest, 0.0
        for lag in range(shortest, longest + 1):
            earlier = past[len(past) - len(recent) - lag : len(past) - lag]
            energy = float(earlier @ earlier)
            match = float(recent @ earlier) / energy**0.5 if energy > 0 else 0.0
            if match > best_match:
                best, best_match = lag, match
        return past[-best:]
