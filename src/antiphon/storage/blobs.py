"""A folder of small files that can be made again: bounded, checked, shared by processes. There is no index: a
file's name says what it holds, its modification time when it was last used."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_FORMAT: Final = b"antiphon-blob-1\n"
_HEAD_BYTES: Final = len(_FORMAT) + 32
_SUFFIX: Final = ".blob"
_NEW: Final = ".new"


class BlobFolder:
    """Bytes by name, the least recently used forgotten first. Blocks for the disk; safe from several threads.

    Whatever the disk does, no method raises OSError: what cannot be kept is made again.

    Args:
        max_bytes: Of all files together, after every `put`.

    Attributes:
        broken: Damaged files that were met; each was removed.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self.broken = 0
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._told = False

    def get(self, name: str) -> bytes | None:
        """What was put under `name`; None when there is nothing, or it is damaged."""
        path = self._folder / (name + _SUFFIX)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        body = data[_HEAD_BYTES:]
        if data[:_HEAD_BYTES] != _FORMAT + hashlib.sha256(body).digest():
            self.discard(name)
            return None
        with contextlib.suppress(OSError):  # A read-only folder still serves.
            os.utime(path)
        return body

    def discard(self, name: str) -> None:
        """Remove what turned out to be no good."""
        with self._lock:
            self.broken += 1
        with contextlib.suppress(OSError):
            (self._folder / (name + _SUFFIX)).unlink(missing_ok=True)

    def put(self, name: str, body: bytes) -> None:
        """Keep `body`; readers see all of it or nothing."""
        if _HEAD_BYTES + len(body) > self._max_bytes:
            return
        folder = self._folder
        new = folder / f"{name}.{os.getpid()}.{threading.get_ident()}{_NEW}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(_FORMAT + hashlib.sha256(body).digest() + body)
            new.replace(folder / (name + _SUFFIX))
            self._make_room()
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            if not self._told:  # A full disk stays full; once is enough for a person to look.
                self._told = True
                log.warning("blob_not_stored", folder=str(folder), reason=error.strerror)

    def _make_room(self) -> None:
        entries = []
        for path in self._folder.iterdir():
            if path.suffix not in (_SUFFIX, _NEW):
                continue
            with contextlib.suppress(FileNotFoundError):  # Another process made room at the same time.
                status = path.stat()
                entries.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        # Half-written files of a process that died are the oldest of all before long.
        for _, size, path in sorted(entries, key=lambda entry: entry[0]):
            if total <= self._max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size
