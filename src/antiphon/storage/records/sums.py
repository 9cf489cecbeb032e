"""What calls cost together, counted by the database: by agent, by day, or by stage and provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from antiphon.storage.access.database import Database
from antiphon.storage.records.numbering import first_number
from antiphon.storage.records.tables import calls, costs
from antiphon.storage.records.values import LIVE

By = Literal["agent", "day", "stage"]
_NANO: Final = Decimal(10) ** 9
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SumQuery:
    """Which calls of an organisation; calls that go on cost nothing yet."""

    organisation_id: str
    by: By = "agent"
    agent: str = ""
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSum:
    """`unpriced`: Requests without a known price; the sum is too low by them."""

    name: str
    calls: int
    duration_ms: int
    total_usd: Decimal = Decimal(0)
    wasted_usd: Decimal = Decimal(0)
    unpriced: int = 0


async def sum_costs(database: Database, query: SumQuery) -> tuple[list[CostSum], int]:
    """The sums by name, and how many calls there are.

    Raises:
        AntiphonError: The database did not do it.
    """
    which = _which(query)
    async with database.reading() as connection:
        counted = select(func.count()).select_from(calls).where(which)
        number = int((await connection.execute(counted)).scalar_one())
        if query.by == "stage":
            rows = (await connection.execute(_by_stage(which))).mappings().all()
            return [_stage_sum(row) for row in rows], number
        group: ColumnElement[Any] = calls.c.agent
        if query.by == "day":
            group = calls.c.started_at_ms // _DAY_MS
        sums = {
            row["name"]: CostSum(
                name=_named(row["name"]),
                calls=row["calls"],
                duration_ms=int(row["duration_ms"]),
                total_usd=int(row["total"]) / _NANO,
            )
            for row in (await connection.execute(_by(group, which))).mappings()
        }
        for row in (await connection.execute(_waste_by(group, which))).mappings():
            wasted, unpriced = int(row["wasted"]) / _NANO, int(row["unpriced"])
            sums[row["name"]] = replace(sums[row["name"]], wasted_usd=wasted, unpriced=unpriced)
    return [sums[name] for name in sorted(sums)], number


def _which(query: SumQuery) -> ColumnElement[bool]:
    which = (calls.c.organisation_id == query.organisation_id) & (calls.c.state != LIVE)
    if query.agent:
        which &= calls.c.agent == query.agent
    if query.from_ms is not None:
        which &= calls.c.id >= first_number(query.from_ms)
    if query.to_ms is not None:
        which &= calls.c.id < first_number(query.to_ms)
    return which


def _by(group: ColumnElement[Any], which: ColumnElement[bool]) -> Select[Any]:
    named = group.label("name")
    return (
        select(
            named,
            func.count().label("calls"),
            func.sum(calls.c.duration_ms).label("duration_ms"),
            func.sum(calls.c.cost_nano_usd).label("total"),
        )
        .where(which)
        .group_by(named)
    )


def _waste_by(group: ColumnElement[Any], which: ColumnElement[bool]) -> Select[Any]:
    named = group.label("name")
    sums = (func.sum(costs.c.wasted_nano_usd).label("wasted"), func.sum(costs.c.unpriced).label("unpriced"))
    joined = costs.join(calls, calls.c.id == costs.c.call)
    return select(named, *sums).select_from(joined).where(which).group_by(named)


def _by_stage(which: ColumnElement[bool]) -> Select[Any]:
    names = (costs.c.role, costs.c.provider)
    sums = (
        func.count().label("calls"),
        func.sum(calls.c.duration_ms).label("duration_ms"),
        func.sum(costs.c.cost_nano_usd).label("total"),
        func.sum(costs.c.wasted_nano_usd).label("wasted"),
        func.sum(costs.c.unpriced).label("unpriced"),
    )
    joined = costs.join(calls, calls.c.id == costs.c.call)
    return select(*names, *sums).select_from(joined).where(which).group_by(*names).order_by(*names)


def _stage_sum(row: RowMapping) -> CostSum:
    return CostSum(
        name=f"{row['role']} {row['provider']}",
        calls=row["calls"],
        duration_ms=int(row["duration_ms"]),
        total_usd=int(row["total"]) / _NANO,
        wasted_usd=int(row["wasted"]) / _NANO,
        unpriced=int(row["unpriced"]),
    )


def _named(group: str | int) -> str:
    if isinstance(group, str):
        return group
    return datetime.fromtimestamp(group * _DAY_MS / 1000, tz=UTC).date().isoformat()
