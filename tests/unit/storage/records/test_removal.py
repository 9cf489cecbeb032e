"""What is too old goes, and what a person asks for: rows, traces, recordings; the proof holds no data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.storage.records.entries import STARTED_MS, a_call

from antiphon.errors import AntiphonError
from antiphon.storage.access import Database
from antiphon.storage.objects import FolderStore
from antiphon.storage.records import LIVE, CallEntry, CallQuery, CallRecords, RecordingEntry
from antiphon.storage.records.removal import CallRemoval, RetentionPolicy
from antiphon.storage.records.tables import erasures, retention_runs

DAY_MS = 86_400_000


def kept_call(home: Path, call_id: str, **facts: Any) -> CallEntry:
    """A call with its two files."""
    call = a_call(call_id, f"words of {call_id}", **facts)
    trace, sound = f"calls/2026-05-28/{call_id}.jsonl", f"recordings/2026-05-28/{call_id}.recording"
    for key in (trace, sound):
        (home / key).parent.mkdir(parents=True, exist_ok=True)
        (home / key).write_text(call_id)
    until_ms = call.summary.started_at_ms + 10 * DAY_MS
    kept = RecordingEntry(location=sound, retain_until_ms=until_ms, complete=True)
    return replace(call, trace=trace, recording=kept)


def files(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.suffix in (".jsonl", ".recording"))


async def there(records: CallRecords, organisation_id: str = "default") -> list[str]:
    page = await records.page(CallQuery(organisation_id=organisation_id))
    return [call.call_id for call in page.calls]


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    async with database.reading() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


@pytest.fixture
def removal(records: CallRecords, tmp_path: Path) -> CallRemoval:
    return CallRemoval(records, FolderStore(tmp_path))


async def test_a_person_is_erased_by_number_wherever_they_were_in_a_call(
    records: CallRecords, removal: CallRemoval, tmp_path: Path, database: Database
) -> None:
    nobody = {"caller": "+15550111", "called": "+15550199"}
    await records.save(
        [
            kept_call(tmp_path, "calling", caller="+4930123456", called="+15550199"),
            kept_call(tmp_path, "called", caller="+15550199", called="+4930123456"),
            kept_call(tmp_path, "another", **nobody),
            kept_call(tmp_path, "theirs", caller="+4930123456", organisation_id="acme"),
        ]
    )
    removed = await removal.erase("default", "+49 30 123456", actor="ann")
    assert (removed.calls, removed.traces, removed.recordings) == (2, 2, 2)
    assert await there(records) == ["another"]
    assert await there(records, "acme") == ["theirs"]
    assert files(tmp_path) == ["another.jsonl", "another.recording", "theirs.jsonl", "theirs.recording"]
    (proof,) = await rows(database, erasures)
    assert proof["finished_at_ms"] >= proof["at_ms"]
    assert (proof["id"], proof["actor"], proof["calls"]) == (removed.run, "ann", 2)
    assert "4930123456" not in str(proof)


async def test_one_call_is_erased_by_its_id(
    records: CallRecords, removal: CallRemoval, tmp_path: Path
) -> None:
    await records.save([kept_call(tmp_path, "one"), kept_call(tmp_path, "two")])
    assert (await removal.erase("acme", "one", actor="mallory")).calls == 0
    assert (await removal.erase("default", "one", actor="ann")).calls == 1
    assert await there(records) == ["two"]


async def test_an_export_has_all_of_a_person_and_nobody_elses(
    records: CallRecords, removal: CallRemoval, tmp_path: Path
) -> None:
    first = kept_call(tmp_path, "first", caller="+4930123456")
    second = kept_call(tmp_path, "second", caller="+4930123456", after_ms=5)
    await records.save([second, first, kept_call(tmp_path, "other", caller="+15550111")])
    assert await removal.export("default", "+4930123456") == [first, second]
    assert await removal.export("acme", "+4930123456") == []
    assert await removal.export("default", "") == []


async def test_what_is_too_old_goes_and_what_goes_on_stays(
    records: CallRecords, removal: CallRemoval, tmp_path: Path, database: Database
) -> None:
    await records.save(
        [
            kept_call(tmp_path, "old"),
            kept_call(tmp_path, "endless", state=LIVE),
            kept_call(tmp_path, "young", after_ms=25 * DAY_MS),
        ]
    )
    removed = await removal.retain(RetentionPolicy(call_days=30), STARTED_MS + 31 * DAY_MS)
    assert (removed.calls, removed.traces, removed.recordings) == (1, 1, 1)
    assert await there(records) == ["young", "endless"]
    (run,) = await rows(database, retention_runs)
    assert (run["policy"], run["calls"], run["recordings"]) == ("call_days=30", 1, 1)
    assert run["finished_at_ms"] is not None


async def test_a_recording_goes_at_its_own_date_and_leaves_its_call(
    records: CallRecords, removal: CallRemoval, tmp_path: Path
) -> None:
    await records.save([kept_call(tmp_path, "one")])
    assert (await removal.retain(RetentionPolicy(), STARTED_MS + 9 * DAY_MS)).recordings == 0
    removed = await removal.retain(RetentionPolicy(), STARTED_MS + 10 * DAY_MS)
    assert (removed.calls, removed.recordings) == (0, 1)
    assert files(tmp_path) == ["one.jsonl"]
    call = await records.open_call("default", "one")
    assert call is not None
    assert call.recording is None


class RefusingStore(FolderStore):
    """A disk that refuses once."""

    refusals = 1

    async def delete(self, key: str) -> bool:
        if key.endswith("two.jsonl") and self.refusals:
            self.refusals -= 1
            raise AntiphonError("no")
        return await super().delete(key)


async def test_an_erasure_that_failed_half_way_is_done_again_to_its_end(
    records: CallRecords, tmp_path: Path, database: Database
) -> None:
    removal = CallRemoval(records, RefusingStore(tmp_path))
    await records.save(kept_call(tmp_path, name, after_ms=at) for at, name in enumerate(("one", "two")))
    with pytest.raises(AntiphonError):
        await removal.erase("default", "+15550100", actor="ann")
    assert await there(records) == ["two", "one"], "rows stay while a file of theirs may"
    assert (await removal.erase("default", "+15550100", actor="ann")).calls == 2
    assert files(tmp_path) == []
    unfinished, finished = sorted(await rows(database, erasures), key=lambda row: row["finished_at_ms"] or 0)
    assert unfinished["finished_at_ms"] is None
    assert finished["calls"] == 2
