"""Copies of finished calls in the object store: the trace sealed, the recording as it is (sealed already).
What comes back from it stays sealed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from sqlalchemy import select, update

from antiphon.errors import ConfigError
from antiphon.storage.disk import on_disk
from antiphon.storage.keys import Keyring
from antiphon.storage.objects import FolderStore, ObjectStore
from antiphon.storage.records.calls import CallRecords
from antiphon.storage.records.tables import calls, recordings
from antiphon.storage.records.values import LIVE
from antiphon.storage.sealed import SealedWriter, is_sealed

_AT_ONCE: Final = 100
_PIECE_BYTES: Final = 1 << 20


def archived_key(trace: str) -> str:
    """Where the sealed copy of a trace lies."""
    return f"{trace}.sealed"


class CallArchive:
    """Args: home: The data directory, where calls are written; what is there is what is read."""

    def __init__(self, records: CallRecords, store: ObjectStore, home: Path, keyring: Keyring) -> None:
        self._database, self._store = records.database, store
        self._home, self._keyring = home, keyring

    async def archive(self) -> int:
        """Put away some of what is finished and not there yet; gives how many calls.

        Raises:
            AntiphonError: The store or the database did not do it; nothing is lost, call again.
        """
        stale = calls.c.archived_bytes.is_(None) | (calls.c.archived_bytes != calls.c.trace_bytes)
        joined = calls.outerjoin(recordings, recordings.c.call == calls.c.id)
        columns = (calls.c.id, calls.c.trace, calls.c.trace_bytes, recordings.c.location)
        query = select(*columns).select_from(joined).where(stale & (calls.c.state != LIVE))
        async with self._database.reading() as connection:
            found = (await connection.execute(query.order_by(calls.c.id).limit(_AT_ONCE))).all()
        for number, trace, trace_bytes, sound in found:
            if (self._home / trace).is_file():
                sealed = await on_disk(self._sealed, self._home / trace)
                await self._store.put(archived_key(trace), sealed)
            if sound and (self._home / sound).is_file():
                await self._store.put(sound, await on_disk((self._home / sound).read_bytes))
            done = update(calls).where(calls.c.id == number).values(archived_bytes=trace_bytes)
            async with self._database.transaction() as connection:
                await connection.execute(done)
        return len(found)

    async def restore(self, call_id: str) -> list[Path]:
        """Fetch what the data directory has lost of a call; gives the files that are there again.

        Raises:
            ConfigError: There is no such call, or nothing of it in the store.
        """
        joined = calls.outerjoin(recordings, recordings.c.call == calls.c.id)
        query = select(calls.c.trace, recordings.c.location).select_from(joined)
        async with self._database.reading() as connection:
            row = (await connection.execute(query.where(calls.c.call_id == call_id))).first()
        if row is None:
            raise ConfigError(f"there is no call {call_id!r} in the index", fix="give its whole id")
        trace, sound = row
        home, restored = FolderStore(self._home), []
        if (body := await self._store.get(archived_key(trace))) is not None:
            await home.put(trace, body)
            restored.append(self._home / trace)
        if sound and (body := await self._store.get(sound)) is not None:
            await home.put(sound, body)
            restored.append(self._home / sound)
        if not restored:
            raise ConfigError(f"nothing of the call {call_id!r} is in the object store")
        return restored

    def _sealed(self, path: Path) -> bytes:
        """As it is, where it was written so."""
        body = path.read_bytes()
        if is_sealed(body[:_PIECE_BYTES]):
            return body
        with tempfile.TemporaryDirectory() as folder, path.open("rb") as trace:
            sealed = Path(folder) / "trace"
            writer = SealedWriter(sealed, self._keyring, {"trace": path.stem})
            while piece := trace.read(_PIECE_BYTES):
                writer.write(piece)
            writer.close()
            return sealed.read_bytes()
