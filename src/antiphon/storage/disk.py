"""Threads that wait for the disk, apart from all others.

The loop's own threads are few and everybody's: name look-ups, what vendors' packages do. A disk that
hangs would have taken them all, and calls that need no disk with them.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, ParamSpec, TypeVar

from antiphon.errors import DeadlineExceeded

P = ParamSpec("P")
R = TypeVar("R")

THREADS: Final = 8  # More at once make no disk quicker.
WAITING_MAX: Final = 256


class DiskThreads:
    """So many threads, and so much that waits for them; whoever comes on top is refused at once.

    Attributes:
        refused: Who was.
    """

    def __init__(self, threads: int = THREADS, waiting_max: int = WAITING_MAX) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="disk")
        self._room = threading.BoundedSemaphore(threads + waiting_max)
        self.refused = 0

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """As `asyncio.to_thread`. What nobody waits for any more is not begun.

        Raises:
            DeadlineExceeded: Too much waits for the disk already.
        """
        if not self._room.acquire(blocking=False):
            self.refused += 1
            raise DeadlineExceeded("the disk does not keep up with what is asked of it")
        job = _Job(contextvars.copy_context(), lambda: work(*args, **kwargs))
        try:
            # Not cancelled with whoever waits: it would keep its place in the line, and be counted out.
            doing = asyncio.get_running_loop().run_in_executor(self._pool, self._take, job)
        except RuntimeError:  # The process ends.
            self._room.release()
            raise
        try:
            return await asyncio.shield(doing)  # type: ignore[arg-type]  # None only where nobody waits.
        except asyncio.CancelledError:
            job.work = None
            raise

    def _take(self, job: _Job[R]) -> R | None:
        try:
            work = job.work
            return None if work is None else job.context.run(work)
        finally:
            self._room.release()


class _Job(Generic[R]):
    __slots__ = ("context", "work")

    def __init__(self, context: contextvars.Context, work: Callable[[], R]) -> None:
        self.context = context
        self.work: Callable[[], R] | None = work


_shared = DiskThreads()


async def on_disk(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Blocking work that waits for the disk, in the threads of this process for that. Raises as
    `DiskThreads.run`."""
    return await _shared.run(work, *args, **kwargs)


def disk_counts() -> dict[str, int]:
    return {"refused": _shared.refused}
