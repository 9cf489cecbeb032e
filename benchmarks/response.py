"""End of the caller's speech to the first agent sample at his ear, over all callers of the clinic.

    python benchmarks/response.py [--line phone|wideband] [--runs N] [--callers NAME,...] [--json FILE]

One call at a time, in real time, embedded models, the callers' own models at lower priority on the same
machine. Prints p50/p95/p99 of the total and of every stage, the goals reached, model load time and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import uvloop

from antiphon.agents.definition import load_agent
from antiphon.conversation.events import SpeechStarted, SpeechStopped, TranscriptPartial
from antiphon.quality.callers.calling import LineSettings, place_all, prepare
from antiphon.quality.callers.report import CallReport
from antiphon.quality.callers.script import load_caller
from antiphon.quality.callers.stack import Stack
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.waterfall import BUDGET_MS, percentiles

ROOT = Path(__file__).parents[1]


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    definition = load_agent(ROOT / "agents/clinic.yaml")
    chosen = set(args.callers.split(",")) if args.callers else set()
    paths = [
        p for p in sorted((ROOT / "agents/clinic/callers").glob("*.yaml")) if not chosen or p.stem in chosen
    ]
    settings = LineSettings(line=args.line)
    calls: list[dict[str, Any]] = []
    boot_s: list[float] = []
    memory: dict[str, int] = {}
    for run in range(args.runs):
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch) / "home"
            begun = time.perf_counter()
            async with Stack([definition], home, Path(scratch)) as stack:
                boot_s.append(time.perf_counter() - begun)
                now = datetime.now(definition.zone)
                callers = [
                    await prepare(load_caller(path), path, stack.caller_models, settings, now)
                    for path in paths
                ]
                tell = functools.partial(_tell, run)
                for report in await place_all(
                    stack,
                    definition,
                    home,
                    callers,
                    settings,
                    at_once=args.at_once,
                    done=tell,
                ):
                    calls.append(
                        {"run": run, **report.data, "partial_gaps_ms": _partial_gaps(report.data["trace"])}
                    )
                memory = _memory()
    return {"line": args.line, "calls": calls, "boot_s": boot_s, "memory_mb": memory}


def _partial_gaps(trace: str) -> list[int]:
    """Longest wait for new words within each stretch of speech, ms; stretches under 600 ms need none."""
    gaps: list[int] = []
    since = longest = 0
    for event in read_call(Path(trace)).events:
        if isinstance(event, SpeechStarted):
            since, longest = event.onset_ms, 0
        elif isinstance(event, TranscriptPartial) and since:
            longest, since = max(longest, event.at_ms - since), event.at_ms
        elif isinstance(event, SpeechStopped) and since:
            longest = max(longest, event.ended_ms - since)
            gaps.append(longest)
            since = 0
    return [gap for gap in gaps if gap]


def _tell(run: int, report: CallReport) -> None:
    data = report.data
    print(
        f"run {run} {data['caller']:18} {data['outcome']:13} {data['latency_ms']} {data['why']}",
        file=sys.stderr,
    )


def _memory() -> dict[str, int]:
    """Resident MB: this process (media and calls) and the agent's models beside it."""
    me = psutil.Process()
    found = {"media and calls (with the callers' lines)": me.memory_info().rss >> 20}
    for child in me.children(recursive=True):
        command = " ".join(child.cmdline())
        if "agent.sock" in command:
            found["inference worker"] = child.memory_info().rss >> 20
    return found


def show(result: dict[str, Any]) -> None:
    turns = [turn for call in result["calls"] for turn in call["turns"]]
    totals = [t["latency_ms"]["total"] for t in turns if t["latency_ms"]["total"] is not None]
    print(f"\nline: {result['line']}, {len(result['calls'])} calls, {len(totals)} answered turns")
    print("| stage | budget ms | p50 | p95 | p99 | n |\n|---|---|--:|--:|--:|--:|")
    for stage in ("vad", "final_transcript", "endpointing", "reasoner", "tts", "playout"):
        values = [t["latency_ms"][stage] for t in turns if t["latency_ms"].get(stage) is not None]
        budget = "{}–{}".format(*BUDGET_MS[stage]) if stage in BUDGET_MS else "policy"
        _row(stage, budget, values)
    _row("**total at the ear**", "≤ 500 / 900 / 1500", totals)
    by_run: dict[int, list[bool]] = {}
    for call in result["calls"]:
        by_run.setdefault(call["run"], []).append(call["outcome"] == "goal_reached")
    print("\ngoals reached: " + ", ".join(f"{sum(goals)} of {len(goals)}" for goals in by_run.values()))
    gaps = [gap for call in result["calls"] for gap in call["partial_gaps_ms"]]
    if gaps:
        print(f"longest wait for a partial within an utterance: {percentiles(gaps)} ms (n={len(gaps)})")
    print(f"ready after: {', '.join(f'{seconds:.1f} s' for seconds in result['boot_s'])} (both workers)")
    print(f"memory: {result['memory_mb']}")
    for call in result["calls"]:
        if call["outcome"] != "goal_reached":
            print(f"missed: run {call['run']} {call['caller']}: {call['why']}")


def _row(name: str, budget: str, values: list[int]) -> None:
    if values:
        p = percentiles(values)
        print(f"| {name} | {budget} | {p['p50']} | {p['p95']} | {p['p99']} | {len(values)} |")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--line", choices=("phone", "wideband"), default="wideband")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--callers", default="")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    result = asyncio.run(measure(args))
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=1))
    show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
