"""Dates of birth: full dates in the past, said or written in any of the usual ways."""

from __future__ import annotations

from datetime import date

from antiphon.agents.extract.corrections import settle
from antiphon.agents.extract.days import MONTHS
from antiphon.agents.extract.numbers import day_number, full_year, short_year, small_number
from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import Words, found, gap_at, norm_at, phrase_at, phrases, split_words

_CUES = phrases(
    "born|date of birth|birth date|birthdate|birthday|dob|d o b|date of birthday|data birth|day of birth",
    "birth",
)
_CUE_REACH = 8  # Words between "date of birth" and the date ("… that would be the third of …").

_Match = tuple[date, int, float]  # (day, index after it, confidence)


def find_birth_dates(text: str, today: date) -> list[Found[date]]:
    """Dates of birth in `text`; two-digit years are read as the last hundred years.

    Without a word such as "born" before it, a date counts when it lies at least a month in the past; a bare
    "3 3 85" only when no other digits touch it.
    """
    words = split_words(text)
    births: list[Found[date]] = []
    i = 0
    while i < len(words):
        match = _date_at(words, i, today, cued=_is_cued(words, i))
        if match is None:
            i += 1
            continue
        births.append(found(text, words, i, match[1], match[0], match[2]))
        i = match[1]
    return settle(text, words, births)


def birth_spans(text: str, today: date) -> list[Found[object]]:
    """Where dates of birth stand, complete or not, so that no other finder reads them."""
    words = split_words(text)
    spans: list[Found[object]] = [
        Found(value=None, start=each.start, end=each.end, text=each.text)
        for each in find_birth_dates(text, today)
    ]
    for i in range(len(words)):
        length = phrase_at(words, i, _CUES)
        if not length:
            continue
        start = words[i].start
        if not any(
            span.start >= start and _words_between(words, i, span.start) <= _CUE_REACH for span in spans
        ):
            # A year was missed or not said: the first words after the cue are still about the birth.
            last = min(i + length + 5, len(words)) - 1
            spans.append(Found(value=None, start=start, end=words[last].end, text=""))
    return spans


def _words_between(words: Words, i: int, start: int) -> int:
    return sum(1 for word in words[i:] if word.start < start) - 1


def _is_cued(words: Words, i: int) -> bool:
    return any(phrase_at(words, j, _CUES) for j in range(max(0, i - _CUE_REACH), i))


def _date_at(words: Words, i: int, today: date, *, cued: bool) -> _Match | None:
    readers = (_compact, _clumped, _iso, _month_first, _day_first, _numbers)
    for reader in readers:
        match = reader(words, i, today)
        if match is None or match[0] > today:
            continue
        recent = (today - match[0]).days < 31
        if cued or not recent:
            return match
    return None


def _month_first(words: Words, i: int, today: date) -> _Match | None:
    """ "March 3rd 1985", "March the third, eighty-five"."""
    month = MONTHS.get(norm_at(words, i))
    if month is None:
        return None
    j = i + 1
    while norm_at(words, j) in {"the", "uh", "um", "er"}:
        j += 1
    day = day_number(words, j)
    return _with_year(words, month, day[0], day[1], today) if day else None


def _day_first(words: Words, i: int, today: date) -> _Match | None:
    """ "the third of March 1985", "3 March 85"."""
    j = i + 1 if norm_at(words, i) == "the" else i
    day = day_number(words, j)
    if day is None:
        return None
    j = day[1] + 1 if norm_at(words, day[1]) == "of" else day[1]
    month = MONTHS.get(norm_at(words, j))
    return _with_year(words, month, day[0], j + 1, today) if month else None


def _with_year(words: Words, month: int, day: int, i: int, today: date) -> _Match | None:
    while norm_at(words, i) in {"of", "in", "the", "year", "and", "uh", "um"}:
        i += 1
    year = full_year(words, i)
    if year is not None:
        return _valid(year[0], month, day, year[1], 1.0)
    short = short_year(words, i)
    # "March 3rd 10 am": a clock, not 2010.
    if short is None or norm_at(words, short[1]) in {"am", "pm", "o'clock", "a", "p"}:
        return None
    if gap_at(words, short[1]).strip() == ":":
        return None
    return _valid(_century(short[0], today), month, day, short[1], 0.9)


def _century(year: int, today: date) -> int:
    return 2000 + year if 2000 + year <= today.year else 1900 + year


def _valid(year: int, month: int, day: int, after: int, confidence: float) -> _Match | None:
    try:
        return date(year, month, day), after, confidence
    except ValueError:
        return None


def _iso(words: Words, i: int, today: date) -> _Match | None:
    """1985-03-03."""
    if i + 2 >= len(words) or not all(words[i + k].is_digits for k in range(3)) or len(words[i].norm) != 4:
        return None
    if gap_at(words, i + 1) not in {"-", "/", "."} or gap_at(words, i + 2) != gap_at(words, i + 1):
        return None
    year, month, day = (int(words[i + k].norm[:4]) for k in range(3))
    return _valid(year, month, day, i + 3, 1.0) if year >= 1880 else None


def _compact(words: Words, i: int, today: date) -> _Match | None:
    """ "03031985" and "030385" as a recogniser runs digits together."""
    digits = norm_at(words, i)
    if not (digits.isascii() and digits.isdigit()) or _touches_digits(words, i, i + 1):
        return None
    if len(digits) == 8 and 1880 <= int(digits[4:]) <= today.year:
        return _valid(int(digits[4:]), int(digits[:2]), int(digits[2:4]), i + 1, 0.9)
    if len(digits) == 6 and _is_cued(words, i):
        return _valid(_century(int(digits[4:]), today), int(digits[:2]), int(digits[2:4]), i + 1, 0.7)
    return None


def _clumped(words: Words, i: int, today: date) -> _Match | None:
    """ "722-1990" and "1122 1960": how a recogniser writes "seven, twenty two, nineteen ninety"."""
    digits = norm_at(words, i)
    if not (digits.isascii() and digits.isdigit() and len(digits) in {3, 4}):
        return None
    year = full_year(words, i + 1)
    if (
        year is None
        or gap_at(words, i + 1).strip() not in {"", "-", ",", "."}
        or _touches_digits(words, i, year[1])
    ):
        return None
    # Two digits of day: "112" is January 12th, the day being said as one number.
    return _valid(year[0], int(digits[:-2]), int(digits[-2:]), year[1], 0.7)


def _numbers(words: Words, i: int, today: date) -> _Match | None:
    """ "3 3 85", "03/03/1985", "three three eighty five", "oh three oh three nineteen eighty five"."""
    first = small_number(words, i)
    second = small_number(words, first[1]) if first else None
    if first is None or second is None:
        return None
    j = second[1]
    while norm_at(words, j) in {"of", "in", "uh", "um"}:
        j += 1
    year = full_year(words, j)
    short = None if year else short_year(words, j)
    if year is not None:
        value, after = year
    elif short is not None:
        value, after = _century(short[0], today), short[1]
    else:
        return None
    written = gap_at(words, first[1]).strip() in {"/", "-", "."}
    if not written and _touches_digits(words, i, after):
        return None
    month, day = (first[0], second[0]) if first[0] <= 12 else (second[0], first[0])
    ambiguous = first[0] > 12
    return _valid(value, month, day, after, 0.8 if ambiguous else (1.0 if year else 0.9))


def _touches_digits(words: Words, first: int, after: int) -> bool:
    """Part of a longer row of digits, so a phone number rather than a date."""
    return small_number(words, after) is not None or (
        first > 0 and (words[first - 1].is_digits or small_number(words, first - 1) is not None)
    )
