"""A recogniser with its own ears hears every second of the line, voice or not, and always has something to
say: what of it is left when nobody spoke, and that nothing is missing where somebody did."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.whisper.engine import WhisperEngine
from antiphon.quality.listening import _speech_events
from antiphon.quality.recordings import load, read_manifest
from antiphon.runtime.media.settings import SpeechGate
from antiphon.speech.ports import Transcript
from antiphon.speech.transcript_care import TranscriptCare, plain_text

pytestmark = [pytest.mark.models, pytest.mark.own_pace, pytest.mark.speech_dir]
RATE_HZ = 16000
PIECE_SAMPLES = 5 * RATE_HZ


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    if not is_installed("whisper-tiny.en") or not is_installed("silero-vad"):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    return WhisperEngine("tiny.en")


@dataclass(slots=True)
class Said:
    raw: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def hear(engine: WhisperEngine, vad: SileroVad, samples: NDArray[np.int16], said: Said) -> None:
    """Every five seconds are decoded without regard to voice activity, which only the care is told of."""
    care, waiting, segment = TranscriptCare(RATE_HZ), b"", 0
    padded = np.concatenate([samples, np.zeros(-len(samples) % PIECE_SAMPLES + RATE_HZ // 5, np.int16)])
    for _, pcm, began in _speech_events(vad, padded, SpeechGate()):
        care.push(pcm)
        waiting += pcm
        if began is not None:
            (care.speech_started if began else care.speech_stopped)()
        if len(waiting) < 2 * PIECE_SAMPLES:
            continue
        piece = np.frombuffer(waiting, "<i2").astype(np.float32) / np.float32(32768)
        found, waiting = engine.transcribe(piece), b""
        confidence = min(1.0, math.exp(found.avg_logprob))
        heard = Transcript(segment=segment, text=found.text, final=True, confidence=confidence)
        said.raw.append(found.text)
        said.left.append(care.clean(heard)[0].text)
        care.turn_committed()
        segment += 1


def test_hardly_any_words_are_left_where_nobody_spoke(engine: WhisperEngine, speech_dir: Path) -> None:
    said, vad = Said(), SileroVad(RATE_HZ)
    for recording in read_manifest(speech_dir):
        if recording.kind in ("silence", "noise"):
            samples, rate_hz = load(speech_dir, recording)
            hear(engine, vad, resample(samples, rate_hz, RATE_HZ), said)
    invented = [text for text in said.raw if text]
    left = [text for text in said.left if text]
    assert len(invented) > 40  # There is something to take care of,
    assert len(left) <= 0.1 * len(invented), left  # and what is left is of a crowd that really talks.


def test_no_word_is_missing_where_somebody_spoke(engine: WhisperEngine, speech_dir: Path) -> None:
    """What is removed is what came of the silence behind the words: none of it was said."""
    vad, removed, kept = SileroVad(RATE_HZ), [], 0
    spoken = [
        item for item in read_manifest(speech_dir) if item.kind in ("clean", "digits") and item.transcript
    ]
    for recording in spoken[::8]:
        said, (samples, rate_hz) = Said(), load(speech_dir, recording)
        hear(engine, vad, resample(samples, rate_hz, RATE_HZ), said)
        there = set(plain_text(recording.transcript or "").split())
        for raw, left in zip(said.raw, said.left, strict=True):
            kept += bool(left)
            removed += [raw] if raw != left and there & set(plain_text(raw).split()) else []
    assert kept >= len(spoken[::8])
    assert removed == []
