"""Realtime transcription sessions of OpenAI, to and from our values. Pure.

Sources: `types/realtime` of openai 3.54.0 (GA event names); openai-agents-js issue 748 and others on
`input_audio_buffer_commit_empty` (less than 100 ms of audio is refused), read 2026-11-25.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, key_terms
from antiphon.speech.ports import TurnEvent, TurnMoment

T = TypeVar("T")

NAME = "openai"
SAMPLE_RATE_HZ = 24_000  # The only rate of `audio/pcm`.
COMMIT_MS = 100  # "Expected at least 100ms of audio."
KEY_TERMS_MAX = 100
KEY_TERM_LETTERS_MAX = 60
UPDATE = "key-terms"  # Our id of a change of key terms, so that its refusal can be told from others.

_KEYWORD_MODELS = ("gpt-transcribe", "gpt-live-transcribe")
_PROMPT_MODELS = ("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1")
_LOGPROBS = "item.input_audio_transcription.logprobs"
# Asking again or paying cannot be done by us while somebody is on the line.
_REJECTED = {
    "invalid_api_key", "insufficient_quota", "model_not_found", "invalid_model", "billing_hard_limit_reached",
}  # fmt: skip
_COMMIT_EMPTY = "input_audio_buffer_commit_empty"


class _Error(msgspec.Struct):
    type: str | None = None
    code: str | None = None
    event_id: str | None = None


class _Failure(msgspec.Struct):
    error: _Error


class _Committed(msgspec.Struct):
    item_id: str


class _SpeechStopped(msgspec.Struct):
    item_id: str
    audio_end_ms: int


class _Delta(msgspec.Struct):
    item_id: str
    delta: str | None = None


class _LogProbability(msgspec.Struct):
    logprob: float


class _Usage(msgspec.Struct):
    type: str
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0


class _Language(msgspec.Struct):
    code: str | None = None


class _Completed(msgspec.Struct):
    item_id: str
    transcript: str
    usage: _Usage | None = None
    logprobs: list[_LogProbability] | None = None
    languages: list[_Language] | None = None


def takes_terms(model: str) -> bool:
    return _named(model, _KEYWORD_MODELS) or _named(model, _PROMPT_MODELS)


def ends_turns(model: str) -> bool:
    """`gpt-realtime-whisper` does not know turn detection."""
    return not model.startswith("gpt-realtime-whisper")


def session_update(model: str, asked: Asked) -> dict[str, Any]:
    """The whole session; the first message of a connection, and again when key terms change."""
    turns: dict[str, Any] | None = None
    if asked.provider_turns and ends_turns(model):
        turns = {"type": "server_vad"}
    session: dict[str, Any] = {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": SAMPLE_RATE_HZ},
                "transcription": _transcription(model, asked),
                "turn_detection": turns,
            }
        },
    }
    if model.startswith("gpt-4o"):
        session["include"] = [_LOGPROBS]
    return {"type": "session.update", "session": session}


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)


class Items:
    """Messages of one session. Items are transcribed side by side and may be done in another order than they
    were said: words are given in the order of their commits."""

    def __init__(self) -> None:
        self._order: list[str] = []
        self._text: dict[str, str] = {}
        self._done: dict[str, _Completed] = {}
        self._ends_ms: dict[str, int] = {}

    def heard(self, message: Mapping[str, Any]) -> list[Heard | TurnEvent]:
        """Raises:
        ProviderError: The message is an error, or is not what the API reference describes.
        """
        match message.get("type"):
            case "input_audio_buffer.speech_started":
                return [TurnEvent(moment=TurnMoment.STARTED)]
            case "input_audio_buffer.speech_stopped":
                stopped = _read(message, _SpeechStopped)
                self._ends_ms[stopped.item_id] = stopped.audio_end_ms
                return []
            case "input_audio_buffer.committed":
                self._order.append(_read(message, _Committed).item_id)
                return []
            case "conversation.item.input_audio_transcription.delta":
                return self._delta(_read(message, _Delta))
            case "conversation.item.input_audio_transcription.completed":
                return self._completed(_read(message, _Completed))
            case "conversation.item.input_audio_transcription.failed" | "error":
                return _failed(_read(message, _Failure).error)
            case str():
                return []
        raise ProviderProtocolError(NAME, "a message without a type")

    def _delta(self, delta: _Delta) -> list[Heard | TurnEvent]:
        text = self._text.get(delta.item_id, "") + (delta.delta or "")
        self._text[delta.item_id] = text
        if self._order and self._order[0] != delta.item_id:
            return []  # Of an item behind the one that is still being transcribed.
        return [Heard(text=text)]

    def _completed(self, completed: _Completed) -> list[Heard | TurnEvent]:
        if completed.item_id not in self._order:
            self._order.append(completed.item_id)
        self._done[completed.item_id] = completed
        found: list[Heard | TurnEvent] = []
        while self._order and self._order[0] in self._done:
            found += self._frozen(self._done.pop(self._order.pop(0)))
        return found

    def _frozen(self, done: _Completed) -> list[Heard | TurnEvent]:
        self._text.pop(done.item_id, None)
        heard = Heard(
            text=done.transcript,
            frozen=True,
            answers=True,
            confidence=_confidence(done.logprobs),
            language=next((found.code for found in done.languages or () if found.code), ""),
            frozen_to_ms=self._ends_ms.get(done.item_id),
            usage=_counted(done.usage),
        )
        if self._ends_ms.pop(done.item_id, None) is None:
            return [heard]
        return [heard, TurnEvent(moment=TurnMoment.ENDED, text=done.transcript)]


def is_ready(message: Mapping[str, Any]) -> bool:
    """Whether the session is as we asked for. Raises ProviderError when it was refused."""
    if message.get("type") == "error":
        raise vendor_error(_read(message, _Failure).error)
    return message.get("type") == "session.updated"


def vendor_error(error: _Error) -> ProviderError:
    """Codes are theirs and hold no words of the caller; messages may."""
    code = error.code or error.type or "unnamed"
    if code in _REJECTED or (error.type == "invalid_request_error" and code != "session_expired"):
        return ProviderRejected(NAME, f"error {code}")
    return ProviderUnavailable(NAME, f"error {code}")


def _failed(error: _Error) -> list[Heard | TurnEvent]:
    if error.code == _COMMIT_EMPTY:
        return [Heard(frozen=True, answers=True)]  # Nothing was said since the last commit.
    if error.event_id == UPDATE:
        return []  # This model takes no key terms: it goes on without.
    raise vendor_error(error)


def _transcription(model: str, asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {"model": model}
    language = asked.language.partition("-")[0]
    if language:
        found["language"] = language
    if asked.terms and _named(model, _KEYWORD_MODELS):
        found["keywords"] = list(asked.terms)
    elif asked.terms and _named(model, _PROMPT_MODELS):
        found["prompt"] = ", ".join(asked.terms)
    return found


def _named(model: str, names: Sequence[str]) -> bool:
    """A dated version of a model ("gpt-4o-mini-transcribe-2025-12-15") does what the model does."""
    return any(model == name or model.startswith(f"{name}-20") for name in names)


def _confidence(found: list[_LogProbability] | None) -> float:
    if not found:
        return 1.0
    return round(math.exp(sum(token.logprob for token in found) / len(found)), 4)


def _counted(usage: _Usage | None) -> dict[str, int]:
    if usage is None:
        return {}
    if usage.type == "duration":
        return {"audio_ms": round(usage.seconds * 1000)}
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


def _read(message: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:  # Names fields and types, never values.
        raise ProviderProtocolError(NAME, f"{kind.__name__.strip('_')}: {error}") from None
