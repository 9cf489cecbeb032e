"""Garbage collections of a media worker at moments we choose: Python's own come in the middle of a reply.

What is there after boot is frozen and never walked again. What a call leaves behind is freed by counting
references alone (a test holds that), so collections only look for what slipped through: young objects every
second, older ones now and then, everything when it takes a few ms or when nobody is on the line.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

SWEEP_S = 1.0
_OLDER_EVERY = 10  # Sweeps.
_EVERYTHING_EVERY = 300
_AT_THE_LATEST = 3600
_WALKED_MAX = 50_000  # Objects; some 0.2 µs each, so 10 ms.


def freeze_heap() -> None:
    """Everything is loaded and warm: it stays for good, and no collection comes by itself from now on."""
    gc.collect()
    gc.freeze()
    gc.disable()


class Sweeper:
    """Decides what to collect.

    Args:
        idle: Nobody is on the line.
        collect: Of a generation and those below; `walked` says how many objects a full one would visit.
    """

    def __init__(
        self,
        idle: Callable[[], bool],
        *,
        collect: Callable[[int], object] = gc.collect,
        walked: Callable[[], int] = lambda: len(gc.get_objects(generation=2)),
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
            self._collect(1 if self._sweeps % _OLDER_EVERY == 0 else 0)

    def _everything_is_due(self) -> bool:
        waited = self._since_everything
        if waited >= _AT_THE_LATEST:
            return True
        if waited < _EVERYTHING_EVERY or waited % _OLDER_EVERY:
            return False
        return self._idle() or self._walked() <= _WALKED_MAX
