"""Dates for appointments and dates of birth out of spoken words. Today is Monday, November 23rd 2026."""

from __future__ import annotations

from datetime import date

import pytest

from antiphon.agents.extract import find_birth_dates, find_dates

TODAY = date(2026, 11, 23)


def days(text: str) -> list[str]:
    """Each range as "12-03" or "11-30..12-06", with "!" for as soon as possible."""
    said = []
    for each in find_dates(text, TODAY):
        assert text[each.start : each.end] == each.text
        value = each.value
        span = f"{value.start:%m-%d}" if value.is_day else f"{value.start:%m-%d}..{value.end:%m-%d}"
        said.append(span + ("!" if value.asap else ""))
    return said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "11-23"),
        ("this afternoon would be good", "11-23"),
        ("tomorrow", "11-24"),
        ("to morrow morning please", "11-24"),
        ("Can I come in tomorrow at nine?", "11-24"),
        ("the day after tomorrow", "11-25"),
        ("day after tomorrow", "11-25"),
        ("Thursday", "11-26"),
        ("thursday.", "11-26"),
        ("on Thursday, if possible", "11-26"),
        ("Thursdays are good", "11-26"),
        ("Friday's fine", "11-27"),
        ("Tues", "11-24"),
        ("Monday", "11-30"),
        ("this Monday", "11-23"),
        ("this coming Monday", "11-30"),
        ("this Thursday", "11-26"),
        ("the coming Friday", "11-27"),
        ("next Thursday", "12-03"),
        ("next Monday", "11-30"),
        ("Thursday next week", "12-03"),
        ("Thursday of next week", "12-03"),
        ("next week Thursday", "12-03"),
        ("next week on Tuesday", "12-01"),
        ("Wednesday the week after next", "12-09"),
        ("next week", "11-30..12-06"),
        ("sometime this week", "11-23..11-29"),
        ("the week after next", "12-07..12-13"),
        ("the week of the 7th", "12-07..12-13"),
        ("the week of December 14th", "12-14..12-20"),
        ("in two weeks", "12-07..12-13"),
        ("in to weeks", "12-07..12-13"),
        ("two weeks from now", "12-07..12-13"),
        ("in three days", "11-26"),
        ("3 days from now", "11-26"),
        ("in a couple of days", "11-25"),
        ("a week from today", "11-30"),
        ("a week from Friday", "12-04"),
        ("a week from tomorrow", "12-01"),
        ("two weeks from Thursday", "12-10"),
        ("within two weeks", "11-23..12-07"),
        ("in the next few days", "11-23..11-26"),
        ("in a month", "12-21..12-27"),
        ("the 5th", "12-05"),
        ("on the 27th", "11-27"),
        ("the twenty seventh", "11-27"),
        ("the twenty-first", "12-21"),
        ("the fifth of next month", "12-05"),
        ("the 30th of this month", "11-30"),
        ("December 3rd", "12-03"),
        ("December third", "12-03"),
        ("December the third", "12-03"),
        ("december 3", "12-03"),
        ("Dec 3", "12-03"),
        ("the third of December", "12-03"),
        ("3rd of December", "12-03"),
        ("3 December", "12-03"),
        ("December twenty second", "12-22"),
        ("December 22, 2026", "12-22"),
        ("January 5th", "01-05"),
        ("January fifth twenty twenty seven", "01-05"),
        ("12/3", "12-03"),
        ("12/3/2026", "12-03"),
        ("12/3/26", "12-03"),
        ("2026-12-03", "12-03"),
        ("Thursday the 3rd", "12-03"),
        ("Thursday, December 3rd", "12-03"),
        ("Tuesday the first", "12-01"),
        ("Tuesday the 5th", "01-05"),
        ("Monday the thirtieth", "11-30"),
        ("in December", "12-01..12-31"),
        ("sometime in January", "01-01..01-31"),
        ("next month", "12-01..12-31"),
        ("end of the month", "11-23..11-30"),
        ("at the end of next month", "12-21..12-31"),
        ("early December", "12-01..12-10"),
        ("the beginning of January", "01-01..01-10"),
        ("the middle of December", "12-11..12-20"),
        ("early next week", "11-30..12-01"),
        ("late next week", "12-03..12-04"),
        ("the end of the week", "11-26..11-27"),
        ("this weekend", "11-28..11-29"),
        ("as soon as possible", "11-23..12-23!"),
        ("the earliest you have", "11-23..12-23!"),
        ("your first available", "11-23..12-23!"),
        ("ASAP please", "11-23..12-23!"),
        ("the earliest slot next week", "11-30..12-06!"),
        ("after the 10th", "12-11..01-10"),
        ("any time after Thursday", "11-27..12-27"),
        ("before Friday", "11-23..11-26"),
        ("by Friday", "11-23..11-27"),
        ("no later than December 4th", "11-23..12-04"),
        ("not before the 10th", "12-10..01-09"),
        ("between the 5th and the 9th", "12-05..12-09"),
        ("from Tuesday to Thursday", "11-24..11-26"),
        ("Tuesday through Friday", "11-24..11-27"),
    ],
)
def test_one_date_is_understood(text: str, expected: str) -> None:
    assert days(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tuesday or Thursday", ["11-24", "11-26"]),
        ("Tuesday, no, Wednesday at two", ["11-25"]),
        ("Tuesday no Wednesday", ["11-25"]),
        ("Tuesday, sorry, I mean Wednesday", ["11-25"]),
        ("no, I said Thursday", ["11-26"]),
        ("actually make it Friday", ["11-27"]),
        ("Tuesday, actually make that Friday", ["11-27"]),
        ("not Tuesday, Wednesday", ["11-25"]),
        ("Wednesday, not Tuesday", ["11-25"]),
        ("Thursday instead of Tuesday", ["11-26"]),
        ("Can I move it from Tuesday the 24th, wait, make it the 27th", ["11-27"]),
        ("I can't do Tuesday", []),
        ("Tuesday doesn't work", []),
        ("any day but Tuesday", ["11-23..12-23!"]),
        ("why not Tuesday", ["11-24"]),
        ("the first one", []),
        ("the second option please", []),
        ("one second", []),
        ("my first name is May", []),
        ("I may come in", []),
        ("at 9:30", []),
        ("617 555 0123", []),
        ("my birthday is March 3rd", []),
        ("I was born on March 3rd 1985", []),
        ("date of birth 3/3/85", []),
        ("Tuesday the 1st at 3 with Doctor Patel, my date of birth is March 3rd 1985", ["12-01"]),
        ("My date of birth is March third nineteen eighty five and I'd like Thursday", ["11-26"]),
        ("", []),
        ("um", []),
        ("February 30th", []),
        ("13/45", []),
    ],
)
def test_several_denied_or_absent_dates_are_told_apart(text: str, expected: list[str]) -> None:
    assert days(text) == expected


