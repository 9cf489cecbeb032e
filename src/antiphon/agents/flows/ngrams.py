"""Sentence vectors from letters alone: what is left when no model can be reached. Worse, but never absent."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from antiphon.agents.extract.words import split_words, word_set

_DIMENSIONS = 4096
# They say little about what a sentence is about.
_LIGHT = word_set(
    "a an the i i'm i'd we you my me your it is are was be to of for in on at and or so that this do does "
    "did can could would will please have has need want like uh um yes no hi hello hey there just with"
)


class NgramEncoder:
    """`SentenceEncoder` over words and their three- to five-letter pieces, hashed."""

    async def encode(self, sentences: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """Unit vectors [len(sentences), 4096]; `query` makes no difference."""
        rows = np.zeros((len(sentences), _DIMENSIONS), dtype=np.float32)
        for row, sentence in zip(rows, sentences, strict=True):
            for word in (word.norm for word in split_words(sentence)):
                _add(row, word, 0.2 if word in _LIGHT else 1.0)
        norms: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
        return (rows / np.maximum(norms, 1e-6)).astype(np.float32)


def _add(row: NDArray[np.float32], word: str, weight: float) -> None:
    padded = f"<{word}>"
    pieces = [padded[i : i + size] for size in (3, 4, 5) for i in range(len(padded) - size + 1)]
    for piece in (*pieces, padded):
        row[zlib.crc32(piece.encode()) % _DIMENSIONS] += weight / (len(pieces) + 1) ** 0.5
