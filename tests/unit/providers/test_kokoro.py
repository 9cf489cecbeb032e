"""Kokoro: its alphabet, its voices, and what happens when a file is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import ConfigError
from antiphon.providers.local.espeak import phonemize
from antiphon.providers.local.kokoro import KokoroTts
from antiphon.providers.local.kokoro.symbols import SYMBOL_IDS, kokoro_spelling
from antiphon.providers.local.models import is_installed
from antiphon.speech.ports import TtsAudio, TtsRequest

needs_model = pytest.mark.skipif(not is_installed("kokoro-82m"), reason="antiphon models fetch kokoro-82m")


@pytest.fixture(scope="module")
def tts() -> KokoroTts:
    return KokoroTts()


@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        (";", 1), ("?", 6), (" ", 16), ("A", 24), ("O", 31), ("T", 36), ("ᵊ", 42), ("h", 50), ("z", 68),
        ("æ", 72), ("ə", 83), ("ɡ", 92), ("ŋ", 112), ("ɹ", 123), ("ʃ", 131), ("ʌ", 138), ("ˈ", 156),
        ("ː", 158), ("ᵻ", 177),
    ],
)  # fmt: skip
def test_the_alphabet_has_the_numbers_the_model_was_trained_with(symbol: str, number: int) -> None:
    assert SYMBOL_IDS[symbol] == number
    assert len(SYMBOL_IDS) == 114


@pytest.mark.parametrize(
    ("text", "american", "british"),
    [
        ("hello", "həlˈO", "həlˈQ"),
        ("judge", "ʤˈʌʤ", "ʤˈʌʤ"),
        ("choose", "ʧˈuz", "ʧˈuːz"),
        ("day", "dˈA", "dˈA"),
        ("now", "nˈW", "nˈW"),
        ("boy", "bˈY", "bˈY"),
        ("nine", "nˈIn", "nˈIn"),
        ("nurse", "nˈɜɹs", "nˈɜːs"),
        ("water", "wˈɔTəɹ", "wˈɔːtə"),
        ("bottle", "bˈɑTᵊl", "bˈɒtᵊl"),
    ],
)
def test_espeak_phonemes_are_rewritten_in_the_models_alphabet(text: str, american: str, british: str) -> None:
    pytest.importorskip("espeakng_loader")
    assert kokoro_spelling(phonemize(text, "en-us"), "en-us") == american
    assert kokoro_spelling(phonemize(text, "en"), "en") == british


def test_sounds_the_model_does_not_know_are_left_out() -> None:
    assert kokoro_spelling("ʘa\u0329b", "en-us") == "ab"


def test_a_missing_model_names_the_command_that_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match="antiphon models fetch kokoro-82m"):
        KokoroTts()


@needs_model
@pytest.mark.models
def test_several_accents_are_installed(tts: KokoroTts) -> None:
    assert {"af_heart", "am_michael", "bf_emma", "bm_george"} <= set(tts.voices)


@needs_model
@pytest.mark.models
async def test_voices_differ(tts: KokoroTts) -> None:
    async def pitch_hz(voice: str) -> float:
        said: list[TtsAudio] = []
        await tts.synthesize(TtsRequest(text="Yes please.", voice=voice, sample_rate_hz=8000), said.append)
        samples = np.frombuffer(said[0].pcm, dtype="<i2").astype(np.float64)
        spectrum = np.abs(np.fft.rfft(samples, 1 << 15))
        likeness = np.fft.irfft(spectrum**2)[: 8000 // 60]
        return float(8000 / (8000 // 400 + np.argmax(likeness[8000 // 400 :])))

    assert await pitch_hz("bm_george") < 175 < await pitch_hz("af_heart")


@needs_model
@pytest.mark.models
async def test_an_unknown_voice_is_refused_with_the_known_ones(tts: KokoroTts) -> None:
    with pytest.raises(ConfigError, match=r"use one of: .*af_heart"):
        await tts.synthesize(TtsRequest(text="Hi.", voice="../x", sample_rate_hz=8000), lambda audio: None)
