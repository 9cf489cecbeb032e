"""Deepgram's answer for a recording. Pure. Source: `ListenV1Response` of deepgram-sdk 7.17.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from antiphon.errors import ProviderProtocolError
from antiphon.providers.deepgram.wire import KEY_TERM_LETTERS_MAX, KEY_TERMS_MAX, NAME, vocabulary
from antiphon.providers.listening import key_terms
from antiphon.speech.ports import BatchConfig, BatchTranscript, TimedWord


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float = 1.0
    punctuated_word: str | None = None
    speaker: int | None = None


class _Alternative(msgspec.Struct):
    transcript: str
    words: list[_Word] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]
    detected_language: str | None = None


class _Topic(msgspec.Struct):
    topic: str


class _TopicSegment(msgspec.Struct):
    topics: list[_Topic] = []


class _Topics(msgspec.Struct):
    segments: list[_TopicSegment] = []


class _Sentiment(msgspec.Struct):
    start_word: float
    end_word: float
    sentiment: str


class _Sentiments(msgspec.Struct):
    segments: list[_Sentiment] = []


class _Summary(msgspec.Struct):
    short: str | None = None


class _Results(msgspec.Struct):
    channels: list[_Channel]
    summary: _Summary | None = None
    topics: _Topics | None = None
    sentiments: _Sentiments | None = None


class _Response(msgspec.Struct):
    results: _Results


def parameters(model: str, config: BatchConfig) -> dict[str, Any]:
    """Of `/v1/listen` for a recording; what is not asked for is left out."""
    terms = key_terms((), config.vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)
    wanted: dict[str, Any] = {
        "model": model,
        "language": config.language,
        "smart_format": True,
        **vocabulary(model, terms),
        "diarize": config.diarize or None,
        "sentiment": config.sentiment or None,
        "topics": config.topics or None,
        "summarize": "v2" if config.summary else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def transcript(message: Mapping[str, Any], config: BatchConfig) -> BatchTranscript:
    """Raises:
    ProviderProtocolError: The answer is not what the API reference describes.
    """
    try:
        results = msgspec.convert(message, _Response).results
        best = results.channels[0].alternatives[0]
    except (msgspec.ValidationError, IndexError) as error:
        raise ProviderProtocolError(NAME, f"a transcript we do not understand ({error})") from None
    words = best.words
    topics = [topic.topic for part in (results.topics or _Topics()).segments for topic in part.topics]
    return BatchTranscript(
        text=best.transcript,
        language=results.channels[0].detected_language or config.language,
        words=tuple(_timed(word) for word in words),
        sentiment=tuple(
            (*_span_ms(words, part), part.sentiment)
            for part in (results.sentiments or _Sentiments()).segments
            if words
        ),
        topics=tuple(dict.fromkeys(topics)),
        summary=(results.summary.short or "") if results.summary is not None else "",
    )


def _timed(word: _Word) -> TimedWord:
    return TimedWord(
        text=word.punctuated_word or word.word,
        start_ms=round(word.start * 1000),
        end_ms=round(word.end * 1000),
        speaker="" if word.speaker is None else str(word.speaker),
        confidence=word.confidence,
    )


def _span_ms(words: list[_Word], part: _Sentiment) -> tuple[int, int]:
    """Segments name their first and last word by number."""
    last = len(words) - 1
    first_word, last_word = (
        words[max(0, min(int(number), last))] for number in (part.start_word, part.end_word)
    )
    return round(first_word.start * 1000), round(last_word.end * 1000)
