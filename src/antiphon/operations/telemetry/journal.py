"""Which calls have been sent, by their ids on the disk: a restart sends those that waited and no other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from antiphon.storage.traces import is_held

DAYS: Final = 2  # Older calls are not sent by themselves any more.


class SentCalls:
    """One file a day of calls, below `telemetry/` in the data directory. Blocks for the disk."""

    def __init__(self, home: Path) -> None:
        self._calls, self._folder = home / "calls", home / "telemetry"

    def add(self, trace: Path) -> None:
        """Lost at a crash of the machine: the call is sent again then, and kept once by its ids."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self._folder / f"sent-{trace.parent.name}"
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, f"{trace.stem}\n".encode())
        finally:
            os.close(handle)

    def unsent(self, now: datetime | None = None) -> Iterator[Path]:
        """Traces of finished calls of late that were not sent, oldest first. Forgets older days."""
        today = (now or datetime.now(UTC)).date()
        days = [(today - timedelta(days=back)).isoformat() for back in range(DAYS - 1, -1, -1)]
        for old in self._folder.glob("sent-*"):
            if old.name.removeprefix("sent-") < days[0]:
                old.unlink(missing_ok=True)
        for day in days:
            sent = self._sent(day)
            for path in sorted((self._calls / day).glob("*.jsonl")):
                if path.stem not in sent and not is_held(path):
                    yield path

    def _sent(self, day: str) -> frozenset[str]:
        with contextlib.suppress(OSError):
            return frozenset((self._folder / f"sent-{day}").read_text(encoding="utf-8").split())
        return frozenset()
