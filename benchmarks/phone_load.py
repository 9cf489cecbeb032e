"""Simulated phone calls against a real media worker, and what they felt, cost and weighed.

From a clone, on a machine with Python and make, one command:

    make test-env test-models && .venv/bin/python benchmarks/phone_load.py

and from then on, as wanted:

    .venv/bin/python benchmarks/phone_load.py [--calls 1,25,100] [--seconds 20] [--sockets] [--snr DB]
    .venv/bin/python benchmarks/phone_load.py --leak     1,000 calls in a row: what is left (6 minutes)

It wants two cores, one of them for the server; an embedded voice speaks the phrase. Only `--snr` needs a
folder of recordings (ANTIPHON_SPEECH_DIR). A number of calls takes 8 s, 0.1 s a call (`--ramp`)
and `--seconds`. The callers speak Media Streams from a process of their own; the vendors' doubles answer at
once, inside the worker or (`--sockets`) behind WebSocket and HTTP in another process. Prints a table in
Markdown and every bound beside it, or JSON (`--json`). Fails when a call was in trouble.
On a machine that others use, `--real-time` (as root) keeps them from being scheduled in between.

response: end of the caller's phrase to the agent's first sound. overhead: the response less stop silence and
the doubles' own delays up to the first clause. against sentence: less their delays up to the first sentence,
as other systems wait for it. barge-in: first speech sample to `clear`. Cores are pinned on Linux only.
other work: what else ran on the machine, in per cent of one core. It slows the server's caches even with
`--real-time`: CPU seconds of a run with more than some 5 % of it are an upper estimate. stolen: CPU that the
host of a virtual machine kept for itself in the window; everything stands still meanwhile, the callers too.
stalls without a core: late ticks before which the server hardly ran, because somebody else had its core.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from typing import Any

import numpy as np
from benchmarks.load.bounds import beside
from benchmarks.load.caller import Script
from benchmarks.load.driver import Plan
from benchmarks.load.line import (
    frames,
    line_noise,
    over_noise,
    read_phrase,
    room_noise,
    speak_phrase,
)
from benchmarks.load.measure import Machine, Seen, machine, measure, serving
from benchmarks.load.script import RATE_HZ, REPLY_MS, Pace, pace_from

from antiphon.audio.level import active_level_dbfs

PORT = 8103
LINES = 8  # Different lines; callers share them.
LEAK_CALLS = 1000
LEAK_AT_ONCE = 50
LEAK_MB_MAX = 5.0  # How the last 1,000 calls ended is kept on purpose: half a MB.

COLUMNS = (
    ("calls", "N"),
    ("response_p50_ms", "response p50"),
    ("response_p99_ms", "p99 ms"),
    ("overhead_p50_ms", "overhead p50"),
    ("overhead_p99_ms", "p99 ms"),
    ("sentence_p50_ms", "against sentence p50"),
    ("barge_p50_ms", "barge-in p50"),
    ("barge_p99_ms", "p99 ms"),
    ("late_pct", "late %"),
    ("core_pct", "core %"),
    ("cpu_s_per_call_minute", "CPU-s per call-minute"),
    ("rss_mb_per_call", "MB per further call"),
    ("tick_p50_ms", "tick p50"),
    ("tick_p99_ms", "p99"),
    ("tick_max_ms", "max ms"),
    ("stalls", "stalls > 20 ms"),
    ("stalls_waiting", "of these without a core"),
    ("false_pauses_per_min", "false pauses per minute of agent"),
    ("samples", "responses, barge-ins"),
    ("trouble", "trouble"),
    ("driver_late_pct", "driver late %"),
    ("others_pct", "other work %"),
    ("stolen_ms", "stolen ms"),
)


def scripts(args: argparse.Namespace) -> list[Script]:
    phrase = read_phrase(args.speech) if args.speech else speak_phrase()
    level_dbfs = active_level_dbfs(phrase, RATE_HZ)
    noises = [
        line_noise(number) if args.snr is None else room_noise(args.recordings, level_dbfs - args.snr, number)
        for number in range(LINES)
    ]
    return [
        Script(quiet=frames(noise), phrase=frames(over_noise(phrase, noise)), reply_s=REPLY_MS / 1000)
        for noise in noises
    ]


def row(calls: int, seen: Seen, pace: Pace) -> dict[str, Any]:
    driven, tally = seen.driven, seen.driven.tally
    cpu_share = seen.cpu_s / seen.window_s
    result: dict[str, Any] = {"calls": calls}
    for name, values, less_ms in (
        ("response", tally.response_ms, 0.0),
        ("overhead", tally.response_ms, pace.clause_ms),
        ("sentence", tally.response_ms, pace.sentence_ms),
        ("barge", tally.barge_ms, 0.0),
    ):
        for quantile in (50, 99):
            value = float(np.percentile(values, quantile)) - less_ms if values else None
            result[f"{name}_p{quantile}_ms"] = value if value is None else round(value, 1)
    concurrent = driven.call_s / max(1e-9, seen.window_s) or 1.0
    trouble = dict(tally.trouble)
    for name in ("replies_short", "after_clear"):
        if count := getattr(tally, name):
            trouble[name] = count
    if seen.unanswered:
        trouble["status not answered"] = seen.unanswered
    return result | {
        "late_pct": round(100 * tally.late / max(1, tally.messages), 3),
        "core_pct": round(100 * cpu_share, 1),
        "cpu_s_per_call_minute": round(60 * cpu_share / concurrent, 4),
        "rss_idle_mb": round(seen.rss_idle / 1e6, 1),
        "rss_mb_per_call": round((seen.rss_peak - seen.rss_idle) / 1e6 / calls, 3),
        "tick_p50_ms": _ms(seen.counters.get("tick_p50_us")),
        "tick_p99_ms": _ms(seen.counters.get("tick_p99_us")),
        "tick_max_ms": _ms(seen.counters.get("tick_max_us")),
        "stalls": seen.counters.get("ticks_late"),
        "stalls_waiting": seen.counters.get("ticks_late_waiting"),
        "false_pauses_per_min": round(60 * tally.false_pauses / tally.agent_s, 3) if tally.agent_s else None,
        "samples": f"{len(tally.response_ms)}, {len(tally.barge_ms)}",
        "replies": tally.replies,
        "trouble": ", ".join(f"{what} {count}" for what, count in sorted(trouble.items())) or "none",
        "driver_late_pct": round(driven.frames_late_pct, 3),
        "others_pct": round(100 * seen.others_s / seen.window_s, 1),
        "stolen_ms": round(1000 * seen.stolen_s),
    }


def _ms(duration_us: int | None) -> float | None:
    return None if duration_us is None else duration_us / 1000


def measure_load(args: argparse.Namespace, on: Machine) -> int:
    pace, lines = pace_from(), scripts(args)
    if not args.json:
        print("|" + "|".join(title for _, title in COLUMNS) + "|")
        print("|" + "--:|" * len(COLUMNS), flush=True)
    rows: list[dict[str, Any]] = []
    for calls in map(int, args.calls.split(",")):
        # Long enough for the slowest caller's first call to be past its first reply.
        plan = Plan(
            url="", calls=calls, scripts=lines, ramp_s=max(2.0, args.ramp * calls), window_s=args.seconds
        )
        with serving(on, port=args.port, vendors_port=args.port + 1 if args.sockets else None,
                     environment={}) as server:  # fmt: skip
            seen = row(calls, measure(server, on, plan), pace)
        rows.append(seen)
        if args.json:
            print(json.dumps(seen), flush=True)
        else:
            cells = ("–" if seen[key] is None else f"{seen[key]}" for key, _ in COLUMNS)
            print("|" + "|".join(cells) + "|", flush=True)
    if not args.json:
        print("", *beside(rows, sockets=args.sockets), sep="\n")
    return int(any(seen["trouble"] != "none" for seen in rows))


def measure_leak(args: argparse.Namespace, on: Machine) -> int:
    """Many short calls, one after the other on some lines: memory after each hundred."""
    script = dataclasses.replace(scripts(args)[0], turns=1, barges=frozenset({0}), barge_after_s=0.4)
    plan = Plan(url="", calls=LEAK_AT_ONCE, scripts=[script], ramp_s=2.0, window_s=10.0)
    with serving(on, port=args.port, vendors_port=None, environment={}) as server:
        measure(server, on, dataclasses.replace(plan, calls_in_all=2 * LEAK_AT_ONCE))
        before = server.counters() | {"rss": server.process.memory_info().rss}
        print(f"after {2 * LEAK_AT_ONCE} calls: {before['rss'] / 1e6:.1f} MB, {_kept(before)}", flush=True)
        last = measure(server, on, dataclasses.replace(plan, calls_in_all=args.leak_calls))
        after = server.counters() | {"rss": server.process.memory_info().rss}
    grown_mb = (after["rss"] - before["rss"]) / 1e6
    print(f"after {args.leak_calls} more: {after['rss'] / 1e6:.1f} MB ({grown_mb:+.1f}), {_kept(after)}")
    print(f"trouble of callers: {dict(last.driven.tally.trouble) or 'none'}")
    kept = after["tasks"] > before["tasks"] or after["live_calls"] > 0 or grown_mb > LEAK_MB_MAX
    held = "no" if kept else "yes"
    print(f"bound: at most {before['tasks']} tasks, 0 live calls, {LEAK_MB_MAX:+.1f} MB: held {held}")
    return int(kept)


def _kept(counters: dict[str, int]) -> str:
    return f"{counters['tasks']} tasks, {counters['live_calls']} live calls"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", default="1,25,100")
    parser.add_argument("--seconds", type=float, default=20.0, help="that count, after the calls have begun")
    parser.add_argument("--ramp", type=float, default=0.1, help="seconds between two calls' beginnings")
    parser.add_argument("--sockets", action="store_true", help="the doubles behind sockets")
    parser.add_argument("--snr", type=float, help="callers in rooms so many dB quieter than their voice")
    parser.add_argument("--speech", type=Path, help="the phrase, bare 8 kHz mu-law; else the embedded voice")
    parser.add_argument(
        "--recordings", type=Path, default=Path(os.environ.get("ANTIPHON_SPEECH_DIR", "")),
        help="folder of recordings with the noise (ANTIPHON_SPEECH_DIR)",
    )  # fmt: skip
    parser.add_argument("--leak", action="store_true")
    parser.add_argument("--leak-calls", type=int, default=LEAK_CALLS, help="in a row, for `--leak`")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--real-time", action="store_true")
    args = parser.parse_args()
    if args.snr is not None and not (args.recordings / "manifest.jsonl").is_file():
        parser.error("--snr needs the folder of recordings: set ANTIPHON_SPEECH_DIR")
    on = machine(real_time=args.real_time)
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("ANTIPHON_HOME", home)
        return measure_leak(args, on) if args.leak else measure_load(args, on)


if __name__ == "__main__":
    sys.exit(main())
