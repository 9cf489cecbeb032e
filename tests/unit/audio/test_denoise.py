from __future__ import annotations

import numpy as np
import pytest

from antiphon.audio.denoise import NoiseSuppressor
from antiphon.audio.level import block_levels_dbfs

RATE_HZ = 8000
RNG = np.random.default_rng(11)


def noise(level_dbfs: float, duration_s: int = 4) -> np.ndarray:  # type: ignore[type-arg]
    return RNG.normal(0, 32768 * 10 ** (level_dbfs / 20), duration_s * RATE_HZ)


def suppressed(sound: np.ndarray, block_samples: int = 800) -> np.ndarray:  # type: ignore[type-arg]
    pcm = np.clip(sound, -32768, 32767).astype("<i2")
    suppressor = NoiseSuppressor(RATE_HZ)
    blocks = [pcm[start : start + block_samples].tobytes() for start in range(0, len(pcm), block_samples)]
    return np.frombuffer(b"".join(suppressor.push(block) for block in blocks), "<i2")


def test_steady_noise_is_turned_down_and_no_further_than_meant() -> None:
    before, after = noise(-30), suppressed(noise(-30))
    levels = block_levels_dbfs(after, 800)[20:]
    assert -39.5 < levels.mean() < -35
    assert len(before) - len(after) <= RATE_HZ * 32 // 1000


def test_a_voice_over_the_noise_keeps_its_level() -> None:
    moments = np.arange(4 * RATE_HZ) / RATE_HZ
    speaks = (moments % 1.0) < 0.5  # Nobody holds a note longer than the memory of the noise.
    voice = 3000 * np.sin(2 * np.pi * 500 * moments) * speaks
    after = suppressed(voice + noise(-45))
    delay = RATE_HZ * 16 // 1000
    spoken = speaks[: len(after) - delay]
    power = np.mean(after[delay:][spoken].astype(float) ** 2) / np.mean(voice[: len(spoken)][spoken] ** 2)
    assert 10 * np.log10(power) == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize("block_samples", [160, 333, 4000])
def test_blocks_of_any_length_give_the_same(block_samples: int) -> None:
    sound = noise(-30, 2)
    whole, cut = suppressed(sound, len(sound)), suppressed(sound, block_samples)
    assert np.array_equal(whole, cut)


def test_digital_silence_stays_silent() -> None:
    with np.errstate(all="raise"):
        assert not suppressed(np.zeros(RATE_HZ)).any()
