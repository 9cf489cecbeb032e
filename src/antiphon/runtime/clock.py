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
        """Run `callback` on the loop thread after `delay_ms`."""

    def wall_time_ms(self) -> int:
        """Unix time in ms; stamped once per call."""

    def now_ns(self) -> int:
        """Monotonic time."""


class LoopClock:
    """Real time on the running event loop."""

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> Cancellable:
        return asyncio.get_running_loop().call_later(max(0, delay_ms) / 1000, callback)

    def wall_time_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def now_ns(self) -> int:
        return time.monotonic_ns()
