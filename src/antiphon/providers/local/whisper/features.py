"""Log-mel spectrogram as Whisper was trained on: 16 kHz, 25 ms Hann window, 10 ms hop, 80 mel bands."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 160
WINDOW_SAMPLES = 400
MEL_BANDS = 80


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features [80, frames] of `samples` (16 kHz, -1..1), one frame per 10 ms, a last incomplete hop dropped.

    The dynamic range is clipped 8 orders of magnitude below the loudest band, as in training.
    """
    half = WINDOW_SAMPLES // 2
    padded = np.pad(samples, half, mode="reflect" if len(samples) > half else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    frames = frames[: len(samples) // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.maximum(_mel_filters() @ power.T, 1e-10)
    log = np.log10(mel, out=mel)
    np.maximum(log, log.max(initial=-10.0) - 8.0, out=log)
    return np.ascontiguousarray((log + 4.0) / 4.0, dtype=np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    phase = 2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@cache
def _mel_filters() -> NDArray[np.float32]:
    """Triangular filters [80, 201] on Slaney's mel scale (linear to 1 kHz, then logarithmic), unit area."""
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    edges_hz = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE_HZ / 2), MEL_BANDS + 2))
    widths = np.diff(edges_hz)
    slopes = edges_hz[:, None] - bins_hz[None, :]
    rising = -slopes[:-2] / widths[:-1, None]
    falling = slopes[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return filters.astype(np.float32)


_LINEAR_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(hz: float) -> float:
    return float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * _LINEAR_HZ_PER_MEL
    logarithmic = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mel - _LOG_FROM_MEL))
    return np.where(mel < _LOG_FROM_MEL, linear, logarithmic)
