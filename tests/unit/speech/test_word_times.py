"""Word times of what was spoken, as times of what was written."""

from __future__ import annotations

import pytest

from antiphon.speech.word_times import ends_as_written


@pytest.mark.parametrize(
    ("written", "spoken", "ends_ms", "as_written"),
    [
        ("We open now.", "We open now.", (100, 400, 700), (100, 400, 700)),
        ("We open at 9:30.", "We open at nine thirty.", (100, 400, 500, 800, 1200), (100, 400, 500, 1200)),
        ("It costs $5 today.", "It costs five dollars today.", (1, 2, 3, 4, 5), (1, 2, 4, 5)),
        ("Dr. Lee, room 12", "Doctor Lee, room twelve", (1, 2, 3, 4), (1, 2, 3, 4)),
        ("5 6 now", "five six right now", (1, 2, 3, 4), (1, 3, 4)),
        ("A B C", "A", (1,), (1, 1, 1)),
        ("9:30 at noon", "at noon nine-thirty", (1, 2, 3), (1, 2, 3)),
        ("Call us", "Please call us", (1, 2, 3), (2, 3)),
        ("Call us", "Call us please", (1, 2, 3), (1, 3)),
        ("We open at 9:30.", "We open at nine thirty.", (100, 400), (100, 400)),
        ("We open at 9:30.", "We open at nine thirty.", (100, 400, 500, 800), (100, 400, 500)),
    ],
)
def test_a_written_word_ends_with_what_it_became(
    written: str, spoken: str, ends_ms: tuple[int, ...], as_written: tuple[int, ...]
) -> None:
    assert ends_as_written(written, spoken, ends_ms) == as_written


def test_times_that_fit_no_words_are_no_times() -> None:
    assert ends_as_written("We open", "We open", ()) == ()
    assert ends_as_written("We open", "We open", (1, 2, 3)) == ()


def test_there_is_one_end_a_word_and_none_goes_back() -> None:
    ends = ends_as_written("Pay $12.50 by 3/4 or call", "Pay twelve fifty by March fourth or call", range(8))
    assert len(ends) == 6
    assert list(ends) == sorted(ends)
