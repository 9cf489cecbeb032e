"""Garbage collections of a media worker at moments we choose: Python's own come in the middle of a reply.

What is there after boot is frozen and never walked again. What a call leaves behind is freed by counting
references alone (a test holds that), so collections only look for what slipped through: young objects four
times a second, older ones now and then, everything when it takes a few ms or when nobody is on the line.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

SWEEP_S = 0.25  # 400 calls make 10,000 objects a second: 2 to 4 ms in one go, which is too long.
_OLDER_EVERY = 40  # Sweeps.
_EVERYTHING_EVERY = 1200
_AT_THE_LATEST = 14_400
_WALKED_MAX = 50_000  # Objects; some 0.2 µs each, so 10 ms.
_OLDER_MAX = 15_000  # The same of older ones, which come more often.


def freeze_heap() -> None:
    """Everything is loaded and warm: it stays for good, and no collection comes by itself from now on."""
    gc.collect()
    gc.freeze()
    gc.disable()


class Sweeper:
    """Decides what to collect.

    Args:
        idle: Nobody is on the line.
        collect: Of a generation and those below.
        walked: How many objects of a generation it would visit.
    """

    def __init__(
        self,
        idle: Callable[[], bool],
        *,
        collect: Callable[[int], object] = gc.collect,
        walked: Callable[[int], int] = lambda generation: len(gc.get_objects(generation)),
    ) -> None:
        self._idle, self._collect, self._walked = idle, collect, walked
        self._sweeps = 0
        self._since_everything = 0

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def sweep(self) -> None:
        self._sweeps += 1
        self._since_everything += 1
        if self._everything_is_due():
            self._since_everything = 0
            self._collect(2)
        else:
            self._collect(1 if self._older_are_due() else 0)

    def _older_are_due(self) -> bool:
        """Not while there are many: those of calls that end go by themselves, and the others can wait."""
        if self._sweeps % _OLDER_EVERY:
            return False
        return self._idle() or self._walked(1) <= _OLDER_MAX

    def _everything_is_due(self) -> bool:
        waited = self._since_everything
        if waited >= _AT_THE_LATEST:
            return True
        if waited < _EVERYTHING_EVERY or waited % _OLDER_EVERY:
            return False
        return self._idle() or self._walked(2) <= _WALKED_MAX
