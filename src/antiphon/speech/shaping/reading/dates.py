"""Dates and years in the locale's own order, months and weekdays in full."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.reading.locale import Locale

_ISO: Final = re.compile(r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])(?:T(?=\d))?")
_NUMERIC: Final = re.compile(
    r"(?<![\w/.,-])(0?[1-9]|[12]\d|3[01])([/.-])(0?[1-9]|1[0-2])\2(\d{4}|\d{2})(?![\w/-]|[.,]\d)"
)
_SLASHED: Final = re.compile(r"(?<![\w/.,-])(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])(?![\w/%-]|[.,]\d)")
_DOTTED: Final = re.compile(r"(?<![\w/.,-])(0?[1-9]|[12]\d|3[01])\.\s?(0?[1-9]|1[0-2])\.(?!\w|[.,]\d)")
_ON_A_DAY: Final = re.compile(r"\b(?:el|del|al|le|du|au|am|vom|zum|den|der)\s+$")
# A range of years first; then a year where nothing says that it counts something.
_YEARS: Final = re.compile(
    r"(?<![\w.,/-])(1[1-9]\d\d|20\d\d)\s?[-–]\s?(1[1-9]\d\d|20\d\d)(?![\w%/:-]|[.,]\d)"
)
_YEAR: Final = re.compile(r"(?<![\w.,/:-])(1[1-9]\d\d|20\d\d)(?![\w%/:€$£-]|[.,]\d| ?[€$£%]| \d)")


def read(text: str, locale: Locale) -> str:
    text = _weekdays(text, locale)
    text = _ISO.sub(lambda found: _spoken(found, locale, 3, 2, 1), text)
    text = _NUMERIC.sub(lambda found: _spoken(found, locale, 1, 3, 4), text)
    text = _written(text, locale)
    if locale.dotted_dates:
        text = _DOTTED.sub(lambda found: _dotted(found, locale), text)
    text = _SLASHED.sub(lambda found: _slashed(found, locale), text)
    text = _YEARS.sub(
        lambda found: f"{locale.year(int(found[1]))} {locale.signs.to} {locale.year(int(found[2]))}", text
    )
    return _YEAR.sub(lambda found: locale.year(int(found[1])), text)


def _weekdays(text: str, locale: Locale) -> str:
    """An abbreviated weekday counts as one before a date, or beside another."""
    text = locale.compiled("weekday_range", _weekday_range).sub(
        lambda found: f"{_weekday(found[1], locale)} {locale.signs.to} {_weekday(found[2], locale)}", text
    )
    text = locale.compiled("weekdays_joined", _weekdays_joined).sub(
        lambda found: f"{_weekday(found[1], locale)} {found[2]} {_weekday(found[3], locale)}", text
    )
    return locale.compiled("weekday", _weekday_pattern).sub(lambda found: _weekday(found[1], locale), text)


def _weekday(written: str, locale: Locale) -> str:
    return locale.weekdays.get(written, written)


def _weekday_range(locale: Locale) -> str:
    names = "|".join(sorted({*locale.weekdays, *locale.weekdays.values()}, key=len, reverse=True))
    return rf"(?<![\w-])({names})\b\.?\s?[-–]\s?({names})\b\.?(?![\w-])"


def _weekdays_joined(locale: Locale) -> str:
    names = "|".join(sorted(locale.weekdays, key=len, reverse=True))
    return rf"(?<![\w-])({names})\.\s+(au|à|a|al|y|et|bis|und)\s+({names})\b\.(?=[,;:]|\s+[^A-ZÀ-Ý\s])"


def _weekday_pattern(locale: Locale) -> str:
    names = "|".join(sorted(locale.weekdays, key=len, reverse=True))
    return rf"(?<![\w-])({names})\b\.?(?=,?\s+(?:(?:el|le|den|dem|der)\s+)?\d)"


def _spoken(found: re.Match[str], locale: Locale, day: int, month: int, year: int | None) -> str:
    in_year = int(found[year]) if year else None
    if year and in_year is not None and len(found[year]) == 2:
        # Dates of birth reach further back than appointments reach ahead.
        in_year += 2000 if in_year < 40 else 1900
    return locale.date(int(found[day]), int(found[month]), in_year, found.string[: found.start()])


def _dotted(found: re.Match[str], locale: Locale) -> str:
    # The full stop behind the month ends the sentence too.
    ends = not found.string[found.end() :].strip()
    return _spoken(found, locale, 1, 2, None) + ("." if ends else "")


def _slashed(found: re.Match[str], locale: Locale) -> str:
    if found[0] in locale.fractions:
        return found[0]
    if found[0] == "24/7" and not _ON_A_DAY.search(found.string[: found.start()]):
        return f"{locale.cardinal(24, '')} {locale.cardinal(7, '')}"
    return _spoken(found, locale, 1, 2, None)


def _written(text: str, locale: Locale) -> str:
    pattern = locale.compiled("written", _written_pattern)
    return pattern.sub(lambda found: _date_in_words(found, locale), text)


def _written_pattern(locale: Locale) -> str:
    return (
        rf"(?<![\w.,/:-])(0?[1-9]|[12]\d|3[01])(?:\.?[ºo°]|er|\.)?\s?(?:de\s+)?({locale.month_pattern})"
        r"(?:\s+(?:(?:de|del)\s+)?(\d{4})\b)?"
    )


def _date_in_words(found: re.Match[str], locale: Locale) -> str:
    year = int(found[3]) if found[3] else None
    spoken = locale.date(int(found[1]), month_of(found[2], locale), year, found.string[: found.start()])
    # Behind a month in full a full stop is one; behind a short one it is, if nothing follows.
    name, rest = found[2].rstrip("."), found.string[found.end() :]
    ends = found[0].endswith(".") and (name.lower() in map(str.lower, locale.months) or not rest.strip())
    return spoken + ("." if ends else "")


def month_of(written: str, locale: Locale) -> int:
    start = written.lower().rstrip(".")
    for length in (len(start), 4, 3):
        for number, name in enumerate(locale.months, 1):
            if name.lower().startswith(start[:length]):
                return number
    raise AssertionError(f"{written} matched as a month")
