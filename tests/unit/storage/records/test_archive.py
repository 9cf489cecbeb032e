"""Finished calls go to the object store, sealed; come back when the disk lost them; are erased there too."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.storage.records.entries import a_call
from tests.unit.storage.records.test_removal import kept_call

from antiphon.errors import ConfigError
from antiphon.storage.keys import keyring
from antiphon.storage.objects import FolderStore
from antiphon.storage.records import LIVE, CallRecords
from antiphon.storage.records.archive import CallArchive
from antiphon.storage.records.removal import CallRemoval
from antiphon.storage.sealed import SealedWriter
from antiphon.storage.traces import read_trace


async def test_a_finished_call_is_archived_once_sealed_and_restored(
    records: CallRecords, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path / "bucket")
    archive = CallArchive(records, store, tmp_path, keyring(tmp_path, {}))
    call = kept_call(tmp_path, "one")
    (tmp_path / call.trace).write_bytes(b"Zoe Quill\n" * 300_000)
    await records.save([call, a_call("goes-on", state=LIVE)])
    assert await archive.archive() == 1
    assert await archive.archive() == 0
    assert await store.keys("calls") == [f"{call.trace}.sealed"]
    sealed = await store.get(f"{call.trace}.sealed")
    assert sealed and b"Zoe Quill" not in sealed  # Three letters are in any few megabytes of noise.
    (tmp_path / call.trace).unlink()
    assert (tmp_path / call.trace) in await archive.restore("one")
    assert (tmp_path / call.trace).read_bytes() == sealed
    assert read_trace(tmp_path / call.trace) == b"Zoe Quill\n" * 300_000


async def test_a_trace_that_is_sealed_already_is_copied_as_it_is(
    records: CallRecords, tmp_path: Path
) -> None:
    store, keys = FolderStore(tmp_path / "bucket"), keyring(tmp_path, {})
    call = kept_call(tmp_path, "one")
    path = tmp_path / call.trace
    path.unlink()
    writer = SealedWriter(path, keys, {"trace": "one"})
    writer.write(b"a line\n")
    writer.close()
    written = path.read_bytes()
    await records.save([call])
    archive = CallArchive(records, store, tmp_path, keys)
    await archive.archive()
    assert await store.get(f"{call.trace}.sealed") == written
    path.unlink()
    await archive.restore("one")
    assert path.read_bytes() == written


async def test_a_call_that_is_indexed_anew_is_archived_anew(records: CallRecords, tmp_path: Path) -> None:
    archive = CallArchive(records, FolderStore(tmp_path / "bucket"), tmp_path, keyring(tmp_path, {}))
    call = kept_call(tmp_path, "one")
    for _ in range(2):
        await records.save([call])
        assert await archive.archive() == 1


async def test_who_is_erased_is_erased_in_the_store_too(records: CallRecords, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "bucket")
    await records.save([kept_call(tmp_path, "one")])
    archive = CallArchive(records, store, tmp_path, keyring(tmp_path, {}))
    await archive.archive()
    assert len(await store.keys("calls") + await store.keys("recordings")) == 2
    await CallRemoval(records, FolderStore(tmp_path), store).erase("default", "+15550100", actor="ann")
    assert await store.keys("calls") + await store.keys("recordings") == []
    with pytest.raises(ConfigError, match="no call"):
        await archive.restore("one")
