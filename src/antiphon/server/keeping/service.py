"""The index in step with the traces, as long as `antiphon serve` runs. Nobody on the line waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from antiphon.calls.recording.shelf import recordings_directory
from antiphon.errors import AntiphonError, ConfigError
from antiphon.operations.measures import CallMeasures
from antiphon.operations.telemetry.opening import Telemetry
from antiphon.operations.telemetry.settings import telemetry_settings
from antiphon.runtime.records.entries import Taken
from antiphon.runtime.records.following import CallFollower, Caught, Ended
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.retaining import Retention, retention_policy
from antiphon.storage.access import Organisations, now_ms
from antiphon.storage.keys import keyring
from antiphon.storage.objects import FolderStore, archive_store
from antiphon.storage.records import CallRecords, RecordingEntry
from antiphon.storage.records.archive import CallArchive
from antiphon.storage.records.removal import CallRemoval
from antiphon.storage.records.stretches import settle
from antiphon.storage.sealed import looks_complete, read_head

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
SETTLE_EVERY_MS: Final = 3_600_000


class IndexService:
    """Runs in the control process. A database that is down is tried again; the traces wait on the disk.

    Args:
        home: The data directory.

    Raises:
        ConfigError: A setting of the object store, of telemetry or of retention is wrong.
    """

    def __init__(self, home: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._home, self._environ = home.absolute(), environ
        self._store = archive_store(environ)
        self._policy = retention_policy(environ)
        self.measures = CallMeasures()
        self.telemetry = telemetry_of(self._home, environ)
        self._retention: Retention | None = None
        self._records: CallRecords | None = None
        self._follower: CallFollower | None = None
        self._running: asyncio.Task[None] | None = None
        self._behind = False
        self._settled_at_ms: int | None = None

    async def start(self) -> None:
        """Raises ConfigError: The operator has something to fix. An unreachable database is none of it."""
        await self._step()
        self._running = asyncio.create_task(self._run(), name="index of calls")

    async def stop(self) -> None:
        """Take in what has ended, and let the database go."""
        if self._retention is not None:
            await self._retention.stop()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            await self._step()
        if self.telemetry is not None:
            await self.telemetry.stop()
        if self._records is not None:
            await self._records.database.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._step()

    async def _step(self) -> None:
        try:
            caught = await self._take()
        except ConfigError:
            raise
        except AntiphonError as error:
            if not self._behind:
                log.error("calls_not_indexed", reason=str(error))
            self._behind = True
            return
        if self._behind or caught.cut_short:
            log.warning("calls_indexed", complete=caught.complete, cut_short=caught.cut_short)
        self._behind = False

    async def _take(self) -> Caught:
        if self._records is None:
            self._records = await open_records(self._home, self._environ)
        if self._follower is None:
            follower = follower_of(self._home, self._records, self._ended)
            caught = await follower.catch_up()
            self._follower = follower
            self._retain(self._records)
            if self.telemetry is not None:
                self.telemetry.start()
        else:
            caught = await self._follower.look()
        if self._store is not None:
            ring = keyring(self._home, self._environ)
            await CallArchive(self._records, self._store, self._home, ring).archive()
        await self._settle(self._records)
        return caught

    async def _settle(self, records: CallRecords) -> None:
        """Hours and days that are over are counted once, so that overviews are quick."""
        at_ms = now_ms()
        if self._settled_at_ms is None or at_ms - self._settled_at_ms >= SETTLE_EVERY_MS:
            await settle(records.database, at_ms)
            self._settled_at_ms = at_ms

    def _ended(self, call: Taken) -> None:
        if call.record is not None:
            self.measures.take(call.record)
        if self.telemetry is not None:
            self.telemetry.call_ended(self._home / call.entry.trace)

    def _retain(self, records: CallRecords) -> None:
        """Beside the index: years of calls may have to go at once."""
        removal = CallRemoval(records, FolderStore(self._home), self._store)
        self._retention = Retention(removal, self._policy)
        self._retention.start()


def follower_of(home: Path, records: CallRecords, ended: Ended | None = None) -> CallFollower:
    home = home.absolute()
    owners = Organisations(records.database).owners
    return CallFollower(home, records, owners, lambda call_id, day: recording_of(home, call_id, day), ended)


def telemetry_of(home: Path, environ: Mapping[str, str]) -> Telemetry | None:
    """Raises ConfigError: Where spans go is set, and wrong, or OpenTelemetry is not installed."""
    settings = telemetry_settings(environ)
    return Telemetry(home, settings, keyring(home, environ)) if settings is not None else None


def recording_of(home: Path, call_id: str, day: str) -> RecordingEntry | None:
    """Its file, where there is one: of the day of the call, or of the next when it began before midnight."""
    try:
        began = date.fromisoformat(day)
    except ValueError:
        return None
    for near in (began, began + timedelta(days=1), began - timedelta(days=1)):
        path = recordings_directory(home) / near.isoformat() / f"{call_id}.recording"
        if path.is_file():
            return _entry(home, path)
    return None


def _entry(home: Path, path: Path) -> RecordingEntry:
    until_ms = None
    try:
        until = datetime.fromisoformat(str(read_head(path)["retain_until"]))
        until_ms = int((until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ConfigError, KeyError, ValueError):
        log.warning("recording_without_a_date", file=path.name)
    location = path.relative_to(home).as_posix()
    return RecordingEntry(location=location, retain_until_ms=until_ms, complete=looks_complete(path))
