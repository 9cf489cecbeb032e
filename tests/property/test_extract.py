"""Extraction never raises, never points outside the text, and gets back what was said in every usual form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.examples import examples

from antiphon.agents.extract import (
    Found,
    find_birth_dates,
    find_choice,
    find_corrections,
    find_dates,
    find_digits,
    find_names,
    find_ordinals,
    find_phone_numbers,
    find_spelled,
    find_times,
    find_yes_no,
    words_to_digits,
)

TODAYS = [date(2026, 11, 23), date(2026, 2, 28), date(2027, 12, 31), date(2028, 2, 29), date(2026, 7, 5)]
OPTIONS = {"patel": ["Dr. Patel"], "aetna": ["Aetna"], "new_patient": [], "blue": ["Blue Cross Blue Shield"]}

VOCABULARY = [
    "the",
    "a",
    "of",
    "on",
    "at",
    "in",
    "to",
    "for",
    "from",
    "and",
    "or",
    "not",
    "no",
    "yes",
    "I",
    "it's",
    "is",
    "my",
    "name",
    "date",
    "birth",
    "born",
    "first",
    "second",
    "third",
    "last",
    "next",
    "this",
    "week",
    "month",
    "day",
    "days",
    "weeks",
    "Monday",
    "Tuesday",
    "Thursday",
    "December",
    "March",
    "May",
    "may",
    "one",
    "two",
    "three",
    "five",
    "nine",
    "ten",
    "twelve",
    "twenty",
    "thirty",
    "eighty",
    "nineteen",
    "hundred",
    "thousand",
    "oh",
    "double",
    "triple",
    "5",
    "5th",
    "12",
    "30",
    "85",
    "1985",
    "2026",
    "617",
    "555",
    "0123",
    "pm",
    "a",
    "m",
    "p.m.",
    "half",
    "quarter",
    "past",
    "after",
    "before",
    "between",
    "around",
    "morning",
    "afternoon",
    "noon",
    "G",
    "R",
    "A",
    "Y",
    "as",
    "George",
    "Maria",
    "Lopez",
    "Dr.",
    "Patel",
    "doctor",
    "Aetna",
    "Etna",
    "actually",
    "sorry",
    "mean",
    "instead",
    "but",
    "except",
    "weekend",
    "end",
    "early",
    "as",
    "soon",
    "possible",
    "31st",
    "31",
    "February",
    "0",
    "00",
    "99",
    "2000",
    "number",
    "option",
    "calling",
    "speaking",
    "area",
    "code",
    "dash",
    "/",
    "-",
    ":",
    ".",
    ",",
    "?",
    "!",
    "'",
    "—",
    "é",
    "ß",
    "中",
    "١٢",
    "²",
    "\u200b",
]
spoken = st.lists(st.sampled_from(VOCABULARY), max_size=25).map(" ".join)
glued = st.lists(st.sampled_from(VOCABULARY), max_size=12).map("".join)
texts = st.one_of(spoken, glued, st.text(max_size=60))


def everything(text: str, today: date) -> list[Found]:
    yes_no = find_yes_no(text)
    return [
        *([yes_no] if yes_no else []),
        *find_dates(text, today),
        *find_dates(text, today, prefer="past"),
        *find_times(text),
        *find_names(text),
        *find_names(text, expected=True),
        *find_spelled(text),
        *find_phone_numbers(text),
        *find_digits(text),
        *find_birth_dates(text, today),
        *find_ordinals(text),
        *find_choice(text, OPTIONS),
        *find_corrections(text),
    ]


@examples(400)
@given(text=texts, today=st.sampled_from(TODAYS))
def test_any_text_is_read_and_every_span_lies_inside_it(text: str, today: date) -> None:
    words_to_digits(text)
    for each in everything(text, today):
        assert 0 <= each.start < each.end <= len(text)
        assert each.text == text[each.start : each.end]
        assert 0 < each.confidence <= 1


@examples(200)
@given(text=spoken, today=st.sampled_from(TODAYS))
def test_what_is_found_is_well_formed_and_in_order(text: str, today: date) -> None:
    for days in find_dates(text, today):
        assert days.value.start <= days.value.end
    for born in find_birth_dates(text, today):
        assert born.value <= today
    for number in find_phone_numbers(text):
        assert number.value.startswith("+")
    for finder in (find_times, find_spelled, find_digits, find_ordinals):
        starts = [each.start for each in finder(text)]
        assert starts == sorted(starts)


def test_very_long_text_is_read() -> None:
    text = "a week from the week of December 3rd at nine or " * 300 + "G R A Y " * 300 + "five " * 500
    assert everything(text, TODAYS[0])


UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS = [
    "-",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]


def in_words(number: int) -> str:
    if number < 10:
        return UNITS[number]
    if number < 20:
        return TEENS[number - 10]
    return TENS[number // 10] + (f" {UNITS[number % 10]}" if number % 10 else "")


def ordinal(number: int) -> str:
    if number <= 20:
        return ORDINALS[number]
    if number == 30:
        return "thirtieth"
    return f"{TENS[number // 10]} {ORDINALS[number % 10]}"


def suffixed(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


DATE_FORMS: dict[str, Callable[[date], str]] = {
    "month ordinal words": lambda day: f"{day:%B} {ordinal(day.day)}",
    "month numeral": lambda day: f"{day:%B} {suffixed(day.day)}.",
    "ordinal of month": lambda day: f"the {ordinal(day.day)} of {day:%B}",
    "weekday and date": lambda day: f"how about {day:%A}, {day:%B} {suffixed(day.day)}?",
    "lower case cardinal": lambda day: f"{day:%B} {day.day}".lower() + " please",
    "slashes": lambda day: f"{day.month}/{day.day}",
    "with year": lambda day: f"{day:%B} {suffixed(day.day)}, {day.year}",
    "weekday the ordinal": lambda day: f"{day:%A} the {suffixed(day.day)}",
}


@pytest.mark.parametrize("form", DATE_FORMS)
@pytest.mark.parametrize("today", TODAYS)
def test_every_date_of_the_next_ninety_days_comes_back(form: str, today: date) -> None:
    wrong = []
    # "Tuesday the 5th" reaches two months, and means the first day it fits.
    reach, said = (58 if form == "weekday the ordinal" else 90), set()
    for ahead in range(reach):
        day = today + timedelta(days=ahead)
        if reach == 58 and (day.weekday(), day.day) in said:
            continue
        said.add((day.weekday(), day.day))
        text = DATE_FORMS[form](day)
        found = [(each.value.start, each.value.end) for each in find_dates(text, today)]
        if found != [(day, day)]:
            wrong.append((text, found))
    assert wrong == []


def spoken_minute(minute: int) -> str:
    return "" if minute == 0 else f" {in_words(minute)}"


def half(at: time) -> str:
    return "am" if at.hour < 12 else "pm"


def twelve(at: time) -> int:
    return at.hour % 12 or 12


def relative(at: time) -> str:
    hour, following = in_words(twelve(at)), in_words(at.hour % 12 + 1)
    said = {
        0: f"{hour} o'clock",
        15: f"quarter past {hour}",
        30: f"half past {hour}",
        45: f"quarter to {following}",
    }
    return said[at.minute]


TIME_FORMS: dict[str, Callable[[time], str]] = {
    "colon": lambda at: f"{twelve(at)}:{at.minute:02d} {half(at)}",
    "dot": lambda at: f"at {twelve(at)}.{at.minute:02d} {half(at)[0]}.m.",
    "words": lambda at: f"{in_words(twelve(at))}{spoken_minute(at.minute)} {half(at)}",
    "words unmarked": lambda at: f"at {in_words(twelve(at))}{spoken_minute(at.minute)}",
    "relative": relative,
    "part of day": lambda at: (
        f"{twelve(at)}:{at.minute:02d} in the {'morning' if at.hour < 12 else 'afternoon'}"
    ),
    "compact": lambda at: (
        f"at {twelve(at)}{at.minute:02d}{half(at)}" if at.minute else f"{twelve(at)}{half(at)}"
    ),
}


@pytest.mark.parametrize("form", TIME_FORMS)
def test_every_quarter_hour_of_the_working_day_comes_back(form: str) -> None:
    wrong = []
    for quarter in range(8 * 4, 18 * 4):
        at = time(quarter // 4, quarter % 4 * 15)
        # Unmarked hours are guessed by office hours: from 7 on they are in the morning.
        if form in {"words unmarked", "relative"} and (at.hour >= 19 or at < time(8)):
            continue
        text = TIME_FORMS[form](at)
        found = [each.value for each in find_times(text)]
        if [each.start for each in found] != [at] or not found[0].exact:
            wrong.append((text, found))
    assert wrong == []


numbers = st.builds(
    lambda area, line: f"{area}555{line:04d}",
    st.sampled_from(["617", "212", "415", "305", "312", "206", "512"]),
    st.integers(100, 199),
)


def digit_words(digits: str, zero: str) -> list[str]:
    return [zero if digit == "0" else UNITS[int(digit)] for digit in digits]


NUMBER_FORMS: dict[str, Callable[[str], str]] = {
    "digit by digit": " ".join,
    "commas": lambda n: f"{', '.join(n)}.",
    "grouped words": lambda n: ", ".join(
        " ".join(digit_words(part, "oh")) for part in (n[:3], n[3:6], n[6:])
    ),
    "words with zero": lambda n: " ".join(digit_words(n, "zero")),
    "dashes": lambda n: f"it's {n[:3]}-{n[3:6]}-{n[6:]}",
    "brackets": lambda n: f"({n[:3]}) {n[3:6]}-{n[6:]}",
    "triple five": lambda n: f"{n[:3]} triple five {' '.join(n[6:])}",
    "mixed": lambda n: f"{n[:3]} five five five {' '.join(n[6:8])} {n[8:]}",
    "with a plus": lambda n: f"+1 {n}",
    "pauses": lambda n: f"{n[:3]}. Um, {n[3:6]}. {n[6:]}.",
}


@pytest.mark.parametrize("form", NUMBER_FORMS)
@examples(40)
@given(number=numbers)
def test_a_phone_number_comes_back_however_it_is_written(form: str, number: str) -> None:
    text = NUMBER_FORMS[form](number)
    assert [each.value for each in find_phone_numbers(text)] == [f"+1{number}"]


def year_words(year: int) -> str:
    if year >= 2000:
        return f"two thousand{f' and {in_words(year % 100)}' if year % 100 else ''}"
    rest = year % 100
    return f"nineteen {in_words(rest) if rest >= 10 else f'oh {in_words(rest)}'}"


BIRTH_FORMS: dict[str, Callable[[date], str]] = {
    "month first": lambda day: f"{day:%B} {suffixed(day.day)}, {day.year}",
    "all words": lambda day: f"{day:%B} {ordinal(day.day)} {year_words(day.year)}".lower(),
    "day first": lambda day: f"the {ordinal(day.day)} of {day:%B} {day.year}",
    "slashes": lambda day: f"{day:%m/%d/%Y}",
    "spaced digits": lambda day: f"{day.month} {day.day} {day.year}",
    "two-digit year": lambda day: f"born {day:%B} {suffixed(day.day)} {day:%y}",
}


@pytest.mark.parametrize("form", BIRTH_FORMS)
@examples(60)
@given(day=st.dates(date(1930, 1, 1), date(2009, 12, 31)))
def test_a_birth_date_comes_back_however_it_is_said(form: str, day: date) -> None:
    text = BIRTH_FORMS[form](day)
    today = TODAYS[0]
    assert [each.value for each in find_birth_dates(text, today)] == [day]
    assert find_dates(text, today) == []


@examples(80)
@given(
    name=st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12),
    joiner=st.sampled_from([" ", "-", ", ", ". "]),
)
def test_a_spelled_word_comes_back(name: str, joiner: str) -> None:
    text = f"it is spelled {joiner.join(name.upper())}."
    assert [each.value for each in find_spelled(text)] == [name.upper()]
