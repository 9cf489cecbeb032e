"""Does Azure's own SDK survive callers who hang up? Recognisers that are let go in the middle of their audio
on an event loop, in processes of their own, against the double on a local socket (decision 0019).

    python benchmarks/azure_sdk.py [--runs N]

Tells for each run whether it went through, stood still (then where) or crashed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.doubles.azure_listen import azure_recognition
from tests.doubles.azure_sdk import STANDSTILL_S, STREAMS


async def run() -> str:
    async with azure_recognition() as double:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.doubles.azure_sdk", "hang_up", double.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await child.communicate()
    if child.returncode == 0:
        return f"{STREAMS} streams went through"
    if child.returncode is not None and child.returncode < 0:
        return f"crashed with signal {-child.returncode}"
    where = [line.partition("site-packages/")[2] for line in told.decode().splitlines() if "/azure/" in line]
    return f"stood still for {STANDSTILL_S} s{f', in {where[0]}' if where else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    for number in range(parser.parse_args().runs):
        print(f"run {number + 1}: {asyncio.run(run())}", flush=True)


if __name__ == "__main__":
    main()
