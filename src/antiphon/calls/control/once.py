"""One intent, one call: who asks to dial again with the same key is told what became of the first time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from antiphon.calls.ports import Dial

_REMEMBERED_MAX = 10_000


class DialsOnce:
    """Wraps a carrier's `dial`. A key is remembered before the carrier is asked, and whatever comes of it.

    No answer is remembered too: nobody knows whether it rings, so it is not to ring twice. A new attempt is
    a new intent, with a key of its own.
    """

    def __init__(self, dial: Callable[[Dial], Awaitable[str]]) -> None:
        self._dial = dial
        self._asked: OrderedDict[str, asyncio.Future[str]] = OrderedDict()

    async def dial(self, dial: Dial) -> str:
        """Raises: As `CarrierControl.dial`, the same each time."""
        known = self._asked.get(dial.key)
        if known is None:
            known = self._asked[dial.key] = asyncio.ensure_future(self._dial(dial))
            known.add_done_callback(_retrieved)
            while len(self._asked) > _REMEMBERED_MAX:
                self._asked.popitem(last=False)
        # Who gives up waiting must not take the request back half-way.
        return await asyncio.shield(known)


def _retrieved(asked: asyncio.Future[str]) -> None:
    """Nobody may be waiting any more; that is no fault of the request."""
    if not asked.cancelled():
        asked.exception()
