"""Silence is trimmed and level set on a stream, without clipping and without cutting soft sounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from antiphon.providers.local.loudness import Trimmer, VoiceGains, level_dbfs, levelled

RATE_HZ = 22050
Float = NDArray[np.float32]


def speech(peak: float, duration_ms: int = 600) -> Float:
    at = np.arange(RATE_HZ * duration_ms // 1000) / RATE_HZ
    wave = peak * np.sin(2 * np.pi * 180 * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))
    return wave.astype(np.float32)


def quiet(duration_ms: int) -> Float:
    return np.zeros(RATE_HZ * duration_ms // 1000, dtype=np.float32)


def trimmed(*blocks: Float) -> tuple[Float, int]:
    trimmer = Trimmer(RATE_HZ)
    given_out = [trimmer.push(block) for block in blocks]
    return np.concatenate([*given_out, trimmer.finish()]), trimmer.dropped


def test_silence_around_speech_is_trimmed_to_a_short_margin() -> None:
    kept, dropped = trimmed(np.concatenate((quiet(300), speech(0.3), quiet(400))))
    assert dropped * 1000 / RATE_HZ == pytest.approx(280, abs=5)
    assert len(kept) * 1000 / RATE_HZ == pytest.approx(650, abs=10)
    assert kept[0] == kept[-1] == 0, "no click at either end"


def test_a_pause_within_speech_is_kept() -> None:
    kept, _ = trimmed(np.concatenate((speech(0.3), quiet(500), speech(0.3))))
    assert len(kept) * 1000 / RATE_HZ == pytest.approx(1700, abs=10)


def test_a_soft_consonant_before_the_vowel_is_kept() -> None:
    hiss = (np.random.default_rng(1).standard_normal(RATE_HZ // 10) * 0.004).astype(np.float32)
    _, dropped = trimmed(np.concatenate((quiet(300), hiss, speech(0.3))))
    assert dropped * 1000 / RATE_HZ <= 300


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 40000), max_size=8))
def test_however_the_stream_is_cut_the_same_samples_come_out(cuts: list[int]) -> None:
    samples = np.concatenate((quiet(300), speech(0.3), quiet(200), speech(0.2), quiet(400)))
    whole, _ = trimmed(samples)
    pieces, _ = trimmed(*np.split(samples, sorted(cut for cut in cuts if cut < len(samples))))
    assert len(pieces) == len(whole)
    assert np.abs(pieces[50:] - whole[50:]).max() == 0


def test_silence_stays_silence() -> None:
    kept, _ = trimmed(quiet(200), quiet(200))
    assert len(kept) == 0
    assert level_dbfs(quiet(0), RATE_HZ) == -120


@pytest.mark.parametrize("peak", [0.05, 0.1, 0.5, 0.99])
def test_loud_and_soft_voices_leave_at_the_same_level(peak: float) -> None:
    gains = VoiceGains()
    samples = np.concatenate((quiet(500), speech(peak), quiet(500)))
    assert gains.gain("voice") is None
    gains.learn("voice", samples, RATE_HZ)
    gain = gains.gain("voice")
    assert gain is not None
    assert level_dbfs(levelled(samples, gain), RATE_HZ) == pytest.approx(-20, abs=0.5)


def test_one_odd_sentence_moves_the_level_only_a_little() -> None:
    gains = VoiceGains()
    gains.learn("voice", speech(0.2), RATE_HZ)
    before = gains.gain("voice")
    gains.learn("voice", speech(0.1), RATE_HZ)
    after = gains.gain("voice")
    assert before is not None
    assert after is not None
    assert 20 * np.log10(after / before) == pytest.approx(1.2, abs=0.1), "a fifth of 6 dB"
    gains.learn("voice", quiet(100), RATE_HZ)
    assert gains.gain("voice") == after, "silence teaches nothing"


def test_peaks_are_bent_and_never_clipped() -> None:
    samples = np.linspace(-3, 3, 1000).astype(np.float32)
    loud = levelled(samples, 1.0)
    assert np.abs(loud).max() <= 1.0
    assert np.all(np.diff(loud) >= 0)
    assert np.array_equal(loud[np.abs(samples) < 0.79], samples[np.abs(samples) < 0.79])
