"""Calls that are too old go while the server runs, and what went is on record."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.doubles.waiting import until
from tests.unit.runtime.recorded_call import record_call

from antiphon.errors import AntiphonError, ConfigError
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.retaining import Retention, retention_policy
from antiphon.server.keeping.service import IndexService, follower_of
from antiphon.storage.objects import FolderStore
from antiphon.storage.records.removal import CallRemoval, RetentionPolicy
from antiphon.storage.records.tables import retention_runs

DAY_MS = 86_400_000


@pytest.mark.parametrize("days", ["0", "-3", "soon", "1.5"])
def test_a_policy_that_is_none_is_refused_before_anything_starts(days: str) -> None:
    with pytest.raises(ConfigError, match="no number of days"):
        retention_policy({"ANTIPHON_RETAIN_DAYS": days})


def test_without_a_policy_calls_stay() -> None:
    assert retention_policy({}) == RetentionPolicy(call_days=None)
    assert retention_policy({"ANTIPHON_RETAIN_DAYS": " 30 "}) == RetentionPolicy(call_days=30)


async def test_a_call_goes_on_the_day_it_is_due_and_not_before(tmp_path: Path) -> None:
    trace = record_call(tmp_path / "calls").path
    records = await open_records(tmp_path, {})
    try:
        await follower_of(tmp_path, records).catch_up()
        (indexed,) = (await records.indexed()).keys()
        call = await records.find("default", indexed)
        assert call is not None
        at_ms = [call.started_at_ms + 30 * DAY_MS - 1000]
        removal = CallRemoval(records, FolderStore(tmp_path))
        retention = Retention(removal, RetentionPolicy(call_days=30), lambda: at_ms[0])
        assert await retention.look() is None
        assert trace.exists()
        at_ms[0] += 2000
        with capture_logs() as logs:
            removed = await retention.look()
        assert removed is not None
        assert (removed.calls, removed.traces) == (1, 1)
        assert not trace.exists()
        assert logs[-1]["event"] == "retention_done"
        assert logs[-1]["calls"] == 1
        assert await retention.look() is None, "a run that finds nothing is not on record"
        async with records.database.reading() as connection:
            runs = (await connection.execute(select(retention_runs))).mappings().all()
        assert [(run["policy"], run["calls"]) for run in runs] == [("call_days=30", 1)]
        assert runs[0]["finished_at_ms"] is not None
    finally:
        await records.database.close()


async def test_a_running_server_removes_what_its_policy_says(tmp_path: Path) -> None:
    trace = record_call(tmp_path / "calls").path
    service = IndexService(tmp_path, {"ANTIPHON_RETAIN_DAYS": "1"})
    await service.start()
    try:
        await until(lambda: not trace.exists())
    finally:
        await service.stop()


async def test_a_server_without_a_policy_keeps_what_is_old(tmp_path: Path) -> None:
    trace = record_call(tmp_path / "calls").path
    service = IndexService(tmp_path, {})
    await service.start()
    await service.stop()
    assert trace.exists()


class Refusing(FolderStore):
    """A store that is out of order the first time."""

    refusals = 1

    async def delete(self, key: str) -> bool:
        if self.refusals:
            self.refusals -= 1
            raise AntiphonError("the store is out of order")
        return await super().delete(key)


async def test_a_store_that_is_out_of_order_is_told_of_and_tried_again(tmp_path: Path) -> None:
    trace = record_call(tmp_path / "calls").path
    records = await open_records(tmp_path, {})
    try:
        await follower_of(tmp_path, records).catch_up()
        retention = Retention(CallRemoval(records, Refusing(tmp_path)), RetentionPolicy(call_days=1))
        with capture_logs() as logs:
            assert await retention.look() is None
        assert [log["event"] for log in logs] == ["retention_not_finished"]
        assert trace.exists()
        removed = await retention.look()
        assert removed is not None and removed.calls == 1
        assert not trace.exists()
    finally:
        await records.database.close()
