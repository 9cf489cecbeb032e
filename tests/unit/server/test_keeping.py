"""`antiphon records` and `antiphon db` on a data directory; the index of a running server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.runtime.recorded_call import record_call

from antiphon.cli import main
from antiphon.errors import ConfigError
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.service import IndexService
from antiphon.storage.home import home_directory
from antiphon.storage.records.stretches import DAY_MS
from antiphon.storage.records.tables import stretches


@pytest.fixture
def home() -> Path:
    return home_directory()


def test_calls_are_indexed_exported_and_erased(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = record_call(home / "calls").path
    assert main(["records", "index"]) == 0
    assert main(["records", "index"]) == 0
    assert main(["records", "index", "--again"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in told] == ["1", "0", "1"]
    exported = tmp_path / "export.json"
    assert main(["records", "export", "c1", str(exported)]) == 0
    assert exported.stat().st_mode & 0o777 == 0o600
    (call,) = json.loads(exported.read_text())
    assert call["summary"]["call_id"] == "c1"
    assert "cleaning" in exported.read_text()
    assert main(["records", "erase", "c1", "--yes"]) == 0
    assert "erased 1 calls, 1 traces, 0 recordings" in capsys.readouterr().out
    assert not trace.exists()
    assert main(["records", "index"]) == 0
    assert "indexed 0 complete, 0 cut short" in capsys.readouterr().out


def test_old_calls_go_by_policy_and_a_policy_of_nothing_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = record_call(home / "calls").path
    main(["records", "index"])
    assert main(["records", "retain", "--days", "36500"]) == 0
    assert trace.exists()
    assert main(["records", "retain", "--days", "30"]) == 0
    assert not trace.exists()
    assert main(["records", "retain", "--days", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err


def test_the_database_tells_its_step_and_keys_are_rewrapped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrade"]) == 0
    assert main(["db", "current"]) == 0
    assert main(["records", "rewrap"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == second == "at step 0007, the newest is 0007"
    assert third.startswith("0 keys")


async def test_a_server_indexes_what_ended_before_and_while_it_ran(home: Path) -> None:
    record_call(home / "calls")
    service = IndexService(home, {})
    await service.start()
    await service.stop()
    assert (home / "antiphon.db").stat().st_mode & 0o777 == 0o600
    records = await open_records(home, {})
    async with records.database.reading() as connection:
        widths = list((await connection.execute(select(stretches.c.width_ms))).scalars())
    await records.database.close()
    assert widths == [DAY_MS], "the day of that call was not counted"


async def test_a_server_refuses_a_database_that_is_none_of_its_own(home: Path) -> None:
    with pytest.raises(ConfigError):
        await IndexService(home, {"ANTIPHON_DATABASE_URL": "mysql://x/y"}).start()


async def test_a_server_starts_though_its_database_is_down(home: Path) -> None:
    record_call(home / "calls")
    address = f"postgresql://nobody@/nothing?host={home}"
    service = IndexService(home, {"ANTIPHON_DATABASE_URL": address})
    await service.start()
    await service.stop()
    assert list((home / "calls").rglob("*.jsonl"))
