"""Speech that a double can really hear: every word is a level, so what comes back proves what arrived.

A word is 100 ms of one constant level and 40 ms of silence. A double that decodes the audio it was sent finds
lost blocks, split samples, wrong rates, repeated audio and wrong order, which a scripted answer never would.
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
_FRAME_MS = 10
# A resampler rings at a level's edges: a word is its steady middle.
_STEADY_FRAMES = 5


def spoken(text: str, sample_rate_hz: int) -> bytes:
    """Mono s16le of these words."""
    parts = []
    for word in text.split():
        level = (WORDS.index(word) + 1) * _STEP
        parts.append(np.full(WORD_MS * sample_rate_hz // 1000, level, "<i2"))
        parts.append(np.zeros(GAP_MS * sample_rate_hz // 1000, "<i2"))
    return b"".join(part.tobytes() for part in parts)


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
        if self._run == _STEADY_FRAMES and 1 <= level <= len(WORDS):
            start_ms = self.heard_ms - _STEADY_FRAMES * _FRAME_MS
            self.words.append(HeardWord(WORDS[level - 1], start_ms, start_ms + WORD_MS))
