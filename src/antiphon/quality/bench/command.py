"""`antiphon bench providers AGENT`: every provider an agent names, measured from this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import date, datetime
from typing import Any

from antiphon.errors import ConfigError


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bench providers`."""
    bench = commands.add_parser("bench", help="measure from where you run").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    providers = bench.add_parser(
        "providers",
        help="connect, first byte, percentiles, real-time factor and cost of an agent's providers",
    )
    providers.add_argument("agent", metavar="AGENT", help="an agent file, or the name of an agent")
    providers.add_argument("--rounds", type=int, default=10, metavar="N", help="requests each (default 10)")
    providers.add_argument("--rate", type=int, default=8000, choices=(8000, 16000), help="Hz of the line")
    providers.add_argument("--json", action="store_true", help="one JSON object")
    providers.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.rounds < 1:
        raise ConfigError("--rounds must be at least 1")
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    from antiphon.agents.definition import load_agent, resolve_agent
    from antiphon.agents.definition.values import UNIFIED
    from antiphon.providers.prices import load_prices
    from antiphon.providers.registry import Registry
    from antiphon.quality.bench.providers import bench_providers
    from antiphon.quality.bench.report import budget, provider_row, render

    definition = load_agent(resolve_agent(args.agent))
    prices = load_prices(today=date.today())
    now = datetime.now(definition.zone)
    measured = await bench_providers(
        definition, Registry(), now, rounds=args.rounds, sample_rate_hz=args.rate
    )
    rows: list[dict[str, Any]] = [provider_row(each, prices) for each in measured]
    spent = budget(rows)
    if args.json:
        print(json.dumps({"agent": definition.name, "providers": rows, "budget": spent}, indent=2))
    else:
        measured_names = {row["provider"] for row in rows}
        models = [name.removeprefix(UNIFIED) for name in definition.reasoning.models]
        skipped = [_skipped(name) for name in models if name not in measured_names]
        print("\n".join(render(rows, spent, skipped)))
    # Every provider must have answered at least once, or the measurement is of nothing.
    return 0 if all(row["requests"] for row in rows) else 1


def _skipped(model: str) -> str:
    why = "it asks nobody" if model.startswith("flow/") else "not configured; set ANTIPHON_LLM_URL and _MODEL"
    return f"{model} was not measured: {why}"
