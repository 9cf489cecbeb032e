"""Recognition messages of the Speech service, to and from our values. Pure.

Sources: as in `frames`; `ServiceRecognizerBase.ts`, `SpeechServiceRecognizer.ts` and `EnumTranslation.ts` of
the JavaScript SDK; what azure-cognitiveservices-speech 1.53.0 sends; "Get speech recognition results" and
"Improve recognition accuracy with phrase list", read 2026-11-25.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.azure import frames
from antiphon.providers.azure.client import NAME, TICKS_PER_MS
from antiphon.providers.azure.locales import locale
from antiphon.providers.listening import Asked, Heard, key_terms, last_words
from antiphon.speech.ports import TurnEvent, TurnMoment

# "Improve recognition accuracy with phrase list": keep to a few hundred.
KEY_TERMS_MAX = 500
KEY_TERM_LETTERS_MAX = 100
RATES_HZ = (8_000, 16_000, 24_000, 48_000)
PATH = "/stt/speech/universal/v2"


class _Word(msgspec.Struct):
    Offset: int
    Duration: int


class _Best(msgspec.Struct):
    Display: str
    Confidence: float = 1.0
    Words: list[_Word] = []


class _Phrase(msgspec.Struct):
    RecognitionStatus: str
    Offset: int = 0
    Duration: int = 0
    DisplayText: str = ""
    NBest: list[_Best] = []


class _Hypothesis(msgspec.Struct):
    Text: str


def terms(vocabulary: Sequence[str], expected: Sequence[str]) -> tuple[str, ...]:
    return key_terms(expected, vocabulary, count_max=KEY_TERMS_MAX, letters_max=KEY_TERM_LETTERS_MAX)


def context(asked: Asked) -> dict[str, Any]:
    """The body of `speech.context`, which opens a turn."""
    told: dict[str, Any] = {
        "phraseDetection": {"mode": "Conversation", "language": locale(asked.language)},
        "phraseOutput": {"format": "Detailed", "detailed": {"options": ["WordTimings"]}},
    }
    if asked.terms:
        items = [{"Text": term} for term in asked.terms]
        told["dgi"] = {"Groups": [{"Type": "Generic", "Items": items}], "bias": 1.0}
    return told


def wave_header(rate_hz: int) -> bytes:
    """Of mono s16le of no known length: the first sound of a turn."""
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    return b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + form + b"data\0\0\0\0"


class Turn:
    """One request of the service: audio from `base_ms` of the connection until it is closed, and its words.

    Attributes:
        closed: The end of its audio was sent. asked: Its last words were asked for. over: It has ended.
        received: The service's messages, which it wants to be told of.
    """

    def __init__(self, request: str, asked: Asked, base_ms: int) -> None:
        self.request, self.base_ms, self.sent_ms = request, base_ms, 0
        self.closed = self.asked = self.over = False
        self._language, self._vendor_ends = asked.language, asked.provider_turns
        self._changing: Heard | None = None
        self._speaking = False
        self.received = frames.Received()

    def heard(self, frame: frames.Frame) -> list[Heard | TurnEvent]:
        """A message of this turn.

        Raises:
            ProviderError: It is not as documented, or says that the service failed.
        """
        self.received.note(frame)
        match frame.path:
            case "speech.startdetected":
                return self._started()
            case "speech.hypothesis" | "speech.fragment":
                self._changing = Heard(
                    text=frames.decode(frame.body, _Hypothesis).Text, language=self._language
                )
                return [*(self._started() if self._changing.text else ()), self._changing]
            case "speech.phrase":
                return self._phrase(frames.decode(frame.body, _Phrase))
            case "turn.end":
                return [self._ended()]
        return []  # turn.start, speech.endDetected and whatever they will add.

    def _started(self) -> list[Heard | TurnEvent]:
        if self._speaking:
            return []
        self._speaking = True
        return [TurnEvent(moment=TurnMoment.STARTED)]

    def _phrase(self, said: _Phrase) -> list[Heard | TurnEvent]:
        if (failure := _failure(said.RecognitionStatus)) is not None:
            raise failure
        if said.RecognitionStatus == "EndOfDictation":
            return []  # Of the audio, and says nothing of its words.
        self._changing = None
        if said.RecognitionStatus != "Success":
            return [Heard(frozen=True)]  # Sound without words; what was guessed before was none.
        best = said.NBest[0] if said.NBest else _Best(Display=said.DisplayText)
        to_ms = self.base_ms + _end_ms(said)
        heard = Heard(
            text=best.Display,
            frozen=True,
            answers=self._vendor_ends and bool(best.Display),
            confidence=best.Confidence if best.Display else 1.0,
            language=self._language,
            word_ends_ms=tuple(self.base_ms + _end_ms(word) for word in best.Words),
            heard_to_ms=to_ms,
            frozen_to_ms=to_ms,
        )
        if not best.Display:
            return [heard]
        began, self._speaking = self._started(), False
        return [*began, heard, TurnEvent(moment=TurnMoment.ENDED)]

    def _ended(self) -> Heard:
        self.over = True
        if not self.closed:
            raise ProviderUnavailable(NAME, "the service ended the turn")
        return last_words(self._changing, self.base_ms + self.sent_ms, answers=self.asked)


def _failure(status: str) -> ProviderError | None:
    match status:
        case "Success" | "NoMatch" | "InitialSilenceTimeout" | "BabbleTimeout" | "EndOfDictation":
            return None
        case "TooManyRequests":
            return ProviderUnavailable(NAME, "rate limited")
        case "Error":
            return ProviderUnavailable(NAME, "the service failed")
        case "BadRequest" | "Forbidden":
            return ProviderRejected(NAME, f"{status}: check the quota, the language and the format")
    return ProviderProtocolError(NAME, "a phrase with a status we do not know")


def _end_ms(timed: _Word | _Phrase) -> int:
    return round((timed.Offset + timed.Duration) / TICKS_PER_MS)
