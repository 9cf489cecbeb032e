"""When a media worker collects its garbage, and that boot leaves nothing to walk."""

from __future__ import annotations

import gc
import subprocess
import sys

from antiphon.server.sweeping import Sweeper


class Heap:
    def __init__(self, *, idle: bool, walked: int, older: int = 0) -> None:
        self.collected: list[int] = []
        self.idle, self.walked, self.older = idle, walked, older
        self.sweeper = Sweeper(
            lambda: self.idle,
            collect=self.collected.append,
            walked=lambda generation: self.walked if generation == 2 else self.older,
        )

    def sweep(self, times: int) -> list[int]:
        del self.collected[:]
        for _ in range(times):
            self.sweeper.sweep()
        return self.collected


def test_young_objects_are_collected_every_time_and_older_ones_now_and_then() -> None:
    assert Heap(idle=False, walked=0).sweep(80) == ([0] * 39 + [1]) * 2


def test_many_older_objects_wait_until_they_are_few_or_nobody_is_on_the_line() -> None:
    heap = Heap(idle=False, walked=1_000_000, older=40_000)
    assert heap.sweep(400) == [0] * 400
    heap.idle = True
    assert 1 in heap.sweep(40)
    heap.idle, heap.older = False, 10_000
    assert 1 in heap.sweep(40)


def test_everything_is_collected_every_five_minutes_while_that_is_short() -> None:
    assert Heap(idle=False, walked=1000).sweep(2400).count(2) == 2


def test_a_large_heap_waits_until_nobody_is_on_the_line() -> None:
    heap = Heap(idle=False, walked=1_000_000)
    assert 2 not in heap.sweep(4000)
    heap.idle = True
    assert 2 in heap.sweep(40)


def test_but_not_for_ever() -> None:
    assert Heap(idle=False, walked=1_000_000).sweep(14_400).count(2) == 1


def test_after_boot_no_collection_comes_by_itself_and_what_is_there_is_not_walked() -> None:
    program = (
        "import gc\n"
        "kept = [[number] for number in range(50_000)]\n"
        "from antiphon.server.sweeping import freeze_heap\n"
        "freeze_heap()\n"
        "assert not gc.isenabled()\n"
        "print(len(gc.get_objects()))\n"
    )
    left = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(left) < 1000
    assert gc.isenabled()  # It is this process that was spared.
