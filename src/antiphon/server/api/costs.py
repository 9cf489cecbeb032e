"""`/v1/costs`: what calls cost, by agent, day or stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query

from antiphon.runtime.records.summary import summarise
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.call_shelf import CallFilter, CallShelf, open_record
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.sight import sight_of
from antiphon.server.problems import Problem

router = APIRouter(prefix="/costs", route_class=GatedRoute, tags=["costs"])

CALLS_MAX: Final = 1000
_PAGE: Final = 200
By = Literal["agent", "day", "stage"]


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    duration_ms: int = 0
    total_usd: Decimal = Decimal(0)
    wasted_usd: Decimal = Decimal(0)
    unpriced: int = 0


@router.get("", openapi_extra=needs(Permission.COSTS_READ))
async def sum_costs(
    who: Who,
    parts: Parts,
    by: Annotated[By, Query()] = "agent",
    from_ms: Annotated[shapes.AtMs | None, Query()] = None,
    to_ms: Annotated[shapes.AtMs | None, Query()] = None,
) -> shapes.Costs:
    """What your organisation's calls cost, of the newest thousand in that time."""
    wanted = CallFilter(from_ms=from_ms, to_ms=to_ms)
    may_see = await sight_of(who, parts)
    return await asyncio.to_thread(_summed, parts.shelf, may_see, wanted, by)


def _summed(shelf: CallShelf, may_see: Callable[[str], bool], wanted: CallFilter, by: By) -> shapes.Costs:
    sums: dict[str, _Sum] = {}
    counted, after = 0, ""
    while True:
        page = shelf.page(may_see, wanted, after=after, limit=_PAGE)
        for row in page.calls:
            try:
                call = summarise(open_record(shelf.path(may_see, row["call_id"])))
            except Problem:
                continue  # Damaged, or gone since it was listed.
            counted += 1
            for name, part in _parts(call, by):
                _add(sums.setdefault(name, _Sum()), call, part)
        after = page.after
        if not after or counted >= CALLS_MAX:
            break
    rows = [_row(name, one) for name, one in sorted(sums.items())]
    return shapes.Costs(rows=rows, calls=counted, complete=not after)


def _parts(call: Mapping[str, Any], by: By) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Under which name which part of a call's cost goes."""
    stages = call["cost"]["stages"]
    if by == "stage":
        yield from (
            (f"{stage['role']} {stage['provider']}", {**stage, "total_usd": stage["cost_usd"]})
            for stage in stages
        )
        return
    day = datetime.fromtimestamp(call["started_at_ms"] / 1000, tz=UTC).date().isoformat()
    unpriced = sum(stage["unpriced_requests"] for stage in stages)
    yield call["agent"] if by == "agent" else day, {**call["cost"], "unpriced_requests": unpriced}


def _add(one: _Sum, call: Mapping[str, Any], part: Mapping[str, Any]) -> None:
    one.calls += 1
    one.duration_ms += call["duration_ms"] or 0
    one.total_usd += Decimal(part["total_usd"])
    one.wasted_usd += Decimal(part["wasted_usd"])
    one.unpriced += part["unpriced_requests"]


def _row(name: str, one: _Sum) -> shapes.CostRow:
    return shapes.CostRow(
        name=name,
        calls=one.calls,
        minutes=round(one.duration_ms / 60_000, 3),
        total_usd=format(one.total_usd, "f"),
        wasted_usd=format(one.wasted_usd, "f"),
        unpriced=one.unpriced,
    )
