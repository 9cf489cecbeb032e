"""Phrases that name a day or a span of days, each read at one place of the text; `dates.py` joins them.

Weeks run Monday to Sunday. "Next Thursday" is the Thursday of next week, "this Thursday" the coming one.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from antiphon.agents.extract.numbers import day_number, full_year, ordinal, small_number
from antiphon.agents.extract.values import DateRange
from antiphon.agents.extract.words import Words, gap_at, norm_at, phrase_at, phrases, says, word_set

WEEKDAYS = {
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "tues": 1, "weds": 2, "thurs": 3, "thur": 3, "fri": 4, "wensday": 2, "wendsday": 2, "thrusday": 3,
}  # fmt: skip
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name} | {
    "jan": 1, "feb": 2, "apr": 4, "aug": 8, "sept": 9, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
    "febuary": 2,
}  # fmt: skip
OPEN_DAYS = 30  # How far "after the 5th" or "as soon as possible" looks.
_ASAP = phrases(
    "as soon as possible|asap|a s a p|earliest|the earliest|soonest|the soonest|first available",
    "next available|as early as possible|right away|as soon as you can|as soon as you have|any day",
    "anytime|any time|whenever|the first available|the next available|as soon as we can|immediately",
    "earliest possible|first opening|next opening|soon as possible|earliest available|soonest available",
    "as quickly as possible|sooner the better",
)
# After "the first" these show that a choice is meant, not a day.
_NOT_A_DAY = word_set(
    "one ones option slot slots time times appointment appointments available opening name names choice "
    "thing floor doctor visit of half two three person number part letter digit initial week day"
)
_SPANS = phrases("in the next|over the next|the next|next")
_WEEKS = {
    ("week", "after", "next"): 2, ("next", "week"): 1, ("following", "week"): 1, ("this", "week"): 0,
    ("coming", "week"): 1, ("week", "after"): 1,
}  # fmt: skip
_WEEKS_BEHIND_A_DAY = {**_WEEKS, ("after", "next"): 2}
_PARTS = {
    "end": "late", "late": "late", "later": "late", "beginning": "early", "start": "early",
    "early": "early", "earlier": "early", "middle": "mid", "mid": "mid",
}  # fmt: skip
# "to" and "too": how "two weeks" is often written down.
_AMOUNTS = {
    ("a", "couple", "of"): 2, ("couple", "of"): 2, ("a", "couple"): 2, ("a", "few"): 3, ("few",): 3,
    ("a",): 1, ("an",): 1, ("to",): 2, ("too",): 2,
}  # fmt: skip
_UNITS = {"day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month", "months": "month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The text being read and the day it is said on. `forward` prefers the future where both fit."""

    words: Words
    today: date
    forward: bool = True

    def at(self, i: int) -> str:
        return norm_at(self.words, i)


Match = tuple[DateRange, int, float]  # (days, index after the phrase, confidence)


def one_day(day: date) -> DateRange:
    return DateRange(start=day, end=day)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days_at(r: Reading, i: int) -> Match | None:
    """The longest phrase that names days at word `i`."""
    return _longest(r, i, (asap, week, part_of_period, distance, *_SINGLE_DAYS))


def _longest(r: Reading, i: int, readers: Sequence[Callable[[Reading, int], Match | None]]) -> Match | None:
    matches = [match for reader in readers if (match := reader(r, i)) is not None]
    return max(matches, key=lambda match: match[1], default=None)


def asap(r: Reading, i: int) -> Match | None:
    length = phrase_at(r.words, i, _ASAP)
    if not length:
        return None
    end = r.today + timedelta(days=OPEN_DAYS)
    return DateRange(start=r.today, end=end, asap=True), i + length, 1.0


