"""How long an answer of a voice speaks, and how far it falls at its end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.speech.spoken_length import SoundMeter, SpokenLength

LOUD = 8000  # 78.1 dB above nothing.


def sound(*parts: tuple[int, int], rate_hz: int = 16_000) -> NDArray[np.int16]:
    """(amplitude, ms) after one another; each as loud as its amplitude in every frame."""
    signs = np.where(np.arange(rate_hz) % 2, 1, -1)
    return np.concatenate([level * signs[: rate_hz * ms // 1000] for level, ms in parts]).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000])
@pytest.mark.parametrize(
    ("parts", "speech_ms", "fall_db"),
    [
        ([(LOUD, 500)], 500, 0.0),
        ([(LOUD, 505)], 510, 0.0),
        ([(0, 100), (LOUD, 500), (0, 200)], 500, 78.1),
        ([(LOUD, 400), (800, 30)], 430, 20.0),
        ([(LOUD, 400), (800, 20)], 420, 4.7),  # A third of the end is still loud.
        ([(LOUD, 400), (160, 100)], 500, 34.0),  # An "s" is about so quiet,
        ([(LOUD, 400), (134, 100)], 400, 35.5),  # and this is no more one.
        ([(20_000, 90), (1000, 910)], 1000, 0.0),  # A bang is not the loudness of the voice,
        ([(20_000, 100), (1000, 900)], 1000, 2.6),  # a tenth of what sounds is.
        ([(LOUD, 100), (0, 900), (0, 900), (LOUD, 100)], 2000, 0.0),  # Nor are its pauses.
        ([(8, 300)], 300, 0.0),
        ([(7, 300)], 0, 0.0),  # As good as nothing.
        ([(0, 300)], 0, 0.0),
        ([], 0, 0.0),
    ],
)
def test_from_the_first_sound_to_the_last(
    parts: list[tuple[int, int]], speech_ms: int, fall_db: float, rate_hz: int
) -> None:
    meter = SoundMeter(rate_hz)
    if parts:
        meter.push(sound(*parts, rate_hz=rate_hz))
    assert meter.measure() == SpokenLength(speech_ms=speech_ms, fall_db=fall_db)
