"""Deepgram's messages, to and from our values. Pure.

Sources: the message types of deepgram-sdk 7.17.0; developers.deepgram.com, pages "Finalize", "Audio Keep
Alive", "Configure", "Force End Turn", "Bring Your Own Turn Detection", "Understanding the Flux State
Machine", read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, key_terms
from antiphon.speech.ports import TurnEvent, TurnMoment

T = TypeVar("T")

NAME = "deepgram"
SPEEDS = (0.7, 1.5)  # Of its voices.
# 500 tokens of key terms a request ("Keyterm Prompting"); a term is about five tokens.
KEY_TERMS_MAX = 100
KEY_TERM_LETTERS_MAX = 80
# What Deepgram finds to be the end of a turn, where it decides: 300-500 ms for conversations ("Endpointing").
_ENDPOINTING_MS = 300
# Flux turns this long after the last word in any case; with our own endpointing only a last resort.
_TURN_TIMEOUT_MS = 30_000
# Below the threshold at which a turn ends (0.7 by default): time enough to prepare a reply.
_EAGER_THRESHOLD = 0.5


class _Word(msgspec.Struct):
    word: str
    end: float | None = None
    confidence: float = 1.0


class _Alternative(msgspec.Struct):
    transcript: str
    confidence: float
    words: list[_Word] = []
    languages: list[str] | None = None


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]


class _Results(msgspec.Struct):
    start: float
    duration: float
    channel: _Channel
    is_final: bool | None = None
    speech_final: bool | None = None
    from_finalize: bool | None = None


class _TurnInfo(msgspec.Struct):
    event: str
    transcript: str
    words: list[_Word]
    end_of_turn_confidence: float
    audio_window_end: float
    trigger: str | None = None
    languages: list[str] | None = None


def nova_query(model: str, asked: Asked) -> dict[str, Any]:
    """Parameters of `/v1/listen`. Endpointing is off where ours decides: `Finalize` freezes the words."""
    return {
        "model": model,
        "language": asked.language,
        "encoding": "linear16",
        "sample_rate": asked.sample_rate_hz,
        "channels": 1,
        "interim_results": "true",
        "smart_format": "true",
        "endpointing": _ENDPOINTING_MS if asked.provider_turns else "false",
        "vad_events": "true" if asked.provider_turns else None,
        **vocabulary(model, asked.terms),
    }


def vocabulary(model: str, terms: Sequence[str]) -> dict[str, list[str]]:
    """Key terms are of Nova-3, and refuse an older model; those take `keywords`, single words."""
    if not terms:
        return {}
    if model.startswith("nova-3"):
        return {"keyterm": list(terms)}
    return {"keywords": list(dict.fromkeys(word for term in terms for word in term.split()))[:KEY_TERMS_MAX]}


def flux_query(model: str, asked: Asked) -> dict[str, Any]:
    """Parameters of `/v2/listen`. A threshold of 1.0 keeps Flux from ending turns that we end."""
    query: dict[str, Any] = {
        "model": model,
        "encoding": "linear16",
        "sample_rate": asked.sample_rate_hz,
        "keyterm": list(asked.terms) or None,
    }
    if model.endswith("-multi"):
        query["language_hint"] = asked.language.partition("-")[0]
    if asked.provider_turns:
        query["eager_eot_threshold"] = _EAGER_THRESHOLD
    else:
        query["eot_threshold"] = 1.0
        query["eot_timeout_ms"] = _TURN_TIMEOUT_MS
    return {key: value for key, value in query.items() if value is not None}


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)


def nova_heard(message: Mapping[str, Any]) -> list[Heard | TurnEvent]:
    """A message of `/v1/listen`.

    Raises:
        ProviderError: The message is an error, or is not what the API reference describes.
    """
    match message.get("type"):
        case "Results":
            return _results(_read(message, _Results))
        case "SpeechStarted":
            return [TurnEvent(moment=TurnMoment.STARTED)]
        case "Error":
            raise vendor_error(message)
        case str():
            return []  # Metadata, UtteranceEnd and whatever they will add.
    raise ProviderProtocolError(NAME, "a message without a type")


def flux_heard(message: Mapping[str, Any]) -> list[Heard | TurnEvent]:
    """A message of `/v2/listen`; raises as `nova_heard`."""
    match message.get("type"):
        case "TurnInfo":
            return _turn_info(_read(message, _TurnInfo))
        case "Error":
            raise vendor_error(message)
        case str():
            return []
    raise ProviderProtocolError(NAME, "a message without a type")


def vendor_error(message: Mapping[str, Any]) -> ProviderError:
    """Codes are theirs and hold no words of the caller; descriptions may."""
    code = str(message.get("code") or message.get("variant") or "unnamed")
    if any(word in code.upper() for word in ("AUTH", "PERMISSION", "CREDIT", "MODEL", "PARAM", "INVALID")):
        return ProviderRejected(NAME, f"error {code}")
    return ProviderUnavailable(NAME, f"error {code}")


def _results(results: _Results) -> list[Heard | TurnEvent]:
    if not results.channel.alternatives:
        raise ProviderProtocolError(NAME, "results without an alternative")
    best = results.channel.alternatives[0]
    heard_to_ms = round((results.start + results.duration) * 1000)
    frozen = bool(results.is_final)
    heard: list[Heard | TurnEvent] = [
        Heard(
            text=best.transcript,
            frozen=frozen,
            answers=bool(results.from_finalize or results.speech_final),
            confidence=best.confidence if best.transcript else 1.0,
            language=(best.languages or [""])[0],
            word_ends_ms=_ends_ms(best.words),
            heard_to_ms=heard_to_ms,
            frozen_to_ms=heard_to_ms if frozen else None,
        )
    ]
    if results.speech_final:
        heard.append(TurnEvent(moment=TurnMoment.ENDED))
    return heard


_MOMENTS = {
    "StartOfTurn": TurnMoment.STARTED,
    "EagerEndOfTurn": TurnMoment.EAGER_END,
    "TurnResumed": TurnMoment.RESUMED,
    "EndOfTurn": TurnMoment.ENDED,
}


def _turn_info(turn: _TurnInfo) -> list[Heard | TurnEvent]:
    ended = turn.event == "EndOfTurn"
    confidences = [word.confidence for word in turn.words]
    heard_to_ms = round(turn.audio_window_end * 1000)
    heard: list[Heard | TurnEvent] = [
        Heard(
            text=turn.transcript,
            frozen=ended,
            answers=ended,
            confidence=sum(confidences) / len(confidences) if confidences else 1.0,
            language=(turn.languages or [""])[0],
            word_ends_ms=_ends_ms(turn.words),
            heard_to_ms=heard_to_ms,
            frozen_to_ms=heard_to_ms if ended else None,
        )
    ]
    moment = _MOMENTS.get(turn.event)
    if moment is not None:
        heard.append(TurnEvent(moment=moment, text=turn.transcript, confidence=turn.end_of_turn_confidence))
    return heard


def _ends_ms(words: list[_Word]) -> tuple[int, ...]:
    return tuple(round(word.end * 1000) for word in words if word.end is not None)


def _read(message: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:  # Names fields and types, never values.
        raise ProviderProtocolError(NAME, f"{kind.__name__.strip('_')}: {error}") from None
