"""Seconds of known sound: each fault is found by its own number, and many lines at once are as each alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.level import block_power
from antiphon.audio.line_quality import FRAMES, LineSecond, measure

RATE_HZ = 8000
SAMPLES = RATE_HZ // 50
RNG = np.random.default_rng(7)
TALKING = np.zeros(FRAMES, np.bool_)
TALKING[10:40] = True


def noise(level_dbfs: float) -> NDArray[np.float64]:
    return RNG.normal(0, 10 ** (level_dbfs / 20), RATE_HZ)


def voice(level_dbfs: float = -26.0, top_hz: int = 3400) -> NDArray[np.float64]:
    """A second in which somebody speaks from 200 ms to 800 ms: harmonics of 100 Hz, the higher the softer."""
    moments = np.arange(RATE_HZ) / RATE_HZ
    sound = sum(
        np.sin(2 * np.pi * hz * moments + hz) / (hz / 100) ** 0.5 for hz in range(100, top_hz + 1, 100)
    )
    sound *= np.repeat(TALKING, SAMPLES)
    power = np.mean(sound[np.repeat(TALKING, SAMPLES)] ** 2)
    return np.asarray(sound * 10 ** (level_dbfs / 20) / np.sqrt(power))


def frames(sound: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(sound * 32768, -32768, 32767).astype(np.int16).reshape(1, FRAMES, SAMPLES)


def measured_of(
    pcm: NDArray[np.int16],
    voiced: NDArray[np.bool_],
    missing: NDArray[np.int64],
    known: NDArray[np.float32],
) -> list[LineSecond]:
    power = block_power(pcm.astype(np.float32) / np.float32(32768), SAMPLES // 5)
    return measure(power, voiced, missing, known, lambda rows: pcm[rows])


def second(sound: NDArray[np.float64] | NDArray[np.int16], missing: int = 0) -> LineSecond:
    pcm = sound.reshape(1, FRAMES, SAMPLES) if sound.dtype == np.int16 else frames(np.asarray(sound, float))
    (measured,) = measured_of(pcm, TALKING[None], np.array([missing]), np.full(1, np.nan, np.float32))
    return measured


@pytest.mark.parametrize("level_dbfs", [-20.0, -40.0])
@pytest.mark.parametrize("snr_db", [20.0, 10.0, 5.0])
def test_level_and_noise_are_what_they_are(level_dbfs: float, snr_db: float) -> None:
    measured = second(voice(level_dbfs) + noise(level_dbfs - snr_db))
    assert measured.voiced
    assert measured.snr_db == pytest.approx(snr_db, abs=1.5)
    assert measured.noise_dbfs == pytest.approx(level_dbfs - snr_db, abs=1.0)
    assert measured.level_dbfs == pytest.approx(10 * np.log10(1 + 10 ** (-snr_db / 10)) + level_dbfs, abs=0.5)


def test_a_voice_at_the_end_of_the_scale_is_clipped_and_a_loud_one_is_not() -> None:
    assert second(voice(-20)).clipped_pct == 0
    assert second(voice(-20) * 10).clipped_pct > 5


@pytest.mark.parametrize("top_hz", [1000, 2000, 3400])
def test_bandwidth_is_where_the_voice_ends(top_hz: int) -> None:
    assert second(voice(top_hz=top_hz)).bandwidth_hz == pytest.approx(top_hz, abs=100)


def test_holes_in_the_voice_are_losses_and_silence_around_it_is_none() -> None:
    pcm = frames(voice() + noise(-60))
    assert second(pcm).lost_pct == 0
    pcm[0, [15, 20, 21, 30]] = 0
    assert second(pcm).lost_pct == 8
    pcm[0, 45:] = 0  # Between words; and nobody came back.
    assert second(pcm).lost_pct == 8


def test_a_mouth_that_closes_is_no_hole() -> None:
    sound = voice()
    fade = np.linspace(1, 0, SAMPLES)
    sound[19 * SAMPLES : 20 * SAMPLES] *= fade
    sound[20 * SAMPLES : 24 * SAMPLES] = 0
    sound[24 * SAMPLES : 25 * SAMPLES] *= fade[::-1]
    assert second(sound).lost_pct == 0


def test_what_a_transport_made_up_counts_too() -> None:
    assert second(voice(), missing=5).lost_pct == 10


def test_a_second_without_voice_says_nothing_of_a_voice() -> None:
    quiet = np.zeros((1, FRAMES), np.bool_)
    (measured,) = measured_of(frames(noise(-50)), quiet, np.zeros(1, int), np.full(1, np.nan, np.float32))
    assert not measured.voiced
    assert measured.noise_dbfs == pytest.approx(-50, abs=1)


def test_digital_silence_is_measured_without_a_warning() -> None:
    with np.errstate(all="raise"):
        measured = second(np.zeros(RATE_HZ))
    assert not measured.voiced
    assert np.isfinite(dataclasses.astuple(measured)).all()


def test_noise_is_remembered_through_a_second_in_which_nobody_paused() -> None:
    known = np.full(1, np.nan, np.float32)
    measured_of(frames(noise(-40)), np.zeros((1, FRAMES), np.bool_), np.zeros(1, int), known)
    always = np.ones((1, FRAMES), np.bool_)
    loud = np.tile(voice(-26)[10 * SAMPLES : 15 * SAMPLES], 10) + noise(-40)
    (measured,) = measured_of(frames(loud), always, np.zeros(1, int), known)
    assert measured.noise_dbfs == pytest.approx(-40, abs=1)


def test_lines_measured_together_are_as_each_alone() -> None:
    sounds = [voice(), voice(-40) + noise(-50), noise(-30), voice(-20) * 10]
    alone = [second(sound) for sound in sounds]
    together = measured_of(
        np.concatenate([frames(sound) for sound in sounds]),
        np.repeat(TALKING[None], 4, axis=0),
        np.zeros(4, int),
        np.full(4, np.nan, np.float32),
    )
    assert together == alone
