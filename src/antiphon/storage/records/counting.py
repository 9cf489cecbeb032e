"""Calls that are over, counted by stretch of time: what overviews are made of. From one index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from antiphon.storage.records.numbering import SUFFIX_BITS, first_number
from antiphon.storage.records.tables import calls, costs
from antiphon.storage.records.values import LIVE

# Delays are counted in steps as wide as this, so that a hundred thousand calls are a few hundred counts.
STEP_MS: Final = 10

_SUMMED: Final = ("calls", "duration_ms", "nano_usd", "wasted_nano_usd", "unpriced")

# How often each delay was seen, in ms.
Counts = dict[int, int]


class Group(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Calls of one agent that ended alike. `costed`: every use had a price."""

    agent: str
    outcome: str
    end_cause: str
    calls: int
    duration_ms: int
    errors: int
    interruptions: int
    nano_usd: int
    costed: bool


class Stage(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What calls of one agent used of one provider. `unpriced`: uses without a known price."""

    agent: str
    role: str
    provider: str
    calls: int
    duration_ms: int
    nano_usd: int
    wasted_nano_usd: int
    unpriced: int


class Counted(msgspec.Struct, array_like=True):
    """One stretch of time. Delays by agent: of calls' own medians, and of their own 99th percentiles."""

    groups: list[Group] = []
    p50_ms: dict[str, Counts] = {}
    p99_ms: dict[str, Counts] = {}
    stages: list[Stage] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Calls of an organisation that began from `from_ms` on and before `to_ms`."""

    organisation_id: str
    from_ms: int
    to_ms: int


async def count_calls(
    connection: AsyncConnection, span: Span, each_ms: int, *, stages: bool
) -> dict[int, Counted]:
    """By number of stretch, which is its beginning in units of `each_ms`; those without calls left out.
    `stages`: what they used is counted too."""
    found: dict[int, Counted] = {}
    for row in await connection.execute(sums_of(span, each_ms)):
        group = Group(
            agent=row.agent,
            outcome=row.outcome,
            end_cause=row.end_cause,
            calls=int(row.calls),
            duration_ms=int(row.duration_ms),
            errors=int(row.errors),
            interruptions=int(row.interruptions),
            nano_usd=int(row.nano_usd),
            costed=bool(row.costed),
        )
        found.setdefault(int(row.stretch), Counted()).groups.append(group)
    for name in ("p50_ms", "p99_ms"):
        for number, agent, step, count in await connection.execute(_delays_of(span, each_ms, name)):
            counts: dict[str, Counts] = getattr(found[int(number)], name)
            counts.setdefault(agent, {})[int(step) * STEP_MS] = int(count)
    if stages:
        for used in (await connection.execute(_stages_of(span, each_ms))).mappings():
            facts = {name: int(used[name]) for name in _SUMMED}
            stage = Stage(agent=used["agent"], role=used["role"], provider=used["provider"], **facts)
            found[int(used["stretch"])].stages.append(stage)
    return found


def _wanted(span: Span) -> list[ColumnElement[bool]]:
    return [
        calls.c.organisation_id == span.organisation_id,
        calls.c.id >= first_number(span.from_ms),
        calls.c.id < first_number(span.to_ms),
        calls.c.state != LIVE,
    ]


def _stretch(each_ms: int) -> ColumnElement[int]:
    """A call's number begins with its time (`numbering.py`)."""
    return (calls.c.id // (each_ms << SUFFIX_BITS)).label("stretch")


def sums_of(span: Span, each_ms: int) -> Any:
    stretch = _stretch(each_ms)
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
        .where(*_wanted(span))
        .group_by(stretch, calls.c.agent, calls.c.outcome, calls.c.end_cause)
    )


def _stages_of(span: Span, each_ms: int) -> Any:
    # The span is told of both tables: what is used lies in the order of calls too, and is read as far.
    first, end = first_number(span.from_ms), first_number(span.to_ms)
    used = costs.join(calls, calls.c.id == costs.c.call)
    groups = (_stretch(each_ms), calls.c.agent, costs.c.role, costs.c.provider)
    return (
        select(
            *groups,
            func.count().label("calls"),
            func.sum(calls.c.duration_ms).label("duration_ms"),
            func.sum(costs.c.cost_nano_usd).label("nano_usd"),
            func.sum(costs.c.wasted_nano_usd).label("wasted_nano_usd"),
            func.sum(costs.c.unpriced).label("unpriced"),
        )
        .select_from(used)
        .where(*_wanted(span), costs.c.call >= first, costs.c.call < end)
        .group_by(*groups)
    )


def _delays_of(span: Span, each_ms: int, name: str) -> Any:
    column = calls.c[f"response_{name}"]
    stretch, step = _stretch(each_ms), (cast(column, BigInteger) // STEP_MS).label("step")
    asked = select(stretch, calls.c.agent, step, func.count()).where(*_wanted(span), column.is_not(None))
    return asked.group_by(stretch, calls.c.agent, step)
