"""Levels in dBFS: 0 is the mean square of a full-scale square wave, so a full-scale sine reads -3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST_DBFS = -100.0
_TINY = 1e-10  # -100 dBFS: keeps digital silence finite.
_FULL_SCALE = 32768.0
_BLOCK_MS = 20
_ACTIVE_RANGE_DB = 20.0


def dbfs_of_power(mean_square: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels of mean squares of samples in -1..1, same shape; -100 for digital silence."""
    return (10.0 * np.log10(np.maximum(mean_square, _TINY))).astype(np.float32)


def block_power(scaled: NDArray[np.float32], block_samples: int) -> NDArray[np.float32]:
    """Mean square of every block of samples in -1..1: [..., samples] to [..., blocks], without a rest."""
    blocks = scaled.reshape(*scaled.shape[:-1], -1, block_samples)
    power: NDArray[np.float32] = np.einsum("...s,...s->...", blocks, blocks) / np.float32(block_samples)
    return power


def block_levels_dbfs(samples: NDArray[np.int16], block_samples: int) -> NDArray[np.float32]:
    """Level of every whole block of a mono signal, oldest first; a rest at the end is left out."""
    blocks = samples[: len(samples) // block_samples * block_samples].reshape(-1, block_samples)
    scaled = blocks.astype(np.float32) / _FULL_SCALE
    return dbfs_of_power(np.einsum("bs,bs->b", scaled, scaled) / block_samples)


def active_level_dbfs(samples: NDArray[np.int16], sample_rate_hz: int) -> float:
    """Level of speech without its pauses: the mean over 20 ms blocks within 20 dB of the loud ones.

    A plain mean depends on how much silence a recording carries, which makes signal-to-noise ratios lie.
    """
    levels = block_levels_dbfs(samples, sample_rate_hz * _BLOCK_MS // 1000)
    if not levels.size:
        return LOWEST_DBFS
    active = levels[levels >= np.percentile(levels, 95) - _ACTIVE_RANGE_DB]
    return float(10.0 * np.log10(np.mean(10.0 ** (active / 10.0))))
