"""What runs as long as a media worker, and how each part of it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os

import structlog

from antiphon.calls.control.desk import TransferDesk
from antiphon.calls.streams import StreamServer
from antiphon.runtime.media import MediaClock
from antiphon.server.live_room import LiveRoom
from antiphon.speech.phrases import PhraseCache
from antiphon.storage.traces import close_traces

log = structlog.get_logger(__name__)

EXIT_SOFTWARE = 70  # sysexits.h: an internal error. The supervisor starts another worker.


class ClockService:
    """The plane's clock, running as long as the worker."""

    def __init__(self, clock: MediaClock) -> None:
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._clock.run(), name="media clock")
        self._running.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        """Without its clock a worker is deaf and dumb: better a new one, and the traces as far as they go."""
        if not task.cancelled() and task.exception() is not None:
            log.error("media_clock_broke", error=repr(task.exception()))
            close_traces()
            os._exit(EXIT_SOFTWARE)

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running


class PhoneService:
    """The phone's media sockets on the port the operator chose."""

    def __init__(self, server: StreamServer, host: str, port: int) -> None:
        self._server, self._host, self._port = server, host, port

    async def start(self) -> None:
        await self._server.start(self._host, self._port)

    async def stop(self) -> None:
        await self._server.close()


class LiveRoomService:
    """Operators' own lines, closed with the worker."""

    def __init__(self, room: LiveRoom) -> None:
        self._room = room

    async def start(self) -> None:
        """They come when they come."""

    async def stop(self) -> None:
        await self._room.close()


class DeskService:
    """Whoever calls people: its connections to carriers are closed last of all."""

    def __init__(self, desk: TransferDesk) -> None:
        self._desk = desk

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await self._desk.close()


class PhraseReport:
    """Says at the end how often a phrase was at hand: what was paid for once and not again."""

    def __init__(self, phrases: PhraseCache) -> None:
        self._phrases = phrases

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        counts = self._phrases.counts
        log.info("phrase_cache", **dataclasses.asdict(counts), hit_pct=counts.hit_pct)
