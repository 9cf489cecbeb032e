"""The one 20 ms clock of a media process, and how well it keeps time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import numpy as np

from antiphon.runtime.media.settings import FRAME_NS, PlaneCounters

_SOONEST_NS = 1_000_000  # Event loop timers have millisecond grain; asking for less spins.
_TURNS = 2  # Until every loop has read its sockets: asyncio asks who may run before it does.
_GIVE_UP_NS = 10 * FRAME_NS  # After a stall, do not replay the ticks that were missed.


_KEPT = 3000  # Ticks: one minute.


class TickTimes:
    """How long the ticks of the last minute took, and how late they began."""

    def __init__(self) -> None:
        self._took_us = np.zeros(_KEPT, np.int64)
        self._late_us = np.zeros(_KEPT, np.int64)
        self._count = 0

    def add(self, late_ns: int, took_ns: int) -> None:
        place = self._count % _KEPT
        self._late_us[place], self._took_us[place] = late_ns // 1000, took_ns // 1000
        self._count += 1

    def report(self) -> dict[str, int]:
        """p50, p99 and the longest, in µs."""
        kept = min(self._count, _KEPT)
        report: dict[str, int] = {}
        for name, values in (("tick", self._took_us[:kept]), ("tick_late", self._late_us[:kept])):
            p50, p99, longest = np.percentile(values, [50, 99, 100]) if kept else (0, 0, 0)
            report |= {f"{name}_p50_us": int(p50), f"{name}_p99_us": int(p99), f"{name}_max_us": int(longest)}
        return report


class Ticked(Protocol):
    counters: PlaneCounters

    def tick_in_runs(self, now_ns: int) -> Iterator[None]: ...


class MediaClock:
    """Ticks a plane on an absolute schedule: a late tick does not delay the ones after it.

    Args:
        clock: Monotonic nanoseconds.
        cpu: Nanoseconds that all threads of this process have run, to tell whose fault a late tick is.
    """

    def __init__(
        self,
        plane: Ticked,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        cpu: Callable[[], int] = time.process_time_ns,
    ) -> None:
        self._plane, self._clock, self._sleep, self._cpu = plane, clock, sleep, cpu
        self.times = TickTimes()

    async def run(self) -> None:
        """Run until cancelled; owned by the media worker."""
        due_ns, counters, ran_ns = self._clock() + FRAME_NS, self._plane.counters, self._cpu()
        while True:
            await self._sleep(max(due_ns - self._clock(), _SOONEST_NS) / 1e9)
            now_ns, before_ns, ran_ns = self._clock(), ran_ns, self._cpu()
            late_ns = now_ns - due_ns
            if late_ns >= FRAME_NS:
                counters.ticks_late += 1
                counters.ticks_late_waiting += ran_ns - before_ns < late_ns // 2
                # What came meanwhile waits in the sockets. It goes first, or it is taken for a gap.
                for _ in range(_TURNS):
                    await self._sleep(0)
                now_ns = self._clock()
            if late_ns > _GIVE_UP_NS:
                due_ns = now_ns
            for _ in self._plane.tick_in_runs(now_ns):
                await self._sleep(0)
            self.times.add(late_ns, self._clock() - now_ns)
            due_ns += FRAME_NS
