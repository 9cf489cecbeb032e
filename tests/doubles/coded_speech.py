"""Speech that a double can really hear: every word is a level, so what comes back proves what arrived.

A word is 100 ms of one constant level and 40 ms of silence. A double that decodes the audio it was sent finds
lost blocks, split samples, wrong rates, repeated audio and wrong order, which a scripted answer never would.

Whole calls have more words than there are levels: any other word is a marking level and two more, 70 ms each,
given to it when it is first spoken. Case and punctuation are not heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

WORDS = (
    "hello", "please", "book", "cancel", "my", "visit", "on", "monday", "tuesday", "friday", "at", "nine",
    "ten", "thirty", "with", "doctor", "garcia", "yes", "no", "thanks",
)  # fmt: skip
WORD_MS, GAP_MS = 100, 40
_STEP = 1400
SYLLABLE_MS = 70
_MARK = len(WORDS) + 2
_PAIRS = [
    (one, other) for one in range(1, len(WORDS) + 1) for other in range(1, len(WORDS) + 1) if one != other
]
_PUNCTUATION = ".,;:!?\"'()[]…—–-"
_FRAME_MS = 10
# A resampler rings at a level's edges: a word is its steady middle.
_STEADY_FRAMES = 5


_codes: dict[str, tuple[int, int]] = {}
_coded: dict[tuple[int, int], str] = {}


def heard_as(word: str) -> str:
    """What is left of a written word in speech; "" where it is no word."""
    return word.casefold().strip(_PUNCTUATION)


def timed(text: str) -> list[HeardWord]:
    """The words as written, with when they are spoken."""
    words, at_ms = [], 0
    for word in text.split():
        long_ms = sum(duration_ms for _, duration_ms in _levels(heard_as(word)))
        words.append(HeardWord(word, at_ms, at_ms + long_ms))
        at_ms += long_ms + GAP_MS
    return words


def spoken(text: str, sample_rate_hz: int) -> bytes:
    """Mono s16le of these words."""
    parts = []
    for word in text.split():
        for level, duration_ms in (*_levels(heard_as(word)), (0, GAP_MS)):
            parts.append(np.full(duration_ms * sample_rate_hz // 1000, level * _STEP, "<i2"))
    return b"".join(part.tobytes() for part in parts)


def _levels(word: str) -> list[tuple[int, int]]:
    """Levels with how long they last, ms."""
    if word in WORDS:
        return [(WORDS.index(word) + 1, WORD_MS)]
    if not word:
        return []
    if word not in _codes:
        pair = _codes[word] = _PAIRS[len(_codes)]  # Raises when there are more words than codes.
        _coded[pair] = word
    return [(level, SYLLABLE_MS) for level in (_MARK, *_codes[word])]


def blocks(pcm: bytes, size: int) -> Iterable[bytes]:
    return (pcm[at : at + size] for at in range(0, len(pcm), size))


@dataclass(frozen=True, slots=True)
class HeardWord:
    text: str
    start_ms: int
    end_ms: int


class CodedEar:
    """Decodes what `spoken` coded, from blocks of any even length."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.words: list[HeardWord] = []
        self.heard_ms = 0
        self._frame = 2 * sample_rate_hz * _FRAME_MS // 1000
        self._rest = b""
        self._level, self._run = 0, 0
        self._syllables: list[int] | None = None  # Since the mark.

    def push(self, pcm: bytes) -> None:
        assert len(pcm) % 2 == 0, "half a sample was sent"
        pcm = self._rest + pcm
        whole = len(pcm) // self._frame * self._frame
        self._rest = pcm[whole:]
        for frame in blocks(pcm[:whole], self._frame):
            self._hear(np.frombuffer(frame, "<i2"))

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    def _hear(self, frame: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        self.heard_ms += _FRAME_MS
        level = round(float(np.median(frame)) / _STEP)
        if level != self._level:
            self._level, self._run = level, 0
        self._run += 1
        if self._run != _STEADY_FRAMES:
            return
        start_ms = self.heard_ms - _STEADY_FRAMES * _FRAME_MS
        if level == _MARK:
            self._syllables = []
        elif not 1 <= level <= len(WORDS):
            self._syllables = None
        elif self._syllables is None:
            self.words.append(HeardWord(WORDS[level - 1], start_ms, start_ms + WORD_MS))
        else:
            self._syllable(level, start_ms)

    def _syllable(self, level: int, start_ms: int) -> None:
        assert self._syllables is not None
        self._syllables.append(level)
        if len(self._syllables) == 2:
            word = _coded.get((self._syllables[0], level), "?")
            self.words.append(HeardWord(word, start_ms - 2 * SYLLABLE_MS, start_ms + SYLLABLE_MS))
            self._syllables = None
