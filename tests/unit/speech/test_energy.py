"""Voice by loudness alone: a caller on a quiet or a humming line is heard, and the line itself is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.speech.energy import EnergyActivity

RATE_HZ = 8000
WINDOWS_A_S = 31


def noise(level_dbfs: float, seconds: float, seed: int = 1) -> NDArray[np.float32]:
    """[windows, context + window]"""
    made = np.random.default_rng(seed).normal(size=(int(seconds * WINDOWS_A_S), 32 + 256))
    return (made * 10 ** (level_dbfs / 20)).astype(np.float32)


def listen(vad: EnergyActivity, windows: NDArray[np.float32], row: int = 0) -> NDArray[np.float32]:
    rows = np.array([row])
    return np.array([vad.probabilities(rows, window[np.newaxis])[0] for window in windows])


@pytest.mark.parametrize("line_dbfs", [-75.0, -60.0, -50.0, -45.0])
def test_a_voice_is_heard_above_the_line_and_its_end_is_too(line_dbfs: float) -> None:
    vad = EnergyActivity(RATE_HZ)
    listen(vad, noise(line_dbfs, 5))
    assert listen(vad, noise(line_dbfs, 1)).max() < 0.35
    voice = listen(vad, noise(-24.0, 3))
    assert voice.min() > 0.9
    assert listen(vad, noise(line_dbfs, 1)).max() < 0.35


def test_a_hum_that_does_not_end_is_taken_for_the_line_in_the_end() -> None:
    vad = EnergyActivity(RATE_HZ)
    assert listen(vad, noise(-36.0, 1)).min() > 0.5
    assert listen(vad, noise(-36.0, 30))[-1] < 0.35


def test_a_caller_who_speaks_from_the_first_moment_is_heard() -> None:
    assert listen(EnergyActivity(RATE_HZ), noise(-30.0, 5)).min() > 0.9


def test_digital_silence_is_nobody() -> None:
    silence = np.zeros((10, 288), np.float32)
    assert listen(EnergyActivity(RATE_HZ), silence).max() == 0.0
