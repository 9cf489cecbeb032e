"""How a contract test sees that what was cancelled has ended within 50 ms, without a clock.

Whoever waits for the network or for a timer needs the event loop to come round by itself; whoever does not is
done after a few turns of it, some microseconds each. Where a goodbye is allowed to take time, the suite sets
that time to nothing, and asserts that the default keeps the promise.
"""

from __future__ import annotations

import asyncio

CANCEL_MAX_MS = 50
TURNS_MAX = 30


async def ends_at_once(task: asyncio.Task[object] | asyncio.Task[None]) -> bool:
    """Whether it needs neither the network nor a timer to be over."""
    for _ in range(TURNS_MAX):
        if task.done():
            return True
        await asyncio.sleep(0)
    return task.done()
