"""From a routes file to a `RoutingTable`; everything that is wrong with it in one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from antiphon.agents.definition.document import Advice, Document, dotted, parse_document, read_document
from antiphon.agents.definition.problems import (
    KeyPath,
    Problem,
    pydantic_problems,
    raise_problems,
    unknown_word,
)
from antiphon.calls.routing.decision import normal
from antiphon.calls.routing.schema import (
    DAYS,
    FullSection,
    HoursSection,
    OverflowSection,
    RouteSection,
    RoutesFile,
    RuleSection,
    days_of,
    minutes_of,
)
from antiphon.calls.routing.values import (
    Busy,
    Forward,
    Full,
    Holidays,
    Hours,
    Queue,
    Refused,
    Route,
    RoutingTable,
    Rule,
    Share,
    ToAgent,
    When,
)

Add = Callable[[KeyPath, str, str], None]
_ADVICE = Advice(
    missing="name your routes file, or write one; `antiphon route schema` says what is in it",
    start="start with `routes:`",
)


def load_routes(path: Path, agents: Mapping[str, str]) -> RoutingTable:
    """Read and check a routes file.

    Args:
        agents: Digest by name, of every agent there is.

    Raises:
        ConfigError: Everything that is wrong, with file, line, field and what is allowed.
    """
    return _judged(read_document(path, _ADVICE), agents)


def routes_of(text: str, agents: Mapping[str, str]) -> RoutingTable:
    """As `load_routes`, from text already in hand."""
    return _judged(parse_document(text, Path("routes"), _ADVICE), agents)


def routes_schema() -> dict[str, Any]:
    """JSON Schema of the routes file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RoutesFile.model_json_schema()}


# --- checks -----------------------------------------------------------------------------------------------


def _judged(document: Document, agents: Mapping[str, str]) -> RoutingTable:
    if document.value is None:
        raise_problems(document.problems)
    problems = list(document.problems)
    try:
        file = RoutesFile.model_validate(document.value)
    except ValidationError as error:
        raise_problems(problems + pydantic_problems(error, RoutesFile, document))
        raise  # Not reached: a validation error always is a problem.
    problems += _checked(file, document, agents)
    raise_problems(problems)
    return _table(file, document.text, agents)


def _checked(file: RoutesFile, document: Document, agents: Mapping[str, str]) -> list[Problem]:
    problems: list[Problem] = []

    def add(at: KeyPath, message: str, fix: str) -> None:
        line = document.line(at)
        problems.append(Problem(path=document.path, line=line, field=dotted(at), message=message, fix=fix))

    for name, hours in file.hours.items():
        if hours.holidays is not None and hours.holidays not in file.holidays:
            add(("hours", name, "holidays"), *unknown_word("holidays", hours.holidays, file.holidays))
    for agent in file.limits.agents:
        _known_agent(("limits", "agents", agent), agent, agents, add)
    _checked_full(("full",), file.full, agents, add)
    routed: dict[str, str] = {}
    for name, route in file.routes.items():
        for index, address in enumerate(map(normal, route.to)):
            if address in routed:
                message = f"{address} is also routed by {routed[address]!r}"
                add(("routes", name, "to", index), message, "an address has one route")
            elif address[0].isalpha() and ":" not in address:
                _known_agent(("routes", name, "to", index), address, agents, add)
            routed.setdefault(address, name)
        if route.full is not None:
            _checked_full(("routes", name, "full"), route.full, agents, add)
        _checked_rules(("routes", name, "rules"), route, file, agents, add)
    return problems


def _checked_rules(
    at: KeyPath, route: RouteSection, file: RoutesFile, agents: Mapping[str, str], add: Add
) -> None:
    for index, rule in enumerate(route.rules):
        here: KeyPath = (*at, index)
        for agent in rule.agent or {}:
            _known_agent((*here, "agent"), agent, agents, add)
        for key, given, known in (
            ("open", rule.when.open, file.hours),
            ("closed", rule.when.closed, file.hours),
            ("holiday", rule.when.holiday, file.holidays),
        ):
            if given is not None and given not in known:
                what = "holidays" if key == "holiday" else "hours"
                add((*here, "when", key), *unknown_word(what, given, known))
        is_last = index == len(route.rules) - 1
        if _when(rule).always and not is_last:
            add(here, "always holds, so the rules after it are never reached", "put it last")
        elif is_last and not _when(rule).always:
            add(here, "nothing answers when this rule does not hold", "add a last rule without `when:`")


