"""Noise suppression for recognisers: a mild Wiener filter over the short-time spectrum, block by block.

Gains by the decision-directed estimate of Ephraim and Malah (IEEE TASSP 32, 1984), noise by minimum
statistics after Martin (IEEE TSAP 9, 2001), both in their plainest form. Mild on purpose: recognisers
mind what a filter leaves out of a voice more than noise. Measured in docs/line-quality.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WINDOW_MS = 32
_FLOOR = 10 ** (-9 / 20)  # Nothing is turned down further.
_PAST = 0.96  # How much of the last estimate stays: less of it and the rest of the noise twinkles.
_SMOOTH = 0.7
_MEMORY = 94  # Half windows: 1.5 s, longer than a voice stays on any one frequency.
_BIAS = 1.5  # A minimum lies below the mean.
_TINY = 1e-12

Spectrum = NDArray[np.float64]


class NoiseSuppressor:
    """One line's. Gives back as much audio as it was given, half to one window later."""

    def __init__(self, sample_rate_hz: int) -> None:
        size = sample_rate_hz * _WINDOW_MS // 1000
        self._hop = size // 2
        self._window = np.sqrt(np.hanning(size + 1)[:-1])
        self._waiting = np.zeros(self._hop)
        self._tail = np.zeros(self._hop)
        bins = size // 2 + 1
        self._smooth: Spectrum | None = None
        self._recent = np.full((_MEMORY, bins), np.inf)
        self._count = 0
        self._gain, self._power = np.ones(bins), np.zeros(bins)

    def push(self, pcm: bytes) -> bytes:
        """Mono s16le of any length."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float64) / 32768
        waiting = np.concatenate([self._waiting, samples])
        size, parts = 2 * self._hop, []
        while len(waiting) >= size:
            parts.append(self._step(waiting[:size]))
            waiting = waiting[self._hop :]
        self._waiting = waiting
        joined = np.concatenate(parts) if parts else np.zeros(0)
        return np.clip(np.rint(joined * 32768), -32768, 32767).astype("<i2").tobytes()

    def _step(self, frame: NDArray[np.float64]) -> NDArray[np.float64]:
        """Half a window is complete with each."""
        spectrum = np.fft.rfft(self._window * frame)
        cleaned = self._window * np.fft.irfft(self._gains(np.abs(spectrum) ** 2) * spectrum, len(frame))
        ready, self._tail = self._tail + cleaned[: self._hop], cleaned[self._hop :]
        return ready

    def _gains(self, power: Spectrum) -> Spectrum:
        smooth = power if self._smooth is None else _SMOOTH * self._smooth + (1 - _SMOOTH) * power
        self._smooth = smooth
        self._recent[self._count % _MEMORY] = smooth
        self._count += 1
        noise = _BIAS * self._recent.min(axis=0) + _TINY
        over = np.maximum(power / noise - 1, 0)
        prior = _PAST * self._gain**2 * self._power / noise + (1 - _PAST) * over
        self._gain, self._power = np.maximum(prior / (1 + prior), _FLOOR), power
        return self._gain
