"""What the measurements say: percentiles, real-time factor, cost, and which stage spends the budget. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Protocol

from antiphon.quality.bench.measuring import Measured
from antiphon.runtime.records.waterfall import BUDGET_MS, percentiles

# The stages of a turn that each role fills.
STAGES = {
    "eot": ("vad",),
    "stt": ("final_transcript",),
    "llm": ("reasoner",),
    "tts": ("tts",),
    "s2s": ("final_transcript", "reasoner", "tts"),
}
WORDS = {
    "eot": "end of turn",
    "stt": "final transcript",
    "llm": "first token",
    "tts": "first byte",
    "s2s": "first sound",
}


class Prices(Protocol):
    def cost_usd(self, role: str, provider: str, amounts: dict[str, int]) -> Decimal | None: ...


def provider_row(measured: Measured, prices: Prices) -> dict[str, Any]:
    """One provider. Times in ms over the rounds after the first; `cost_usd` is the mean of a request, None
    without a price; `real_time_factor` is processing time over audio time."""
    samples = measured.samples
    firsts = [sample.first_ms for sample in samples]
    audio_ms = sum(sample.audio_ms for sample in samples)
    costs = [prices.cost_usd(measured.role, measured.provider, sample.amounts) for sample in samples]
    known = [cost for cost in costs if cost is not None]
    mean = sum(known, Decimal(0)) / len(known) if known and len(known) == len(costs) else None
    spent_ms = sum(sample.total_ms for sample in samples)
    return {
        "role": measured.role,
        "provider": measured.provider,
        "connect_ms": measured.connect_ms,
        "first_ms": percentiles(firsts),
        "total_ms": percentiles([sample.total_ms for sample in samples]),
        "real_time_factor": round(spent_ms / audio_ms, 3) if audio_ms else None,
        "cost_usd": None if mean is None else format(mean, "f"),
        "requests": len(samples),
        "failures": measured.failures,
    }


def budget(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first provider of every role, as a turn would use them: who takes how much of the wait, and who
    takes more than the stage's budget. A model that hears and speaks by itself takes all of it; the others
    only stand behind it."""
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["first_ms"]["p50"] is not None:
            first.setdefault(row["role"], row)
    if "s2s" in first:
        first = {"s2s": first["s2s"]}
    stages = []
    for role, row in first.items():
        low, high = (sum(BUDGET_MS[stage][end] for stage in STAGES[role]) for end in (0, 1))
        p50, p95 = row["first_ms"]["p50"], row["first_ms"]["p95"]
        stages.append(
            {
                "role": role, "provider": row["provider"], "p50_ms": p50, "p95_ms": p95,
                "budget_ms": [low, high], "over_ms": max(0, p50 - high),
            }
        )  # fmt: skip
    spends = max(stages, key=lambda stage: stage["p50_ms"], default=None)
    return {
        "stages": stages,
        "p50_ms": sum(stage["p50_ms"] for stage in stages),
        "p95_ms": sum(stage["p95_ms"] for stage in stages),
        "spends_most": spends["role"] if spends else None,
    }


def render(
    rows: Sequence[dict[str, Any]], spent: dict[str, Any], skipped: Sequence[str] = ()
) -> Iterator[str]:
    wide = max([34, *(len(row["provider"]) for row in rows)])
    yield "ms; P50, P95 and P99 are to the first byte; RTF: time it took over time it plays"
    yield (
        f"{'ROLE':<5} {'PROVIDER':<{wide}} {'CONNECT':>8} {'P50':>6} {'P95':>6} {'P99':>6}  {'TOTAL':>6} "
        f"{'RTF':>6}  {'USD A REQUEST':>14}  FAILED"
    )
    for row in rows:
        first = row["first_ms"]
        cost = _n(row["cost_usd"], "no price" if row["requests"] else "-")
        yield (
            f"{row['role']:<5} {row['provider']:<{wide}} {_n(row['connect_ms']):>8} {_n(first['p50']):>6} "
            f"{_n(first['p95']):>6} {_n(first['p99']):>6}  {_n(row['total_ms']['p50']):>6} "
            f"{_n(row['real_time_factor']):>6}  {cost:>14}  {len(row['failures'])}"
        )
        for reason in dict.fromkeys(row["failures"]):
            yield f"      {reason}"
    yield from (f"      {each}" for each in skipped)
    yield ""
    roles = {stage["role"] for stage in spent["stages"]}
    without = "" if roles & {"llm", "s2s"} else " (no language model answered)"
    yield f"a turn with the first of each{without}: p50 {spent['p50_ms']} ms, p95 {spent['p95_ms']} ms"
    for stage in spent["stages"]:
        low, high = stage["budget_ms"]
        over = f"  over by {stage['over_ms']}" if stage["over_ms"] else ""
        most = "  <- spends the most" if stage["role"] == spent["spends_most"] else ""
        yield f"  {WORDS[stage['role']]:<17} {stage['p50_ms']:>6} ms  budget {low}-{high}{over}{most}"


def _n(value: Any, unknown: str = "-") -> str:
    return unknown if value is None else str(value)
