"""Days relative to today, as a caller's file writes them and as people say them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from antiphon.errors import ConfigError

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
    "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth",
    "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth",
    "thirty-first",
)  # fmt: skip


def resolve_day(expression: str, today: date, name: str) -> date:
    """ "tuesday" is the next one, at least tomorrow; "+3d" and "tuesday+1w" are relative; "today" is today.

    Raises:
        ConfigError: None of these; `name` is what the file calls the day.
    """
    match = re.fullmatch(r"(?:(\w+?))?(?:\+(\d{1,3})([dw]))?", expression.strip().lower())
    if not match or not expression.strip():
        raise ConfigError(
            f"{expression!r} is not a date", where=f"dates.{name}", fix='write "tuesday+1w" or "+3d"'
        )
    day = today
    weekday, count, unit = match.groups()
    if weekday and weekday != "today":
        if weekday not in _WEEKDAYS:
            raise ConfigError(
                f"{weekday!r} is no weekday", where=f"dates.{name}", fix="monday to sunday, today"
            )
        day = today + timedelta(days=(_WEEKDAYS.index(weekday) - today.weekday() - 1) % 7 + 1)
    if count:
        day += timedelta(days=int(count) * (7 if unit == "w" else 1))
    return day


def ordinal(number: int) -> str:
    """1 to 31 in words: "first" to "thirty-first"."""
    return _ORDINALS[number - 1]
