"""How long a caller is made to wait for one sentence of a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType


class WaitingAtMost:
    """Around the making of it. Time that is filled with audio is no wait: a slow voice may go on while it
    mostly speaks, a hung one is given up.

    Args:
        given_s: Audio of it so far.

    Raises:
        TimeoutError: It has taken `wait_s` longer than what it gave lasts.
    """

    def __init__(self, wait_s: float, given_s: Callable[[], float]) -> None:
        self._wait_s, self._given_s = wait_s, given_s
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._begun_s = self._loop.time()
        self._next = self._loop.call_at(self._begun_s + self._wait_s, self._look)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next.cancel()  # It knows us: nobody must know the other when this is over.
        await self._limit.__aexit__(kind, error, trace)

    def _look(self) -> None:
        due_s = self._begun_s + self._wait_s + self._given_s()
        if due_s <= self._loop.time():
            self._limit.reschedule(due_s)
        else:
            self._next = self._loop.call_at(due_s, self._look)
