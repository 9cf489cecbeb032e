"""An event loop on virtual time that waits a moment for sockets and threads before it lets time jump: whole
calls over real local connections, many times faster than they last."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

from tests.doubles.virtual_loop import VirtualLoop

Result = TypeVar("Result")

# Real time for each jump. What is under way on a loopback socket is there at once; a thread (name look-up,
# the phrase cache, the trace) takes a few of these.
_MOMENT_S = 0.001


class PacedLoop(VirtualLoop):
    """As `VirtualLoop`, with sockets and threads."""

    def __init__(self) -> None:
        self._virtual_s = 1000.0
        asyncio.SelectorEventLoop.__init__(self, _Paced(self))


class _Paced(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    def __init__(self, loop: PacedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return list(super().select(0))
        ready = super().select(None if timeout is None else _MOMENT_S)
        if not ready and timeout is not None:
            self._loop.jump(timeout)
        return list(ready)


def live_with_sockets(work: Coroutine[None, None, Result]) -> Result:
    """Run to the end."""
    with asyncio.Runner(loop_factory=PacedLoop) as runner:
        return runner.run(work)
