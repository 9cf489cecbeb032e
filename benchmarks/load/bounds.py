"""What the conversation engine may cost at most, each beside what a run measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SINGLE_P99_APART_MS = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """`key` of a row is at most `limit`.

    Attributes:
        calls: The number of calls the bound is meant for; None: any number.
        sockets: It is meant for vendors behind sockets (True) or inside (False); None: for both.
    """

    title: str
    key: str
    limit: float
    calls: int | None = None
    sockets: bool | None = None

    def due(self, calls: int, sockets: bool) -> bool:
        return self.calls in (None, calls) and self.sockets in (None, sockets)


BOUNDS = (
    Bound(title="overhead p50, ms", key="overhead_p50_ms", limit=3, calls=100, sockets=False),
    Bound(title="overhead p99, ms", key="overhead_p99_ms", limit=15, calls=100, sockets=False),
    Bound(title="CPU-s per call-minute", key="cpu_s_per_call_minute", limit=0.13, calls=100, sockets=False),
    Bound(title="MB per further call", key="rss_mb_per_call", limit=0.3, calls=100, sockets=False),
    Bound(title="barge-in p50, ms", key="barge_p50_ms", limit=130),
    Bound(title="barge-in p99, ms", key="barge_p99_ms", limit=160),
    Bound(title="stalls over 20 ms", key="stalls", limit=0),
    Bound(title="late frames, %", key="late_pct", limit=1, calls=400, sockets=False),
    Bound(title="overhead p99 over one call's, ms", key="over_single_ms", limit=_SINGLE_P99_APART_MS,
          calls=400, sockets=False),
    Bound(title="late frames, %", key="late_pct", limit=1, calls=150, sockets=True),
    Bound(title="overhead p99 over one call's, ms", key="over_single_ms", limit=_SINGLE_P99_APART_MS,
          calls=150, sockets=True),
)  # fmt: skip


def beside(rows: Sequence[Mapping[str, Any]], *, sockets: bool) -> Iterator[str]:
    """A table in Markdown: every bound of this kind of run, once a row. A bound meant for another number of
    calls is shown without a verdict, and so is one that was not measured."""
    yield "|calls|bound|at most|measured|held|"
    yield "|--:|--|--:|--:|--|"
    single = next((row["overhead_p99_ms"] for row in rows if row["calls"] == 1), None)
    for row in rows:
        p99 = row["overhead_p99_ms"]
        apart = None if single is None or p99 is None else round(p99 - single, 1)
        for bound in BOUNDS:
            if bound.sockets in (None, sockets):
                yield _line(bound, {**row, "over_single_ms": apart}, sockets)


def _line(bound: Bound, row: Mapping[str, Any], sockets: bool) -> str:
    value = row[bound.key]
    if value is None:
        held = "not measured" + (": put 1 into --calls" if bound.key == "over_single_ms" else "")
    elif not bound.due(row["calls"], sockets):
        held = f"meant for {bound.calls} calls"
    else:
        held = "yes" if value <= bound.limit else "**no**"
    return f"|{row['calls']}|{bound.title}|{bound.limit:g}|{'–' if value is None else value}|{held}|"
