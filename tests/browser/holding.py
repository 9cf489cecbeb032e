"""Answers of the server that come when a test wants them to."""

from __future__ import annotations

import asyncio
from typing import Any


class Held:
    """Requests to addresses like these wait until `release`."""

    def __init__(self) -> None:
        self._free, self._asked = asyncio.Event(), asyncio.Event()

    async def hold(self, page: Any, *addresses: str) -> None:
        for address in addresses:
            await page.route(address, self._wait)

    async def asked(self) -> None:
        """Until the first of them waits."""
        await self._asked.wait()

    def release(self) -> None:
        self._free.set()

    async def _wait(self, route: Any) -> None:
        self._asked.set()
        await self._free.wait()
        await route.fallback()
