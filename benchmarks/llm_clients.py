"""CPU of one answer in a language model's client: what a vendor's package costs the core that calls share.

    python benchmarks/llm_clients.py [--only openai,anthropic] [--tokens 23] [--at-once 4]

The adapters and doubles of `tests/conformance/llm_adapters.py`; the double answers from a process of its
own, and what is counted is this process alone. A line for each adapter: the least of five rounds of twenty.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import uvloop
from tests.conformance.llm_adapters import ADAPTERS, Adapter
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import Scripted, ScriptedModel

from antiphon.agents.ports import Message
from antiphon.providers.streaming import Bounds

ROUNDS = 5
ANSWERS = 20
WARM_UP = 3
ASKED = [
    Message(role="system", content="You are Sam, host of a restaurant. Be brief. " * 20, cache=True),
    Message(role="user", content="Hello, I would like a table for two this evening."),
]


def serve(name: str, tokens: int, told: Any) -> None:
    """The vendor, until it is terminated; `told` is given its address."""
    adapter = next(one for one in ADAPTERS if one.name == name)
    answer = Scripted(parts=[f"word{number} " for number in range(tokens)])

    async def run() -> None:
        double = ScriptedModel(adapter.dialect, [answer] * (WARM_UP + ROUNDS * ANSWERS))
        async with HttpVendor(double) as vendor:
            told.put(vendor.url)
            await asyncio.Event().wait()

    uvloop.run(run())


async def cost_ms(adapter: Adapter, url: str, at_once: int) -> float:
    """CPU milliseconds of one answer."""
    model = adapter.make(url, Bounds())

    async def ask() -> None:
        await model.complete(ASKED, (), lambda text: None)

    for _ in range(WARM_UP):
        await ask()
    least_s = float("inf")
    for _ in range(ROUNDS):
        before_s = time.process_time()
        for _ in range(ANSWERS // at_once):
            await asyncio.gather(*(ask() for _ in range(at_once)))
        least_s = min(least_s, time.process_time() - before_s)
    return 1000 * least_s / (ANSWERS // at_once * at_once)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="adapters whose names begin so, by commas")
    parser.add_argument("--tokens", type=int, default=23)
    parser.add_argument("--at-once", type=int, default=4)
    args = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    print("| adapter | CPU ms an answer |\n|---|--:|")
    for adapter in ADAPTERS:
        if not adapter.name.startswith(tuple(args.only.split(","))):
            continue
        told = spawn.Queue()
        vendor = spawn.Process(target=serve, args=(adapter.name, args.tokens, told))
        vendor.start()
        try:
            cost = uvloop.run(cost_ms(adapter, told.get(timeout=60), args.at_once))
        finally:
            vendor.terminate()
        print(f"| {adapter.name} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
