"""Resampling: pitch and level survive, what cannot be carried is removed, and chunking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from antiphon.audio.resample import StreamResampler, resample

PAIRS = [
    (22050, 8000), (22050, 16000), (24000, 8000), (24000, 16000), (24000, 48000), (8000, 16000),
    (16000, 8000), (48000, 16000), (48000, 8000), (16000, 48000), (44100, 16000), (8000, 24000),
]  # fmt: skip


def tone(hz: float, rate_hz: int, duration_ms: int = 500, peak: int = 16000) -> NDArray[np.int16]:
    at = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    samples: NDArray[np.int16] = np.rint(peak * np.sin(2 * np.pi * hz * at)).astype(np.int16)
    return samples


def level_db(samples: NDArray[np.int16]) -> float:
    middle = samples[len(samples) // 10 : -len(samples) // 10].astype(np.float64)
    return float(10 * np.log10(np.mean(middle**2) + 1e-12))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_tone_keeps_its_pitch_level_and_place_in_time(from_hz: int, to_hz: int) -> None:
    made = resample(tone(1000, from_hz), from_hz, to_hz)
    wanted = tone(1000, to_hz)
    assert len(made) == len(wanted)
    edge = to_hz // 100
    error = made[edge:-edge].astype(np.float64) - wanted[edge:-edge]
    assert np.abs(error).max() <= 32, "more than 54 dB below the tone"


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[1] < pair[0]])
@pytest.mark.parametrize("beyond", [1.1, 1.3, 1.9])
def test_a_tone_the_new_rate_cannot_carry_does_not_fold_back(from_hz: int, to_hz: int, beyond: float) -> None:
    hz = to_hz / 2 * beyond
    if hz >= from_hz / 2:
        pytest.skip("not in the source either")
    loud = tone(hz, from_hz)
    assert level_db(resample(loud, from_hz, to_hz)) < level_db(loud) - 60


@pytest.mark.parametrize("hz", [300, 1000, 2000, 3000, 3250])
def test_the_telephone_band_passes_flat(hz: int) -> None:
    loud = tone(hz, 16000)
    assert abs(level_db(resample(loud, 16000, 8000)) - level_db(loud)) < 0.2


def test_upsampling_makes_no_image_above_the_old_band() -> None:
    made = resample(tone(3000, 8000, 1000), 8000, 16000).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    assert 20 * np.log10(spectrum[4300:].max() / spectrum.max()) < -60


def test_full_scale_clips_instead_of_wrapping() -> None:
    square = np.where(np.arange(8000) % 80 < 40, 32767, -32768).astype(np.int16)
    made = resample(square, 8000, 16000).astype(np.int32)
    assert np.abs(np.diff(made)).max() < 60000
    assert made.max() == 32767


@pytest.mark.parametrize("rate_hz", [8000, 22050])
def test_the_same_rate_is_the_same_samples(rate_hz: int) -> None:
    piece = tone(500, rate_hz)
    assert np.array_equal(resample(piece, rate_hz, rate_hz), piece)
    assert np.array_equal(StreamResampler(rate_hz, rate_hz).push(piece), piece)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_nothing_in_gives_nothing_out(from_hz: int, to_hz: int) -> None:
    assert len(resample(np.zeros(0, dtype=np.int16), from_hz, to_hz)) == 0


@settings(max_examples=120, deadline=None)
@given(
    pair=st.sampled_from(PAIRS),
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 700), max_size=12),
)
def test_a_stream_gives_the_same_samples_however_it_is_cut(
    pair: tuple[int, int], seed: int, sizes: list[int]
) -> None:
    from_hz, to_hz = pair
    noise = np.random.default_rng(seed).integers(-32768, 32768, sum(sizes)).astype(np.int16)
    stream = StreamResampler(from_hz, to_hz)
    pieces, start = [], 0
    for size in sizes:
        pieces.append(stream.push(noise[start : start + size]))
        start += size
    pieces.append(stream.flush())
    assert np.array_equal(np.concatenate(pieces), resample(noise, from_hz, to_hz))
    assert len(np.concatenate(pieces)) == -(-len(noise) * to_hz // from_hz)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_stream_withholds_at_most_three_milliseconds(from_hz: int, to_hz: int) -> None:
    stream, received, given_out = StreamResampler(from_hz, to_hz), 0, 0
    for size in (1, 7, from_hz // 50, from_hz // 50, 33, from_hz // 50):
        received += size
        given_out += len(stream.push(np.zeros(size, dtype=np.int16)))
        assert received / from_hz - given_out / to_hz <= 0.003


def test_after_a_flush_a_stream_starts_anew() -> None:
    piece = tone(700, 16000)
    stream = StreamResampler(16000, 8000)
    first = np.concatenate((stream.push(piece), stream.flush()))
    second = np.concatenate((stream.push(piece), stream.flush()))
    assert np.array_equal(first, second)


def test_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        StreamResampler(0, 8000)
