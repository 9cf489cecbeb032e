"""Most rules of text shaping are skipped when one look says they find nothing: it must never be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.examples import examples

from antiphon.speech.shaping import cleaning
from antiphon.speech.shaping.en import amounts, contacts, dates, names, numbers, romans, times


def rules_of(module: object, *without: str) -> list[re.Pattern[str]]:
    """Every pattern of a module but those named."""
    found: list[re.Pattern[str]] = []
    for name, value in vars(module).items():
        if name in without:
            continue
        values = [part for item in value for part in item] if isinstance(value, tuple) else [value]
        found += [pattern for pattern in values if isinstance(pattern, re.Pattern)]
    return found


_NO_NUMBERS = ("_SIGN", "_SIGNS", "_PER", "DIGIT")
_OF_CODES = ("_NOT_A_CODE", "_LETTER_AND_NUMBER", "_NAMED")  # Asked about what was found already.
LOOKS: dict[str, tuple[re.Pattern[str], list[re.Pattern[str]]]] = {
    "numbers in amounts": (numbers.DIGIT, rules_of(amounts, *_NO_NUMBERS)),
    "signs in amounts": (amounts._SIGN, [amounts._PER, *(pattern for pattern, _ in amounts._SIGNS)]),
    "times": (numbers.DIGIT, rules_of(times, "DIGIT")),
    "numbers in dates": (
        numbers.DIGIT,
        rules_of(dates, "DIGIT", "_DAY_NAMED", "_WEEKDAY", "_WEEKDAY_RANGE"),
    ),
    "days of the week": (dates._DAY_NAMED, [dates._WEEKDAY, dates._WEEKDAY_RANGE]),
    "addresses": (contacts._ADDRESSED, [contacts._EMAIL, contacts._WEB]),
    "telephone numbers": (
        numbers.DIGIT,
        rules_of(contacts, "DIGIT", "_ADDRESSED", "_EMAIL", "_WEB", *_OF_CODES),
    ),
    "capitals": (
        names._CAPITAL_INSIDE,
        [names._COUPLE, names._TITLE, names._DIRECTION, names._STREET, names._SAINT, names._STATE],
    ),
    "rooms": (numbers.DIGIT, [names._SUITE, names._HOUSE]),
    "letters": (
        names._LETTERED,
        [names._DOTTED, names._DASHED, names._DASHED_CAPITALS, names._SPELLED, names._CONSONANTS],
    ),
    "roman numerals": (romans._ROMAN, rules_of(romans, "_ROMAN")),
    "markup": (cleaning._MARKED, [pattern for pattern, _ in cleaning._RULES]),
}

_TABLES = (Path(__file__).parents[1] / "unit" / "speech" / "shaping_cases").glob("*.tsv")
_WRITTEN = [
    line.split("\t")[0] for path in _TABLES for line in path.read_text("utf-8").splitlines() if "\t" in line
]
_PIECES = [
    *(piece for text in _WRITTEN for piece in re.findall(r"\w+|[^\w]+", text)),
    "St", "Dr. ", "Mr. and Mrs. ", " Ave", ", CA", "e.g.", "i. e.", "www.", "http://", "@", ".co", " x ",
    "w/o", "and/or", "Mon", "Thurs", "Fri-Sat", "May", " II", "Charles ", "I", "A.", "b-c-d", "USA", "٣", "½",
    "```", "[a](b)", "--", " - ", "|",
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=14).map("".join),
    st.sampled_from(_WRITTEN),
    st.text(max_size=40),
)


@examples(1500)
@given(text=TEXTS)
def test_what_is_skipped_would_have_found_nothing(text: str) -> None:
    for name, (look, rules) in LOOKS.items():
        if look.search(text) is None:
            found = [rule.pattern for rule in rules if rule.search(text)]
            assert not found, f"{name}: {found} in {text!r}"


def test_every_look_stands_for_rules() -> None:
    assert all(rules for _, rules in LOOKS.values())
    assert len(LOOKS["numbers in amounts"][1]) > 12
    assert len(LOOKS["telephone numbers"][1]) > 6


@pytest.mark.parametrize("look", [numbers.DIGIT, amounts._SIGN, names._CAPITAL_INSIDE, cleaning._MARKED])
def test_plain_words_pass_every_look(look: re.Pattern[str]) -> None:
    assert look.search("What time would you like to come in tomorrow?") is None


@examples(1500)
@given(text=TEXTS)
def test_what_is_tidy_already_is_left_as_it_is(text: str) -> None:
    if cleaning._UNTIDY.search(text) is None:
        straight = text
        for pattern, by in cleaning._TIDY:
            straight = pattern.sub(by, straight)
        assert straight.strip() == text.strip()


@examples(1500)
@given(text=TEXTS)
def test_plain_ascii_has_nothing_to_translate(text: str) -> None:
    if text.isascii() and text.isprintable():
        assert text.translate(cleaning._CHARACTERS) == text
        for pattern in (cleaning._FOREIGN_NUMBER, cleaning._INVISIBLE, cleaning._EMOJI):
            assert pattern.search(text) is None
