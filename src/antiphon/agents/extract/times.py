"""Times of day a caller names: clock times with "after", "before", "between", and parts of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from antiphon.agents.extract.clock import Clock, clock_at
from antiphon.agents.extract.corrections import settle
from antiphon.agents.extract.values import Found, TimeWindow
from antiphon.agents.extract.words import (
    FILLERS,
    Words,
    found,
    gap_at,
    index_of,
    norm_at,
    overlaps,
    phrase_at,
    phrases,
    split_words,
    word_set,
)

_CUES = word_set("at around about by after before between from until till past approximately roughly near @")
_LEADING = word_set("make do take say have want maybe prefer like better")  # "let's do nine"
_TRAILING = word_set("works work would is sounds ish please will")  # "nine works"
_APPROXIMATELY = phrases(
    "around|about|approximately|roughly|near|close to|ish|at around|at about|around about",
    "somewhere around",
)
_AFTER = phrases(
    "after|any time after|anytime after|later than|no earlier than|not before|from|starting at|past",
    "not earlier than|sometime after|no sooner than",
)
_BEFORE = phrases(
    "before|any time before|anytime before|earlier than|no later than|by|until|till|not after",
    "not later than|sometime before|up to",
)
# Start and end hour of each part; the finer part is listed with its own words.
_PARTS: dict[tuple[str, ...], tuple[time, time]] = {
    ("early", "morning"): (time(7), time(10)),
    ("first", "thing"): (time(7), time(10)),
    ("first", "thing", "in", "the", "morning"): (time(7), time(10)),
    ("early", "in", "the", "morning"): (time(7), time(10)),
    ("mid", "morning"): (time(9, 30), time(11)),
    ("late", "morning"): (time(10, 30), time(12)),
    ("later", "in", "the", "morning"): (time(10, 30), time(12)),
    ("late", "in", "the", "morning"): (time(10, 30), time(12)),
    ("morning",): (time(7), time(12)),
    ("mornings",): (time(7), time(12)),
    ("lunchtime",): (time(11, 30), time(13, 30)),
    ("lunch", "time"): (time(11, 30), time(13, 30)),
    ("lunch", "hour"): (time(11, 30), time(13, 30)),
    ("over", "lunch"): (time(11, 30), time(13, 30)),
    ("early", "afternoon"): (time(12), time(14, 30)),
    ("early", "in", "the", "afternoon"): (time(12), time(14, 30)),
    ("mid", "afternoon"): (time(14), time(16)),
    ("late", "afternoon"): (time(15), time(18)),
    ("late", "in", "the", "afternoon"): (time(15), time(18)),
    ("later", "in", "the", "afternoon"): (time(15), time(18)),
    ("afternoon",): (time(12), time(18)),
    ("afternoons",): (time(12), time(18)),
    ("end", "of", "the", "day"): (time(15, 30), time(18)),
    ("end", "of", "day"): (time(15, 30), time(18)),
    ("late", "in", "the", "day"): (time(15, 30), time(18)),
    ("early", "in", "the", "day"): (time(7), time(10)),
    ("after", "lunch"): (time(13), time(18)),
    ("before", "lunch"): (time(7), time(12)),
    ("after", "work"): (time(17), time(20)),
    ("after", "school"): (time(15), time(18)),
    ("evening",): (time(17), time(20)),
    ("evenings",): (time(17), time(20)),
    ("tonight",): (time(17), time(20)),
}

_PART_INDEX = index_of(_PARTS)
_PART_LEADS = phrases("in the|this|the|any|during the|sometime in the|any time|sometime")

_Match = tuple[TimeWindow, int]


def find_times(text: str) -> list[Found[TimeWindow]]:
    """Times of day in spoken order; am and pm are guessed by office hours where the caller left them open.

    A bare number counts only beside a word that calls for a time ("at 9", "nine works") or alone.
    """
    words = split_words(text)
    times: list[Found[TimeWindow]] = []
    parts: list[Found[TimeWindow]] = []
    i = 0
    while i < len(words):
        match = _between(words, i) or _bounded(words, i) or _plain(words, i)
        if match is not None:
            times.append(found(text, words, i, match[1], match[0]))
        else:
            match = _part(words, i)
            if match is not None:
                parts.append(found(text, words, i, match[1], match[0]))
        i = match[1] if match else i + 1
    return settle(text, words, _placed(text, times, parts))


def _placed(
    text: str, times: list[Found[TimeWindow]], parts: list[Found[TimeWindow]]
) -> list[Found[TimeWindow]]:
    """A part of the day beside a clock time ("Thursday afternoon at 3") only settles its am or pm."""
    if len(parts) != 1 or not times:
        return [*times, *(part for part in parts if not any(overlaps(part, each) for each in times))]
    meridiem = "am" if parts[0].value.start < time(11) else "pm"
    if any("or" in _words_between(text, each, parts[0]) for each in times):
        return [*times, *parts]  # "At nine or in the afternoon": two wishes.
    return [each if each.value.meridiem_said else _moved(each, meridiem) for each in times]


def _words_between(text: str, a: Found[TimeWindow], b: Found[TimeWindow]) -> list[str]:
    return text[min(a.end, b.end) : max(a.start, b.start)].lower().split()


def _moved(each: Found[TimeWindow], meridiem: str) -> Found[TimeWindow]:
    def shift(at: time | None) -> time | None:
        if at is None or at == time(0):
            return at
        clock = Clock(hour=at.hour % 12 or 12, minute=at.minute)
        return clock.at(meridiem)

    window = each.value
    start = shift(window.start) or time(0)
    value = replace(window, start=start, end=shift(window.end), meridiem_said=True)
    return replace(each, value=value)


def _plain(words: Words, i: int) -> _Match | None:
    """ "at 9", "around eleven thirty", "nine works", "3 o'clock"."""
    length = phrase_at(words, i, _APPROXIMATELY)
    lead = length or (1 if norm_at(words, i) == "at" else 0)
    cued = lead > 0 or norm_at(words, i - 1) in _CUES
    match = clock_at(words, i + lead, cued=cued)
    if match is None:
        return None
    clock, after = match
    if not clock.certain and not clock.meridiem and not cued and not _is_called_for(words, i, after):
        return None
    ish = norm_at(words, after) == "ish"
    value = TimeWindow(
        start=clock.at(""), exact=not (length or ish), relation="at", meridiem_said=_is_said(clock)
    )
    return value, after + ish


def _is_said(clock: Clock) -> bool:
    return bool(clock.meridiem) or clock.hour > 12 or clock.hour == 0


def _is_called_for(words: Words, first: int, after: int) -> bool:
    """Whether a bare number stands where only a time makes sense."""
    if norm_at(words, first - 1) in {"number", "option", "choice", "one", "for", "in", "last"}:
        return False
    # "Two, zero": digits of something longer are no time.
    if words[first].norm in {"oh", "o", "zero"}:
        return False
    rest = [word.norm for k, word in enumerate(words) if not first <= k < after]
    if all(
        word in FILLERS or word in {"yes", "yeah", "sure", "maybe", "the", "one", "then"} for word in rest
    ):
        return "one" not in rest
    before, behind = norm_at(words, first - 1), norm_at(words, after)
    corrected = before in {"no", "sorry", "actually", "mean"} and (
        after >= len(words) or gap_at(words, after).strip()
    )
    leading = (
        before in _LEADING or bool(corrected) or (before == "it" and norm_at(words, first - 2) == "make")
    )
    return (
        leading
        or behind in _TRAILING
        or behind == "or"
        or (before == "the" and behind in {"slot", "appointment"})
    )


def _between(words: Words, i: int) -> _Match | None:
    """ "between 2 and 4", "from 2 to 4 pm", "2 to 4", "9 to 11 am"."""
    said = norm_at(words, i)
    lead = 1 if said in {"between", "from"} else 0
    first = clock_at(words, i + lead, cued=lead > 0)
    if first is None:
        return None
    joiner = norm_at(words, first[1])
    allowed = {"and", "to", "until", "till", "through"} if lead else {"to", "until", "till"}
    dashed = not lead and gap_at(words, first[1]).strip() in {"-", "–"} and norm_at(words, first[1]).isdigit()
    if joiner not in allowed and not dashed:
        return None
    second = clock_at(words, first[1] + (0 if dashed else 1), cued=True, dashed=dashed)
    if second is None:
        return None
    if dashed and not (first[0].meridiem or second[0].meridiem):
        return None  # "555-1212" is no span of hours.
    if not lead and not (first[0].meridiem or second[0].meridiem) and norm_at(words, i - 1) in {"number"}:
        return None
    start, end = _ordered(first[0], second[0])
    said_meridiem = _is_said(first[0]) or _is_said(second[0])
    value = TimeWindow(start=start, end=end, relation="between", meridiem_said=said_meridiem)
    return value, second[1]


def _ordered(first: Clock, second: Clock) -> tuple[time, time]:
    """Both ends in the day; one that names am or pm lends it to the other unless the order forbids."""
    end = second.at("" if second.meridiem else first.meridiem if first.meridiem == "pm" else "")
    start = first.at(second.meridiem)
    if start >= end and not first.meridiem:
        start = first.at("am" if end >= time(12) else "")
    if start >= end and not second.meridiem:
        end = second.at("pm")
    return (start, end) if start <= end else (end, start)


def _bounded(words: Words, i: int) -> _Match | None:
    """ "after three", "before ten", "no later than 4", "by 5"."""
    for cues, relation in ((_AFTER, "after"), (_BEFORE, "before")):
        length = phrase_at(words, i, cues)
        if not length:
            continue
        match = clock_at(words, i + length, cued=True)
        if match is None:
            continue
        at, said = match[0].at(""), _is_said(match[0])
        if relation == "after":
            return TimeWindow(start=at, relation="after", meridiem_said=said), match[1]
        return TimeWindow(start=time(0), end=at, relation="before", meridiem_said=said), match[1]
    return None


def _part(words: Words, i: int) -> _Match | None:
    """ "in the morning", "late afternoon", "first thing"; "good morning" is a greeting."""
    lead = phrase_at(words, i, _PART_LEADS)
    if norm_at(words, i + lead - 1) == "good" or norm_at(words, i - 1) == "good":
        return None
    length = phrase_at(words, i + lead, _PART_INDEX)
    if not length:
        return None
    words_said = tuple(word.norm for word in words[i + lead : i + lead + length])
    start, end = _PARTS[words_said]
    value = TimeWindow(start=start, end=end, relation="part", meridiem_said=True)
    return value, i + lead + length
