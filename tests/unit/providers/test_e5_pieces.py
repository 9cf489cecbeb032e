"""Cutting text into pieces, on a vocabulary small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.providers.local.e5.pieces import PieceCutter
from antiphon.providers.local.e5.weights import Vocabulary

PIECES = ("<s>", "</s>", "<unk>", "▁", "a", "b", "ab", "▁ab", "c", "▁c")
SCORES = (0.0, 0.0, 0.0, -2.0, -3.0, -3.0, -4.0, -5.0, -6.0, -7.0)


def cut(text: str, limit: int = 100) -> list[str]:
    vocabulary = Vocabulary(
        pieces=PIECES,
        scores=np.array(SCORES, dtype=np.float32),
        begin=0,
        end=1,
        unknown=2,
        normalised={ord("Ａ"): "a", ord("\t"): " ", ord("\u0301"): ""},
    )
    return [PIECES[number] for number in PieceCutter(vocabulary).cut(text, limit)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ab", ["▁ab"]),  # -5 beats "▁" + "ab" at -6.
        ("b a", ["▁", "b", "▁", "a"]),
        ("cab", ["▁c", "ab"]),
        ("c  \t ab", ["▁c", "▁ab"]),  # Spaces of any kind and number are one.
        ("Ａb", ["▁ab"]),
        ("a\u0301", ["▁", "a"]),
        ("aééb", ["▁", "a", "<unk>", "b"]),  # A run of unknown characters is one piece.
        ("", ["▁"]),
    ],
)
def test_the_likeliest_cut_is_found(text: str, pieces: list[str]) -> None:
    assert cut(text) == ["<s>", *pieces, "</s>"]


def test_a_long_text_loses_its_end_and_keeps_its_marks() -> None:
    assert cut("b b b b", limit=5) == ["<s>", "▁", "b", "▁", "</s>"]
