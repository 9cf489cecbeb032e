"""Made-up audio goes on as the voice did, and fades."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.audio.concealment import Concealment

RATE_HZ = 8000


def voiced(pitch_hz: float, duration_ms: int) -> np.ndarray:
    """A buzz with harmonics: pitch is what repeats, not one sine."""
    places = np.arange(duration_ms * 8)
    waves = [np.sin(2 * np.pi * pitch_hz * n * places / RATE_HZ) / n for n in range(1, 8)]
    return (6000 * sum(waves)).astype(np.int16)


@pytest.mark.parametrize("pitch_hz", [80.0, 100.0, 125.0, 160.0, 190.0])
def test_a_voice_goes_on_at_its_pitch(pitch_hz: float) -> None:
    voice = voiced(pitch_hz, 220)
    concealment = Concealment(RATE_HZ)
    concealment.heard(voice[: 200 * 8])
    made_up = concealment.conceal(160)
    assert np.corrcoef(made_up, voice[200 * 8 :])[0, 1] > 0.9


def test_it_fades_and_is_silent_after_60_ms() -> None:
    concealment = Concealment(RATE_HZ)
    concealment.heard(voiced(120, 100))
    made_up = np.concatenate([concealment.conceal(160) for _ in range(5)]).astype(float)
    levels = [float(np.abs(part).max()) for part in made_up.reshape(5, 160)]
    assert levels[0] > levels[1] > levels[2] > 0
    assert levels[3] == levels[4] == 0


def test_silence_and_the_first_frame_make_silence() -> None:
    concealment = Concealment(RATE_HZ)
    assert not concealment.conceal(160).any()
    concealment.heard(np.zeros(400, np.int16))
    assert not concealment.conceal(160).any()


def test_real_audio_ends_the_fade() -> None:
    concealment = Concealment(RATE_HZ)
    concealment.heard(voiced(120, 100))
    concealment.conceal(800)
    concealment.heard(voiced(120, 40))
    assert np.abs(concealment.conceal(80)).max() > 1000
