"""The set rendered and heard by the embedded models; what they say is kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np

from antiphon.audio.resample import resample
from antiphon.calls.amd.tone_kinds import is_beep
from antiphon.calls.amd.tones import ToneMeter
from antiphon.providers.local import catalogue
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.whisper.engine import Recognition, WhisperEngine
from antiphon.providers.local.whisper.stream import WhisperStream
from antiphon.quality.answerers.openings import Opening
from antiphon.quality.answerers.rendering import render
from antiphon.quality.answerers.scoring import Case
from antiphon.quality.answerers.sounds import RATE_HZ, Samples, narrow, on_the_line
from antiphon.quality.answerers.world import AnswererWorld
from antiphon.quality.recordings import load, read_manifest
from antiphon.quality.turns.caches import KnownLines, KnownRecogniser, Store
from antiphon.quality.turns.line import Ear
from antiphon.quality.turns.virtual import run_virtually
from antiphon.runtime.media import SpeechGate
from antiphon.speech.ports import SttConfig, SttEvent, TextToSpeech, TtsAudio, TtsRequest


class Bench:
    """Args: folder: of labelled recordings, or None. cache: where renderings and answers are kept.

    Raises:
        ConfigError: A model is missing.
    """

    def __init__(self, folder: Path | None, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        store = Store(cache / "ears.jsonl")
        gate = SpeechGate()
        self._lines = KnownLines(Ear(SileroVad(8000), SileroVad(16000), gate), store, f"silero-vad {gate}")
        self._engine = KnownRecogniser(WhisperEngine("tiny.en"), Recognition, store, "whisper-tiny.en")
        self._voices: dict[str, TextToSpeech] = {}

    async def samples(self, opening: Opening) -> Samples:
        return await render(opening, self._speak, self._folder)

    def answer(self, opening: Opening, samples: Samples) -> Case:
        events = self._lines.hear(samples, RATE_HZ)
        answered = run_virtually(
            lambda loop: AnswererWorld(loop, samples, events, self._stt, opening.language).run()
        )
        return Case(opening=opening, answered=answered)

    def _stt(self, executor: Executor) -> _Stt:
        return _Stt(self._engine, executor)

    async def _speak(self, voice: str, text: str) -> Samples:
        key = hashlib.blake2b(f"{voice}|{text}".encode(), digest_size=12).hexdigest()
        path = self._cache / "voices" / f"{key}.npy"
        if path.exists():
            known: Samples = np.load(path)
            return known
        engine, own_name = catalogue.voices()[voice]
        if engine not in self._voices:
            self._voices[engine] = catalogue.TEXT_TO_SPEECH[engine].build(None)
        pcm = bytearray()

        def take(audio: TtsAudio) -> None:
            pcm.extend(audio.pcm)

        request = TtsRequest(text=text, voice=own_name, sample_rate_hz=16_000)
        await self._voices[engine].synthesize(request, take)
        samples = resample(np.frombuffer(bytes(pcm), "<i2").astype(np.int16), 16_000, RATE_HZ)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, samples)
        return samples


class _Stt:
    """The embedded recogniser, decoding in the executor it is given."""

    def __init__(self, engine: KnownRecogniser, executor: Executor) -> None:
        self._engine, self._executor = engine, executor

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> WhisperStream:
        return WhisperStream(self._engine, self._executor, config, emit)


def false_beeps(folder: Path) -> tuple[float, int]:
    """Minutes of recordings without a beep, each through a telephone line, and the beeps heard in them."""
    minutes, count = 0.0, 0
    for recording in read_manifest(folder):
        if recording.kind in ("voicemail", "silence"):
            continue  # Greetings have beeps; interface tones and keys are tones.
        samples, rate_hz = load(folder, recording)
        line = on_the_line(narrow(samples, rate_hz), level_dbfs=-22, snr_db=35, seed=1)
        found = ToneMeter(RATE_HZ).push(line.astype("<i2").tobytes())
        count += len({tone.started_ms for tone in found if is_beep(tone)})
        minutes += recording.duration / 60
    return minutes, count


def told(cases: Sequence[Case]) -> list[str]:
    """One line for every opening that went wrong at first or in the end."""
    lines = []
    for case in cases:
        answered, opening = case.answered, case.opening
        if answered.first == answered.last == opening.label:
            continue
        judged = "; ".join(
            f"{event.verdict} at {at_ms} ms ({event.evidence})" for at_ms, event in answered.verdicts
        )
        lines.append(f"{opening.name}: {judged or 'nothing until its time was up'} [{answered.words!r}]")
    return lines