@pytest.mark.parametrize("text", ["next Thursday", "the second", "Monday", "Tuesday the 6th of"])
def test_disputable_readings_have_a_low_confidence(text: str) -> None:
    [found] = find_dates(text, TODAY)
    assert found.confidence < 0.75


def test_the_past_is_preferred_where_asked() -> None:
    [found] = find_dates("November 3rd", TODAY, prefer="past")
    assert found.value.start == date(2026, 11, 3)
    [found] = find_dates("last visit was on Friday", TODAY, prefer="past")
    assert found.value.start == date(2026, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        "March 3rd 1985",
        "march 3 1985",
        "March 3rd, 1985.",
        "March third nineteen eighty five",
        "march the third nineteen eighty-five",
        "March 3rd 85",
        "March 3rd, eighty five",
        "the third of March eighty-five",
        "the 3rd of March 1985",
        "3 March 1985",
        "3 3 85",
        "3 3 1985",
        "3/3/85",
        "03/03/1985",
        "03-03-1985",
        "3.3.1985",
        "03031985",
        "1985-03-03",
        "three three eighty five",
        "oh three oh three nineteen eighty five",
        "zero three zero three nineteen eighty five",
        "three three nineteen eighty-five",
        "March 3rd 19 85",
        "I was born on March 3rd, 1985",
        "My date of birth is March 3, 1985.",
        "It's uh March uh third nineteen eighty five",
        "March 4th, no, March 3rd 1985",
        "DOB 030385",
    ],
)
def test_a_birth_date_is_understood_however_it_is_said(text: str) -> None:
    assert [each.value for each in find_birth_dates(text, TODAY)] == [date(1985, 3, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("December 25th 1960", date(1960, 12, 25)),
        ("12 25 60", date(1960, 12, 25)),
        ("the thirty first of January nineteen hundred and four", date(1904, 1, 31)),
        ("July 4th two thousand and five", date(2005, 7, 4)),
        ("July 4 2005", date(2005, 7, 4)),
        ("July fourth two thousand", date(2000, 7, 4)),
        ("July 4 twenty fifteen", date(2015, 7, 4)),
        ("August twelfth sixty nine", date(1969, 8, 12)),
        ("October 31st nineteen oh nine", date(1909, 10, 31)),
        ("722-1990", date(1990, 7, 22)),
        ("1122 1960", date(1960, 11, 22)),
        ("12 August 69.", date(1969, 8, 12)),
        ("22 7 1990", date(1990, 7, 22)),
        ("she was born January 5th 2026", date(2026, 1, 5)),
        ("born last week, November 16th 2026", date(2026, 11, 16)),
        ("May 6th 91", date(1991, 5, 6)),
    ],
)
def test_other_birth_dates(text: str, expected: date) -> None:
    assert [each.value for each in find_birth_dates(text, TODAY)] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "March 3rd",
        "December 3rd 2 pm",
        "Tuesday the 5th at 3",
        "617 555 3 3 85",
        "617 555 1990",
        "555-1990",
        "February 30th 1985",
        "13 13 85",
        "March 3rd 2030",
        "nineteen eighty five",
        "12/3",
        "",
    ],
)
def test_what_is_no_birth_date(text: str) -> None:
    assert find_birth_dates(text, TODAY) == []
