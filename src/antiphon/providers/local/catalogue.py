"""The embedded engines by role and name: what each is called, which model it needs, how to build one.

Builders import lazily, so that naming an engine costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from antiphon.agents.ports import SentenceEncoder
from antiphon.providers.local.models import load_manifest
from antiphon.speech.ports import BatchTranscription, EndOfTurn, SpeechToText, TextToSpeech, VoiceActivity

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine(Generic[T_co]):
    """`build` loads the model (seconds, blocking) and raises ConfigError when it is missing or damaged."""

    model: str
    build: Callable[[Executor | None], T_co]


def _whisper_tiny(executor: Executor | None) -> SpeechToText:
    from antiphon.providers.local.whisper import WhisperStt

    return WhisperStt(model="tiny.en", executor=executor)


def _whisper_base(executor: Executor | None) -> SpeechToText:
    from antiphon.providers.local.whisper import WhisperStt

    return WhisperStt(model="base", executor=executor)


def _whisper_tiny_batch(executor: Executor | None) -> BatchTranscription:
    from antiphon.providers.local.whisper import WhisperBatch

    return WhisperBatch(model="tiny.en", executor=executor)


def _whisper_base_batch(executor: Executor | None) -> BatchTranscription:
    from antiphon.providers.local.whisper import WhisperBatch

    return WhisperBatch(model="base", executor=executor)


def _piper_joe(executor: Executor | None) -> TextToSpeech:
    from antiphon.providers.local.piper import PiperTts

    return PiperTts("joe", executor=executor)


def _kokoro(executor: Executor | None) -> TextToSpeech:
    from antiphon.providers.local.kokoro import KokoroTts

    return KokoroTts(executor=executor)


def _smart_turn(executor: Executor | None) -> EndOfTurn:
    from antiphon.providers.local.smart_turn import SmartTurn

    return SmartTurn(executor)


def _e5(executor: Executor | None) -> SentenceEncoder:
    from antiphon.providers.local.e5 import E5Encoder

    return E5Encoder(executor)


def silero(sample_rate_hz: int) -> VoiceActivity:
    """Voice activity is one a sample rate and runs where the audio is, never in the inference worker."""
    from antiphon.providers.local.silero import SileroVad

    return SileroVad(sample_rate_hz)


SPEECH_TO_TEXT: Mapping[str, Engine[SpeechToText]] = {
    "whisper-tiny.en": Engine(model="whisper-tiny.en", build=_whisper_tiny),
    "whisper-base": Engine(model="whisper-base", build=_whisper_base),
}
# Whole recordings, after a call: always in the process that asks, so that no live call waits for them.
BATCH: Mapping[str, Engine[BatchTranscription]] = {
    "whisper-tiny.en": Engine(model="whisper-tiny.en", build=_whisper_tiny_batch),
    "whisper-base": Engine(model="whisper-base", build=_whisper_base_batch),
}
TEXT_TO_SPEECH: Mapping[str, Engine[TextToSpeech]] = {
    "piper-joe": Engine(model="piper-joe", build=_piper_joe),
    "kokoro": Engine(model="kokoro-82m", build=_kokoro),
}
END_OF_TURN: Mapping[str, Engine[EndOfTurn]] = {
    "smart-turn": Engine(model="smart-turn-v3.2", build=_smart_turn),
}
ENCODER: Mapping[str, Engine[SentenceEncoder]] = {
    "e5": Engine(model="e5-small", build=_e5),
}
VOICE_ACTIVITY_MODEL = "silero-vad"


def voices() -> dict[str, tuple[str, str]]:
    """Every embedded voice by its public name: the engine that speaks it, and the engine's name for it."""
    kokoro = load_manifest()[TEXT_TO_SPEECH["kokoro"].model]
    known = {"piper-joe": ("piper-joe", "joe")}
    for file in kokoro.files:
        if file.path.startswith("voices/"):
            voice = file.path.removeprefix("voices/").removesuffix(".bin")
            known[f"kokoro-{voice}"] = ("kokoro", voice)
    return known
