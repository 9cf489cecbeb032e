from __future__ import annotations

import numpy as np

from antiphon.providers.local.whisper.features import HOP_SAMPLES, MEL_BANDS, SAMPLE_RATE_HZ, log_mel


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    at_s = np.arange(round(SAMPLE_RATE_HZ * seconds)) / SAMPLE_RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hz * at_s)).astype(np.float32)


def test_there_is_one_frame_per_ten_milliseconds() -> None:
    assert log_mel(tone(440, 1.234)).shape == (MEL_BANDS, 123)


def test_a_higher_tone_lights_a_higher_band() -> None:
    bands = [int(log_mel(tone(hz)).mean(axis=1).argmax()) for hz in (200, 500, 1000, 2000, 4000, 7000)]

    assert bands == sorted(set(bands))


def test_ten_times_the_amplitude_is_half_a_unit_more() -> None:
    # 20 dB are two orders of magnitude of power, and a unit is four.
    loud, soft = log_mel(tone(1000)).max(), log_mel(tone(1000) / 10).max()

    assert abs((loud - soft) - 0.5) < 1e-3


def test_what_is_far_below_the_loudest_is_lifted_to_the_floor() -> None:
    features = log_mel(np.concatenate([tone(1000), np.zeros(SAMPLE_RATE_HZ, np.float32)]))

    assert np.isclose(features.min(), features.max() - 2.0, atol=1e-3)


def test_silence_and_a_breath_of_audio_have_finite_features() -> None:
    assert np.isfinite(log_mel(np.zeros(SAMPLE_RATE_HZ, np.float32))).all()
    assert log_mel(np.zeros(HOP_SAMPLES, np.float32)).shape == (MEL_BANDS, 1)
    assert log_mel(np.zeros(3, np.float32)).shape == (MEL_BANDS, 0)
