"""Transcription of recordings by OpenAI. Source: `types/audio` of openai 3.54.0.

What comes back depends on the model: `whisper-1` dates its words, `gpt-4o-transcribe-diarize` tells speakers
apart by segment (its words carry the times of their segment), the others give text alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from antiphon.errors import ProviderProtocolError, ProviderUnavailable
from antiphon.providers.listening import key_terms
from antiphon.providers.openai.audio_client import OpenAiAudioConfig, audio_client, openai_errors
from antiphon.providers.openai.transcription_wire import KEY_TERM_LETTERS_MAX, KEY_TERMS_MAX, NAME
from antiphon.providers.recordings import DEADLINE_S, wav_bytes
from antiphon.speech.ports import BatchConfig, BatchTranscript, TimedWord

DIARIZES = "gpt-4o-transcribe-diarize"
DATES_WORDS = "whisper-1"


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _Segment(msgspec.Struct):
    text: str
    start: float
    end: float
    speaker: str | None = None


class _Language(msgspec.Struct):
    code: str


class _Transcription(msgspec.Struct):
    text: str
    language: str | None = None
    languages: list[_Language] | None = None
    words: list[_Word] | None = None
    segments: list[_Segment] | None = None


class OpenAiBatch:
    """A `BatchTranscription`. `model` is OpenAI's name ("gpt-4o-transcribe")."""

    def __init__(self, model: str, config: OpenAiAudioConfig, deadline_s: float = DEADLINE_S) -> None:
        self._model, self._deadline_s = model, deadline_s
        self._client = audio_client(config, connect_ms=5_000, stall_ms=round(deadline_s * 1000))

    async def transcribe(self, pcm: bytes, sample_rate_hz: int, config: BatchConfig) -> BatchTranscript:
        file = ("recording.wav", wav_bytes(pcm, sample_rate_hz), "audio/wav")
        with openai_errors():
            try:
                async with asyncio.timeout(self._deadline_s):
                    found = await self._client.audio.transcriptions.create(
                        file=file, **parameters(self._model, config)
                    )
            except TimeoutError:
                raise ProviderUnavailable(NAME, "no transcript in time") from None
        if not hasattr(found, "to_dict"):  # The SDK hands over as text what is not JSON.
            raise ProviderProtocolError(NAME, "a transcript that is not JSON")
        return transcript(found.to_dict(mode="json"), config)


def parameters(model: str, config: BatchConfig) -> dict[str, Any]:
    wanted: dict[str, Any] = {"model": model}
    language = config.language.partition("-")[0]
    if language:
        wanted["language"] = language
    terms = key_terms((), config.vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)
    if model == DIARIZES:
        return {**wanted, "response_format": "diarized_json", "chunking_strategy": "auto"}
    if terms and model.startswith("gpt-transcribe"):
        wanted["keywords"] = list(terms)
    elif terms:
        wanted["prompt"] = ", ".join(terms)
    if model == DATES_WORDS:
        return {**wanted, "response_format": "verbose_json", "timestamp_granularities": ["word"]}
    return {**wanted, "response_format": "json"}


def transcript(message: object, config: BatchConfig) -> BatchTranscript:
    """Raises:
    ProviderProtocolError: The answer is not what the API reference describes.
    """
    try:
        found = msgspec.convert(message, _Transcription)
    except msgspec.ValidationError as error:  # Names fields and types, never values.
        raise ProviderProtocolError(NAME, f"a transcript we do not understand ({error})") from None
    spoken = [language.code for language in found.languages or ()]
    words = [_timed(word.word, word.start, word.end, "") for word in found.words or ()]
    if not words:
        words = [
            _timed(word, segment.start, segment.end, segment.speaker)
            for segment in found.segments or ()
            if segment.speaker is not None
            for word in segment.text.split()
        ]
    return BatchTranscript(
        text=found.text,
        language=next(iter(spoken), found.language or config.language),
        words=tuple(words),
    )


def _timed(text: str, start_s: float, end_s: float, speaker: str | None) -> TimedWord:
    return TimedWord(
        text=text, start_ms=round(start_s * 1000), end_ms=round(end_s * 1000), speaker=speaker or ""
    )
