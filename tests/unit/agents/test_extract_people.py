"""Names, spelled words, digits and phone numbers out of spoken words."""

from __future__ import annotations

from datetime import date

import pytest

from antiphon.agents.extract import (
    find_birth_dates,
    find_choice,
    find_dates,
    find_digits,
    find_names,
    find_phone_numbers,
    find_spelled,
    find_times,
)


def names(text: str, *, expected: bool = False) -> list[tuple[str, str]]:
    found = find_names(text, expected=expected)
    assert all(text[each.start : each.end] == each.text for each in found)
    return [(each.value.first, each.value.last) for each in found]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("my name is Maria Lopez", "Maria", "Lopez"),
        ("My name is maria lopez and I need an appointment", "Maria", "Lopez"),
        ("Hi, my name's John Smith.", "John", "Smith"),
        ("this is John Smith calling", "John", "Smith"),
        ("This is John Smith.", "John", "Smith"),
        ("Hi, I'm Maria", "Maria", ""),
        ("it's Kowalski K O W A L S K I", "", "Kowalski"),
        ("It's Kowalsky, K-O-W-A-L-S-K-I", "", "Kowalski"),
        ("my last name is Gray, G R A Y", "", "Gray"),
        ("my last name is Grey, that's G R A Y", "", "Gray"),
        ("last name Lopez", "", "Lopez"),
        ("first name Maria, last name Lopez", "Maria", "Lopez"),
        ("my first name is Tom", "Tom", ""),
        ("Mary O'Brien calling", "Mary", "O'Brien"),
        ("John Smith here", "John", "Smith"),
        ("my name is Maria de la Cruz", "Maria", "de la Cruz"),
        ("this is Anna-Lena Smith-Jones", "Anna-Lena", "Smith-Jones"),
        ("my name is Mary Ann Smith", "Mary Ann", "Smith"),
        ("this is Mrs. Lopez", "", "Lopez"),
        ("My name is John Smith, born March 3rd 1985", "John", "Smith"),
        ("it's for my son, his name is Tom Baker", "Tom", "Baker"),
        ("my name is Katherine Oyeleran, O Y E L A R A N", "Katherine", "Oyelaran"),
        ("the name is Hassan Ali", "Hassan", "Ali"),
        ("My name is Jon, not John", "Jon", ""),
        ("call me Sam", "Sam", ""),
        ("my name is uh Priya Raman", "Priya", "Raman"),
        ("my name is John. Smith.", "John", "Smith"),
        ("My name is April May", "April", "May"),
    ],
)
def test_an_introduced_name_is_found(text: str, first: str, last: str) -> None:
    assert names(text) == [(first, last)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Maria Lopez", "Maria", "Lopez"),
        ("Maria Lopez.", "Maria", "Lopez"),
        ("maria lopez", "Maria", "Lopez"),
        ("uh, yeah, Maria Lopez", "Maria", "Lopez"),
        ("Sure, it's Tom Baker", "Tom", "Baker"),
        ("Kowalski", "Kowalski", ""),
        ("K O W A L S K I", "", "Kowalski"),
        ("Kowalski. K-O-W-A-L-S-K-I.", "", "Kowalski"),
        ("G as in George, R, A, Y", "", "Gray"),
        ("Tom Baker, T O M", "Tom", "Baker"),
        ("JOHN SMITH", "John", "Smith"),
        ("Samuel O'Brien", "Samuel", "O'Brien"),
    ],
)
def test_a_bare_name_is_found_when_one_was_asked_for(text: str, first: str, last: str) -> None:
    assert names(text, expected=True) == [(first, last)]


@pytest.mark.parametrize(
    "text",
    [
        "I'm calling about my results", "this is about my appointment", "It's Thursday",
        "I'd like to see Dr. Patel", "Maria Lopez", "it's fine", "I'm new", "This is urgent", "",
    ],
)  # fmt: skip
def test_no_name_without_an_introduction(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    "text",
    ["yes", "um", "I don't know", "with Dr. Patel", "Tuesday", "tomorrow at nine", "617 555 0123", "no"],
)
def test_no_name_even_when_asked_for(text: str) -> None:
    assert names(text, expected=True) == []


def test_a_spelled_name_says_so() -> None:
    assert find_names("it's Gray G R A Y")[0].value.spelled
    assert not find_names("my name is John Gray")[0].value.spelled


