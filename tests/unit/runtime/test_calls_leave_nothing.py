"""Hundreds of calls, one after the other: what they leave in memory without a single garbage collection."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from pathlib import Path

import pytest
from tests.doubles.on_disk import traces
from tests.doubles.phone_world import PhoneWorld
from tests.doubles.virtual_loop import live, pass_time

pytestmark = pytest.mark.whole
AT_ONCE = 20
IMPATIENT = 5  # Of those: they hang up while the reply is being written.
KEPT_ON_PURPOSE = {"Outcome": 1000}  # How the last calls ended.


def objects() -> Counter[str]:
    """Objects of ours by type, tasks and timers."""
    found: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith(("antiphon.", "benchmarks.")) or kind.__name__ in (
            "Task",
            "TimerHandle",
        ):
            found[kind.__name__] += 1
    return found


async def after(directory: Path, *rounds: int) -> list[Counter[str]]:
    world = PhoneWorld(directory)
    ticking = asyncio.create_task(world.tick())
    counts = []
    for calls in rounds:
        for _ in range(calls // AT_ONCE):
            patient = [world.call() for _ in range(AT_ONCE - IMPATIENT)]
            await asyncio.gather(*patient, *(world.call(patience_s=1.9) for _ in range(IMPATIENT)))
        assert world.plane.live_calls == 0 and not world.exchange.active()
        await pass_time(20)  # Timers that were set for the worst are over.
        traces(directory)  # The thread that closes them lives in real time and holds them until then.
        counts.append(objects())
    heard_out = sum(rounds) * (AT_ONCE - IMPATIENT) // AT_ONCE
    assert world.tally.calls == heard_out and not world.tally.trouble
    assert len(world.tally.barge_ms) == heard_out
    ticking.cancel()
    return counts


@pytest.fixture
def _no_collections() -> object:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collections")
def test_calls_leave_no_object_no_task_and_no_timer_even_without_garbage_collection(tmp_path: Path) -> None:
    before, later = live(after(tmp_path, 2 * AT_ONCE, 160))
    grown = {kind: count - before[kind] for kind, count in later.items() if count > before[kind]}
    assert {kind: more for kind, more in grown.items() if more > KEPT_ON_PURPOSE.get(kind, 0)} == {}
