from __future__ import annotations

import warnings

import numpy as np
import pytest

from antiphon.audio import g711

CODES = np.arange(256).astype(np.uint8)
SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def audioop() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop", reason="gone from this Python")


def test_every_code_decodes_as_the_standard_library_does() -> None:
    expected = np.frombuffer(audioop().ulaw2lin(CODES.tobytes(), 2), np.int16)  # type: ignore[attr-defined]
    assert np.array_equal(g711.decode(CODES), expected)


def test_every_sample_encodes_as_the_standard_library_does() -> None:
    expected = np.frombuffer(audioop().lin2ulaw(SAMPLES.tobytes(), 2), np.uint8)  # type: ignore[attr-defined]
    assert np.array_equal(g711.encode(SAMPLES), expected)


def test_known_values_of_the_standard() -> None:
    # G.711 table 2: the largest value of each sign, the two zeros, the smallest steps (14 bits, times 4).
    codes = np.array([0x80, 0x00, 0xFF, 0x7F, 0xFE, 0x7E], np.uint8)
    assert g711.decode(codes).tolist() == [32124, -32124, 0, 0, 8, -8]


def test_a_code_survives_decoding_and_encoding_except_negative_zero() -> None:
    back = g711.encode(g711.decode(CODES))
    assert np.flatnonzero(back != CODES).tolist() == [0x7F]


@pytest.mark.parametrize("amplitude", [1100, 3000, 30000])
def test_distortion_of_a_sine_is_that_of_the_standard_at_any_level(amplitude: int) -> None:
    sine = (amplitude * np.sin(2 * np.pi * 1020 * np.arange(8000) / 8000)).astype(np.int16)
    error = g711.decode(g711.encode(sine)).astype(np.float64) - sine
    ratio_db = 10 * np.log10(np.mean(sine.astype(np.float64) ** 2) / np.mean(error**2))
    assert ratio_db > 33  # ITU-T G.712 asks for 33 dB from -30 to 0 dBm0.


def test_a_batch_of_calls_keeps_its_shape() -> None:
    batch = SAMPLES[:1600].reshape(10, 160)
    assert g711.decode(g711.encode(batch)).shape == (10, 160)


def test_silence_is_positive_zero() -> None:
    assert g711.encode(np.zeros(1, np.int16))[0] == g711.SILENCE
