"""The clock calls live by. A test hands in a virtual one and whole calls run without waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Cancellable(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> Cancellable:
        """Run `callback` on the loop thread after `delay_ms`, and after whatever came until then."""

    def wall_time_ms(self) -> int:
        """Unix time in ms; stamped once per call."""

    def now_ns(self) -> int:
        """Monotonic time."""


LATE_MS = 40
# Two ticks of the plane: sockets have been read by then, and what was in them has been heard.
CATCH_UP_MS = 40
_WAITS_MAX = 5  # A process that never catches up has deadlines too.


class PatientTimer:
    """A timer that a stalled process does not fire before the sockets were read: what it waits for may have
    come in time and lie there. One that is late waits a moment more, and may be cancelled until then."""

    __slots__ = ("_callback", "_due_s", "_handle", "_loop", "_waits")

    def __init__(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._loop, self._callback, self._waits = asyncio.get_running_loop(), callback, 0
        self._handle: asyncio.TimerHandle | None = None
        self._wait(delay_s)

    def cancel(self) -> None:
        handle, self._handle = self._handle, None  # It knows us: so both are freed at once.
        if handle is not None:
            handle.cancel()

    def _wait(self, delay_s: float) -> None:
        self._due_s = self._loop.time() + delay_s
        self._handle = self._loop.call_later(delay_s, self._fire)

    def _fire(self) -> None:
        if self._handle is None:
            return
        if self._loop.time() - self._due_s >= LATE_MS / 1000 and self._waits < _WAITS_MAX:
            self._waits += 1
            self._wait(CATCH_UP_MS / 1000)
            return
        self._handle = None
        self._callback()


class LoopClock:
    """Real time on the running event loop."""

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> Cancellable:
        return PatientTimer(max(0, delay_ms) / 1000, callback)

    def wall_time_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def now_ns(self) -> int:
        return time.monotonic_ns()
