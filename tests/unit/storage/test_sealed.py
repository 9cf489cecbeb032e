"""Sealed files: readable to the last whole piece wherever a crash cut them, and never changed unnoticed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.storage.keys import KEYS_VARIABLE, Keyring, keyring
from antiphon.storage.sealed import SealedWriter, read_head, read_sealed

PIECES = (b"one", b"two two", b"three" * 100)
HEAD = {"call": "20261125-1", "retain_until": "2027-01-01T00:00:00+00:00"}


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return keyring(tmp_path / "home", {})


def sealed(path: Path, ring: Keyring, *, close: bool = True) -> Path:
    writer = SealedWriter(path, ring, HEAD)
    for piece in PIECES:
        writer.write(piece)
    writer.close() if close else writer.abandon()
    return path


def test_what_was_written_is_read_and_the_disk_does_not_show_it(tmp_path: Path, ring: Keyring) -> None:
    path = sealed(tmp_path / "a" / "file", ring)
    found = read_sealed(path, ring)
    assert (found.pieces, found.complete, found.head) == (PIECES, True, HEAD)
    raw = path.read_bytes()
    assert all(piece not in raw for piece in PIECES)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_head_is_read_without_a_key(tmp_path: Path, ring: Keyring) -> None:
    head = read_head(sealed(tmp_path / "file", ring))
    assert head["retain_until"] == HEAD["retain_until"]


def test_wherever_it_is_cut_all_whole_pieces_are_read(tmp_path: Path, ring: Keyring) -> None:
    whole = sealed(tmp_path / "file", ring).read_bytes()
    begin = whole.index(b"\n") + 1
    counts = set()
    for length in range(begin, len(whole)):
        cut = tmp_path / "cut"
        cut.write_bytes(whole[:length])
        found = read_sealed(cut, ring)
        assert not found.complete
        assert found.pieces == PIECES[: len(found.pieces)]
        counts.add(len(found.pieces))
    assert counts == {0, 1, 2, 3}


def test_every_changed_byte_is_noticed(tmp_path: Path, ring: Keyring) -> None:
    whole = bytearray(sealed(tmp_path / "file", ring).read_bytes())
    for at in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[at] ^= 0x20
        (tmp_path / "changed").write_bytes(changed)
        try:
            found = read_sealed(tmp_path / "changed", ring)
        except ConfigError:
            continue
        # Only the length of a piece can be changed without an error: then nothing behind it is believed.
        assert not found.complete
        assert found.pieces == PIECES[: len(found.pieces)]


def test_pieces_that_changed_places_are_noticed(tmp_path: Path, ring: Keyring) -> None:
    path = tmp_path / "file"
    writer = SealedWriter(path, ring, HEAD)
    starts = [path.stat().st_size]
    for piece in (b"aaaa", b"bbbb"):
        writer.write(piece)
        starts.append(path.stat().st_size)
    writer.close()
    raw = path.read_bytes()
    first, second = raw[starts[0] : starts[1]], raw[starts[1] : starts[2]]
    path.write_bytes(raw[: starts[0]] + second + first + raw[starts[2] :])
    with pytest.raises(ConfigError, match="piece 0"):
        read_sealed(path, ring)


def test_a_file_is_not_written_twice(tmp_path: Path, ring: Keyring) -> None:
    sealed(tmp_path / "file", ring)
    with pytest.raises(FileExistsError):
        SealedWriter(tmp_path / "file", ring, HEAD)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"\xff\xfe", b'{"format": "antiphon-sealed-1"}\n'])
def test_what_is_no_sealed_file_is_told(tmp_path: Path, ring: Keyring, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ConfigError, match="file"):
        read_sealed(tmp_path / "file", ring)


def test_a_killed_process_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    writes = (
        "import sys; from pathlib import Path\n"
        "from antiphon.storage.keys import keyring\n"
        "from antiphon.storage.sealed import SealedWriter\n"
        "writer = SealedWriter(Path(sys.argv[1]), keyring(Path('.')), {})\n"
        "for number in range(100):\n"
        "    writer.write(b'%d' % number)\n"
        "    print(number, flush=True)\n"
        "sys.stdin.read()\n"
    )
    path = tmp_path / "file"
    environ = {**os.environ, KEYS_VARIABLE: f"a:{key}"}
    with subprocess.Popen(
        [sys.executable, "-c", writes, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == b"99":
                break
        process.send_signal(signal.SIGKILL)
    found = read_sealed(path, keyring(tmp_path, {KEYS_VARIABLE: f"a:{key}"}))
    assert found.pieces == tuple(b"%d" % number for number in range(100))
    assert not found.complete