def relative_day(r: Reading, i: int) -> Match | None:
    word = r.at(i)
    for phrase, offset in ((("the", "day", "after", "tomorrow"), 2), (("day", "after", "tomorrow"), 2)):
        if says(r.words, i, phrase):
            return one_day(r.today + timedelta(days=offset)), i + len(phrase), 1.0
    if word in {"today", "tonight"}:
        return one_day(r.today), i + 1, 1.0
    if word == "tomorrow":
        return one_day(r.today + timedelta(days=1)), i + 1, 1.0
    if word == "to" and r.at(i + 1) == "morrow":
        return one_day(r.today + timedelta(days=1)), i + 2, 1.0
    if word == "yesterday":
        return one_day(r.today - timedelta(days=1)), i + 1, 1.0
    if word == "this" and r.at(i + 1) in {"morning", "afternoon", "evening"}:
        return one_day(r.today), i + 1, 1.0
    return None


def weekday(r: Reading, i: int) -> Match | None:
    """ "Thursday", "next Thursday", "this coming Monday", "Tuesday the 5th", "Monday after next"."""
    which, j = "", i
    while r.at(j) in {"this", "next", "coming", "upcoming", "following", "the"} and j - i < 3:
        if r.at(j) != "the":
            which = "coming" if r.at(j) in {"coming", "upcoming"} else which or r.at(j)
        j += 1
    name = r.at(j).removesuffix("'s")
    number = WEEKDAYS.get(name, WEEKDAYS.get(name.removesuffix("s")))
    if number is None:
        return None
    j += 1
    if not which and (dated := _weekday_with_date(r, j, number)):
        return dated
    week_said = _week_after(r, j)
    if week_said is not None:
        weeks, after = week_said
        return one_day(monday_of(r.today) + timedelta(days=7 * weeks + number)), after, 1.0
    day, confidence = _named_weekday(r, number, which)
    if r.at(j) in {"coming", "next"} and r.at(j + 1) not in {"week", "month"}:
        j += 1
    return one_day(day), j, confidence


def _named_weekday(r: Reading, number: int, which: str) -> tuple[date, float]:
    ahead = (number - r.today.weekday()) % 7
    if not r.forward and not which:
        return r.today - timedelta(days=(r.today.weekday() - number) % 7 or 7), 1.0
    if which in {"next", "following"}:
        day = monday_of(r.today) + timedelta(days=7 + number)
        # Some mean the coming one when it is days away; the agent should read the date back.
        return day, 1.0 if (day - r.today).days < 7 else 0.7
    if ahead == 0 and which != "this":
        # Whoever means today says "today".
        return r.today + timedelta(days=7), 1.0 if which else 0.7
    return r.today + timedelta(days=ahead), 1.0


def _week_after(r: Reading, i: int) -> tuple[int, int] | None:
    """ "next week", "of next week", "this week", "after next", "the week after next" behind a weekday."""
    j = i + 1 if r.at(i) in {"of", "in"} else i
    j = j + 1 if r.at(j) == "the" else j
    for phrase, weeks in _WEEKS_BEHIND_A_DAY.items():
        if says(r.words, j, phrase):
            return weeks, j + len(phrase)
    return None


def _weekday_with_date(r: Reading, i: int, number: int) -> Match | None:
    """ "Tuesday the 5th", "Tuesday, December 5th", "Tuesday 12/5"."""
    j = i + 1 if r.at(i) == "the" else i
    if dated := month_day(r, j) or numeric(r, j):
        return (
            (dated[0], dated[1], 1.0 if dated[0].start.weekday() == number else 0.5)
            if dated[0].is_day
            else None
        )
    spoken = ordinal(r.words, j)
    if spoken is None and j > i:
        spoken = day_number(r.words, j)
    if spoken is None or not 1 <= spoken[0] <= 31:
        return None
    for months in range(13):
        day = _day_in_month(add_months(r.today.replace(day=1), months), spoken[0])
        if day is not None and day >= r.today and day.weekday() == number:
            if months <= 2:
                return one_day(day), spoken[1], 1.0
            break
    # No such Tuesday soon: one of the two was misheard, and the number is the rarer slip.
    nearest = next_day_of_month(r.today, spoken[0])
    return one_day(nearest), spoken[1], 0.5


