"""What calls cost together: by agent, by day, or by stage and provider. Hours and days that are over were
counted before (`stretches.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from antiphon.storage.access.database import Database
from antiphon.storage.records.counting import Counted, Span
from antiphon.storage.records.rows import NANO
from antiphon.storage.records.stretches import DAY_MS, counted_in

By = Literal["agent", "day", "stage"]
_FOR_EVER_MS: Final = 1 << 42


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


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    duration_ms: int = 0
    nano_usd: int = 0
    wasted_nano_usd: int = 0
    unpriced: int = 0

    def named(self, name: str) -> CostSum:
        return CostSum(
            name=name,
            calls=self.calls,
            duration_ms=self.duration_ms,
            total_usd=self.nano_usd / NANO,
            wasted_usd=self.wasted_nano_usd / NANO,
            unpriced=self.unpriced,
        )


async def sum_costs(database: Database, query: SumQuery) -> tuple[list[CostSum], int]:
    """The sums by name, and how many calls there are.

    Raises:
        AntiphonError: The database did not do it.
    """
    to_ms = _FOR_EVER_MS if query.to_ms is None else query.to_ms
    span = Span(organisation_id=query.organisation_id, from_ms=query.from_ms or 0, to_ms=to_ms)
    async with database.reading() as connection:
        pieces = await counted_in(connection, span, DAY_MS, stages=True)
    number, sums = 0, dict[str, _Sum]()
    for from_ms, piece in pieces:
        for name, part in _parts(piece, from_ms, query):
            _add(sums.setdefault(name, _Sum()), part)
        number += sum(group.calls for group in piece.groups if query.agent in ("", group.agent))
    return [sums[name].named(name) for name in sorted(sums)], number


def _parts(piece: Counted, from_ms: int, query: SumQuery) -> Iterator[tuple[str, _Sum]]:
    """What goes into the sum of each name. Of an agent or a day: its calls, and of their stages what was
    wasted and what had no price; those are among the calls' own costs."""
    day = datetime.fromtimestamp(from_ms // DAY_MS * DAY_MS / 1000, tz=UTC).date().isoformat()
    for group in piece.groups:
        if query.by != "stage" and query.agent in ("", group.agent):
            name = group.agent if query.by == "agent" else day
            yield name, _Sum(group.calls, group.duration_ms, group.nano_usd)
    for stage in piece.stages:
        if query.agent not in ("", stage.agent):
            continue
        wasted, unpriced = stage.wasted_nano_usd, stage.unpriced
        if query.by == "stage":
            used = _Sum(stage.calls, stage.duration_ms, stage.nano_usd, wasted, unpriced)
            yield f"{stage.role} {stage.provider}", used
        else:
            name = stage.agent if query.by == "agent" else day
            yield name, _Sum(wasted_nano_usd=wasted, unpriced=unpriced)


def _add(one: _Sum, part: _Sum) -> None:
    one.calls += part.calls
    one.duration_ms += part.duration_ms
    one.nano_usd += part.nano_usd
    one.wasted_nano_usd += part.wasted_nano_usd
    one.unpriced += part.unpriced
