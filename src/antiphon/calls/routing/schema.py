"""The routes file as its author writes it. Only `load.py` sees these models."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from antiphon.agents.definition.parts import (
    Section,
    Words,
    as_list,
    fault,
    language_tag,
    person_target,
    time_zone_name,
)
from antiphon.calls.numbers import e164
from antiphon.calls.routing.values import DAY_MINUTES, HIDDEN, Queue
from antiphon.errors import ConfigError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AGENT = re.compile(r"[a-z][a-z0-9_-]{0,63}(?:@[0-9a-f]{6,64})?")
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def _agent(text: str) -> str:
    if not _AGENT.fullmatch(text):
        raise fault(f"{text!r} is not an agent", "write the name of one, or name@VERSION")
    return text


def _address(text: str) -> str:
    if re.fullmatch(r"\*|sip:[A-Za-z0-9._*#-]{1,64}|[a-z][a-z0-9_-]{0,63}", text):
        return text
    if "@" in text:
        raise fault(f"{text!r} has a host, which no line tells", "write the part before the @: sip:clinic")
    try:
        return e164(text)
    except ConfigError as error:
        raise fault(error.message, f"{error.fix}; or sip:USER, the name of an agent, or *") from None


def _caller(text: str) -> str:
    if text != HIDDEN and not re.fullmatch(r"\+[1-9][0-9]{0,14}\*?", text):
        raise fault(
            f"{text!r} is no number and no beginning of one", f"write +12125550100, +1212* or {HIDDEN}"
        )
    return text


def _country(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise fault(f"{text!r} is not a country", "two capital letters: US, MX")
    return text


def _holiday(text: str) -> str:
    full = text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else f"2024-{text}"
    try:
        date.fromisoformat(full)
    except ValueError:
        raise fault(f"{text!r} is not a day", "write 2026-11-26, or 12-25 for every year") from None
    return text


def minutes_of(window: str) -> tuple[int, int]:
    """Of "22:00-06:00" from the midnight before. Raises: ValueError: It is no window."""
    found = _WINDOW.fullmatch(window)
    if found is None:
        raise fault(f"{window!r} is not a time of day", "write 08:00-18:00, or 22:00-06:00 over midnight")
    start_h, start_m, end_h, end_m = map(int, found.groups())
    start, end = 60 * start_h + start_m, 60 * end_h + end_m
    if end > DAY_MINUTES or start == end:
        raise fault(f"{window!r} is not a time of day", "all day is 00:00-24:00")
    return start, end if end > start else end + DAY_MINUTES


def _window(text: str) -> str:
    minutes_of(text)
    return text


def days_of(text: str) -> tuple[int, ...]:
    """Of "mon-fri", "sat" or "mon,wed". Raises: ValueError: They are no days."""
    days: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise fault(f"{text!r} are no days", "write mon-fri, sat, or mon,wed,fri")
        start, end = DAYS.index(first), DAYS.index(last) if dash else DAYS.index(first)
        days += range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
    return tuple(days)


def _days(text: str) -> str:
    days_of(text)
    return text


def _placed(text: str) -> str:
    if "{position}" not in text:
        raise fault("does not say the caller's place", "put {position} where the number goes")
    return text


AgentName = Annotated[str, AfterValidator(_agent)]
Target = Annotated[str, AfterValidator(person_target)]
Windows = Annotated[
    list[Annotated[str, AfterValidator(_window)]], BeforeValidator(as_list), Field(min_length=1)
]
Countries = Annotated[list[Annotated[str, AfterValidator(_country)]], BeforeValidator(as_list)]
Languages = Annotated[list[Annotated[str, AfterValidator(language_tag)]], BeforeValidator(as_list)]
Callers = Annotated[list[Annotated[str, AfterValidator(_caller)]], BeforeValidator(as_list)]
Zone = Annotated[str, AfterValidator(time_zone_name)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
_QUEUE = Queue()


class HoursSection(Section):
    """When somebody is there, by weekday. A window belongs to the day on which it begins."""

    open: Annotated[dict[Annotated[str, AfterValidator(_days)], Windows], Field(min_length=1)]
    time_zone: Zone | None = Field(default=None, description="The file's own unless given")
    holidays: str | None = Field(default=None, description="Closed on these days")


class WhenSection(Section):
    """All that is given must hold."""

    open: str | None = Field(default=None, description="Name under `hours:`")
    closed: str | None = Field(default=None, description="Name under `hours:`")
    holiday: str | None = Field(default=None, description="Name under `holidays:`; the file's time zone")
    callers: Callers = Field(default=[], description="+12125550100, +1212*, or hidden")
    countries: Countries = Field(default=[], description="Of the caller's number, ISO 3166")
    languages: Languages = Field(default=[], description="Where the line tells one: browsers do")


class OverflowSection(Section):
    """Exactly one of these."""

    agent: AgentName | None = None
    forward: Target | None = None
    busy: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> OverflowSection:
        if sum(one is not None for one in (self.agent, self.forward, self.busy)) != 1:
            raise fault("says not exactly one thing", "give it one of `agent:`, `forward:` and `busy: true`")
        return self


class QueueSection(Section):
    callers_max: Annotated[int, Field(ge=1, le=500)] = _QUEUE.callers_max
    wait_max_ms: Annotated[int, Field(ge=5000, le=3_600_000)] = _QUEUE.wait_max_ms
    position: Annotated[Words, AfterValidator(_placed)] = _QUEUE.position
    comfort: Annotated[list[Words], BeforeValidator(as_list), Field(min_length=1)] = Field(
        default=list(_QUEUE.comfort)
    )
    sorry: Words = _QUEUE.sorry


class FullSection(Section):
    """What happens at a limit: first the queue, where there is one, then the overflow."""

    queue: QueueSection | None = None
    overflow: OverflowSection = OverflowSection(busy=True)


def _as_shares(value: object) -> object:
    return {value: 100} if isinstance(value, str) else value


class RuleSection(Section):
    """The first rule of a route that holds decides. Exactly one answer."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    when: WhenSection = WhenSection()
    agent: (
        Annotated[
            dict[AgentName, Annotated[float, Field(gt=0, le=100)]],
            BeforeValidator(_as_shares),
            Field(min_length=1),
        ]
        | None
    ) = Field(default=None, description="A name, or names with percentages of callers; a canary comes last")
    forward: Target | None = None
    busy: Literal[True] | None = None
    refuse: Words | None = Field(default=None, description="Why, for the operator's log")

    @model_validator(mode="after")
    def _one(self) -> RuleSection:
        if sum(one is not None for one in (self.agent, self.forward, self.busy, self.refuse)) != 1:
            raise fault(
                "gives not exactly one answer",
                "give it one of `agent:`, `forward:`, `busy: true` and `refuse:`",
            )
        if self.agent is not None and abs(sum(self.agent.values()) - 100) > 0.001:
            raise fault(f"the shares make {sum(self.agent.values()):g} %", "they must make 100")
        return self


class RouteSection(Section):
    to: Annotated[
        list[Annotated[str, AfterValidator(_address)]], BeforeValidator(as_list), Field(min_length=1)
    ]
    rules: Annotated[list[RuleSection], Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Calls of this route at once"
    )
    full: FullSection | None = Field(default=None, description="The file's own unless given")


class LimitsSection(Section):
    calls: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Calls of one media worker at once"
    )
    agents: dict[AgentName, Annotated[int, Field(ge=1, le=100_000)]] = Field(
        default={}, description="Calls of an agent at once"
    )


class RoutesFile(Section):
    """Which agent answers what, and when."""

    time_zone: Zone = "UTC"
    limits: LimitsSection = LimitsSection()
    full: FullSection = FullSection()
    holidays: dict[Name, list[Annotated[str, AfterValidator(_holiday)]]] = Field(
        default={}, description="2026-11-26, or 12-25 for every year"
    )
    hours: dict[Name, HoursSection] = Field(default={}, description="Opening hours, for `when:`")
    routes: Annotated[dict[Name, RouteSection], Field(min_length=1)]
