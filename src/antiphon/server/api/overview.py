"""`/v1/overview`: all calls of a time together."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes, views
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.problems import Problem
from antiphon.storage.access import now_ms
from antiphon.storage.records.overview import OverviewQuery, Sum, overview

router = APIRouter(prefix="/overview", route_class=GatedRoute, tags=["calls"])

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
_RANGE_MS: Final = 7 * DAY_MS
_HOURLY_UP_TO_MS: Final = 3 * DAY_MS
_STRETCHES_MAX: Final = 120
_OUTCOMES: Final = ("contained", "escalated", "abandoned", "failed", "unfinished")


@router.get("", openapi_extra=needs(Permission.COSTS_READ))
async def get_overview(
    who: Who,
    parts: Parts,
    agent: Annotated[shapes.Text, Query(max_length=64)] = "",
    from_ms: Annotated[shapes.AtMs | None, Query()] = None,
    to_ms: Annotated[shapes.AtMs | None, Query()] = None,
) -> views.Overview:
    """Volume, containment, latency, cost per minute and per resolved call, errors; by hour or day, by agent
    and by the way calls ended. Without a time, the last seven days. Calls that go on are not counted."""
    until_ms = to_ms if to_ms is not None else now_ms()
    since_ms = from_ms if from_ms is not None else max(0, until_ms - _RANGE_MS)
    if until_ms <= since_ms:
        raise Problem(422, "to_ms is not after from_ms")
    if who.agent not in ("", agent or who.agent):
        raise Problem(404, "no such agent")
    each_ms = stretch_ms(until_ms - since_ms)
    found = await overview(
        parts.database,
        OverviewQuery(
            organisation_id=who.organisation_id,
            from_ms=since_ms,
            to_ms=until_ms,
            each_ms=each_ms,
            agent=agent or who.agent,
        ),
    )
    total = found.total
    return views.Overview(
        from_ms=since_ms,
        to_ms=until_ms,
        each_ms=each_ms,
        total=views.OverviewSum(**_sum(total)),
        response_p50_ms=found.delays.p50_ms,
        response_p99_ms=found.delays.p99_ms,
        cost_per_minute_usd=_per(total.cost_usd, Decimal(total.duration_ms) / 60_000),
        cost_per_resolved_usd=_per(total.cost_usd, Decimal(total.outcomes.get("contained", 0))),
        stretches=[
            views.OverviewStretch(
                from_ms=one.from_ms,
                response_p50_ms=one.delays.p50_ms,
                response_p99_ms=one.delays.p99_ms,
                **_sum(one.sum),
            )
            for one in found.stretches
        ],
        agents=[views.OverviewAgent(agent=name, **_sum(one)) for name, one in found.agents.items()],
        endings=[views.Ending(end_cause=cause, calls=count) for cause, count in found.endings.items()],
    )


def stretch_ms(range_ms: int) -> int:
    """Hours for a few days, then days (UTC), then as many days as keep a plot readable."""
    if range_ms <= _HOURLY_UP_TO_MS:
        return HOUR_MS
    return max(1, -(-range_ms // (_STRETCHES_MAX * DAY_MS))) * DAY_MS


def _sum(one: Sum) -> dict[str, Any]:
    return {
        "calls": one.calls,
        "minutes": round(one.duration_ms / 60_000, 2),
        "errors": one.errors,
        "interruptions": one.interruptions,
        "cost_usd": format(one.cost_usd, "f"),
        "costed": one.costed,
        **{name: one.outcomes.get(name, 0) for name in _OUTCOMES},
    }


def _per(cost_usd: Decimal, count: Decimal) -> str | None:
    return format((cost_usd / count).quantize(Decimal("0.000001")), "f") if count else None
