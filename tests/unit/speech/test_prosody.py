from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.speech.prosody import final_voicing_ms

RATES = (8000, 16000)


def _hum(duration_ms: int, rate_hz: int, pitch_hz: float = 120) -> NDArray[np.float64]:
    at_s = np.arange(duration_ms * rate_hz // 1000) / rate_hz
    return sum(np.sin(2 * np.pi * pitch_hz * n * at_s) / n for n in range(1, 8)) * 3000  # type: ignore[return-value]


def _hiss(duration_ms: int, rate_hz: int, level: float = 1500) -> NDArray[np.float64]:
    return np.random.default_rng(7).normal(0, level, duration_ms * rate_hz // 1000)


def _speech(*parts: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.concatenate(parts).astype(np.int16)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("length_ms", [80, 200, 400])
@pytest.mark.parametrize("pitch_hz", [85, 120, 240])
def test_the_last_voiced_stretch_is_measured(rate_hz: int, length_ms: int, pitch_hz: float) -> None:
    samples = _speech(
        _hum(300, rate_hz), _hiss(120, rate_hz), _hum(length_ms, rate_hz, pitch_hz), np.zeros(rate_hz // 10)
    )
    assert final_voicing_ms(samples, rate_hz) == pytest.approx(length_ms, abs=45)


@pytest.mark.parametrize("rate_hz", RATES)
def test_silence_and_noise_have_no_voice(rate_hz: int) -> None:
    assert final_voicing_ms(np.zeros(2 * rate_hz, np.int16), rate_hz) == 0
    assert final_voicing_ms(_speech(_hiss(2000, rate_hz)), rate_hz) <= 40
    assert final_voicing_ms(np.zeros(0, np.int16), rate_hz) == 0
    assert final_voicing_ms(np.zeros(7, np.int16), rate_hz) == 0


def test_a_faint_hum_after_speech_is_the_room_not_the_voice() -> None:
    speech = _hum(200, 8000)
    room = _hum(300, 8000, 100) * 10 ** (-45 / 20)
    gap = np.zeros(800)
    assert final_voicing_ms(_speech(_hiss(200, 8000), speech, gap, room), 8000) == pytest.approx(200, abs=45)
