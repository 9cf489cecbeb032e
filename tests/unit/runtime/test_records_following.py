"""The index follows the traces: calls that go on, that end, that are cut short; over restarts and outages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.runtime.recorded_call import EVENTS, record_call

from antiphon.errors import AntiphonError
from antiphon.runtime.records.entries import UNREADABLE
from antiphon.runtime.records.following import CallFollower, Caught
from antiphon.storage.access import Database, database_url
from antiphon.storage.keys import keyring
from antiphon.storage.records import COMPLETE, CUT_SHORT, LIVE, CallQuery, CallRecords, RecordingEntry
from antiphon.storage.traces import TraceWriter, is_held

OURS = CallQuery(organisation_id="default")
HEADER = {"wall_time_ms": 1_700_000_000_000, "agent": "clinic", "line": "phone", "called_number": "+15550199"}


@pytest.fixture
async def records(tmp_path: Path) -> CallRecords:
    database = await Database.open(database_url(tmp_path, {}))
    return await CallRecords.open(database, keyring(tmp_path, {}))


def a_follower(home: Path, records: CallRecords, owners: dict[str, str] | None = None) -> CallFollower:
    async def whose() -> dict[str, str]:
        return owners or {}

    return CallFollower(home, records, whose, lambda call_id, day: None)


async def states(records: CallRecords) -> dict[str, str]:
    return {call.call_id: call.state for call in (await records.page(OURS)).calls}


async def test_a_call_that_ended_is_indexed_with_all_its_trace_tells(
    tmp_path: Path, records: CallRecords
) -> None:
    record = record_call(tmp_path / "calls", [EVENTS[0], *EVENTS[1:]])
    assert await a_follower(tmp_path, records).catch_up() == Caught(complete=1)
    call = await records.open_call("default", "c1")
    assert call is not None
    assert call.trace == record.path.relative_to(tmp_path).as_posix()
    assert call.trace_bytes == record.path.stat().st_size
    summary = call.summary
    assert (summary.state, summary.outcome, summary.end_cause) == (COMPLETE, "contained", "caller_hangup")
    assert (summary.turns, summary.tools, summary.interruptions) == (2, 1, 1)
    assert (summary.response_p50_ms, summary.response_p99_ms) == (320, 590)
    assert [(turn.speaker, turn.text) for turn in call.transcript][:3] == [
        ("agent", "Hello, how can I help?"),
        ("caller", "I'd like to book a cleaning."),
        ("agent", "Sure. We"),
    ]
    assert call.transcript[2].interrupted
    assert call.transcript[2].said == "Sure. We have Thursday at ten."
    assert [tool.name for tool in call.tools] == ["find_slots"]
    found = await records.page(CallQuery(organisation_id="default", words='"want friday"'))
    assert [one.call_id for one in found.calls] == ["c1"]


async def test_a_call_is_there_while_it_goes_on_and_settled_when_it_ends(
    tmp_path: Path, records: CallRecords
) -> None:
    follower = a_follower(tmp_path, records)
    assert await follower.catch_up() == Caught()
    trace = TraceWriter(tmp_path / "calls", "c9", HEADER)
    assert trace.sync().result(10)
    assert await follower.look() == Caught(live=1)
    assert await follower.look() == Caught()
    live = await records.find("default", "c9")
    assert live is not None
    assert (live.state, live.agent, live.called) == (LIVE, "clinic", "+15550199")
    assert trace.close().result(10)
    caught = await follower.look()
    assert caught == Caught(cut_short=1), "its header is of no call of ours, so it cannot be read"
    assert await states(records) == {"c9": CUT_SHORT}


async def test_a_process_that_was_killed_leaves_calls_that_are_cut_short(
    tmp_path: Path, records: CallRecords
) -> None:
    path = record_call(tmp_path / "calls").path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:25]) + lines[25][:10])
    assert await a_follower(tmp_path, records).catch_up() == Caught(cut_short=1)
    call = await records.open_call("default", "c1")
    assert call is not None
    assert (call.summary.state, call.summary.outcome) == (CUT_SHORT, "unfinished")
    assert call.summary.duration_ms > 0
    assert call.transcript[0].said == "Hello, how can I help?"


@pytest.mark.parametrize("content", [b"", b'{"k":"hea', b"nothing of ours\n"])
async def test_a_file_that_cannot_be_read_is_a_call_all_the_same(
    tmp_path: Path, records: CallRecords, content: bytes
) -> None:
    folder = tmp_path / "calls" / "2026-05-28"
    folder.mkdir(parents=True)
    (folder / "20260528-101500-abcdef.jsonl").write_bytes(content)
    assert await a_follower(tmp_path, records).catch_up() == Caught(cut_short=1)
    call = await records.find("default", "20260528-101500-abcdef")
    assert call is not None
    assert (call.end_cause, call.started_at_ms) == (UNREADABLE, 1_779_926_400_000)


async def test_a_second_start_reads_only_what_changed(tmp_path: Path, records: CallRecords) -> None:
    path = record_call(tmp_path / "calls").path
    assert await a_follower(tmp_path, records).catch_up() == Caught(complete=1)
    assert await a_follower(tmp_path, records).catch_up() == Caught()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert await a_follower(tmp_path, records).catch_up() == Caught(cut_short=1)
    assert await states(records) == {"c1": CUT_SHORT}


_WRITER = """
import sys
from pathlib import Path
from antiphon.storage.traces import TraceWriter
writer = TraceWriter(Path(sys.argv[1]), "c5", {"wall_time_ms": 1_700_000_000_000, "agent": "clinic"})
writer.sync().result(10)
print(writer.path, flush=True)
sys.stdin.read(1)
"""


def a_writer(calls: Path) -> subprocess.Popen[str]:
    """A process with a call of its own; tells where its trace lies."""
    command = [sys.executable, "-c", _WRITER, str(calls)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_a_live_call_of_a_process_that_is_gone_is_settled_at_the_next_start(
    tmp_path: Path, records: CallRecords
) -> None:
    with a_writer(tmp_path / "calls") as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert is_held(path)
        assert await a_follower(tmp_path, records).catch_up() == Caught(live=1)
        process.kill()
        process.wait()
    assert not is_held(path)
    assert await a_follower(tmp_path, records).catch_up() == Caught(cut_short=1)
    assert await states(records) == {"c5": CUT_SHORT}


async def test_a_database_that_is_down_loses_nothing(tmp_path: Path, records: CallRecords) -> None:
    follower = a_follower(tmp_path, records)
    await follower.catch_up()
    record_call(tmp_path / "calls")
    async with (
        records.database.transaction()
    ):  # Another holds the only right to write, for longer than we wait.
        with pytest.raises(AntiphonError):
            await follower.look()
    assert await follower.look() == Caught(complete=1)
    assert await states(records) == {"c1": COMPLETE}


async def test_a_call_belongs_to_whom_its_agent_belongs(tmp_path: Path, records: CallRecords) -> None:
    record_call(tmp_path / "calls")
    await a_follower(tmp_path, records, {"clinic": "acme"}).catch_up()
    assert await records.find("acme", "c1") is not None
    assert await records.find("default", "c1") is None


async def test_a_recording_is_kept_with_its_call(tmp_path: Path, records: CallRecords) -> None:
    async def nobody() -> dict[str, str]:
        return {}

    kept = RecordingEntry(location="recordings/x", retain_until_ms=5, complete=True)
    record_call(tmp_path / "calls")
    follower = CallFollower(tmp_path, records, nobody, lambda call_id, day: kept if call_id == "c1" else None)
    await follower.catch_up()
    call = await records.open_call("default", "c1")
    assert call is not None
    assert call.recording == kept
