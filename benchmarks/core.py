"""What the conversation core costs: one `step`, and whole simulated calls.

    python benchmarks/core.py [--calls 500]

`step` is timed on the events of simulated calls, replayed, so that the world around it does not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulation.run import simulate

from antiphon.conversation import Conversation


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=500)
    args = parser.parse_args()
    begun = time.perf_counter()
    worlds = [simulate(seed) for seed in range(args.calls)]
    simulated_s = time.perf_counter() - begun
    call_s = sum(world.now_ms for world in worlds) / 1000
    told = [(world.policy, [event for event, _ in world.steps]) for world in worlds]
    steps = sum(len(events) for _, events in told)
    begun = time.perf_counter()
    for policy, events in told:
        conversation = Conversation(policy)
        for event in events:
            conversation.step(event)
    step_s = time.perf_counter() - begun
    print(f"step: {1e6 * step_s / steps:.1f} µs mean over {steps} events of {args.calls} calls")
    print(f"simulation: {args.calls / simulated_s:.0f} calls/s, {call_s / simulated_s:.0f} times real time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