def _day_in_month(first: date, day: int) -> date | None:
    last = calendar.monthrange(first.year, first.month)[1]
    return first.replace(day=day) if day <= last else None


def next_day_of_month(today: date, day: int) -> date:
    """The next day with this number, today included."""
    for months in range(13):
        found = _day_in_month(add_months(today.replace(day=1), months), day)
        if found is not None and found >= today:
            return found
    raise AssertionError("every number up to 31 comes within a year")


def month_day(r: Reading, i: int) -> Match | None:
    """ "December 3rd", "December the third", "3rd of December", "3 December 2026"; or all of a month."""
    month = MONTHS.get(r.at(i))
    if month is not None:
        j = i + 1 if r.at(i + 1) != "the" else i + 2
        number = day_number(r.words, j)
        if number is None or full_year(r.words, j) is not None:
            return _whole_month(r, i, month)
        return _dated(r, month, number[0], number[1])
    j = i + 1 if r.at(i) == "the" else i
    number = day_number(r.words, j)
    if number is None:
        return None
    j = number[1] + 1 if r.at(number[1]) == "of" else number[1]
    month = MONTHS.get(r.at(j))
    if month is None or (r.at(j) in {"may", "march"} and r.words[j].raw.islower() and r.at(j - 1) != "of"):
        return None
    return _dated(r, month, number[0], j + 1)


def _dated(r: Reading, month: int, day: int, after: int) -> Match | None:
    year = full_year(r.words, after)
    j = after
    if year is None and r.at(after) == "of":
        year = full_year(r.words, after + 1)
    if year is not None and 1880 <= year[0] <= 2199:
        j = year[1]
        given = _valid(year[0], month, day)
        return (one_day(given), j, 1.0) if given else None
    near = nearest_year(r, month, day)
    return (one_day(near), j, 1.0) if near else None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def nearest_year(r: Reading, month: int, day: int) -> date | None:
    """The next (or last) day of that month and number; None for February 30th."""
    years = range(r.today.year, r.today.year + 9) if r.forward else range(r.today.year, r.today.year - 9, -1)
    for year in years:
        found = _valid(year, month, day)
        if found is not None and (found >= r.today if r.forward else found <= r.today):
            return found
    return None


def _whole_month(r: Reading, i: int, month: int) -> Match | None:
    if r.at(i) in {"may", "march"} and r.at(i - 1) not in {
        "in",
        "this",
        "next",
        "of",
        "early",
        "late",
        "mid",
    }:
        return None  # "I may come", "march in": words of another kind.
    year = full_year(r.words, i + 1)
    if year is not None:
        first, after = date(year[0], month, 1), year[1]
    else:
        first, after = date(r.today.year, month, 1), i + 1
        if r.forward and month < r.today.month:
            first = first.replace(year=r.today.year + 1)
    last = first.replace(day=calendar.monthrange(first.year, month)[1])
    start = max(first, r.today) if r.forward and last >= r.today else first
    return DateRange(start=start, end=last), after, 1.0


def numeric(r: Reading, i: int) -> Match | None:
    """ "12/3", "12/3/2026", "2026-12-03"; month first, as written in the United States."""
    words = r.words
    if i + 1 >= len(words) or not (words[i].is_digits and words[i + 1].is_digits):
        return None
    separator = gap_at(words, i + 1)
    third = i + 2 < len(words) and words[i + 2].is_digits and gap_at(words, i + 2) == separator
    if separator == "-" and third and len(words[i].norm) == 4:
        day = _valid(int(words[i].norm), int(words[i + 1].norm[:4]), int(words[i + 2].norm[:4]))
        return (one_day(day), i + 3, 1.0) if day and day.year >= 1880 else None
    if separator != "/" or len(words[i].norm) > 2 or len(words[i + 1].norm) > 2:
        return None
    month, number = int(words[i].norm), int(words[i + 1].norm)
    if month > 12 >= number:
        month, number = number, month
    if third and len(words[i + 2].norm) in {2, 4}:
        year = int(words[i + 2].norm)
        day = _valid(year + 2000 if year < 100 else max(year, 1), month, number)
        return (one_day(day), i + 3, 1.0) if day else None
    near = nearest_year(r, month, number) if 1 <= month <= 12 else None
    return (one_day(near), i + 2, 1.0) if near else None