def test_a_name_and_its_letters_that_disagree_are_doubtful() -> None:
    assert find_names("It's Robert Gray, G-R-I-Y.")[0].confidence < 0.75
    assert find_names("my name is Robert Gray, G-R-A-Y.")[0].confidence == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G R A Y", ["GRAY"]),
        ("g r a y", ["GRAY"]),
        ("G-R-A-Y", ["GRAY"]),
        ("G, R, A, Y.", ["GRAY"]),
        ("G. R. A. Y.", ["GRAY"]),
        ("G as in George, R, A, Y", ["GRAY"]),
        ("B as in boy, R as in Robert, O W N", ["BROWN"]),
        ("G for George R A Y", ["GRAY"]),
        ("K E double L Y", ["KELLY"]),
        ("S M I double T", ["SMITT"]),
        ("double U I L S O N", ["WILSON"]),
        ("K O W A L S K I", ["KOWALSKI"]),
        ("K O WAL S K I", ["KOWALSKI"]),
        ("G R A why", ["GRAY"]),
        ("golf romeo alpha yankee", ["GRAY"]),
        ("Smith, S M I T H, first name J O H N", ["SMITH", "JOHN"]),
        ("GRY", []),
        ("I a", []),
        ("A. M. Y.", ["AMY"]),
        ("at 9 a m", []),
        ("at 9 a.m.", []),
        ("a", []),
        ("", []),
    ],
)
def test_spelled_words(text: str, expected: list[str]) -> None:
    assert [each.value for each in find_spelled(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "617 555 0123",
        "617-555-0123",
        "(617) 555-0123",
        "617.555.0123.",
        "6175550123",
        "+1 617 555 0123",
        "1 617 555 0123",
        "6 1 7, 5 5 5, 0 1 2 3.",
        "six one seven five five five oh one two three",
        "six one seven, five five five, zero one two three",
        "617 triple five 0123",
        "six one seven triple five oh one two three",
        "617 55 50 123",
        "6 1 7 five five five 0 1 twenty three",
        "area code 617, then 555, 0123",
        "617 uh 555 um 0123",
        "My number is 617, 555, 0123. Thanks.",
        "617 double five five 0123",
        "sixty one seven five five five oh one two three",
    ],
)
def test_a_phone_number_is_found_however_it_is_written(text: str) -> None:
    assert [each.value for each in find_phone_numbers(text)] == ["+16175550123"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six one seven five five five for one two three", "+16175554123"),
        ("617 555 012 for", "+16175550124"),
        ("617 555 01 to 3", "+16175550123"),
        ("800 555 0199", "+18005550199"),
        ("six one seven five five five eight hundred one", "+16175558001"),
    ],
)
def test_misheard_and_grouped_digits(text: str, expected: str) -> None:
    assert [each.value for each in find_phone_numbers(text)] == [expected]


def test_a_number_with_an_unknown_area_code_is_doubtful() -> None:
    [found] = find_phone_numbers("555 123 4567")
    assert found.confidence < 0.75


@pytest.mark.parametrize(
    ("text", "expected", "whole"),
    [
        ("617 555", "617555", False),
        ("five five five", "555", False),
        ("555 0123", "5550123", False),
        ("sixty one seventy five", "6175", False),
        ("double oh seven", "007", False),
        ("617 555 0123", "6175550123", True),
    ],
)
def test_partial_numbers_are_known_to_be_partial(text: str, expected: str, whole: bool) -> None:
    [found] = find_digits(text)
    assert found.value == expected
    assert (found.confidence == 1.0) is whole


@pytest.mark.parametrize(
    "text", ["at 11.30", "from 2 to 4", "12/3", "my birthday is March 3rd 1985", "nine thirty", "hello", ""]
)
def test_times_and_dates_are_no_phone_numbers(text: str) -> None:
    assert find_phone_numbers(text) == []
    assert [each for each in find_digits(text) if len(each.value) > 3] == []


def test_slots_said_in_one_breath_do_not_steal_from_each_other() -> None:
    text = (
        "Hi, my name is Maria Lopez, I'd like Tuesday the 1st at 3 with Doctor Patel, "
        "my date of birth is March 3rd 1985 and my number is 617 555 0101"
    )
    today = date(2026, 11, 23)
    assert names(text) == [("Maria", "Lopez")]
    assert [each.value.start for each in find_dates(text, today)] == [date(2026, 12, 1)]
    assert [f"{each.value.start:%H:%M}" for each in find_times(text)] == ["15:00"]
    assert [each.value for each in find_choice(text, {"patel": ["Dr. Patel"]})] == ["patel"]
    assert [each.value for each in find_birth_dates(text, today)] == [date(1985, 3, 3)]
    assert [each.value for each in find_phone_numbers(text)] == ["+16175550101"]
