from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.whisper import WhisperEngine
from antiphon.providers.local.whisper.engine import PARTIAL_BEAM
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    if not is_installed("whisper-tiny.en"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return WhisperEngine("tiny.en", workers=1)


def test_the_model_doubts_that_silence_is_speech(engine: WhisperEngine) -> None:
    found = engine.transcribe(np.zeros(3 * SAMPLE_RATE_HZ, np.float32))

    assert found.no_speech_prob > 0.6
    assert not found.full_context


def test_a_partial_in_doubt_is_told_as_a_guess_and_takes_no_second_look(engine: WhisperEngine) -> None:
    buzz = _syllables(pitch_hz=90, per_s=2, duration_s=0.4)  # Far from any limit, whatever the processor.

    partial = engine.transcribe(buzz, beam=PARTIAL_BEAM)

    assert engine.transcribe(buzz).full_context  # A final of the same is worth one.
    assert not partial.full_context
    assert partial.guessed


def _syllables(*, pitch_hz: float, per_s: float, duration_s: float) -> NDArray[np.float32]:
    """Neither speech nor silence: a buzz that comes and goes."""
    at_s = np.arange(int(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = 2 * np.pi * per_s * at_s
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.2 * np.sin(wave))) / SAMPLE_RATE_HZ
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    samples: NDArray[np.float32] = (0.1 * buzz * (0.5 - 0.5 * np.cos(wave))).astype(np.float32)
    return samples


def test_a_breath_of_audio_is_no_words_and_no_work(engine: WhisperEngine) -> None:
    assert engine.transcribe(np.zeros(100, np.float32)).text == ""


def test_more_audio_than_the_model_holds_is_cut_and_its_words_are_bounded(engine: WhisperEngine) -> None:
    noise = np.random.default_rng(3).standard_normal(40 * SAMPLE_RATE_HZ).astype(np.float32)

    assert len(engine.transcribe(0.1 * noise).tokens) <= 224


def test_endless_bias_leaves_room_for_the_answer(engine: WhisperEngine) -> None:
    found = engine.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), prompt=["lisinopril"] * 500)

    assert len(found.tokens) <= 16 + 12


def test_an_english_model_refuses_other_languages(engine: WhisperEngine) -> None:
    assert not engine.speaks("fr")
    with pytest.raises(ConfigError, match="fr"):
        engine.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), language="fr")


def test_a_folder_that_is_no_model_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable):
        WhisperEngine(tmp_path)
    with pytest.raises(ConfigError):
        WhisperEngine("enormous")
