"""The sound that covers a wait is soft and clean on every line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from antiphon.audio import g711
from antiphon.audio.level import active_level_dbfs
from antiphon.audio.tones import still_thinking, thinking


@pytest.mark.parametrize("sample_rate_hz", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("sound", [thinking, still_thinking])
def test_the_thinking_sounds_are_soft_short_and_without_a_click(
    sound: Callable[[int], bytes], sample_rate_hz: int
) -> None:
    samples = np.frombuffer(sound(sample_rate_hz), "<i2").astype(np.int16)
    assert 0.6 < len(samples) / sample_rate_hz < 0.8
    assert -40 < active_level_dbfs(samples, sample_rate_hz) < -30
    assert np.abs(samples).max() < 32767 * 10 ** (-28 / 20)
    assert samples[0] == samples[-1] == 0
    largest_step = np.abs(np.diff(samples.astype(np.int32))).max()
    assert largest_step < 32767 * 10 ** (-29 / 20) * 2 * np.pi * 700 / sample_rate_hz, "no edge"


def test_a_sound_is_made_once_for_each_rate_and_the_second_is_another() -> None:
    assert thinking(8000) is thinking(8000)
    assert still_thinking(8000) != thinking(8000)


def test_the_thinking_sound_survives_a_telephone_line() -> None:
    samples = np.frombuffer(thinking(8000), "<i2").astype(np.int16)
    back = g711.decode(g711.encode(samples)).astype(np.int32)
    noise = np.mean((back - samples) ** 2.0) / np.mean(samples.astype(np.float64) ** 2.0)
    assert 10 * np.log10(noise) < -20
