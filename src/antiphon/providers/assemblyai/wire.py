"""AssemblyAI's streaming messages (v3), to and from our values. Pure.

Sources: the message types of assemblyai 1.8.2; assemblyai.com/docs, pages "Message Sequence",
"Turn Detection", "Updating Configuration Mid-Stream", read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, key_terms
from antiphon.providers.refusals import refused
from antiphon.speech.ports import TurnEvent, TurnMoment

T = TypeVar("T")

NAME = "assemblyai"
# "Keyterms Prompting": up to 100 terms of up to 50 letters.
KEY_TERMS_MAX = 100
KEY_TERM_LETTERS_MAX = 50
# Longer than any pause we send: the audio of a call has gaps cut out, so this never ends a turn of ours.
_NEVER_MS = 10_000
# Close codes of the SDK's table: the key, the money, the plan, the parameters.
REJECTED_CLOSES = frozenset({1008, 3006, 4000, 4001, 4002, 4003, 4101})


class _Word(msgspec.Struct):
    text: str
    end: int
    confidence: float


class _Turn(msgspec.Struct):
    turn_order: int
    end_of_turn: bool
    transcript: str
    words: list[_Word]
    end_of_turn_confidence: float
    language_code: str | None = None


class _Heartbeat(msgspec.Struct):
    total_audio_received_ms: int


def parameters(model: str, asked: Asked) -> dict[str, Any]:
    """Of one session. Where our endpointing decides, theirs is set to wait for ever."""
    found: dict[str, Any] = {
        "sample_rate": asked.sample_rate_hz,
        "encoding": "pcm_s16le",
        "speech_model": model,
        # Formatting costs a second message after the one that counts.
        "format_turns": False,
        # Signs of life: the only way to tell a caller who said nothing from a server that hangs.
        "session_heartbeat": True,
        "keyterms_prompt": list(asked.terms) or None,
    }
    if not model.startswith("universal-streaming"):
        found["language_codes"] = [asked.language.partition("-")[0]]
    if not asked.provider_turns:
        found["max_turn_silence"] = found["min_turn_silence"] = _NEVER_MS
        if model.startswith("universal-streaming"):
            found["end_of_turn_confidence_threshold"] = 1.0
    return {key: value for key, value in found.items() if value is not None}


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)


class Turns:
    """Messages of one session. With formatting, the end of a turn comes twice: the first is the one."""

    def __init__(self) -> None:
        self._ended = -1
        self._begun = -1

    def heard(self, message: Mapping[str, Any]) -> list[Heard | TurnEvent]:
        """Raises:
        ProviderProtocolError: The message is not what the API reference describes.
        """
        match message.get("type"):
            case "Turn":
                return self._turn(_read(message, _Turn))
            case "Heartbeat":
                return [Heard(heard_to_ms=_read(message, _Heartbeat).total_audio_received_ms)]
            case str():
                return []
        raise ProviderProtocolError(NAME, "a message without a type")

    def _turn(self, turn: _Turn) -> list[Heard | TurnEvent]:
        if turn.turn_order <= self._ended:
            return []
        confidences = [word.confidence for word in turn.words]
        ended = turn.end_of_turn
        found: list[Heard | TurnEvent] = []
        if turn.words and turn.turn_order > self._begun:
            # Universal streaming has no message for it: the first word is the first sign.
            self._begun = turn.turn_order
            found.append(TurnEvent(moment=TurnMoment.STARTED))
        # `transcript` holds frozen words only, which are all there are once the turn has ended.
        text = turn.transcript if ended else " ".join(word.text for word in turn.words)
        found.append(
            Heard(
                text=text,
                frozen=ended,
                answers=ended,
                confidence=sum(confidences) / len(confidences) if confidences else 1.0,
                language=turn.language_code or "",
                word_ends_ms=tuple(word.end for word in turn.words),
                frozen_to_ms=turn.words[-1].end if ended and turn.words else None,
            )
        )
        if ended:
            self._ended = turn.turn_order
            found.append(
                TurnEvent(moment=TurnMoment.ENDED, text=text, confidence=turn.end_of_turn_confidence)
            )
        return found


def from_code(code: int | None, headers: Mapping[str, str] | None = None) -> ProviderError:
    """The SDK reports an HTTP status of the handshake, a close code, or None for a network that broke."""
    if code is None:
        return ProviderUnavailable(NAME, "the connection broke")
    if 400 <= code < 600:
        return refused(NAME, code, headers)
    if code in REJECTED_CLOSES:
        return ProviderRejected(NAME, f"error {code}: check the key, the balance and the model")
    return ProviderUnavailable(NAME, f"error {code}")


def _read(message: Mapping[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(message, kind)
    except msgspec.ValidationError as error:  # Names fields and types, never values.
        raise ProviderProtocolError(NAME, f"{kind.__name__.strip('_')}: {error}") from None
