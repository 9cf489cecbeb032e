"""All calls together: sums by stretch of time, agent and end, and how long answers took. From one index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Row, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from antiphon.storage.access.database import Database
from antiphon.storage.records.numbering import SUFFIX_BITS, first_number
from antiphon.storage.records.rows import NANO
from antiphon.storage.records.tables import calls
from antiphon.storage.records.values import LIVE

# Delays are counted in steps as wide as this, so that a hundred thousand calls are a few hundred counts.
STEP_MS: Final = 10


@dataclass(slots=True, kw_only=True)
class Sum:
    """Calls that are over. `outcomes` as in `CallSummary`; `costed`: every use had a price."""

    calls: int = 0
    duration_ms: int = 0
    errors: int = 0
    interruptions: int = 0
    cost_usd: Decimal = Decimal(0)
    costed: bool = True
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Of calls' own percentiles: the median of the medians, the 99th of the 99ths. None where nobody
    answered."""

    p50_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    from_ms: int
    sum: Sum
    delays: Delays


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`stretches` in order of time, those without calls left out; `endings`: calls by their end cause."""

    total: Sum
    delays: Delays
    stretches: tuple[Stretch, ...]
    agents: dict[str, Sum]
    endings: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewQuery:
    """Calls that began from `from_ms` on and before `to_ms`, in stretches of `each_ms`; `agent` "" for
    all."""

    organisation_id: str
    from_ms: int
    to_ms: int
    each_ms: int
    agent: str = ""


async def overview(database: Database, query: OverviewQuery) -> Overview:
    async with database.reading() as connection:
        summed = (await connection.execute(_sums(query))).all()
        p50 = await _counted(connection, query, calls.c.response_p50_ms)
        p99 = await _counted(connection, query, calls.c.response_p99_ms)
    total, agents, stretches = Sum(), dict[str, Sum](), dict[int, Sum]()
    endings: dict[str, int] = {}
    for row in summed:
        endings[row.end_cause] = endings.get(row.end_cause, 0) + int(row.calls)
        for one in (
            total,
            agents.setdefault(row.agent, Sum()),
            stretches.setdefault(int(row.stretch), Sum()),
        ):
            _add(one, row)
    return Overview(
        total=total,
        delays=_delays(_merged(p50.values()), _merged(p99.values())),
        stretches=tuple(
            Stretch(
                from_ms=number * query.each_ms,
                sum=stretches[number],
                delays=_delays(p50.get(number, {}), p99.get(number, {})),
            )
            for number in sorted(stretches)
        ),
        agents=dict(sorted(agents.items())),
        endings=dict(sorted(endings.items(), key=lambda item: (-item[1], item[0]))),
    )


def percentile_of(counts: Mapping[int, int], percent: float) -> int | None:
    """Nearest rank, of values with how often each was seen; None of none."""
    rank = ceil(sum(counts.values()) * percent / 100)
    for value in sorted(counts):
        rank -= counts[value]
        if rank <= 0:
            return value
    return None


def _wanted(query: OverviewQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        calls.c.organisation_id == query.organisation_id,
        calls.c.id >= first_number(query.from_ms),
        calls.c.id < first_number(query.to_ms),
        calls.c.state != LIVE,
    ]
    if query.agent:
        conditions.append(calls.c.agent == query.agent)
    return conditions


def _stretch(query: OverviewQuery) -> ColumnElement[int]:
    """A call's number begins with its time (`numbering.py`)."""
    return (calls.c.id // (query.each_ms << SUFFIX_BITS)).label("stretch")


def _sums(query: OverviewQuery) -> Any:
    stretch = _stretch(query)
    return (
        select(
            stretch,
            calls.c.agent,
            calls.c.outcome,
            calls.c.end_cause,
            func.count().label("calls"),
            func.sum(calls.c.duration_ms).label("duration_ms"),
            func.sum(calls.c.errors).label("errors"),
            func.sum(calls.c.interruptions).label("interruptions"),
            func.sum(calls.c.cost_nano_usd).label("nano_usd"),
            func.min(cast(calls.c.cost_complete, Integer)).label("costed"),
        )
        .where(*_wanted(query))
        .group_by(stretch, calls.c.agent, calls.c.outcome, calls.c.end_cause)
    )


async def _counted(
    connection: AsyncConnection, query: OverviewQuery, column: ColumnElement[int | None]
) -> dict[int, dict[int, int]]:
    """How often each delay was seen, by stretch."""
    stretch, step = _stretch(query), (cast(column, BigInteger) // STEP_MS).label("step")
    asked = select(stretch, step, func.count()).where(*_wanted(query), column.is_not(None))
    found: dict[int, dict[int, int]] = {}
    for number, value, count in await connection.execute(asked.group_by(stretch, step)):
        found.setdefault(int(number), {})[int(value) * STEP_MS] = int(count)
    return found


def _add(one: Sum, row: Row[Any]) -> None:
    one.calls += int(row.calls)
    one.duration_ms += int(row.duration_ms)
    one.errors += int(row.errors)
    one.interruptions += int(row.interruptions)
    one.cost_usd += Decimal(int(row.nano_usd)) / NANO
    one.costed = one.costed and bool(row.costed)
    one.outcomes[row.outcome] = one.outcomes.get(row.outcome, 0) + int(row.calls)


def _merged(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    merged: dict[int, int] = {}
    for one in counts:
        for value, count in one.items():
            merged[value] = merged.get(value, 0) + count
    return merged


def _delays(p50: Mapping[int, int], p99: Mapping[int, int]) -> Delays:
    return Delays(p50_ms=percentile_of(p50, 50), p99_ms=percentile_of(p99, 99))
