"""Sounds we make ourselves. Soft, short and without a click, so that nobody takes one for a fault."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# Two notes a fifth apart, both well inside the telephone band (300 to 3400 Hz).
_THINKING_HZ = (440.0, 659.3)
_NOTE_MS = 320
_GAP_MS = 60
# About 12 dB below a voice at its usual -20 dBFS: heard, never startling, far from clipping.
_PEAK_DBFS = -29.0


@lru_cache(maxsize=8)
def thinking(sample_rate_hz: int) -> bytes:
    """The sound that covers a wait: 0.7 s of mono s16le. The same bytes for every call of that rate."""
    peak = 32767.0 * 10.0 ** (_PEAK_DBFS / 20.0)
    note = np.arange(sample_rate_hz * _NOTE_MS // 1000)
    # A raised cosine rises from nothing and falls to nothing: no edge, no click.
    swell = 0.5 - 0.5 * np.cos(2.0 * np.pi * note / len(note))
    gap = np.zeros(sample_rate_hz * _GAP_MS // 1000)
    parts = []
    for pitch_hz in _THINKING_HZ:
        parts += [peak * swell * np.sin(2.0 * np.pi * pitch_hz * note / sample_rate_hz), gap]
    return np.concatenate(parts[:-1]).round().astype("<i2").tobytes()
