"""`python -m tests.simulation.run [SEED | --calls N]`: replay one seed as a readable story, or run many."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.judge import violations
from tests.simulation.world import World, random_caller


def simulate(seed: int) -> World:
    world = World(seed)
    utterances, hang_up_ms = random_caller(world)
    world.run(utterances, hang_up_ms)
    return world


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    if args.seed is not None:
        return _story(args.seed)
    begun = time.perf_counter()
    failed = events = call_ms = 0
    for seed in range(args.first, args.first + args.calls):
        world = simulate(seed)
        events += len(world.events)
        call_ms += world.now_ms
        broken = violations(world)
        if broken:
            failed += 1
            print(f"seed {seed}: {broken[0]} (python -m tests.simulation.run {seed})")
    took = time.perf_counter() - begun
    print(
        f"{args.calls} calls, {failed} failed, {args.calls / took:.0f} calls/s, "
        f"{call_ms / 1000 / took:.0f} times real time, {events / took:.0f} events/s"
    )
    return 1 if failed else 0


def _story(seed: int) -> int:
    world = simulate(seed)
    story = [(e.at_ms, 0, repr(e)) for e in world.events] + [
        (t, 1, f"    -> {c!r}") for t, c in world.commands
    ]
    for at_ms, _, text in sorted(story, key=lambda line: line[:2]):
        print(f"{at_ms:7d} {text}")
    broken = violations(world)
    print("\n".join(broken) or "nothing is broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
