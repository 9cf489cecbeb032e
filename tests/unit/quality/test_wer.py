from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.quality.wer import WordErrors, normalise, slot_recall, wer


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("12 ounce", "twelve ounce"),
        ("5, 5, 1", "five five one"),
        ("202-555-0143", "two oh two five five five zero one four three"),
        ("Extension 4217.", "extension four two one seven"),
        ("$142", "one hundred and forty-two dollars"),
        ("$3,600", "three thousand six hundred dollars"),
        ("$5.50", "five dollars and fifty cents"),
        ("10:30 a.m.", "ten thirty a m"),
        ("Today at 5PM", "today at five p m"),
        ("3:00 p.m.", "three pm"),
        ("July 14", "july fourteenth"),
        ("Monday, March 4th", "monday march fourth"),
        ("the 21st", "the twenty-first"),
        ("1985", "nineteen eighty five"),
        ("2,005", "two thousand and five"),
        ("3.5 percent", "three point five %"),
        ("double 5", "five five"),
        ("Q7X4", "q seven x four"),
        ("I'd like", "i would like"),
        ("It's 3 o'clock, isn't it?", "it is three o'clock is not it"),
        ("OK, Mr. Grey", "okay mister gray"),
        ("the user’s mailbox", "the user's mail box"),
        ("a hundred", "100"),
    ],
)
def test_two_ways_to_write_the_same_words_are_the_same(written: str, spoken: str) -> None:
    assert normalise(written) == normalise(spoken)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fifteen", "fifty"),
        ("may fourth", "may fifth"),
        ("two dollars", "two cents"),
        ("five five one", "five one"),
        ("three am", "three pm"),
        ("0143", "143"),
        ("i can", "i can't"),
    ],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_digits_of_other_languages_are_digits() -> None:
    assert normalise("cinco cinco uno", "es") == normalise("551", "es")
    assert normalise("zéro, un", "fr") == ["0", "1"]


def test_errors_are_told_apart() -> None:
    errors = wer("please book the early one", "please look early one now")

    assert (errors.substitutions, errors.deletions, errors.insertions) == (1, 1, 1)
    assert errors.rate == pytest.approx(3 / 5)


def test_one_wrong_digit_of_a_phone_number_is_one_error() -> None:
    errors = wer("two zero two five five five zero one four three", "202-555-0153")

    assert errors.errors == 1
    assert errors.reference_words == 10


def test_words_where_nobody_spoke_are_not_perfect() -> None:
    assert wer("", "thank you").rate == float("inf")
    assert wer("", "").rate == 0.0


def test_sums_weigh_by_words() -> None:
    total = wer("a b c d e f g h", "a b c d e f g h") + wer("x", "y")

    assert total == WordErrors(substitutions=1, reference_words=9)


def test_unspaced_languages_are_scored_by_character() -> None:
    errors = wer("今天天气怎么样？", "今天天汽怎么样", "zh")

    assert (errors.substitutions, errors.reference_words) == (1, 7)


def test_a_slot_counts_only_with_all_its_words_in_order() -> None:
    slots = {"size": "twelve ounce", "drink": "iced mocha", "milk": "soy milk"}

    assert slot_recall(slots, "A 12-ounce iced mocha with milk, soy.") == (2, 3)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "1", "2"]), max_size=8),
    st.lists(st.sampled_from(["a", "b", "c", "1"]), max_size=8),
)
def test_errors_account_for_every_word(reference: list[str], hypothesis: list[str]) -> None:
    errors = wer(" ".join(reference), " ".join(hypothesis))

    matched = errors.reference_words - errors.substitutions - errors.deletions
    assert errors.reference_words == len(reference)
    assert matched + errors.substitutions + errors.insertions == len(hypothesis)
    assert errors.errors >= abs(len(reference) - len(hypothesis))


@given(st.text(max_size=60))
def test_any_text_can_be_normalised_and_equals_itself(text: str) -> None:
    assert wer(text, text).errors == 0
