"""Words dated from whatever a vendor calls a word."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.word_ends import WordEnds


def ends(text: str, tokens: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    words = WordEnds(text)
    for token, end_ms in tokens:
        words.take(token, end_ms)
    return words.ends_ms


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ("See you.", [("See", 200), ("you.", 500)], (200, 500)),
        ("See you.", [("see", 200), ("you", 480), (".", 500)], (200, 480)),
        ("Don't go", [("Don", 100), ("'", 100), ("t", 150), ("go", 300)], (150, 300)),
        ("a - b", [("a", 10), ("b", 30)], (10, 10, 30)),
        ("— so", [("so", 70)], (70, 70)),
        ("Große Maße", [("große", 100), ("MASSE", 200)], (100, 200)),
        ("one two three", [("one", 1), ("three", 3)], (1, 3, 3)),
        ("one two", [("uno", 1)], ()),
        ("one two", [("one", 5), ("two", 3)], (5, 5)),
        ("no no no", [("no", 1), ("no", 2), ("no", 3)], (1, 2, 3)),
        ("你好 世界", [("你", 1), ("好", 2), ("世", 3), ("界", 4)], (2, 4)),
        ("", [("x", 1)], ()),
    ],
)
def test_what_a_vendor_says_dates_the_words_as_written(
    text: str, tokens: Sequence[tuple[str, int]], expected: tuple[int, ...]
) -> None:
    assert ends(text, tokens) == expected


def test_a_letter_left_out_is_stepped_over_and_a_stray_one_far_ahead_is_not_believed() -> None:
    assert ends("hello there", [(char, n) for n, char in enumerate("helo ther")]) == (3,)
    assert ends("abcdefgh z", [("z", 1)]) == ()


@given(st.text("ab c,'", max_size=40), st.data())
def test_any_cut_into_tokens_dates_every_word_once_and_in_order(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    tokens = [(text[one:other], other) for one, other in pairwise(cuts)]
    told = ends(text, tokens)
    if any(map(str.isalnum, text)):
        assert len(told) == len(text.split())
    assert list(told) == sorted(told)