def _checked_full(at: KeyPath, full: FullSection, agents: Mapping[str, str], add: Add) -> None:
    if full.overflow.agent is not None:
        _known_agent((*at, "overflow", "agent"), full.overflow.agent, agents, add)


def _known_agent(at: KeyPath, asked: str, agents: Mapping[str, str], add: Add) -> None:
    name, _, version = asked.partition("@")
    if name not in agents:
        add(at, *unknown_word("agent", name, agents))
    elif version and not agents[name].startswith(version):
        message = f"the agent {name!r} is another version"
        add(at, message, f"the file at hand is {name}@{agents[name][:12]}")


# --- values -----------------------------------------------------------------------------------------------


def _table(file: RoutesFile, text: str, agents: Mapping[str, str]) -> RoutingTable:
    zone = ZoneInfo(file.time_zone)
    holidays = {name: _holidays(days) for name, days in file.holidays.items()}
    full = _full(file.full)
    return RoutingTable(
        zone=zone,
        routes=tuple(_route(name, route, full) for name, route in file.routes.items()),
        hours={name: _hours(section, zone, holidays) for name, section in file.hours.items()},
        holidays=holidays,
        calls_max=file.limits.calls or 0,
        limits={_bare(agent): limit for agent, limit in file.limits.agents.items()},
        full=full,
        agents=frozenset(agents),
        text=text,
    )


def _bare(agent: str) -> str:
    return agent.partition("@")[0]


def _route(name: str, section: RouteSection, full: Full) -> Route:
    return Route(
        name=name,
        to=tuple(map(normal, section.to)),
        rules=tuple(_rule(rule, index) for index, rule in enumerate(section.rules)),
        limit=section.limit or 0,
        full=_full(section.full) if section.full is not None else full,
    )


def _rule(section: RuleSection, index: int) -> Rule:
    answer = Forward(target=section.forward) if section.forward else Busy() if section.busy else None
    return Rule(
        name=section.name or f"rule {index + 1}",
        when=_when(section),
        shares=tuple(Share(agent=_bare(agent), percent=pct) for agent, pct in (section.agent or {}).items()),
        answer=Refused(reason=section.refuse) if section.refuse else answer,
    )


def _when(section: RuleSection) -> When:
    when = section.when
    return When(
        open=when.open or "",
        closed=when.closed or "",
        holiday=when.holiday or "",
        callers=tuple(when.callers),
        countries=tuple(when.countries),
        languages=tuple(when.languages),
    )


def _full(section: FullSection) -> Full:
    queue = section.queue
    kept = Queue(**{**queue.model_dump(), "comfort": tuple(queue.comfort)}) if queue is not None else None
    return Full(queue=kept, overflow=_overflow(section.overflow))


def _overflow(section: OverflowSection) -> ToAgent | Forward | Busy:
    if section.agent:
        return ToAgent(agent=_bare(section.agent))
    return Forward(target=section.forward) if section.forward else Busy()


def _holidays(days: list[str]) -> Holidays:
    full = frozenset(date.fromisoformat(day) for day in days if len(day) == len("2026-11-26"))
    yearly = (date.fromisoformat(f"2024-{day}") for day in days if len(day) == len("12-25"))
    return Holidays(dates=full, yearly=frozenset((day.month, day.day) for day in yearly))


def _hours(section: HoursSection, zone: ZoneInfo, holidays: Mapping[str, Holidays]) -> Hours:
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    for days, windows in section.open.items():
        for day in days_of(days):
            week[day] += map(minutes_of, windows)
    return Hours(
        zone=ZoneInfo(section.time_zone) if section.time_zone else zone,
        open=tuple(tuple(sorted(windows)) for windows in week),
        holidays=holidays[section.holidays] if section.holidays else Holidays(),
    )
