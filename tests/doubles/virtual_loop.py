"""An event loop on virtual time: whenever nothing can run, the clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Sleeps and timeouts cost nothing and come in exact order. No sockets, no threads."""

    def __init__(self) -> None:
        self._virtual_s = 1000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._virtual_s

    def now_ns(self) -> int:
        """The same clock in nanoseconds."""
        return round(self._virtual_s * 1e9)

    def jump(self, duration_s: float) -> None:
        self._virtual_s += duration_s


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing is left that could ever happen"
        self._loop.jump(max(0.0, timeout))
        return super().select(0)


def live(work: Coroutine[None, None, Result]) -> Result:
    """Run to the end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def passes(duration_ms: float) -> None:
    """Let so much virtual time go by."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "only virtual time may be waited for"
    over: asyncio.Future[None] = loop.create_future()
    handle = loop.call_later(duration_ms / 1000, over.set_result, None)
    try:
        await over
    finally:
        handle.cancel()


def virtual_clock() -> int:
    """Nanoseconds of the running virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop.now_ns()


async def pass_time(duration_s: float) -> None:
    """Let virtual time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "on a real loop this would be a sleep"
    due = asyncio.Event()
    loop.call_later(duration_s, due.set)
    await due.wait()
