"""Traces on disk: what is written comes back, and no trouble of the disk reaches the call."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.storage.traces import TraceFlusher, TraceReader, TraceWriter, find_call, list_calls, trace_path

HEADER = {"version": "0.1.0", "call_id": "c1", "agent": "clinic", "wall_time_ms": 1_700_000_000_000}
WAIT_S = 10


def line(at_ms: int, **fields: object) -> bytes:
    return json.dumps({"t": at_ms, "k": "note", "type": "test"} | fields).encode()


def write_call(
    directory: Path, call_id: str, *, wall_time_ms: int = 1_700_000_000_000, lines: int = 3
) -> Path:
    trace = TraceWriter(directory, call_id, HEADER | {"call_id": call_id, "wall_time_ms": wall_time_ms})
    for index in range(lines):
        trace.write(line(index * 10))
    assert trace.close().result(WAIT_S)
    return trace.path


def test_what_was_written_is_read_back_in_order_with_line_numbers(tmp_path: Path) -> None:
    reader = TraceReader(write_call(tmp_path, "c1", lines=3))
    assert reader.header["agent"] == "clinic"
    assert [(entry.number, entry.data["t"]) for entry in reader.lines()] == [(2, 0), (3, 10), (4, 20)]
    assert reader.complete and reader.dropped == 0


def test_the_file_lies_in_the_utc_day_of_the_call_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = write_call(tmp_path / "calls", "c1")
    assert path == tmp_path / "calls" / "2023-11-14" / "c1.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sync_makes_lines_durable_while_the_call_goes_on(tmp_path: Path) -> None:
    trace = TraceWriter(tmp_path, "c1", HEADER, flusher=TraceFlusher(every_s=3600))
    trace.write(line(5, intent="book"))
    assert trace.sync().result(WAIT_S)
    reader = TraceReader(trace.path)
    assert [entry.data["intent"] for entry in reader.lines()] == ["book"]
    assert not reader.closed
    assert trace.close().result(WAIT_S)


def test_a_half_last_line_is_left_out_and_the_trace_is_not_complete(tmp_path: Path) -> None:
    path = write_call(tmp_path, "c1", lines=3)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:3]) + whole[3][: len(whole[3]) // 2])
    reader = TraceReader(path)
    assert [entry.data["t"] for entry in reader.lines()] == [0, 10]
    assert not reader.complete


def test_a_broken_line_in_the_middle_names_its_line(tmp_path: Path) -> None:
    path = write_call(tmp_path, "c1", lines=3)
    whole = path.read_bytes().splitlines(keepends=True)
    whole[2] = b"{broken\n"
    path.write_bytes(b"".join(whole))
    with pytest.raises(ConfigError, match=r"c1\.jsonl:3: this line is not JSON"):
        TraceReader(path)


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x00\xff\xfe", b"[1]\n", b'{"k":"event"}\n'])
def test_a_file_that_is_no_trace_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not the trace of a call"):
        TraceReader(path)


def test_a_trace_of_another_format_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text('{"k":"header","format":99,"version":"9.9.9"}\n')
    with pytest.raises(ConfigError, match=r"format 99.*reads format 1\n.*antiphon 9\.9\.9"):
        TraceReader(path)


def test_a_directory_that_cannot_be_written_costs_the_trace_and_not_the_call(tmp_path: Path) -> None:
    blocked = tmp_path / "calls"
    blocked.write_text("a file where the folder should be")
    trace = TraceWriter(blocked, "c1", HEADER)
    trace.write(line(1))
    assert trace.sync().result(WAIT_S) is False
    assert trace.failed
    trace.write(line(2))
    assert trace.close().result(WAIT_S) is False


def test_a_full_disk_leaves_whole_lines_and_the_trace_goes_on_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [10_000]
    real_write = os.write

    def write_with_quota(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real_write(fd, data[: room[0]])
        room[0] -= count
        return count

    trace = TraceWriter(tmp_path, "c1", HEADER, flusher=TraceFlusher(every_s=3600))
    trace.write(line(1))
    assert trace.sync().result(WAIT_S)
    monkeypatch.setattr(os, "write", write_with_quota)
    room[0] = 7  # The next line fits only in part.
    trace.write(line(2))
    assert trace.sync().result(WAIT_S) is False
    assert trace.path.read_bytes().endswith(b"\n")
    assert [entry.data["t"] for entry in TraceReader(trace.path).lines()] == [1]
    room[0] = 10_000
    assert trace.close().result(WAIT_S)
    reader = TraceReader(trace.path)
    assert [entry.data["t"] for entry in reader.lines()] == [1, 2]
    assert reader.complete


def test_lines_past_the_buffer_are_dropped_counted_and_marked_where_they_are_missing(tmp_path: Path) -> None:
    trace = TraceWriter(tmp_path, "c1", HEADER, flusher=TraceFlusher(every_s=3600), buffer_max_bytes=300)
    for at_ms in range(20):
        trace.write(line(at_ms))
    dropped = trace.dropped
    assert dropped > 0
    assert trace.sync().result(WAIT_S)
    trace.write(line(100))
    assert trace.close().result(WAIT_S)
    reader = TraceReader(trace.path)
    entries = [entry.data for entry in reader.lines()]
    kept = 20 - dropped
    assert entries[kept] == {"t": kept - 1, "k": "cut", "dropped": dropped}
    assert entries[kept + 1]["t"] == 100
    assert reader.dropped == dropped and not reader.complete


def test_many_calls_that_end_while_the_disk_hangs_do_not_fill_the_memory_and_each_says_what_it_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, back, really = threading.Event(), threading.Event(), os.fsync

    def hangs(fd: int) -> None:
        entered.set()
        assert back.wait(WAIT_S)
        really(fd)

    monkeypatch.setattr(os, "fsync", hangs)
    flusher = TraceFlusher(every_s=3600, closing_max_bytes=2000)
    hung = TraceWriter(tmp_path, "c0", HEADER, flusher=flusher)
    closings = [hung.close()]
    assert entered.wait(WAIT_S)
    traces = [TraceWriter(tmp_path, f"c{index}", HEADER, flusher=flusher) for index in range(1, 6)]
    for trace in traces:
        for at_ms in range(20):
            trace.write(line(at_ms))
        closings.append(trace.close())
    assert sum(trace.waiting_bytes for trace in traces) < 3000
    back.set()
    assert all(closing.result(WAIT_S) for closing in closings)
    readers = [TraceReader(trace.path) for trace in traces]
    assert [reader.dropped for reader in readers] == [0, 0, 20, 20, 20]
    assert [reader.complete for reader in readers] == [True, True, False, False, False]
    assert flusher.counted["lines_let_go"] == 60


def test_lines_after_close_are_counted_and_not_written(tmp_path: Path) -> None:
    trace = TraceWriter(tmp_path, "c1", HEADER)
    assert trace.close().result(WAIT_S)
    trace.write(line(1))
    assert trace.dropped == 1
    assert list(TraceReader(trace.path).lines()) == []


def test_stopping_the_flusher_puts_every_open_trace_on_disk(tmp_path: Path) -> None:
    flusher = TraceFlusher(every_s=3600)
    traces = [
        TraceWriter(tmp_path, f"c{index}", HEADER | {"call_id": f"c{index}"}, flusher=flusher)
        for index in range(3)
    ]
    for trace in traces:
        trace.write(line(7))
    flusher.stop()
    assert [len(list(TraceReader(trace.path).lines())) for trace in traces] == [1, 1, 1]


def test_a_trace_is_closed_even_after_the_flusher_was_stopped(tmp_path: Path) -> None:
    flusher = TraceFlusher(every_s=3600)
    trace = TraceWriter(tmp_path, "c1", HEADER, flusher=flusher)
    flusher.stop()
    trace.write(line(1))
    assert trace.close().result(WAIT_S)
    assert TraceReader(trace.path).complete


def test_a_caller_who_stops_waiting_for_the_disk_disturbs_no_other_trace(tmp_path: Path) -> None:
    flusher = TraceFlusher(every_s=3600)
    trace = TraceWriter(tmp_path, "c1", HEADER, flusher=flusher)
    for _ in range(50):
        trace.sync().cancel()
    trace.write(line(1))
    assert trace.close().result(WAIT_S)
    assert TraceReader(trace.path).complete


def test_lines_of_a_process_that_just_exits_are_not_lost(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from antiphon.storage.traces import TraceWriter\n"
        "TraceWriter(Path(sys.argv[1]), 'c1', {'wall_time_ms': 0}).write(b'{\"t\":1,\"k\":\"note\"}')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert [entry.data["t"] for entry in TraceReader(trace_path(tmp_path, "c1", 0)).lines()] == [1]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", ".hidden", "a/b"])
def test_a_call_id_that_would_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the id of a call"):
        trace_path(tmp_path, name, 0)


def test_calls_are_listed_newest_first_with_both_ends_of_their_traces(tmp_path: Path) -> None:
    day_ms = 86_400_000
    for index in range(4):
        write_call(tmp_path, f"c{index}", wall_time_ms=index * day_ms // 2)
    (tmp_path / "1970-01-01" / "junk.jsonl").write_text("no trace")
    listed = list_calls(tmp_path, limit=3)
    assert [call.call_id for call in listed] == ["c3", "c2", "c1"]
    assert all(call.closed and call.tail[-1]["lines"] == 3 for call in listed)


def test_a_call_is_found_by_id_unique_beginning_path_or_last(tmp_path: Path) -> None:
    first = write_call(tmp_path, "abc1", wall_time_ms=1)
    second = write_call(tmp_path, "abd2", wall_time_ms=2)
    assert (
        find_call(tmp_path, "abc1") == find_call(tmp_path, "abc") == find_call(tmp_path, str(first)) == first
    )
    assert find_call(tmp_path, "last") == second


def test_an_ambiguous_or_unknown_call_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are no calls"):
        find_call(tmp_path, "last")
    write_call(tmp_path, "abc1")
    write_call(tmp_path, "abd2")
    with pytest.raises(ConfigError, match="2 calls begin with 'ab': abc1, abd2"):
        find_call(tmp_path, "ab")
    with pytest.raises(ConfigError, match="no call 'zz'"):
        find_call(tmp_path, "zz")


def test_a_trace_that_breaks_its_writer_costs_no_other_trace(tmp_path: Path) -> None:
    flusher = TraceFlusher(every_s=3600)
    broken, other = (TraceWriter(tmp_path, name, HEADER, flusher=flusher) for name in ("c1", "c2"))

    def breaks(**_: object) -> bool:
        raise TypeError("a mistake of ours")

    broken._flush = breaks  # type: ignore[method-assign]
    assert broken.sync().result(WAIT_S) is False
    other.write(line(5))
    assert other.sync().result(WAIT_S) is True
    assert broken.close().result(WAIT_S) is False
    assert other.close().result(WAIT_S) is True
    assert TraceReader(other.path).complete


@pytest.mark.parametrize("when", ["null", '"noon"', "[]"])
def test_one_damaged_header_hides_no_other_call_from_the_list(tmp_path: Path, when: str) -> None:
    write_call(tmp_path, "c1")
    damaged = write_call(tmp_path, "c2")
    damaged.write_text(damaged.read_text().replace("1700000000000", when))
    assert [call.call_id for call in list_calls(tmp_path)] == ["c1", "c2"]
    assert find_call(tmp_path, "last").stem == "c1"
