"""The embedded recogniser over finished recordings: what was said between the silences, with the times of the
words. No speakers, sentiment, topics or summary: nothing embedded finds those."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.errors import ConfigError
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.whisper.care import believed_text
from antiphon.providers.local.whisper.engine import WhisperEngine
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ
from antiphon.providers.local.whisper.segment import loudest_dbfs
from antiphon.providers.local.whisper.stretches import Stretch, stretches
from antiphon.speech.ports import BatchConfig, BatchTranscript, TimedWord, VoiceActivity
from antiphon.speech.transcript_care import VoiceEvidence

_MS_SAMPLES = SAMPLE_RATE_HZ // 1000


class WhisperBatch:
    """A `BatchTranscription`: one recording after another.

    Args:
        model: "tiny.en" (English) or "base" (multilingual), or a directory in CTranslate2 format.
        executor: Where decodes run; one thread of its own by default.

    Raises:
        ConfigError: The model, or that of the voice activity, is not installed.
        ProviderUnavailable: It cannot be loaded.
    """

    def __init__(self, model: str | Path = "tiny.en", executor: Executor | None = None) -> None:
        self._engine = WhisperEngine(model, workers=1)
        self._vad: VoiceActivity = SileroVad(SAMPLE_RATE_HZ)
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="whisper-batch")
        self._turn = asyncio.Lock()  # The state of the voice activity is one recording's.

    async def transcribe(self, pcm: bytes, sample_rate_hz: int, config: BatchConfig) -> BatchTranscript:
        """As `BatchTranscription`; between two stretches of speech it can be cancelled.

        Raises:
            ConfigError: A language the model does not speak.
        """
        language = config.language.partition("-")[0].lower()
        if not self._engine.speaks(language):
            raise ConfigError(
                f'the embedded recogniser does not speak "{config.language}"',
                where="language",
                fix="use local/whisper-base, or a language it knows",
            )
        loop = asyncio.get_running_loop()
        async with self._turn:
            samples, found = await loop.run_in_executor(self._executor, self._heard, pcm, sample_rate_hz)
        words: list[TimedWord] = []
        texts: list[str] = []
        heard_in = language
        for stretch in found:
            text, dated, heard_in = await loop.run_in_executor(
                self._executor, self._recognise, samples, stretch, config.vocabulary, language
            )
            if text:
                texts.append(text)
                words += dated
        return BatchTranscript(text=" ".join(texts), language=heard_in, words=tuple(words))

    def _heard(self, pcm: bytes, sample_rate_hz: int) -> tuple[NDArray[np.float32], tuple[Stretch, ...]]:
        whole = np.frombuffer(pcm[: len(pcm) & ~1], dtype="<i2")
        samples = resample(whole, sample_rate_hz, SAMPLE_RATE_HZ).astype(np.float32) / np.float32(32768)
        return samples, stretches(self._vad, samples)

    def _recognise(
        self, samples: NDArray[np.float32], stretch: Stretch, vocabulary: tuple[str, ...], language: str
    ) -> tuple[str, list[TimedWord], str]:
        part = samples[stretch.start : stretch.end]
        found = self._engine.transcribe(part, prompt=vocabulary, language=language)
        evidence = VoiceEvidence(
            voiced_ms=stretch.voiced // _MS_SAMPLES,
            level_dbfs=loudest_dbfs(part),
            heard_ms=len(part) // _MS_SAMPLES,
        )
        text = believed_text(found, evidence)
        begun_ms = stretch.start // _MS_SAMPLES
        confidence = round(float(np.exp(min(0.0, found.avg_logprob))), 4)
        dated = [
            TimedWord(
                text=word, start_ms=begun_ms + start_ms, end_ms=begun_ms + end_ms, confidence=confidence
            )
            for word, start_ms, end_ms in self._engine.dated(part, text, found.language)
        ]
        return text, dated, found.language
