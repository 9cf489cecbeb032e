"""When each word of a decoded text was said, from the decoder's attention. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

FRAME_MS = 20
_SPACE = "Ġ"  # How the vocabulary writes a space before a word.


def words_of(pieces: Sequence[str]) -> list[int]:
    """At which of the tokens a word begins, by how the vocabulary writes them."""
    return [at for at, piece in enumerate(pieces) if at == 0 or piece.startswith(_SPACE)]


def dated_words(
    text: str, pieces: Sequence[str], alignment: Sequence[tuple[int, int]], audio_ms: int
) -> Iterator[tuple[str, int, int]]:
    """(word, start_ms, end_ms) of the words of `text`, whose tokens are `pieces`.

    Args:
        alignment: (token, frame) along the best path, the end of the text counting as a token.
    """
    words, begins = text.split(), words_of(pieces)
    if len(words) != len(begins) or not alignment:
        return  # A script without spaces: there are no words to date.
    tokens, frames = np.array(alignment).T
    moves = np.concatenate([[True], np.diff(tokens) > 0])
    at_ms = np.minimum(frames[moves] * FRAME_MS, audio_ms)
    for word, begin, end in zip(words, begins, [*begins[1:], len(pieces)], strict=True):
        if end >= len(at_ms):
            return
        yield word, int(at_ms[begin]), int(at_ms[end])
