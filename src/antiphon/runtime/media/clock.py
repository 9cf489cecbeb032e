"""The one 20 ms clock of a media process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from antiphon.runtime.media.settings import FRAME_NS, PlaneCounters

_SOONEST_NS = 1_000_000  # Event loop timers have millisecond grain; asking for less spins.
_GIVE_UP_NS = 10 * FRAME_NS  # After a stall, do not replay the ticks that were missed.


class Ticked(Protocol):
    counters: PlaneCounters

    def tick(self, now_ns: int) -> None: ...


class MediaClock:
    """Ticks a plane on an absolute schedule: a late tick does not delay the ones after it."""

    def __init__(
        self,
        plane: Ticked,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._plane, self._clock, self._sleep = plane, clock, sleep

    async def run(self) -> None:
        """Run until cancelled; owned by the media worker."""
        due_ns = self._clock() + FRAME_NS
        while True:
            await self._sleep(max(due_ns - self._clock(), _SOONEST_NS) / 1e9)
            now_ns = self._clock()
            late_ns = now_ns - due_ns
            self._plane.counters.ticks_late += late_ns >= FRAME_NS
            if late_ns > _GIVE_UP_NS:
                due_ns = now_ns
            self._plane.tick(now_ns)
            due_ns += FRAME_NS
