"""Work that was told to stop and has not ended yet."""

from __future__ import annotations

import asyncio

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
