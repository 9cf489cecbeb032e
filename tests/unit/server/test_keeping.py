"""`antiphon records` and `antiphon db` on a data directory; the index of a running server."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import soundfile
from sqlalchemy import select
from tests.unit.runtime.recorded_call import record_call

from antiphon.calls.recording import recordings_directory
from antiphon.calls.recording.shelf import recording_path
from antiphon.cli import main
from antiphon.errors import ConfigError
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.service import IndexService
from antiphon.storage.access import Opinions
from antiphon.storage.home import home_directory
from antiphon.storage.keys import keyring
from antiphon.storage.records.stretches import DAY_MS
from antiphon.storage.records.tables import stretches
from antiphon.storage.sealed import SealedWriter
from antiphon.storage.traces import read_trace


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
    asyncio.run(comment(home, "c1"))
    sound = tmp_path / "sound"
    recorded(home, "c1")
    assert main(["records", "export", "c1", str(exported), "--recordings", str(sound)]) == 0
    assert exported.stat().st_mode & 0o777 == 0o600
    (call,) = json.loads(exported.read_text())
    assert call["summary"]["call_id"] == "c1"
    assert "cleaning" in exported.read_text()
    assert [one["comment"] for one in call["feedback"]] == ["kind"]
    assert call["trace"][0]["call_id"] == "c1"
    assert len(call["trace"]) == len(read_trace(trace).splitlines())
    samples, rate_hz = soundfile.read(sound / "c1.wav", dtype="int16")
    assert (samples[0].tolist(), rate_hz) == ([1, 2], 8000)
    assert main(["records", "erase", "c1", "--yes"]) == 0
    assert "erased 1 calls, 1 traces, 1 recordings" in capsys.readouterr().out
    assert not trace.exists()
    assert main(["records", "index"]) == 0
    assert "indexed 0 complete, 0 cut short" in capsys.readouterr().out


async def comment(home: Path, call_id: str) -> None:
    records = await open_records(home)
    opinions = Opinions(records.database, keyring(home))
    said = {"source": "caller", "rating": 5, "labels": (), "comment": "kind"}
    await opinions.give("default", call_id, by="caller", **said)
    await records.database.close()


def recorded(home: Path, call_id: str) -> None:
    """Two samples, one of each side; the index hears of them."""
    now = datetime.now(UTC)
    head = {
        "call": call_id, "encoding": "l16", "sample_rate_hz": 8000, "since_ms": 0, "consent": {},
        "retain_until": (now + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    day = datetime.fromtimestamp(1_700_000_000, UTC)
    writer = SealedWriter(recording_path(recordings_directory(home), call_id, day), keyring(home), head)
    writer.write(b"\x01\x00" * 160 + b"\x02\x00" * 160)
    writer.close()
    assert main(["records", "index", "--again"]) == 0


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
    assert first == second == "at step 0009, the newest is 0009"
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
