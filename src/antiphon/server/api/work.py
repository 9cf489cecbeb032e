"""What the API does by itself while it is open: watches calls, delivers webhooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from antiphon.errors import AntiphonError
from antiphon.server.api.delivering import Deliveries
from antiphon.server.api.watching import CallWatch
from antiphon.server.control import Control

log = structlog.get_logger(__name__)

AGAIN_S: Final = 5.0


class ApiWork:
    """Runs as long as the control process serves."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> bool | None:
        """Gives whether anybody can come in; None where nobody needs a key."""
        parts = self._control.api
        if parts is None:
            return None
        settings = parts.settings
        watch = CallWatch(parts, self._control.media)
        deliveries = Deliveries(
            parts.outbox, parts.http, private=settings.webhooks_private or settings.local_is_owner
        )
        for name, run in (("call watch", watch.run), ("webhooks", deliveries.run)):
            self._running.append(asyncio.create_task(_kept_up(name, run), name=name))
        if settings.local_is_owner:
            return None
        return settings.oidc is not None or await parts.keys.any_good()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        for task in self._running:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _kept_up(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """A database that is away for a while stops nothing for good."""
    while True:
        try:
            await run()
        except (AntiphonError, OSError, ExceptionGroup) as error:
            log.error("api_work_interrupted", work=name, reason=type(error).__name__)
        await asyncio.sleep(AGAIN_S)
