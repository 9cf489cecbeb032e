"""Shaping: what is written on the left is spoken as on the right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.shaping import shape
from antiphon.speech.shaping.en.numbers import cardinal, ordinal, year

CASES = [
    ("# Heading", "Heading"),
    ("- one\n- two", "one. two"),
    (" two   spaces ", "two spaces"),
]


@pytest.mark.parametrize(("written", "spoken"), CASES)
def test_written_text_becomes_these_words(written: str, spoken: str) -> None:
    assert shape(written) == spoken


@pytest.mark.parametrize("spoken", [spoken for _, spoken in CASES])
def test_what_is_already_words_is_left_alone(spoken: str) -> None:
    assert shape(spoken) == spoken


def test_a_whole_sentence_of_an_agent_is_spoken_naturally() -> None:
    assert shape(
        "**Great!** You're booked with Dr. Patel on Tue, 11/24 at 9:30 AM; the copay is $25. Questions? "
        "Call (415) 555-2671 or write to front.desk@example.com 😀"
    ) == (
        "Great! You're booked with Doctor Patel on Tuesday, November twenty fourth at nine thirty A M; "
        "the copay is twenty five dollars. Questions? Call four one five, five five five, two six seven one "
        "or write to front dot desk at example dot com"
    )


def test_a_language_without_rules_is_only_cleaned() -> None:
    assert shape("**Hola** 😀 son 3.5", "pt-BR") == "Hola son 3.5"


@pytest.mark.parametrize("locale", ["en", "en-US", "en_US", "EN-us"])
def test_a_locale_is_known_however_it_is_written(locale: str) -> None:
    assert shape("5%", locale) == "five percent"


@pytest.mark.parametrize("empty", ["", " ", "\n\n", "😀", "***", "---", "\u200b", "()"])
def test_nothing_to_say_becomes_nothing(empty: str) -> None:
    assert not any(character.isalnum() for character in shape(empty))


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    spoken = shape(text)
    assert "\n" not in spoken
    assert "  " not in spoken


@settings(max_examples=300, deadline=None)
@given(
    text=st.lists(
        st.sampled_from([
            "0", "1", "9", "12", "31", "2026", ",", ".", ":", "/", "-", "–", "%", "$", "#", "+", "@", "(",
            ")", "'",
            '"', "st", "th", "AM", "p.m.", "Dr.", "St.", "Nov", "May", "x", "mg", "K", "A", "٣", "５", " ",
        ]),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_no_digit_is_left_whatever_signs_stand_around_it(text: str) -> None:
    assert not any(character in "0123456789" for character in shape(text))


@given(number=st.integers(-(10**15), 10**15))
def test_cardinals_are_words_only(number: int) -> None:
    assert cardinal(number).replace(" ", "").isalpha()


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (23, "twenty third"),
        (31, "thirty first"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(number: int, spoken: str) -> None:
    assert ordinal(number) == spoken


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1900, "nineteen hundred"), (1999, "nineteen ninety nine"), (2000, "two thousand"),
        (2009, "two thousand nine"), (2010, "twenty ten"), (2100, "twenty one hundred"), (476,
        "four hundred seventy six"),
    ],
)  # fmt: skip
def test_years(number: int, spoken: str) -> None:
    assert year(number) == spoken
