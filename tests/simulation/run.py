"""`python -m tests.simulation.run [SEED | --calls N]`: one seed as a readable story, or many at speed.

A call that breaks an invariant is made as small as it gets and written as a trace; see `shrink.py`.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.judge import violations
from tests.simulation.plan import RARER_WEATHERS, WEATHERS, random_plan
from tests.simulation.shrink import explain
from tests.simulation.world import World

BATCH = 200
SHOWN_MAX = 5
CALLS_UNTIL_COLLECTED = 20


@dataclass(kw_only=True)
class Tally:
    """What a batch of calls came to. `cpu_s` is processor time, so that busy neighbours do not count."""

    calls: int = 0
    events: int = 0
    call_ms: int = 0
    cpu_s: float = 0.0
    broken: dict[int, str] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.calls += other.calls
        self.events += other.events
        self.call_ms += other.call_ms
        self.cpu_s += other.cpu_s
        self.broken |= other.broken
        self.ends += other.ends

    def __str__(self) -> str:
        return (
            f"{self.calls} calls, {len(self.broken)} broken; per core: "
            f"{self.calls / self.cpu_s:.0f} calls/s, "
            f"{self.call_ms / 1000 / self.cpu_s:.0f} times real time, {self.events / self.cpu_s:.0f} events/s"
        )


def simulate(seed: int, weather: str = "fair") -> World:
    return World(random_plan(seed, weather)).run()


def batch(weather: str, first: int, calls: int) -> Tally:
    """Calls of consecutive seeds, judged.

    The parties of a call know each other, so only the collector frees them; left to itself it looks again and
    again at all there is in the process, a tenth of the time. Calls that are over are all young.
    """
    begun_s = time.process_time()
    tally = Tally(calls=calls)
    collects = gc.isenabled()
    gc.disable()
    try:
        _run(tally, weather, range(first, first + calls))
    finally:
        if collects:
            gc.enable()
    tally.cpu_s = time.process_time() - begun_s
    return tally


def _run(tally: Tally, weather: str, seeds: range) -> None:
    for number, seed in enumerate(seeds):
        if number % CALLS_UNTIL_COLLECTED == 0:
            gc.collect(0)
        try:
            world = simulate(seed, weather)
            found = violations(world)
        except AssertionError as error:  # The core's own invariants.
            tally.broken[seed] = f"the core: {error}"
            continue
        if found:
            tally.broken[seed] = str(found[0])
        tally.events += len(world.steps)
        tally.call_ms += world.now_ms
        tally.ends[world.ended] += 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int)
    parser.add_argument(
        "--weather", choices={**WEATHERS, **RARER_WEATHERS}, help="(all in turn; fair for a single seed)"
    )
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.seed is not None:
        return _story(args.seed, args.weather or "fair")
    weathers = [args.weather] if args.weather else list(WEATHERS)
    work = [
        (weathers[number % len(weathers)], args.first + first, min(BATCH, args.calls - first))
        for number, first in enumerate(range(0, args.calls, BATCH))
    ]
    begun_s = time.perf_counter()
    tallies = {weather: Tally() for weather in weathers}
    with multiprocessing.get_context("fork").Pool(args.jobs) as pool:
        for (weather, _, _), tally in zip(work, pool.starmap(batch, work, chunksize=1), strict=True):
            tallies[weather].add(tally)
    return _report(tallies, time.perf_counter() - begun_s)


def _report(tallies: dict[str, Tally], took_s: float) -> int:
    everything = Tally()
    for weather, tally in tallies.items():
        everything.add(tally)
        for seed, text in sorted(tally.broken.items()):
            print(f"{weather} {seed}: {text} (python -m tests.simulation.run {seed} --weather {weather})")
        for seed in sorted(tally.broken)[:SHOWN_MAX]:
            print(explain(random_plan(seed, weather)))
    print(f"{everything}; {everything.calls / took_s:.0f} calls/s in all, {took_s:.1f} s")
    return 1 if any(tally.broken for tally in tallies.values()) else 0


def _story(seed: int, weather: str) -> int:
    world = simulate(seed, weather)
    print(f"{weather} {seed}: {world.plan.policy}")
    for event, commands in world.steps:
        print(f"{event.at_ms:7d} {event!r}")
        for command in commands:
            print(f"            -> {command!r}")
    found = violations(world)
    print("\n".join(str(violation) for violation in found) or "nothing is broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
