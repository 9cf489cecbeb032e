"""Whoever goes on behind words that were heard: what is said again is cut, what is new is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.agents.llm.continuing import Continuation

SAID = ("Thank you, Linda.", "Shall I book Friday at eight,")


def continued(said: tuple[str, ...], text: str, size: int = 1) -> str:
    behind = Continuation(said)
    given = [behind.feed(text[at : at + size]) for at in range(0, len(text), size)]
    return "".join([*given, behind.finish()])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("or rather at nine?", "or rather at nine?"),
        ("Thank you, Linda. Shall I book Friday at eight, or at nine?", "or at nine?"),
        ("thank you linda — shall I book Friday at eight… or at nine?", "or at nine?"),
        ("Shall I book Friday at eight, or at nine?", "or at nine?"),
        ("Thank you, Linda. Would you rather come at nine?", "Would you rather come at nine?"),
        ("Thank you. Would you rather come at nine?", "Thank you. Would you rather come at nine?"),
        ("at eight, or at nine?", "at eight, or at nine?"),  # No clause begins there.
        ("Thank you, Linda. Shall I book Friday at eight", ""),
        ("Shall I book Fridays?", "Shall I book Fridays?"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_whole_clauses_that_were_said_are_not_said_again(text: str, kept: str, size: int) -> None:
    assert continued(SAID, text, size) == kept


def test_digits_are_not_taken_for_a_repetition() -> None:
    assert continued(("It is", "five, five,"), "five, five, one.") == "five, five, one."
    assert continued(("The number is,", "five,"), "five, one.") == "five, one."


def test_an_apostrophe_is_one_however_it_is_written() -> None:
    assert continued(("I'm looking.",), "I’m looking. Here it is.") == "Here it is."


def test_words_that_cannot_be_a_repetition_are_let_through_at_once() -> None:
    behind = Continuation(SAID)
    assert behind.feed("At nine ") == "At nine "
    assert behind.feed("th") == "th"


def test_behind_nothing_everything_is_let_through() -> None:
    assert continued((), "Hello") == "Hello"
    assert Continuation(("...",)).feed("H") == "H"


WORDS = st.lists(st.sampled_from(["a", "b", "c", "don't", "Friday,", "8 AM."]), max_size=12).map(" ".join)


@given(st.lists(WORDS, max_size=4), WORDS, st.integers(1, 5))
def test_what_is_kept_is_an_end_of_the_text_and_what_is_cut_had_been_said(
    said: list[str], text: str, size: int
) -> None:
    kept = continued(tuple(said), text, size)
    assert text.endswith(kept)
    cut = text[: len(text) - len(kept)].replace(",", " ").replace(".", " ").lower().split()
    heard = " ".join(said).replace(",", " ").replace(".", " ").lower().split()
    assert any(heard[at : at + len(cut)] == cut for at in range(len(heard) + 1))


@given(st.lists(WORDS, min_size=1, max_size=4), st.integers(1, 5))
def test_one_that_begins_all_over_again_goes_on_behind_what_was_said(said: list[str], size: int) -> None:
    text = " ".join(said)
    kept = continued(tuple(said), f"{text} and the rest", size)
    assert kept.split() == ["and", "the", "rest"]