def bare_day(r: Reading, i: int) -> Match | None:
    """ "the 5th", "5th", "the fifth", "the 5th of next month"."""
    article = r.at(i) == "the"
    j = i + 1 if article else i
    number = ordinal(r.words, j)
    if number is None or not 1 <= number[0] <= 31 or r.at(i - 1) in MONTHS:
        return None  # Behind a month it was read with it, or there is no such day ("February 30th").
    numeral = r.at(j)[:1].isdigit()
    if not article and not numeral and r.at(i - 1) not in {"on", "by"}:
        return None
    day, after = number
    tail = r.at(after)
    if tail == "of":
        for phrase, months in (
            (("of", "next", "month"), 1),
            (("of", "this", "month"), 0),
            (("of", "the", "month"), -1),
        ):
            if says(r.words, after, phrase):
                first = add_months(r.today.replace(day=1), max(months, 0))
                chosen = next_day_of_month(r.today, day) if months < 0 else _day_in_month(first, day)
                return (one_day(chosen), after + 3, 1.0) if chosen else None
    if tail in _NOT_A_DAY or r.at(after).isdigit():
        return None
    # "The second" may as well be the second of two offers.
    confidence = 1.0 if numeral or day > 9 else 0.6
    return one_day(next_day_of_month(r.today, day)), after, confidence


def week(r: Reading, i: int) -> Match | None:
    """ "next week", "this week", "the week after next", "the week of the 7th", "this weekend"."""
    monday = monday_of(r.today)
    j = i + 1 if r.at(i) == "the" else i
    if r.at(j) == "week" and r.at(j + 1) == "of":
        inner = _longest(r, j + 2, _SINGLE_DAYS)
        if inner is None or not inner[0].is_day:
            return None
        start = monday_of(inner[0].start)
        return DateRange(start=start, end=start + timedelta(days=6)), inner[1], inner[2]
    for phrase, weeks in _WEEKS.items():
        if says(r.words, j, phrase):
            after = j + len(phrase)
            skip = after + 1 if r.at(after) == "on" else after
            inner_day = WEEKDAYS.get(r.at(skip))
            if inner_day is not None:
                return one_day(monday + timedelta(days=7 * weeks + inner_day)), skip + 1, 1.0
            start = monday + timedelta(days=7 * weeks)
            return DateRange(start=max(start, r.today), end=start + timedelta(days=6)), after, 1.0
    return _weekend(r, j) or _month(r, j)


def _weekend(r: Reading, i: int) -> Match | None:
    said = r.at(i) in {"this", "next", "coming"}
    if r.at(i + said) not in {"weekend", "weekends"} or (not said and r.at(i - 1) not in {"the", "on"}):
        return None
    saturday = monday_of(r.today) + timedelta(days=12 if r.at(i) == "next" else 5)
    start = max(saturday, r.today) if saturday + timedelta(days=1) >= r.today else saturday
    return DateRange(start=start, end=saturday + timedelta(days=1)), i + said + 1, 0.7 if said else 1.0


def _month(r: Reading, i: int) -> Match | None:
    offset = {"this": 0, "next": 1, "following": 1, "coming": 1}.get(r.at(i))
    if offset is None or r.at(i + 1) != "month":
        return None
    first = add_months(r.today.replace(day=1), offset)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return DateRange(start=max(first, r.today), end=last), i + 2, 1.0


