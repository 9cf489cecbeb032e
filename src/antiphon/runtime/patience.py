"""How long a caller is made to wait for one sentence of a voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def waiting_at_most(wait_s: float, given_s: Callable[[], float]) -> AsyncIterator[None]:
    """Time that is filled with audio is no wait: a slow voice may go on while it mostly speaks, a hung one is
    given up.

    Args:
        given_s: Audio of it so far.

    Raises:
        TimeoutError: It has taken `wait_s` longer than what it gave lasts.
    """
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    async with asyncio.timeout(None) as limit:

        def look() -> None:
            due_s = begun_s + wait_s + given_s()
            if due_s <= loop.time():
                limit.reschedule(due_s)
            else:
                looks.append(loop.call_at(due_s, look))

        looks = [loop.call_at(begun_s + wait_s, look)]
        try:
            yield
        finally:
            looks[-1].cancel()
