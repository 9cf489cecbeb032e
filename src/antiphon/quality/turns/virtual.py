"""An event loop whose time is a number: it jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Jump(selectors.SelectSelector):
    """Reports what is ready; where a real selector would wait, moves time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing is due and nothing can happen: the world stands still"
            self.now_s += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Deterministic as long as nothing in it asks another clock or another thread."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)
        self._clock_resolution = 1e-6  # The base class takes timers as due that are this close.

    def time(self) -> float:
        return self._jump.now_s

    @property
    def now_ms(self) -> int:
        """Rounded, as sums of fractions of a second drift by less than a microsecond."""
        return round(self._jump.now_s * 1000)

    def at_ms(self, due_ms: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return self.call_at(due_ms / 1000, action)


class VirtualExecutor(Executor):
    """Does the work at once and lets it have taken `took_ms` of virtual time."""

    def __init__(self, loop: VirtualLoop, took_ms: float) -> None:
        self._loop, self._took_ms = loop, took_ms

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        future: Future[_T] = Future()
        done = fn(*args, **kwargs)
        self._loop.at_ms(self._loop.now_ms + self._took_ms, lambda: _give(future, done))
        return future


class InlineExecutor(Executor):
    """Does the work in the caller's thread: a model asked from a virtual loop must not use another."""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        future: Future[_T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _give(future: Future[_T], done: _T) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(done)


def run_virtually(main: Callable[[VirtualLoop], Coroutine[Any, Any, _T]]) -> _T:
    """Run to the end of `main`, however long that takes in its own time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(main(loop))
