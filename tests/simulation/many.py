"""Many random calls, a file of tests for each weather, so that the files share the processors."""

from __future__ import annotations

import pytest

from tests.simulation.plan import random_plan
from tests.simulation.run import batch
from tests.simulation.shrink import explain

CALLS = 5000
GROUP = 500


def unbroken(weather: str, first: int, calls: int) -> bool:
    """Run and judge these seeds; the first that breaks something fails the test, made small."""
    tally = batch(weather, first, calls)
    if tally.broken:
        seed, text = min(tally.broken.items())
        pytest.fail(
            f"{len(tally.broken)} of {calls} calls; {weather} {seed}: {text}\n"
            f"{explain(random_plan(seed, weather))}\n"
            f"  python -m tests.simulation.run {seed} --weather {weather}"
        )
    return tally.calls == calls