def part_of_period(r: Reading, i: int) -> Match | None:
    """ "end of the month", "early next week", "the beginning of January", "later this week"."""
    j = i + 1 if r.at(i) in {"the", "towards"} else i
    part = _PARTS.get(r.at(j))
    if part is None:
        return None
    j = j + 2 if r.at(j + 1) == "of" else j + 1
    if r.at(j) in {"the", "this"} and r.at(j + 1) in {"week", "month"}:
        period = week(Reading(words=_this(r.words, j), today=r.today), j)
    else:
        period = week(r, j) or (month_day(r, j) if r.at(j) in MONTHS else None)
    if period is None or period[0].is_day:
        return None
    return _cut(period[0], part, r, r.at(period[1] - 1) == "week"), period[1], 0.9


def _this(words: Words, i: int) -> Words:
    """ "the week" read as "this week"."""
    return [*words[:i], replace(words[i], norm="this"), *words[i + 1 :]]


def _cut(period: DateRange, part: str, r: Reading, is_week: bool) -> DateRange:
    """A third of a month, or two to three days of a working week."""
    if is_week:
        monday = monday_of(period.end)
        first, last = {"early": (0, 1), "mid": (1, 3), "late": (3, 4)}[part]
        start, end = monday + timedelta(days=first), monday + timedelta(days=last)
    else:
        month = period.end.replace(day=1)
        first, last = {"early": (0, 9), "mid": (10, 19), "late": (20, 30)}[part]
        start = month + timedelta(days=first)
        end = min(month + timedelta(days=last), period.end)
    return DateRange(start=max(start, r.today), end=max(end, r.today))


def distance(r: Reading, i: int) -> Match | None:
    """ "in two weeks", "three days from now", "a week from Friday", "within ten days"."""
    open_ended = r.at(i) == "within" or phrase_at(r.words, i, _SPANS)
    j = i + (open_ended if isinstance(open_ended, int) and open_ended > 1 else (1 if open_ended else 0))
    leads = r.at(i) == "in" and not open_ended
    j = j + 1 if leads else j
    amount = _amount(r, j)
    if amount is None or r.at(amount[1]) not in _UNITS:
        return None
    count, unit, after = amount[0], _UNITS[r.at(amount[1])], amount[1] + 1
    if open_ended:
        return DateRange(start=r.today, end=_shift(r.today, count, unit)), after, 0.9
    if r.at(after) in {"from", "after"}:
        if r.at(after + 1) == "now":
            return _about(r, count, unit), after + 2, 0.9
        anchor = _longest(r, after + 1, _SINGLE_DAYS)
        if anchor is not None and anchor[0].is_day:
            return one_day(_shift(anchor[0].start, count, unit)), anchor[1], anchor[2]
        return None
    if r.at(after) == "time":
        after += 1
    elif not leads:
        return None
    return _about(r, count, unit), after, 0.9


def _amount(r: Reading, i: int) -> tuple[int, int] | None:
    for phrase, count in _AMOUNTS.items():
        if says(r.words, i, phrase):
            return count, i + len(phrase)
    number = small_number(r.words, i)
    return number if number and number[0] > 0 else None


def _shift(day: date, count: int, unit: str) -> date:
    if unit == "month":
        return add_months(day, count)
    return day + timedelta(days=count * (7 if unit == "week" else 1))


def _about(r: Reading, count: int, unit: str) -> DateRange:
    """ "In three days" is that day; "in two weeks" and "in a month" are the week around it."""
    day = _shift(r.today, count, unit)
    if unit == "day":
        return one_day(day)
    start = max(monday_of(day), r.today)
    return DateRange(start=start, end=monday_of(day) + timedelta(days=6))


# What "the week of …" and "a week from …" may lean on: never another such phrase, so reading stays shallow.
_SINGLE_DAYS = (relative_day, weekday, month_day, numeric, bare_day)
