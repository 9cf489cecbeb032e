"""An event loop on virtual time that waits for sockets and threads before it lets time jump: whole calls over
real local connections, many times faster than they last."""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

from tests.doubles.virtual_loop import VirtualLoop

from antiphon.storage.traces.writing import shared_flusher

Result = TypeVar("Result")

# Real time for each jump while a thread is at work (name look-up, the phrase cache, the trace).
_MOMENT_S = 0.001
_FAR_S = 0.050  # A jump beyond the next tick of a call might be one over a deadline.
_WRITTEN_WITHIN = 60_000  # Moments: a disk may be very busy.


class PacedLoop(VirtualLoop):
    """As `VirtualLoop`, with sockets and threads.

    What is under way on a loopback socket is there at once, so nothing is waited for but threads: those of
    executors, which the loop sees, that of the traces, where a call waits for the disk, and with
    `strange_threads` those that a library keeps for itself (gRPC).
    """

    def __init__(self, *, strange_threads: bool = False) -> None:
        self._virtual_s = 1000.0
        self._at_work = int(strange_threads)
        asyncio.SelectorEventLoop.__init__(self, _Paced(self))

    @property
    def threads_at_work(self) -> bool:
        return self._at_work > 0

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self._at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, future: asyncio.Future[Any]) -> None:
        self._at_work -= 1


class _Paced(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    def __init__(self, loop: PacedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return list(super().select(None))
        ready = super().select(0)
        if ready or timeout <= 0:
            return list(ready)
        os.sched_yield()  # To the kernel's own thread, which delivers when the machine is busy.
        worth_a_moment = self._loop.threads_at_work or timeout > _FAR_S
        ready = super().select(_MOMENT_S if worth_a_moment else 0)
        for _ in range(_WRITTEN_WITHIN if shared_flusher().unanswered else 0):
            if ready or not shared_flusher().unanswered:
                break
            ready = super().select(_MOMENT_S)
        if not ready:
            self._loop.jump(timeout)
        return list(ready)


def live_with_sockets(work: Coroutine[None, None, Result], *, strange_threads: bool = False) -> Result:
    """Run to the end."""
    with asyncio.Runner(loop_factory=lambda: PacedLoop(strange_threads=strange_threads)) as runner:
        return runner.run(work)
