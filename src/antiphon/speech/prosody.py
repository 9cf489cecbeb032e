"""What the voice itself says about the end of a turn: the last syllable of what is finished is drawn out.

Cheap enough for every pause: one autocorrelation over the last second and a half, about 2 ms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LOOK_BACK_MS = 1500
_RATE_HZ = 8000
_FRAME = 320  # 40 ms: three periods of the lowest pitch.
_HOP = 80
_HOP_MS = 1000 * _HOP // _RATE_HZ
_SHORTEST_PERIOD = _RATE_HZ // 400
_LONGEST_PERIOD = _RATE_HZ // 70
_PERIODIC = 0.5  # Of the energy repeats after one period.
_RANGE_DB = 35.0
_GAP_FRAMES = 2  # A creaky period or a flap does not end a syllable.


def final_voicing_ms(samples: NDArray[np.int16], sample_rate_hz: int) -> int:
    """Length of the last voiced stretch of speech, before whatever silence follows it; 0 where there is none.

    Args:
        samples: Mono, at 8 or 16 kHz; only the last 1.5 s count.
    """
    voiced = np.flatnonzero(_voiced(_narrow(samples, sample_rate_hz)))
    if not voiced.size:
        return 0
    breaks = np.flatnonzero(np.diff(voiced) > _GAP_FRAMES)
    first = voiced[breaks[-1] + 1] if breaks.size else voiced[0]
    return int(voiced[-1] - first + 1) * _HOP_MS


def _narrow(samples: NDArray[np.int16], sample_rate_hz: int) -> NDArray[np.float32]:
    """The last stretch at 8 kHz in -1..1. The mean of neighbours is filter enough for pitch."""
    step = sample_rate_hz // _RATE_HZ
    recent = samples[-_LOOK_BACK_MS * sample_rate_hz // 1000 :].astype(np.float32) / np.float32(32768)
    whole = recent[len(recent) % step :]
    narrow: NDArray[np.float32] = whole.reshape(-1, step).mean(axis=1)
    return narrow


def _voiced(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Per 10 ms: periodic like a voice, and not far below the loudest."""
    count = (len(samples) - _FRAME) // _HOP + 1
    if count < 1:
        return np.zeros(0, np.bool_)
    frames = samples[np.arange(_FRAME) + _HOP * np.arange(count)[:, None]]
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames, 2 * _FRAME, axis=1)
    likeness = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :_FRAME]
    power = likeness[:, 0] / _FRAME
    lags = np.arange(_SHORTEST_PERIOD, _LONGEST_PERIOD)
    # A longer lag compares fewer samples; scaled, so that deep voices are not judged harder.
    share = likeness[:, lags] * (_FRAME / (_FRAME - lags)) / (likeness[:, :1] + 1e-9)
    level_db = 10 * np.log10(power + 1e-10)
    found: NDArray[np.bool_] = (share.max(axis=1) > _PERIODIC) & (level_db > level_db.max() - _RANGE_DB)
    return found
