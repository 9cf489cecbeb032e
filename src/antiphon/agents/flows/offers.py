"""Options with a date and time: which few to say, and which one an answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from antiphon.agents.extract.values import DateRange, TimeWindow
from antiphon.agents.flows.speaking import clock
from antiphon.agents.flows.understanding import Act, Understanding

Option = Mapping[str, Any]
SURE = 0.75  # Below it, "the second" may as well be a position as a day of the month.
_ASKS = re.compile(r"\b(?:any|anything|something|do you have|is there|are there|what about|how about)\b")
APART = timedelta(minutes=90)  # Two offers closer together than this are no real choice.


def start_of(option: Option, field: str) -> datetime | None:
    """When an option begins, in the agent's own time, without a zone."""
    text = option.get(field)
    return datetime.fromisoformat(str(text)).replace(tzinfo=None) if text else None


def chosen(step: Any, options: Any, value: Any) -> bool:
    """Whether the chosen value is (still) one of the options."""
    if not isinstance(value, Mapping):
        return False
    return any(str(option.get(step.key)) == str(value.get(step.key)) for option in options or [])


def spread(options: Sequence[Option], field: str, count: int = 2) -> list[Option]:
    """The first option and one that is really different from it, at most `count`."""
    picked: list[Option] = []
    for option in options:
        start, last = start_of(option, field), start_of(picked[-1], field) if picked else None
        if not picked or start is None or last is None or abs(start - last) >= APART:
            picked.append(option)
        if len(picked) == count:
            return picked
    for option in options:
        if len(picked) < count and option not in picked and not _same_start(option, picked, field):
            picked.append(option)
    return sorted(picked, key=lambda option: str(option.get(field)))


def _same_start(option: Option, picked: Sequence[Option], field: str) -> bool:
    return any(option.get(field) == other.get(field) for other in picked)


def vocabulary(options: Sequence[Option], field: str) -> list[str]:
    """Words likely in the answer."""
    starts = [start for option in options if (start := start_of(option, field)) is not None]
    days = [f"{start:%A}" for start in starts]
    return list(
        dict.fromkeys([*(clock(start) for start in starts), *days, "the first one", "the second one"])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an answer to an offer means. At most one of the fields says something.

    Attributes:
        option: This one.
        among: It is one of these; ask which.
        instead: Offer these from the list instead.
        refused: None of those offered; the next ones, please.
        exhausted: The caller wants others ("anything earlier?"), and the list has none.
    """

    option: Option | None = None
    among: tuple[Option, ...] = ()
    instead: tuple[Option, ...] = ()
    refused: bool = False
    exhausted: bool = False


def choose(heard: Understanding, offered: Sequence[Option], listed: Sequence[Option], field: str) -> Choice:
    """Read an answer to an offer. An empty choice means: the answer was about something else."""
    by_position = _by_position(heard, offered, field)
    if by_position is not None:
        return Choice(option=by_position)
    wishes = heard.answer is False or _ASKS.search(heard.text.lower())
    if wishes and heard.candidates and not _exact(heard):
        return Choice()  # "Anything on Monday?", "no, this afternoon" pick nothing: they are new wishes.
    by_words = _by_words(heard, offered, listed, field)
    if by_words != Choice():
        return by_words
    if Act.EARLIER in heard.acts or Act.LATER in heard.acts:
        return _shifted(heard, offered, listed, field)
    refused = Act.NONE in heard.acts or (heard.answer is False and not heard.candidates)
    if refused:
        return Choice(refused=True)
    if Act.ANY in heard.acts or (heard.answer is True and len(offered) == 1):
        return Choice(option=offered[0])
    if heard.answer is True and not heard.candidates:
        return Choice(among=tuple(offered))
    return Choice()


def _by_position(heard: Understanding, offered: Sequence[Option], field: str) -> Option | None:
    if Act.EARLIEST in heard.acts or Act.LATEST in heard.acts:
        ordered = sorted(offered, key=lambda option: str(option.get(field)))
        return ordered[0] if Act.EARLIEST in heard.acts else ordered[-1]
    sure = [item for item in heard.candidates if item.confidence >= SURE]
    dated = any(isinstance(item.value, DateRange) for item in sure)
    for position in heard.ordinals:
        if position == -1:
            return offered[-1]
        # "The third" may be a day of the month; then the date decides.
        if 1 <= position <= len(offered) and not dated:
            return offered[position - 1]
    return None


def _by_words(
    heard: Understanding, offered: Sequence[Option], listed: Sequence[Option], field: str
) -> Choice:
    """By day, time or another field's value; first among those offered, then in the whole list."""
    for options, here in ((offered, True), (listed, False)):
        fitting = [option for option in options if _fits(heard, option, field)]
        if not _says_anything(heard, offered) or not fitting:
            continue
        if len(fitting) == 1:
            exact = here or _exact(heard)
            return Choice(option=fitting[0]) if exact else Choice(instead=(fitting[0],))
        if here:
            return Choice(among=tuple(fitting))
        if _exact(heard):
            return Choice(option=fitting[0])
        return Choice(instead=tuple(spread(fitting, field)))
    return Choice()


def _exact(heard: Understanding) -> bool:
    """A single time was named: a caller who says "eleven fifteen" has chosen."""
    return any(isinstance(item.value, TimeWindow) and item.value.exact for item in heard.candidates)


def _says_anything(heard: Understanding, offered: Sequence[Option]) -> bool:
    dated = any(isinstance(item.value, DateRange | TimeWindow) for item in heard.candidates)
    return dated or any(_labelled(heard, option) for option in offered)


def _labelled(heard: Understanding, option: Option) -> bool:
    values = {str(value).lower() for value in option.values()}
    return any(str(item.value).lower() in values for item in heard.candidates)


def _fits(heard: Understanding, option: Option, field: str) -> bool:
    start = start_of(option, field)
    for item in heard.candidates:
        if isinstance(item.value, DateRange) and start is not None:
            if not item.value.start <= start.date() <= item.value.end:
                return False
        elif isinstance(item.value, TimeWindow) and start is not None:
            if not _within(item.value, start):
                return False
        elif isinstance(item.value, str) and item.slot in option and not _labelled(heard, option):
            return False
    return True


def _within(window: TimeWindow, start: datetime) -> bool:
    at = start.time().replace(second=0, microsecond=0)
    if window.relation == "at":
        same = at == window.start
        guessed = not window.meridiem_said and (at.hour % 12, at.minute) == (
            window.start.hour % 12,
            window.start.minute,
        )
        return same or guessed
    if window.relation == "before":
        return window.end is None or at <= window.end
    return at >= window.start and (window.end is None or at <= window.end)


def _shifted(heard: Understanding, offered: Sequence[Option], listed: Sequence[Option], field: str) -> Choice:
    said = [str(option.get(field)) for option in offered]
    if Act.EARLIER in heard.acts:
        fitting = [option for option in listed if str(option.get(field)) < min(said)]
        fitting.reverse()
    else:
        fitting = [option for option in listed if str(option.get(field)) > max(said)]
    if not fitting:
        return Choice(exhausted=True)
    return Choice(instead=tuple(spread(fitting, field)))
