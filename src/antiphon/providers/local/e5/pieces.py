"""Cutting a sentence into pieces the network knows: the likeliest cut under a unigram model (Kudo 2018)."""

from __future__ import annotations

import re

from antiphon.providers.local.e5.weights import Vocabulary

_SPACE_MARK = "▁"
_SPACES = re.compile(" {2,}")
_UNKNOWN_PENALTY = 10.0  # Below the rarest piece, so that an unknown character is the last resort.


class PieceCutter:
    """Text to piece ids, begin and end marks included."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        scores = vocabulary.scores.tolist()
        self._known = {
            piece: (number, score)
            for number, (piece, score) in enumerate(zip(vocabulary.pieces, scores, strict=True))
            if number != vocabulary.unknown
        }
        self._longest = max(map(len, vocabulary.pieces))
        self._unknown = (vocabulary.unknown, min(scores) - _UNKNOWN_PENALTY)
        self._begin, self._end = vocabulary.begin, vocabulary.end
        self._normalised = vocabulary.normalised

    def cut(self, text: str, limit: int) -> list[int]:
        """At most `limit` ids; the end of a longer text is dropped."""
        plain = _SPACES.sub(" ", text.translate(self._normalised))
        marked = plain.replace(" ", _SPACE_MARK)
        if not marked.startswith(_SPACE_MARK):
            marked = _SPACE_MARK + marked
        return [self._begin, *self._likeliest(marked)[: limit - 2], self._end]

    def _likeliest(self, text: str) -> list[int]:
        """Viterbi over all cuts: `best[i]` is the score of the best cut of the first i characters."""
        length = len(text)
        best = [float("-inf")] * (length + 1)
        came: list[tuple[int, int]] = [(0, 0)] * (length + 1)  # Where the last piece starts, and its id.
        best[0] = 0.0
        unknown_id, unknown_score = self._unknown
        for start in range(length):
            so_far = best[start]
            if so_far + unknown_score > best[start + 1]:
                best[start + 1], came[start + 1] = so_far + unknown_score, (start, unknown_id)
            for end in range(start + 1, min(length, start + self._longest) + 1):
                found = self._known.get(text[start:end])
                if found is not None and so_far + found[1] > best[end]:
                    best[end], came[end] = so_far + found[1], (start, found[0])
        ids: list[int] = []
        while length:
            length, number = came[length]
            if not (ids and number == unknown_id == ids[-1]):  # A run of unknown characters is one piece.
                ids.append(number)
        return ids[::-1]
