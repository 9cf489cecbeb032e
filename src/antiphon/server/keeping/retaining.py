"""Retention while `antiphon serve` runs: what is too old goes by itself, and what went is on record."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.access import now_ms
from antiphon.storage.records.removal import CallRemoval, Removed, RetentionPolicy

log = structlog.get_logger(__name__)

DAYS_VARIABLE: Final = "ANTIPHON_RETAIN_DAYS"
LOOK_EVERY_S: Final = 3600.0
STOP_S: Final = 5.0


def retention_policy(environ: Mapping[str, str] = os.environ) -> RetentionPolicy:
    """What `ANTIPHON_RETAIN_DAYS` says; without it calls stay until somebody removes them.

    Raises:
        ConfigError: It is no number of days.
    """
    given = environ.get(DAYS_VARIABLE, "").strip()
    if not given:
        return RetentionPolicy()
    if not given.isdecimal() or not int(given):
        raise ConfigError(
            f"{given!r} is no number of days", where=DAYS_VARIABLE, fix="set it to 1 or more, or leave it out"
        )
    return RetentionPolicy(call_days=int(given))


class Retention:
    """Looks at the start and every hour. Recordings go by their own dates, with or without a policy."""

    def __init__(
        self, removal: CallRemoval, policy: RetentionPolicy, clock_ms: Callable[[], int] = now_ms
    ) -> None:
        self._removal, self._policy, self._clock_ms = removal, policy, clock_ms
        self._running: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="retention")

    async def stop(self) -> None:
        """A removal may end; years of calls that go at once are gone on with at the next start."""
        self._stopping.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=STOP_S)
            self._running.cancel()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._stopping.wait()

    async def look(self) -> Removed | None:
        """Remove what is due; None where nothing is, or the database or the store did not do it."""
        at_ms = self._clock_ms()
        try:
            if not await self._removal.anything_due(self._policy, at_ms):
                return None
            removed = await self._removal.retain(self._policy, at_ms)
        except AntiphonError as error:
            log.error("retention_not_finished", reason=str(error))
            return None
        log.info(
            "retention_done",
            run=removed.run,
            calls=removed.calls,
            traces=removed.traces,
            recordings=removed.recordings,
        )
        return removed
