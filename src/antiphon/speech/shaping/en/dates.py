"""Dates and years: "2026-11-24", "11/24", "Nov. 24th, 2026", "24 November", "the 1990s"."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import DIGIT, ordinal, plural_of_number, year

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November",
    "December",
)  # fmt: skip
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH: Final = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    # A full stop belongs to a short name; behind a whole one it ends the sentence.
    r"|Nov(?:ember)?|Dec(?:ember)?)\b(?:(?<!May)(?:(?<=\b[A-Z][a-z]{2})|(?<=\bSept))\.)?"
)
_WEEKDAY: Final = re.compile(
    rf"\b(Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)\b\.?"
    rf"(?=,?\s+(?:the\s+)?\d|,?\s+{MONTH}|\s*[-–]\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun))"
    # Without a date behind them only these are never anything else.
    r"|\b(Mon|Tues?|Thurs?|Fri)\b(?!['’])"
)
_WEEKDAY_RANGE: Final = re.compile(
    rf"\b({'|'.join(_WEEKDAYS)})\s*[-–]\s*({'|'.join(_WEEKDAYS)}|Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun)\b\.?"
)
# Every rule for days of the week needs one of these; they are looked for in one pass.
_DAY_NAMED: Final = re.compile(r"Mon|Tue|Wed|Thu|Fri|Sat|Sun")
DAY: Final = r"(0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_ISO: Final = re.compile(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])(?:T(?=\d))?")
_NUMERIC: Final = re.compile(
    r"(?<![\w/.$-])(0?[1-9]|1[0-2])([/-])(0?[1-9]|[12]\d|3[01])\2(\d{4}|\d{2})(?![\w/-]|\.\d)"
)
_SLASHED: Final = re.compile(r"(?<![\w/.$-])(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])(?![\w/%-]|\.\d)")
_MONTH_FIRST: Final = re.compile(rf"\b{MONTH}\s+{DAY}(?![\w:%]|[.,]\d)(?:(,?)\s+(\d{{4}})\b)?")
_DAY_FIRST: Final = re.compile(
    rf"(?<![\w.,$:/-])(the\s+)?{DAY}\s+(?:of\s+)?{MONTH}(?!\w)(?:(,?)\s+(\d{{4}})\b)?"
)
_MONTH_YEAR: Final = re.compile(rf"\b{MONTH}\s+((?:19|20)\d\d)\b")
_DAY_RANGE: Final = re.compile(rf"\b{MONTH}\s+{DAY}\s*[-–]\s*{DAY}(?![\w:%-])")
_RANGE_DAY_FIRST: Final = re.compile(
    rf"(?<![\w.,$:/-])(?:the\s+)?{DAY}\s*[-–]\s*{DAY}\s+(?:of\s+)?{MONTH}(?!\w)"
)
_WEEKDAY_ORDINAL: Final = re.compile(
    rf"\b({'|'.join(_WEEKDAYS)}),?\s+(\d{{1,2}})(?:st|nd|rd|th)\b(?!\s+(?:of\s+)?(?:{MONTH}|[A-Z]))"
)
_WORKING_DAYS: Final = re.compile(r"(?<![\w-])M[-–]F(?=,?\s+\d)")
_DECADE: Final = re.compile(r"(?<![\w.,$'])'?((?:1[5-9]|20)?\d0)'?s\b")
_YEAR: Final = re.compile(r"(?<![\w.,$#:/-])((?:19|20)\d\d)(?![\w%/:-]|[.,]\d)")
_NOT_A_DATE: Final = frozenset(("1/2", "1/3", "1/4", "1/5", "1/8", "2/3", "3/4"))


def read(text: str) -> str:
    text = _WORKING_DAYS.sub("Monday to Friday", text)
    if _DAY_NAMED.search(text):
        text = _WEEKDAY.sub(lambda found: _weekday(found[1] or found[3]), text)
        text = _WEEKDAY_RANGE.sub(lambda found: f"{found[1]} to {_weekday(found[2])}", text)
    return _read_numbers(text) if DIGIT.search(text) else text


def _read_numbers(text: str) -> str:
    text = _ISO.sub(lambda found: _date(MONTHS[int(found[2]) - 1], int(found[3]), int(found[1])), text)
    text = _NUMERIC.sub(_numeric, text)
    text = _SLASHED.sub(_slashed, text)
    text = _DAY_RANGE.sub(
        lambda found: f"{month_name(found[1])} {ordinal(int(found[2]))} to {ordinal(int(found[3]))}", text
    )
    text = _RANGE_DAY_FIRST.sub(
        lambda found: (
            f"the {ordinal(int(found[1]))} to the {ordinal(int(found[2]))} of {month_name(found[3])}"
        ),
        text,
    )
    text = _WEEKDAY_ORDINAL.sub(lambda found: f"{found[1]} the {ordinal(int(found[2]))}", text)
    text = _MONTH_FIRST.sub(lambda found: _date(month_name(found[1]), int(found[2]), _number(found[4])), text)
    text = _DAY_FIRST.sub(_day_first, text)
    text = _MONTH_YEAR.sub(lambda found: f"{month_name(found[1])} {year(int(found[2]))}", text)
    text = _DECADE.sub(lambda found: plural_of_number(int(found[1])), text)
    return _YEAR.sub(lambda found: year(int(found[1])), text)


def _date(month: str, day: int, in_year: int | None = None) -> str:
    return f"{month} {ordinal(day)}" + (f", {year(in_year)}" if in_year else "")


def _number(written: str | None) -> int | None:
    return int(written) if written else None


def month_name(written: str) -> str:
    return next(name for name in MONTHS if name.startswith(written[:3]))


def _weekday(written: str) -> str:
    return next(name for name in _WEEKDAYS if name.startswith(written[:3]))


def _numeric(found: re.Match[str]) -> str:
    in_year = int(found[4])
    if len(found[4]) == 2:
        # Dates of birth reach further back than appointments reach ahead.
        in_year += 2000 if in_year < 40 else 1900
    return _date(MONTHS[int(found[1]) - 1], int(found[3]), in_year)


def _slashed(found: re.Match[str]) -> str:
    if found[0] in _NOT_A_DATE:
        return found[0]
    return _date(MONTHS[int(found[1]) - 1], int(found[2]))


def _day_first(found: re.Match[str]) -> str:
    spoken = f"the {ordinal(int(found[2]))} of {month_name(found[3])}"
    return spoken + (f", {year(int(found[5]))}" if found[5] else "")
