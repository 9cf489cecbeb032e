"""Sealed traces: unreadable without the key, and as safe from crashes as those in clear."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.storage.test_traces import HEADER, WAIT_S, line

from antiphon.errors import ConfigError
from antiphon.storage.keys import KEYS_VARIABLE, keyring
from antiphon.storage.sealed import looks_complete
from antiphon.storage.traces import (
    TraceFlusher,
    TraceReader,
    TraceWriter,
    is_held,
    list_calls,
    peek_call,
    read_trace,
)

KEPT = "az:" + "A" * 43 + "="
SECRET = "my number is five five five"


def write_call(home: Path, call_id: str = "c1", *, lines: int = 3) -> Path:
    header = HEADER | {"call_id": call_id, "called_number": "+15550100"}
    trace = TraceWriter(home / "calls", call_id, header, keys=keyring(home, {}))
    for index in range(lines):
        trace.write(line(index * 10, text=SECRET))
    assert trace.close().result(WAIT_S)
    return trace.path


def test_what_was_written_comes_back_and_nothing_of_it_lies_in_clear(tmp_path: Path) -> None:
    path = write_call(tmp_path)
    raw = path.read_bytes()
    for word in (b"five", b"+15550100", b"clinic", b"note"):
        assert word not in raw
    assert looks_complete(path)
    reader = TraceReader(path)
    assert reader.complete
    assert reader.header["called_number"] == "+15550100"
    assert [entry.data["text"] for entry in reader.lines()] == [SECRET] * 3
    assert [entry.number for entry in reader.lines()] == [2, 3, 4]


def test_lists_see_both_kinds_and_read_only_their_ends(tmp_path: Path) -> None:
    write_call(tmp_path, "sealed", lines=2000)
    plain = TraceWriter(tmp_path / "calls", "plain", HEADER | {"call_id": "plain"})
    plain.write(line(1))
    assert plain.close().result(WAIT_S)
    found = {call.call_id: call for call in list_calls(tmp_path / "calls")}
    assert found.keys() == {"sealed", "plain"}
    assert all(call.closed for call in found.values())
    assert found["sealed"].tail[-2]["t"] == 19_990


def test_a_trace_that_is_still_written_is_read_up_to_its_last_flush(tmp_path: Path) -> None:
    keys = keyring(tmp_path, {})
    trace = TraceWriter(tmp_path / "calls", "c1", HEADER, keys=keys, flusher=TraceFlusher(every_s=3600))
    for at_ms in (1, 2):
        trace.write(line(at_ms))
        assert trace.sync().result(WAIT_S)
    trace.write(line(3))
    assert is_held(trace.path)
    reader = TraceReader(trace.path)
    assert [entry.data["t"] for entry in reader.lines()] == [1, 2]
    assert not reader.closed
    assert trace.close().result(WAIT_S)
    assert not is_held(trace.path)


def test_a_process_that_is_killed_leaves_everything_it_had_flushed(tmp_path: Path) -> None:
    keyring(tmp_path, {})
    program = (
        "import sys, time; from pathlib import Path; "
        "from antiphon.storage.keys import keyring; from antiphon.storage.traces import TraceWriter; "
        "home = Path(sys.argv[1]); "
        "trace = TraceWriter(home / 'calls', 'c1', {'wall_time_ms': 0}, keys=keyring(home, {})); "
        'trace.write(b\'{"t":1,"k":"note"}\'); trace.sync().result(10); '
        'print(\'flushed\', flush=True); trace.write(b\'{"t":2,"k":"note"}\'); sys.stdin.read()'
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"flushed\n"
        process.send_signal(signal.SIGKILL)
    path = tmp_path / "calls" / "1970-01-01" / "c1.jsonl"
    assert not is_held(path)
    assert next(entry.data["t"] for entry in TraceReader(path).lines()) == 1


@pytest.mark.parametrize("kept", range(1, 40, 3))
def test_a_piece_that_a_crash_cut_is_left_out(tmp_path: Path, kept: int) -> None:
    keys = keyring(tmp_path, {})
    trace = TraceWriter(tmp_path / "calls", "c1", HEADER, keys=keys, flusher=TraceFlusher(every_s=3600))
    trace.write(line(1))
    assert trace.sync().result(WAIT_S)
    whole = trace.path.stat().st_size
    trace.write(line(2))
    assert trace.sync().result(WAIT_S)
    raw = trace.path.read_bytes()
    trace.path.write_bytes(raw[: whole + kept])
    assert [entry.data["t"] for entry in TraceReader(trace.path).lines()] == [1]
    call = peek_call(trace.path)
    assert call is not None
    assert call.tail[-1]["t"] == 1


def test_a_full_disk_leaves_whole_pieces_and_nothing_is_sealed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keyring(tmp_path, {})
    trace = TraceWriter(tmp_path / "calls", "c1", HEADER, keys=keys, flusher=TraceFlusher(every_s=3600))
    trace.write(line(1))
    assert trace.sync().result(WAIT_S)
    room, real_write, attempts = [7], os.write, list[bytes]()

    def write_with_quota(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        attempts.append(bytes(data))
        count = real_write(fd, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", write_with_quota)
    trace.write(line(2))
    assert trace.sync().result(WAIT_S) is False
    assert [entry.data["t"] for entry in TraceReader(trace.path).lines()] == [1]
    room[0] = 10_000
    trace.write(line(3))
    assert trace.close().result(WAIT_S)
    assert attempts[1].startswith(attempts[0]), "the same text must never be sealed anew"
    reader = TraceReader(trace.path)
    assert [entry.data["t"] for entry in reader.lines()] == [1, 2, 3]
    assert reader.complete


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = write_call(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match="was changed"):
        read_trace(path)


def test_a_trace_says_where_its_key_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_call(tmp_path)
    away = tmp_path / "elsewhere" / "c1.jsonl"
    away.parent.mkdir()
    path.rename(away)
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="its key is not here") as told:
        read_trace(away)
    assert "ANTIPHON_HOME" in str(told.value)
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    assert SECRET.encode() in read_trace(away)


def test_keys_may_rotate_while_older_traces_stay_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "old:" + "B" * 43 + "="
    monkeypatch.setenv(KEYS_VARIABLE, old)
    trace = TraceWriter(tmp_path / "calls", "c1", HEADER, keys=keyring(tmp_path))
    assert trace.close().result(WAIT_S)
    monkeypatch.setenv(KEYS_VARIABLE, f"{KEPT},{old}")
    assert json.loads(read_trace(trace.path).split(b"\n")[0])["agent"] == "clinic"
    monkeypatch.setenv(KEYS_VARIABLE, KEPT)
    with pytest.raises(ConfigError, match="'old' is not here"):
        read_trace(trace.path)
