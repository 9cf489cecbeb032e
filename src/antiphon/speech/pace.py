"""Whether an answer of a voice can hold all of its words. Raw sound has no end mark: what was cut looks like
what is complete, but for its length and its end. What is usual for a voice is learned from what it says."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from math import inf

from antiphon.speech.ports import TtsRequest
from antiphon.speech.spoken_length import SpokenLength

# Nobody is understood who speaks faster; people and voices take 50 to 100 ms for a letter on average.
_LEAST_MS_A_LETTER = 20.0
# Slower than this, an answer has all of its words, however it ends.
_AMPLE_MS_A_LETTER, _AMPLE_MS = 120.0, 300
# Of its fast answers: how much less a complete one may take. A few letters tell little of a voice's pace.
_FASTER, _FASTER_SHORT, _SHORT_LETTERS = 0.6, 0.5, 16
# Finished speech falls by 6 dB at the very least, even where a recording was trimmed to the last letter.
_LEAST_FALL_DB = 5.0
# Most voices end in silence: of one that always does, half of its fall is asked.
_SILENT_FALL_DB, _FALL_ASKED_DB = 30.0, 25.0
_KNOWN = 8  # So many answers until a voice's own habit counts instead of everybody's.
_REMEMBERED = 32
# Of this share of its answers no more than two are taken for exceptions: they may have been cut.
_EXCEPTIONS = 8
_VOICES = 256

_REPEATED = re.compile(r"(\w)\1{2,}")  # "Hmmmm" is one sound.


class VoicePace:
    """One voice's habits: its fastest usual pace, and how its answers end. It learns from what seems cut as
    well, so that a voice that is always like that is believed in the end."""

    def __init__(self, speed: float) -> None:
        self._least = _LEAST_MS_A_LETTER / max(speed, 1.0)
        self._ample = _AMPLE_MS_A_LETTER / min(speed, 1.0)
        self._ms_a_letter: deque[float] = deque(maxlen=_REMEMBERED)
        self._falls_db: deque[float] = deque(maxlen=_REMEMBERED)

    def missing(self, text: str, length: SpokenLength) -> str:
        """Why words of `text` must be missing in an answer of this length; "" where they need not."""
        spoken = letters(text)
        if not spoken:
            return ""
        abrupt = length.fall_db < self._fall_db and length.speech_ms < spoken * self._ample + _AMPLE_MS
        short = length.speech_ms < spoken * self._pace(spoken)
        self._learn(text, spoken, length, abrupt=abrupt)
        if short:
            return "too little audio for these words"
        return "the audio ends in the middle of a sound" if abrupt else ""

    def _pace(self, spoken: float) -> float:
        """The fewest ms a letter."""
        if len(self._ms_a_letter) < _KNOWN:
            return self._least
        faster = _FASTER_SHORT if spoken < _SHORT_LETTERS else _FASTER
        return max(self._least, faster * _usual_least(self._ms_a_letter))

    @property
    def _fall_db(self) -> float:
        """The least an answer falls by at its end; -inf: this voice's do not."""
        least = _usual_least(self._falls_db)
        if least < _LEAST_FALL_DB:
            return -inf
        if len(self._falls_db) < _KNOWN or least < _SILENT_FALL_DB:
            return _LEAST_FALL_DB
        return min(least / 2, _FALL_ASKED_DB)

    def _learn(self, text: str, spoken: float, length: SpokenLength, *, abrupt: bool) -> None:
        if not length.speech_ms:
            return
        self._falls_db.append(length.fall_db)
        # A number takes longer than its digits, and a single word is no pace.
        if spoken >= _SHORT_LETTERS and not abrupt and not any(map(str.isdigit, text)):
            self._ms_a_letter.append(length.speech_ms / spoken)


class VoicePaces:
    """The voices of one adapter. Bounded: the one that was silent for longest is forgotten."""

    def __init__(self) -> None:
        self._voices: OrderedDict[tuple[str, str, float], VoicePace] = OrderedDict()

    def of(self, request: TtsRequest) -> VoicePace:
        key = (request.voice, request.language, request.speed)
        pace = self._voices.pop(key, None) or VoicePace(request.speed)
        self._voices[key] = pace
        if len(self._voices) > _VOICES:
            self._voices.popitem(last=False)
        return pace


def letters(text: str) -> float:
    """How much there is to say, in letters of an alphabet; a character that is a syllable or a word is more.

    Never too much: a digit counts as one letter, though its name is longer, and signs count for nothing.
    """
    return sum(map(_weight, _REPEATED.sub(r"\1\1", text)))


def _weight(character: str) -> float:
    if not character.isalnum():
        return 0.0
    if "぀" <= character <= "ヿ":  # Kana
        return 1.5
    if "㐀" <= character <= "鿿" or "가" <= character <= "힣":  # Han, Hangul
        return 2.5
    return 1.0


def _usual_least(values: deque[float]) -> float:
    """The lowest but for exceptions; inf where too few are known."""
    exceptions = max(2, len(values) // _EXCEPTIONS)
    return sorted(values)[exceptions] if len(values) > exceptions else inf
