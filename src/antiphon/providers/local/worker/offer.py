"""What one inference worker serves: engines built by name and run once before the first caller needs them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from antiphon.agents.ports import SentenceEncoder
from antiphon.errors import ConfigError
from antiphon.providers.local import catalogue
from antiphon.speech.ports import EndOfTurn, SpeechToText, SttConfig, TextToSpeech, TtsRequest

# What may be asked for by role; every engine may be asked for by its name too.
DEFAULTS: Mapping[str, str] = {
    "stt": "whisper-tiny.en",
    "tts": "piper-joe",
    "eot": "smart-turn",
    "encoder": "e5",
}
_WARM_TEXT = "Hello there, how can I help you today?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Implementations of the ports, by name where a worker may have several."""

    speech_to_text: Mapping[str, SpeechToText] = field(default_factory=dict)
    text_to_speech: Mapping[str, TextToSpeech] = field(default_factory=dict)
    end_of_turn: EndOfTurn | None = None
    encoder: SentenceEncoder | None = None


@runtime_checkable
class WarmsUp(Protocol):
    """An engine that knows best how to get warm."""

    async def warm_up(self) -> None: ...


def known_roles() -> tuple[str, ...]:
    names = (*catalogue.SPEECH_TO_TEXT, *catalogue.TEXT_TO_SPEECH, *catalogue.END_OF_TURN, *catalogue.ENCODER)
    return (*DEFAULTS, *names)


def build_offer(roles: Sequence[str], executor: Executor) -> Offer:
    """Load the engines of these roles or names (blocking, seconds).

    Raises:
        ConfigError: Unknown role, or a model is missing or damaged.
    """
    names = [DEFAULTS.get(role, role) for role in roles]
    for name in names:
        if name not in known_roles():
            raise ConfigError(
                f'"{name}" is no role of the inference worker', fix=f"one of {', '.join(known_roles())}"
            )
    turn = next((engine for name, engine in catalogue.END_OF_TURN.items() if name in names), None)
    encoder = next((engine for name, engine in catalogue.ENCODER.items() if name in names), None)
    hears, speaks = catalogue.SPEECH_TO_TEXT, catalogue.TEXT_TO_SPEECH
    return Offer(
        speech_to_text={name: hears[name].build(executor) for name in names if name in hears},
        text_to_speech={name: speaks[name].build(executor) for name in names if name in speaks},
        end_of_turn=turn.build(executor) if turn else None,
        encoder=encoder.build(executor) if encoder else None,
    )


async def warm(offer: Offer) -> None:
    """Run everything once: the first inference allocates, and is several times slower than the second."""
    for engine in offer.speech_to_text.values():
        if isinstance(engine, WarmsUp):
            await engine.warm_up()
        else:
            await _hear_once(engine)
    voices = dict(catalogue.voices().values())
    for name, speaker in offer.text_to_speech.items():
        if isinstance(speaker, WarmsUp):
            await speaker.warm_up()
        elif name in voices:
            request = TtsRequest(text=_WARM_TEXT, voice=voices[name], sample_rate_hz=8000)
            await speaker.synthesize(request, lambda _audio: None)
    if offer.end_of_turn is not None:
        await offer.end_of_turn.score(bytes(16000), 8000)
    if offer.encoder is not None:
        await offer.encoder.encode([_WARM_TEXT], query=True)


async def _hear_once(engine: SpeechToText) -> None:
    """A second of murmur through a stream, until its final transcript."""
    final = asyncio.Event()
    stream = engine.open(
        SttConfig(sample_rate_hz=16000), lambda heard: final.set() if getattr(heard, "final", False) else None
    )
    time_s = np.arange(16000) / 16000
    murmur = 3000 * np.sin(2 * np.pi * 150 * time_s) * np.sin(2 * np.pi * 4 * time_s)
    stream.speech_started()
    stream.push(murmur.astype("<i2").tobytes())
    stream.speech_stopped()
    await final.wait()
    await stream.aclose()
