"""Work that was told to stop and has not ended yet, and the ends that must come whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from antiphon.errors import AntiphonError
from antiphon.storage.traces import TraceWriter

_log = structlog.get_logger(__name__)

TRACE_S = 5.0  # A disk that hangs holds no line up for longer: it is free for the next caller.

_all: set[asyncio.Task[None]] = set()  # The loop itself holds no task: until it has ended somebody must.


class Ending:
    """One owner's: what it still uses as it ends belongs to the owner's call. Knows nothing that knows it, so
    that owner and work are freed as soon as nobody needs them."""

    def __init__(self) -> None:
        self._own: set[asyncio.Task[None]] = set()

    def add(self, task: asyncio.Task[None] | None) -> None:
        if task is None:
            return
        for tasks in (_all, self._own):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def tasks(self) -> list[asyncio.Task[None]]:
        """Without those that have ended."""
        return list(self._own)


def all_of(*acts: Callable[[], object]) -> None:
    """Each of them, whatever breaks: as a call ends nobody keeps another from being told."""
    for act in acts:
        try:
            act()
        except Exception as error:  # The owner of a call that is over: there is nobody left to tell.
            _log.error("call_end_broke", error=type(error).__name__, exc_info=True)


async def closed(closing: Awaitable[object], within_s: float) -> None:
    """Wait for it so long; one that breaks or hangs is left."""
    try:
        async with asyncio.timeout(within_s):
            await closing
    except (Exception, asyncio.CancelledError) as error:  # Its own, or the loop's as the process ends.
        _log.error("call_end_broke", error=type(error).__name__, reason=str(error))


async def let_end(stopped: Sequence[asyncio.Task[None]], within_s: float) -> None:
    """Wait for what was cancelled: what it has used until now it tells as it ends, and belongs to the call's
    cost. Who does not let go is not waited for."""
    if stopped:
        await closed(asyncio.wait(stopped, timeout=within_s), 2 * within_s)


async def put_away(trace: TraceWriter, call_id: str) -> None:
    """Close a trace; a disk that hangs is not waited for any longer, and closes it when it is back."""
    try:
        async with asyncio.timeout(TRACE_S):
            await asyncio.wrap_future(trace.close())
    except TimeoutError:
        trace.left(call_id)
    except asyncio.CancelledError:  # As the process ends: the call is over all the same.
        return


def ended_well(task: asyncio.Task[None]) -> None:
    """A done callback of work that nobody waits for: what broke it is told, once."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        ours = isinstance(error, AntiphonError)
        _log.error(
            "call_work_broke",
            work=task.get_name(),
            error=type(error).__name__,
            reason=str(error) if ours else "",
            exc_info=None if ours else error,
        )


def cancelled_from_outside() -> bool:
    """Whoever runs this was told to stop; else what it called has given up something of its own."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
