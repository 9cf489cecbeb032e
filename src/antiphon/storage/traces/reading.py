"""Reading a trace back, also one whose writer was killed in the middle of a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from antiphon.errors import ConfigError
from antiphon.storage.traces.format import TRACE_FORMAT
from antiphon.storage.traces.opening import read_trace


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One entry; `number` counts lines of the file from 1, the header being 1. `raw` has no line end."""

    number: int
    raw: bytes
    data: dict[str, Any]


class TraceReader:
    """A trace on disk, read whole when opened.

    Attributes:
        header: The first line.
        complete: It was closed, and nothing was dropped.
        closed: It has an end line.
        dropped: Lines its writer had to drop.

    Raises:
        ConfigError: No such file, not a trace, or a trace of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        raw = read_lines(path)
        self.header = parse_header(path, raw[0] if raw else b"")
        self._lines: list[TraceLine] = []
        self.closed = False
        self.dropped = 0
        self._parse(raw)

    @property
    def complete(self) -> bool:
        return self.closed and not self.dropped

    def lines(self) -> Iterator[TraceLine]:
        """Every entry in order, without header and end line; a half last line is left out."""
        return iter(self._lines)

    def _parse(self, raw: list[bytes]) -> None:
        cut = 0
        for number, line in enumerate(raw[1:], start=2):
            data = _decode(line)
            if data is None:
                if number == len(raw):
                    return  # The process died while writing it.
                raise ConfigError(
                    "this line is not JSON",
                    where=f"{self.path}:{number}",
                    fix="restore the file from a backup",
                )
            if data.get("k") == "end":
                self.closed, self.dropped = True, _dropped(data)
                return
            cut += _dropped(data) if data.get("k") == "cut" else 0
            self.dropped = cut
            self._lines.append(TraceLine(number=number, raw=line, data=data))


def read_lines(path: Path) -> list[bytes]:
    """The lines of a trace, in clear.

    Raises:
        ConfigError: As `read_trace`.
    """
    lines = read_trace(path).rstrip(b"\r\n").split(b"\n")
    return [line.removesuffix(b"\r") for line in lines]  # It may have been through a mailbox, or an editor.


def parse_header(path: Path, line: bytes) -> dict[str, Any]:
    """The header of a trace from its first line.

    Raises:
        ConfigError: It is not one, or of a format this version does not read.
    """
    header = _decode(line)
    if header is None or header.get("k") != "header":
        raise ConfigError(
            "this is not the trace of a call",
            where=str(path),
            fix="traces lie under calls/YYYY-MM-DD/ in the data directory and start with a header line",
        )
    if header.get("format") != TRACE_FORMAT:
        raise ConfigError(
            f"this trace has format {header.get('format')}, this version reads format {TRACE_FORMAT}",
            where=str(path),
            fix=f"it was written by antiphon {header.get('version', '?')}: read it with that version",
        )
    return header


def _dropped(data: dict[str, Any]) -> int:
    """How many lines its writer says were lost here; one, where it says nothing that makes sense."""
    count = data.get("dropped", 0)
    return count if isinstance(count, int) and count >= 0 else 1


def _decode(line: bytes) -> dict[str, Any] | None:
    try:
        data = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return data if isinstance(data, dict) else None
