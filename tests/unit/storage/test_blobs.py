"""Small files that can be made again: whole or not at all, within their bound, whoever else is there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from antiphon.storage.blobs import BlobFolder


def folder(path: Path, max_bytes: int = 10_000) -> BlobFolder:
    return BlobFolder(path, max_bytes=max_bytes)


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())


def test_what_is_put_is_there_for_whoever_comes_after(tmp_path: Path) -> None:
    folder(tmp_path / "made").put("a", b"one")
    assert folder(tmp_path / "made").get("a") == b"one"
    assert folder(tmp_path / "made").get("b") is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_file_is_removed_counted_and_can_be_written_anew(tmp_path: Path, damage: str) -> None:
    blobs = folder(tmp_path)
    blobs.put("a", b"some bytes of audio")
    (file,) = tmp_path.iterdir()
    data = file.read_bytes()
    flipped = data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
    file.write_bytes({"cut": data[:-2], "flipped": flipped, "empty": b"", "foreign": b"RIFF" * 30}[damage])
    assert blobs.get("a") is None
    assert blobs.broken == 1
    assert list(tmp_path.iterdir()) == []
    blobs.put("a", b"again")
    assert blobs.get("a") == b"again"


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    blobs = folder(tmp_path, 3500)
    for at, name in enumerate("abc"):
        blobs.put(name, bytes(1000))
        file = next(path for path in tmp_path.iterdir() if path.stem == name)
        os.utime(file, (at, at))
    assert blobs.get("a") is not None  # Used now.
    blobs.put("d", bytes(1000))
    assert {path.stem for path in tmp_path.iterdir()} == {"a", "c", "d"}
    assert size_of(tmp_path) <= 3500


def test_what_a_dead_process_left_half_written_is_cleared_away_in_time(tmp_path: Path) -> None:
    left = tmp_path / "x.1.1.new"
    left.write_bytes(bytes(2000))
    os.utime(left, (1, 1))
    folder(tmp_path, 2500).put("a", bytes(1000))
    assert not left.exists()


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(bytes(5000))
    folder(tmp_path, 2000).put("a", bytes(1000))
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "a.blob"}


def test_what_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    blobs = folder(tmp_path, 1000)
    blobs.put("a", bytes(1000))
    assert blobs.get("a") is None


def test_a_disk_that_refuses_costs_nothing_but_the_memory_of_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    blobs = folder(tmp_path / "file" / "blobs")
    blobs.put("a", b"one")
    assert blobs.get("a") is None


def test_many_hands_at_once_never_read_half_a_file(tmp_path: Path) -> None:
    bodies = {f"{name}": bytes([name]) * 700 for name in range(6)}

    def work(turn: int) -> bool:
        blobs = folder(tmp_path, 3000)
        name = str(turn % 6)
        blobs.put(name, bodies[name])
        found = blobs.get(name)
        return blobs.broken == 0 and found in (None, bodies[name])

    with ThreadPoolExecutor(8) as hands:
        assert all(hands.map(work, range(240)))
    folder(tmp_path, 3000).put("0", bodies["0"])
    assert size_of(tmp_path) <= 3000
