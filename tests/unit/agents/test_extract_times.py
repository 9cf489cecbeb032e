"""Times of day out of spoken words."""

from __future__ import annotations

import pytest

from antiphon.agents.extract import find_times


def times(text: str) -> list[str]:
    """Each window as "at 09:00", "about 11:00", "after 15:00", "before 10:00", "14:00-16:00" or "part …"."""
    said = []
    for each in find_times(text):
        assert text[each.start : each.end] == each.text
        value = each.value
        match value.relation:
            case "at":
                said.append(f"{'at' if value.exact else 'about'} {value.start:%H:%M}")
            case "after":
                said.append(f"after {value.start:%H:%M}")
            case "before":
                said.append(f"before {value.end:%H:%M}")
            case "between":
                said.append(f"{value.start:%H:%M}-{value.end:%H:%M}")
            case "part":
                said.append(f"part {value.start:%H:%M}-{value.end:%H:%M}")
    return said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", "at 09:00"),
        ("nine", "at 09:00"),
        ("um, nine please", "at 09:00"),
        ("at 9", "at 09:00"),
        ("at nine", "at 09:00"),
        ("9 am", "at 09:00"),
        ("9 a.m.", "at 09:00"),
        ("9 a m", "at 09:00"),
        ("9am", "at 09:00"),
        ("nine thirty", "at 09:30"),
        ("9:30", "at 09:30"),
        ("9.30", "at 09:30"),
        ("11.30", "at 11:30"),
        ("eleven thirty", "at 11:30"),
        ("1130 am", "at 11:30"),
        ("at 230", "at 14:30"),
        ("2 30", "at 14:30"),
        ("half past two", "at 14:30"),
        ("half passed two", "at 14:30"),
        ("quarter to 4", "at 15:45"),
        ("quarter to four", "at 15:45"),
        ("a quarter past nine", "at 09:15"),
        ("quarter of three", "at 14:45"),
        ("ten to four", "at 15:50"),
        ("twenty past eight", "at 08:20"),
        ("five minutes to three", "at 14:55"),
        ("quarter to one", "at 12:45"),
        ("noon", "at 12:00"),
        ("12 noon", "at 12:00"),
        ("at midday", "at 12:00"),
        ("2 pm", "at 14:00"),
        ("two p.m.", "at 14:00"),
        ("2 o'clock", "at 14:00"),
        ("two o'clock in the afternoon", "at 14:00"),
        ("3 o'clock works", "at 15:00"),
        ("at 14:30", "at 14:30"),
        ("twelve", "at 12:00"),
        ("12:15", "at 12:15"),
        ("eight forty five", "at 08:45"),
        ("nine oh five", "at 09:05"),
        ("at for", "at 16:00"),
        ("at to.", "at 14:00"),
        ("at ate", "at 08:00"),
        ("half past to", "at 14:30"),
        ("nine in the morning", "at 09:00"),
        ("seven in the evening", "at 19:00"),
        ("tomorrow morning at nine", "at 09:00"),
        ("Thursday afternoon at 3", "at 15:00"),
        ("at 3 in the afternoon on Thursday", "at 15:00"),
        ("let's do two", "at 14:00"),
        ("ten works for me", "at 10:00"),
        ("make it four", "at 16:00"),
        ("around 11", "about 11:00"),
        ("about ten thirty", "about 10:30"),
        ("3 ish", "about 15:00"),
        ("after three", "after 15:00"),
        ("any time after 3 pm", "after 15:00"),
        ("no earlier than 10", "after 10:00"),
        ("later than four", "after 16:00"),
        ("before ten", "before 10:00"),
        ("no later than 4", "before 16:00"),
        ("by five", "before 17:00"),
        ("between 2 and 4", "14:00-16:00"),
        ("between ten and two", "10:00-14:00"),
        ("from 2 to 4 pm", "14:00-16:00"),
        ("9 to 11", "09:00-11:00"),
        ("3-5 pm", "15:00-17:00"),
        ("between nine thirty and eleven", "09:30-11:00"),
        ("in the morning", "part 07:00-12:00"),
        ("tomorrow morning", "part 07:00-12:00"),
        ("mornings are best", "part 07:00-12:00"),
        ("Thursday afternoon", "part 12:00-18:00"),
        ("late afternoon", "part 15:00-18:00"),
        ("early afternoon", "part 12:00-14:30"),
        ("first thing in the morning", "part 07:00-10:00"),
        ("late morning", "part 10:30-12:00"),
        ("lunchtime", "part 11:30-13:30"),
        ("after work", "part 17:00-20:00"),
        ("any time after lunch", "part 13:00-18:00"),
        ("at the end of the day", "part 15:30-18:00"),
    ],
)
def test_one_time_is_understood(text: str, expected: str) -> None:
    assert times(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 9 or 10:30", ["at 09:00", "at 10:30"]),
        ("9 a.m. or 2 p.m.", ["at 09:00", "at 14:00"]),
        ("9 or in the afternoon", ["at 09:00", "part 12:00-18:00"]),
        ("at 9, no, 10", ["at 10:00"]),
        ("at two, sorry, at three", ["at 15:00"]),
        ("not at nine, at ten", ["at 10:00"]),
        ("nine is too early", []),
        ("Tuesday the 5th at 3 with Doctor Patel, my date of birth is March 3rd 1985", ["at 15:00"]),
        ("Thursday December 3rd at ten thirty", ["at 10:30"]),
        ("good morning, I need an appointment", []),
        ("Good afternoon", []),
        ("in two weeks", []),
        ("I have two kids", []),
        ("number two", []),
        ("617 555 0123", []),
        ("March 3rd 1985", []),
        ("3/3/85", []),
        ("the first one", []),
        ("", []),
    ],
)
def test_several_denied_or_absent_times_are_told_apart(text: str, expected: list[str]) -> None:
    assert times(text) == expected


def test_a_guessed_half_of_the_day_is_marked() -> None:
    assert not find_times("at 9")[0].value.meridiem_said
    assert find_times("at 9 am")[0].value.meridiem_said
    assert find_times("Thursday morning at 9")[0].value.meridiem_said
