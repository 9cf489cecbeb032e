"""What the lines of the peers' bench (`run_bench.py`) say, as a table and beside our bounds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.load.bounds import BOUNDS, beside

OURS = "antiphon"
COLUMNS = (
    "server", "calls", "response p50 / p99 ms (n)", "overhead p50 / p99 ms", "over stop silence p50 / p99 ms",
    "late frames %", "barge-in p50 / p99 ms (n)", "CPU-s per call-minute", "core %", "MB per further call",
    "calls done", "trouble", "driver late %, core %", "other work %",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the caller saw in one window, from a line of the peers' bench. Times in ms; None: no sample."""

    server: str
    calls: int
    responses: int
    response_p50_ms: float | None
    response_p99_ms: float | None
    known_ms: float
    barge_ins: int
    barge_p50_ms: float | None
    barge_p99_ms: float | None
    late_pct: float | None
    cpu_s_per_call_minute: float | None
    core_pct: float
    rss_mb_per_call: float
    calls_done: int
    trouble: str
    driver_late_pct: float | None
    driver_core_pct: float
    others_pct: float


def result(line: str) -> Result:
    """
    Raises:
        ValueError: The line is not one of `run_bench.py`.
    """
    try:
        told: dict[str, Any] = json.loads(line)
        return _result(told)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a line of run_bench.py, lacks {error}: {line[:80]}") from error


def _result(told: Mapping[str, Any]) -> Result:
    response, barge, server = told["response_ms"], told["barge_clear_ms"], told["server"]
    trouble = dict(told["errors"])
    if told["dropped_replies"]:
        trouble["short replies"] = told["dropped_replies"]
    driven_s = told["ramp_s"] + 2.0 + told["duration_s"]  # 2 s to settle.
    return Result(
        server=told["label"],
        calls=told["calls"],
        responses=response["n"],
        response_p50_ms=response["p50"],
        response_p99_ms=response["p99"],
        known_ms=told["known_constants_ms"],
        barge_ins=barge["n"],
        barge_p50_ms=barge["p50"],
        barge_p99_ms=barge["p99"],
        late_pct=told["late_pct"],
        cpu_s_per_call_minute=server["cpu_s_per_call_minute"],
        core_pct=server["cpu_pct_of_one_core"],
        rss_mb_per_call=server["rss_per_call_mb"],
        calls_done=told["calls_completed"],
        trouble=", ".join(f"{what} {count}" for what, count in sorted(trouble.items())) or "none",
        driver_late_pct=told["driver"]["sent_over_10ms_late_pct"],
        driver_core_pct=round(100 * told["driver"]["cpu_s_total"] / driven_s, 1),
        others_pct=round(100 * told["foreign_cpu_s_approx"] / told["window_s"], 1),
    )


def table(results: Iterable[Result], clause_ms: float) -> Iterator[str]:
    """In Markdown. `clause_ms`: stop silence and the doubles' delays up to the first clause."""
    yield "|" + "|".join(COLUMNS) + "|"
    yield "|---|" + "--:|" * (len(COLUMNS) - 1)
    for seen in results:
        p50, p99 = seen.response_p50_ms, seen.response_p99_ms
        cells = (
            seen.server,
            seen.calls,
            f"{_pair(p50, p99)} ({seen.responses})",
            _pair(p50, p99, seen.known_ms),
            _pair(p50, p99, clause_ms),
            _shown(seen.late_pct),
            f"{_pair(seen.barge_p50_ms, seen.barge_p99_ms)} ({seen.barge_ins})",
            _shown(seen.cpu_s_per_call_minute),
            seen.core_pct,
            seen.rss_mb_per_call,
            seen.calls_done,
            seen.trouble,
            f"{_shown(seen.driver_late_pct)}, {seen.driver_core_pct}",
            seen.others_pct,
        )
        yield "|" + "|".join(map(str, cells)) + "|"


def _shown(value: float | None, less: float = 0.0) -> str:
    return "–" if value is None else f"{round(value - less, 3):g}"


def _pair(p50: float | None, p99: float | None, less: float = 0.0) -> str:
    return f"{_shown(p50, less)} / {_shown(p99, less)}"


def bounds_of(results: Iterable[Result], clause_ms: float) -> Iterator[str]:
    """Our rows beside the bounds of the issue, as `phone_load.py` prints them."""
    rows = []
    for seen in results:
        if not seen.server.startswith(OURS):
            continue
        p50, p99 = seen.response_p50_ms, seen.response_p99_ms
        row: dict[str, Any] = {bound.key: getattr(seen, bound.key, None) for bound in BOUNDS}
        row["overhead_p50_ms"] = None if p50 is None else round(p50 - clause_ms, 1)
        row["overhead_p99_ms"] = None if p99 is None else round(p99 - clause_ms, 1)
        rows.append(row | {"calls": seen.calls})
    return beside(rows, sockets=False)
