"""Days a caller names for an appointment: phrases of `days.py` with "after", "before", "from … to" around
them, without dates of birth and without what was denied or taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from antiphon.agents.extract.birth_dates import birth_spans
from antiphon.agents.extract.corrections import settle
from antiphon.agents.extract.days import OPEN_DAYS, Match, Reading, days_at
from antiphon.agents.extract.values import DateRange, Found
from antiphon.agents.extract.words import found, overlaps, phrase_at, phrases, split_words

_AFTER = phrases("after|any time after|anytime after|any day after|later than|following")
_FROM = phrases(
    "from|starting|starting from|not before|no earlier than|no sooner than|since|beginning|not until",
)
_BEFORE = phrases("before|any time before|anytime before|earlier than|sooner than|ahead of|prior to")
_BY = phrases("by|until|till|no later than|not after|not later than|at the latest by|up to|through")
_JOINERS = frozenset({"to", "through", "thru", "until", "till", "and"})


def find_dates(
    text: str, today: date, *, prefer: Literal["future", "past"] = "future"
) -> list[Found[DateRange]]:
    """Days named in `text`, in spoken order; dates of birth are left to `find_birth_dates`.

    A range is inclusive. "As soon as possible" and "any day" give the coming month with `asap`.
    A confidence below 0.75 marks a reading others would dispute: "next Thursday", "the second".
    """
    words = split_words(text)
    reading = Reading(words=words, today=today, forward=prefer == "future")
    births = birth_spans(text, today)
    dates: list[Found[DateRange]] = []
    i = 0
    while i < len(words):
        match = _related(reading, i) or days_at(reading, i)
        if match is None:
            i += 1
            continue
        value = found(text, words, i, match[1], match[0], match[2])
        if not any(overlaps(value, birth) for birth in births) and _is_near(match[0], reading):
            dates.append(value)
        i = match[1]
    return _without_redundant_asap(settle(text, words, dates))


def _is_near(days: DateRange, r: Reading) -> bool:
    """An appointment lies within two years; 1985 belongs to somebody's birth."""
    return abs((days.start - r.today).days) <= 2 * 366


def _related(r: Reading, i: int) -> Match | None:
    """ "after the 10th", "by Friday", "from Monday to Wednesday", "between the 5th and the 9th"."""
    if r.at(i) == "between" and (pair := _pair(r, i + 1)):
        return pair
    if length := phrase_at(r.words, i, _FROM):
        if pair := _pair(r, i + length):
            return pair
        return _bounded(r, i + length, "from")
    for cues, relation in ((_AFTER, "after"), (_BEFORE, "before"), (_BY, "by")):
        if (length := phrase_at(r.words, i, cues)) and (match := _bounded(r, i + length, relation)):
            return match
    return _pair(r, i, joiners=frozenset({"through", "thru", "to"}))


def _pair(r: Reading, i: int, joiners: frozenset[str] = _JOINERS) -> Match | None:
    first = days_at(r, i)
    if first is None or r.at(first[1]) not in joiners:
        return None
    second = days_at(r, first[1] + 1)
    if second is None:
        return None
    end = second[0].end
    while end < first[0].start and first[0].is_day:
        end += timedelta(days=7)  # "Thursday to Monday" said on a Tuesday.
    if end < first[0].start:
        return None
    return DateRange(start=first[0].start, end=end), second[1], min(first[2], second[2])


def _bounded(r: Reading, i: int, relation: str) -> Match | None:
    match = days_at(r, i)
    if match is None or match[0].asap:
        return None
    days, after, confidence = match
    if relation == "after":
        start = days.end + timedelta(days=1)
        value = DateRange(start=start, end=start + timedelta(days=OPEN_DAYS))
    elif relation == "from":
        value = DateRange(start=days.start, end=days.start + timedelta(days=OPEN_DAYS))
    else:
        end = days.start - timedelta(days=1) if relation == "before" else days.end
        if end < r.today:
            return None
        value = DateRange(start=r.today, end=end)
    return value, after, confidence


def _without_redundant_asap(dates: list[Found[DateRange]]) -> list[Found[DateRange]]:
    """ "The earliest next week" is next week, as early as possible in it."""
    named = [each for each in dates if not each.value.asap]
    if not named or len(named) == len(dates):
        return dates
    return [replace(each, value=replace(each.value, asap=True)) for each in named]
