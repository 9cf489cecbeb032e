"""Music for who waits, and keys as tones."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.audio.tones import dtmf, hold

KEYS = {"1": (697, 1209), "5": (770, 1336), "0": (941, 1336), "#": (941, 1477), "D": (941, 1633)}


def strength(pcm: np.ndarray, hz: float, rate_hz: int) -> float:
    return float(np.abs(pcm @ np.exp(-2j * np.pi * hz * np.arange(len(pcm)) / rate_hz)) / len(pcm) * 2)


@pytest.mark.parametrize("rate_hz", [8000, 16000])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_its_two_tones_and_no_other(key: str, rate_hz: int) -> None:
    pcm = np.frombuffer(dtmf(key, rate_hz), "<i2").astype(float)[: rate_hz * 120 // 1000]
    tones = {hz: strength(pcm, hz, rate_hz) for hz in (697, 770, 852, 941, 1209, 1336, 1477, 1633)}
    assert sorted(sorted(tones, key=lambda hz: -tones[hz])[:2]) == sorted(KEYS[key])
    assert np.abs(pcm).max() < 32767


def test_keys_are_apart_and_w_waits() -> None:
    assert len(dtmf("12", 8000)) == 2 * 2 * 1600
    assert len(dtmf("w", 8000)) == 2 * 4000
    assert dtmf("", 8000) == b""
    with pytest.raises(ValueError):
        dtmf("x", 8000)


def test_music_is_soft_and_hardly_ever_silent() -> None:
    pcm = np.frombuffer(hold(8000), "<i2").astype(float)
    frames = np.sqrt((pcm.reshape(-1, 160) ** 2).mean(axis=1))
    assert len(pcm) == 9 * 8000 and np.abs(pcm).max() < 3500
    assert (frames < 20).sum() * 20 < 300
