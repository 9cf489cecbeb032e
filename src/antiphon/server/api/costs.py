"""`/v1/costs`: what calls cost, by agent, day or stage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.storage.records.sums import By, CostSum, SumQuery
from antiphon.storage.records.sums import sum_costs as sums_of

router = APIRouter(prefix="/costs", route_class=GatedRoute, tags=["costs"])


@router.get("", openapi_extra=needs(Permission.COSTS_READ))
async def sum_costs(
    who: Who,
    parts: Parts,
    by: Annotated[By, Query()] = "agent",
    from_ms: Annotated[shapes.AtMs | None, Query()] = None,
    to_ms: Annotated[shapes.AtMs | None, Query()] = None,
) -> shapes.Costs:
    """What your organisation's finished calls cost, of those that began in that time."""
    query = SumQuery(
        organisation_id=who.organisation_id, by=by, agent=who.agent, from_ms=from_ms, to_ms=to_ms
    )
    sums, calls = await sums_of(parts.database, query)
    return shapes.Costs(rows=[_row(one) for one in sums], calls=calls, complete=True)


def _row(one: CostSum) -> shapes.CostRow:
    return shapes.CostRow(
        name=one.name,
        calls=one.calls,
        minutes=round(one.duration_ms / 60_000, 3),
        total_usd=format(one.total_usd, "f"),
        wasted_usd=format(one.wasted_usd, "f"),
        unpriced=one.unpriced,
    )
