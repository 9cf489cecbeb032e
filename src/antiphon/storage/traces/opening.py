"""Traces in clear, however they lie on the disk: sealed, as `antiphon serve` writes them, or plain lines."""

from __future__ import annotations

import os
from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.storage.home import home_directory
from antiphon.storage.keys import KEYS_VARIABLE, Keyring, key_file, keyring
from antiphon.storage.sealed import is_sealed, read_ends, read_sealed

_LOOK_BYTES = 65536  # As much as the first line of either kind may have.


def read_trace(path: Path) -> bytes:
    """All lines there are; of a sealed one whose writer was killed, those of its whole pieces.

    Raises:
        ConfigError: It cannot be read, its key is not here, or somebody changed it.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the trace: {error.strerror}", where=str(path)) from error
    if not is_sealed(raw[:_LOOK_BYTES]):
        return raw
    return b"".join(read_sealed(path, _keys(path)).pieces)


def read_trace_ends(path: Path, tail_bytes: int) -> tuple[bytes, bytes]:
    """The first line, and what follows in the last `tail_bytes`; its first line may be cut.

    Raises:
        ConfigError: As `read_trace`.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(_LOOK_BYTES)
            if not is_sealed(line):
                start, end = file.tell(), file.seek(0, os.SEEK_END)
                file.seek(max(start, end - tail_bytes))
                return line, file.read()
    except OSError as error:
        raise ConfigError(f"cannot read the trace: {error.strerror}", where=str(path)) from error
    first, tail = read_ends(path, _keys(path), tail_bytes)
    header, _, rest = first.partition(b"\n")
    return header, rest + tail


def _keys(path: Path) -> Keyring:
    """The operator's keys; else those of the data directory the trace lies in, or of the one in use."""
    if os.environ.get(KEYS_VARIABLE, "").strip():
        return keyring(home_directory())
    for home in (*path.absolute().parents[2:3], home_directory()):
        if key_file(home).exists():
            return keyring(home)
    raise ConfigError(
        "this trace is sealed, and its key is not here",
        where=str(path),
        fix=f"set ANTIPHON_HOME to the data directory it comes from, or {KEYS_VARIABLE}",
    )
