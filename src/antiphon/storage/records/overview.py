"""All calls together: sums by stretch of time, agent and end, and how long answers took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil

from antiphon.storage.access.database import Database
from antiphon.storage.records.counting import Counts, Group, Span
from antiphon.storage.records.rows import NANO
from antiphon.storage.records.stretches import counted_in


@dataclass(slots=True, kw_only=True)
class Sum:
    """Calls that are over. `outcomes` as in `CallSummary`; `costed`: every use had a price."""

    calls: int = 0
    duration_ms: int = 0
    errors: int = 0
    interruptions: int = 0
    nano_usd: int = 0
    costed: bool = True
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def cost_usd(self) -> Decimal:
        return self.nano_usd / NANO


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
    """`each_ms` is a whole number of hours."""
    span = Span(organisation_id=query.organisation_id, from_ms=query.from_ms, to_ms=query.to_ms)
    async with database.reading() as connection:
        pieces = await counted_in(connection, span, query.each_ms)
    total, agents, endings = Sum(), dict[str, Sum](), dict[str, int]()
    stretches: dict[int, _Stretch] = {}
    for from_ms, piece in pieces:
        for group in piece.groups:
            if query.agent not in ("", group.agent):
                continue
            stretch = stretches.setdefault(from_ms // query.each_ms, _Stretch())
            for one in (total, agents.setdefault(group.agent, Sum()), stretch.sum):
                _add(one, group)
            endings[group.end_cause] = endings.get(group.end_cause, 0) + group.calls
        for name in ("p50_ms", "p99_ms"):
            for agent, counts in getattr(piece, name).items():
                if query.agent in ("", agent):
                    _merge(getattr(stretches[from_ms // query.each_ms], name), counts)
    p50_ms, p99_ms = Counts(), Counts()
    for stretch in stretches.values():
        _merge(p50_ms, stretch.p50_ms)
        _merge(p99_ms, stretch.p99_ms)
    return Overview(
        total=total,
        delays=_delays(p50_ms, p99_ms),
        stretches=tuple(
            Stretch(from_ms=number * query.each_ms, sum=one.sum, delays=_delays(one.p50_ms, one.p99_ms))
            for number, one in sorted(stretches.items())
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


@dataclass(slots=True)
class _Stretch:
    sum: Sum = field(default_factory=Sum)
    p50_ms: Counts = field(default_factory=dict)
    p99_ms: Counts = field(default_factory=dict)


def _add(one: Sum, group: Group) -> None:
    one.calls += group.calls
    one.duration_ms += group.duration_ms
    one.errors += group.errors
    one.interruptions += group.interruptions
    one.nano_usd += group.nano_usd
    one.costed = one.costed and group.costed
    one.outcomes[group.outcome] = one.outcomes.get(group.outcome, 0) + group.calls


def _merge(into: Counts, counts: Mapping[int, int]) -> None:
    for value, count in counts.items():
        into[value] = into.get(value, 0) + count


def _delays(p50: Mapping[int, int], p99: Mapping[int, int]) -> Delays:
    return Delays(p50_ms=percentile_of(p50, 50), p99_ms=percentile_of(p99, 99))
