"""Values as words for the ear, and the templates of a flow.

A template holds {path} or {path|filter}; a part in [square brackets] is left out when one of its values is
missing: "You're booked for {opening.start|when}[ with {opening.provider}]."
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from antiphon.agents.extract.values import DateRange, PersonName, TimeWindow

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINAL_ENDS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([a-z_][\w.]*)((?:\|[a-z_]+)*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def number(value: int) -> str:
    """0 to 99 in words."""
    if value < 20:
        return _UNITS[value]
    tens, unit = divmod(value, 10)
    return _TENS[tens] if not unit else f"{_TENS[tens]}-{_UNITS[unit]}"


def ordinal(value: int) -> str:
    """1 to 99 as "first", "twenty-second"."""
    head, dash, last = number(value).rpartition("-")
    last = _ORDINAL_ENDS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head}{dash}{last}"


def year(value: int) -> str:
    """1985 -> "nineteen eighty-five", 2004 -> "two thousand four"."""
    century, rest = divmod(value, 100)
    if century == 20 and rest < 10:
        return f"two thousand {number(rest)}" if rest else "two thousand"
    if not rest:
        return f"{number(century)} hundred"
    return f"{number(century)} {'oh ' if rest < 10 else ''}{number(rest)}"


def clock(value: time | datetime) -> str:
    """10:30 -> "ten thirty", 9:00 -> "nine", 12:00 -> "noon"."""
    if value.minute == 0:
        return "noon" if value.hour == 12 else number((value.hour - 1) % 12 + 1)
    minute = f"oh {number(value.minute)}" if value.minute < 10 else number(value.minute)
    return f"{number((value.hour - 1) % 12 + 1)} {minute}"


def clock_part(value: time | datetime) -> str:
    """10:30 -> "ten thirty in the morning"."""
    if value.hour == 12 and value.minute == 0:
        return "noon"
    return f"{clock(value)} {_part(value)}"


def _part(value: time | datetime) -> str:
    return (
        "in the morning" if value.hour < 12 else "in the afternoon" if value.hour < 18 else "in the evening"
    )


def day(value: date) -> str:
    """ "Thursday, December third"."""
    return f"{value:%A}, {value:%B} {ordinal(value.day)}"


def full_date(value: date) -> str:
    """ "March fifth, nineteen eighty-five"."""
    return f"{value:%B} {ordinal(value.day)}, {year(value.year)}"


def when(value: datetime) -> str:
    """ "Thursday, December third at ten thirty in the morning"."""
    return f"{day(value)} at {clock_part(value)}"


def spelled(value: str) -> str:
    """ "Lopez" -> "L, O, P, E, Z"; the commas make voices pause."""
    return ", ".join(letter.upper() for letter in value if letter.isalnum())


def phone(value: str) -> str:
    """Digits in groups: "five five five, zero one four two"."""
    digits = re.sub(r"\D", "", value)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    groups = [digits[:3], digits[3:6], digits[6:]] if len(digits) == 10 else [digits[:-4], digits[-4:]]
    return ", ".join(" ".join(number(int(digit)) for digit in group) for group in groups if group)


def either(items: Sequence[str]) -> str:
    """ "a", "a or b", "a, b, or c"."""
    if len(items) <= 2:
        return " or ".join(items)
    return f"{', '.join(items[:-1])}, or {items[-1]}"


def openings(starts: Sequence[datetime]) -> str:
    """Times to choose from, the day said once: "Thursday, December third, at nine or at ten thirty in the
    morning"."""
    groups: list[str] = []
    for on in dict.fromkeys(start.date() for start in starts):
        times = [start for start in starts if start.date() == on]
        parts = {_part(start) for start in times if start.hour != 12 or start.minute}
        if len(parts) == 1 and len(times) > 1 and all(clock(start) != "noon" for start in times):
            said = either([f"at {clock(start)}" for start in times]) + f" {_part(times[0])}"
        else:
            said = either([f"at {clock_part(start)}" for start in times])
        groups.append(f"{day(on)}, {said}" if len(times) > 1 else f"{day(on)} {said}")
    return either(groups)


def _plain(value: Any) -> str:
    """A value without a filter."""
    match value:
        case datetime():
            return when(value)
        case date():
            return full_date(value)
        case time():
            return clock_part(value)
        case DateRange():
            return (
                day(value.start) if value.is_day else "the first available day" if value.asap else span(value)
            )
        case TimeWindow():
            return window(value)
        case PersonName():
            return f"{value.first} {value.last}".strip()
        case bool():
            return "yes" if value else "no"
    return str(value)


def span(value: DateRange) -> str:
    return f"{day(value.start)} to {day(value.end)}"


def window(value: TimeWindow) -> str:
    parts = {(0, 12): "the morning", (12, 17): "the afternoon", (17, 21): "the evening"}
    if value.relation == "part" and value.end is not None:
        for (low, high), said in parts.items():
            if low <= value.start.hour and value.end.hour <= high:
                return said
    if value.relation == "before" and value.end is not None:
        return f"before {clock_part(value.end)}"
    if value.relation in ("after", "at") or value.end is None:
        return ("after " if value.relation == "after" else "") + clock_part(value.start)
    return f"between {clock(value.start)} and {clock_part(value.end)}"


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _date(value: Any) -> date:
    if isinstance(value, DateRange):
        return value.start
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else datetime.fromisoformat(str(value)).date()


FILTERS: Mapping[str, Callable[[Any], str]] = {
    "when": lambda value: when(_moment(value)),
    "day": lambda value: day(_date(value)),
    "clock": lambda value: clock_part(_moment(value)),
    "date": lambda value: full_date(_date(value)),
    "spelled": lambda value: spelled(str(value)),
    "phone": lambda value: phone(str(value)),
    "lower": lambda value: _plain(value)[:1].lower() + _plain(value)[1:],
    "list": lambda value: either([str(item) for item in value]),
}


def placeholders(template: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every (path, filters) a template names."""
    return [
        (found.group(1), tuple(name for name in found.group(2).split("|") if name))
        for found in _PLACEHOLDER.finditer(template)
    ]


def render(template: str, look_up: Callable[[str], Any]) -> str:
    """Fill a template. A part in brackets goes when a value in it is None; elsewhere a missing value is "".

    Callers' words only ever come in as values, never as templates.
    """

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: _filled(found, look_up), text)

    def optional(found: re.Match[str]) -> str:
        paths = [path for path, _ in placeholders(found.group(1))]
        return "" if any(look_up(path) in (None, "") for path in paths) else found.group(1)

    return " ".join(fill(_OPTIONAL.sub(optional, template)).split())


def _filled(found: re.Match[str], look_up: Callable[[str], Any]) -> str:
    value = look_up(found.group(1))
    if value is None:
        return ""
    names = [name for name in found.group(2).split("|") if name]
    for name in names:
        value = FILTERS[name](value)
    # A value is words, whoever it came from; only the template's author marks words up.
    return str(value if names else _plain(value)).replace("<", " ")
