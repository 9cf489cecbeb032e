"""Recording in a worker: there when an agent records, and kept no longer than its file says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from antiphon.agents.definition import AgentDefinition
from antiphon.calls.recording import Recorder, purge_recordings, recordings_directory
from antiphon.storage.disk import on_disk
from antiphon.storage.keys import keyring

log = structlog.get_logger(__name__)

PURGE_EVERY_S = 3600.0


def recordings_of(definitions: Sequence[AgentDefinition], home: Path) -> RecordingService | None:
    """None where no agent records.

    Raises:
        ConfigError: The storage keys are wrong.
    """
    if not any(definition.recording for definition in definitions):
        return None
    directory = recordings_directory(home)
    return RecordingService(Recorder(directory, keyring(home)), directory)


class RecordingService:
    """Removes recordings whose time is over, at the start and every hour; at the end all is on the disk."""

    def __init__(self, recorder: Recorder, directory: Path) -> None:
        self.recorder, self._directory = recorder, directory
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._purge()
        self._running = asyncio.get_running_loop().create_task(self._purge_hourly(), name="recordings")

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        await self.recorder.closed()

    async def _purge_hourly(self) -> None:
        while True:
            await asyncio.sleep(PURGE_EVERY_S)
            await self._purge()

    async def _purge(self) -> None:
        try:
            await on_disk(purge_recordings, self._directory, datetime.now(UTC))
        except OSError as error:
            log.error("recordings_not_purged", reason=error.strerror)
