"""Which traces there are and where: `<calls>/YYYY-MM-DD/<call_id>.jsonl`. Reads only both ends of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from antiphon.errors import ConfigError
from antiphon.storage.traces.format import SUFFIX
from antiphon.storage.traces.opening import read_trace_ends
from antiphon.storage.traces.reading import parse_header

_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFile:
    """What both ends of a trace tell. `tail` are its last entries (a few kB), oldest first."""

    path: Path
    call_id: str
    header: dict[str, Any]
    tail: tuple[dict[str, Any], ...]

    @property
    def started_at_ms(self) -> int:
        """0 where its header does not say: one damaged trace must not hide all others from a list."""
        at_ms = self.header.get("wall_time_ms", 0)
        return at_ms if isinstance(at_ms, int) else 0

    @property
    def closed(self) -> bool:
        return bool(self.tail) and self.tail[-1].get("k") == "end"


def trace_path(directory: Path, call_id: str, wall_time_ms: int) -> Path:
    """Where the trace of a call lies; the day is the UTC date of its start.

    Raises:
        ConfigError: The call id cannot be a file name.
    """
    if not call_id or call_id != Path(call_id).name or call_id.startswith("."):
        raise ConfigError(f"{call_id!r} cannot be the id of a call", fix="use letters, digits, - and _")
    day = datetime.fromtimestamp(wall_time_ms / 1000, tz=UTC).date().isoformat()
    return directory / day / f"{call_id}{SUFFIX}"


def list_calls(directory: Path, limit: int = 50) -> list[CallFile]:
    """The latest calls, newest first. Files that are no traces are left out."""
    found: list[CallFile] = []
    for day in sorted(_days(directory), reverse=True):
        calls = [call for path in day.glob(f"*{SUFFIX}") if (call := peek_call(path)) is not None]
        calls.sort(key=lambda call: call.started_at_ms, reverse=True)
        found += calls
        if len(found) >= limit:
            break
    return found[:limit]


def find_call(directory: Path, name: str) -> Path:
    """The trace of a call by path, id, unique beginning of an id, or "last".

    Raises:
        ConfigError: None or several match; says which.
    """
    if name == "last":
        latest = list_calls(directory, limit=1)
        if not latest:
            raise ConfigError(f"there are no calls in {directory}", fix="take a call, or set ANTIPHON_HOME")
        return latest[0].path
    if not name:
        raise ConfigError("no call is named", fix='give its id, the path of its trace, or "last"')
    if Path(name).is_file():
        return Path(name)
    if Path(name).name != name or name.endswith(SUFFIX):
        raise ConfigError("there is no such trace", where=name, fix="give its path, or the id of a call")
    matches = sorted(path for day in _days(directory) for path in day.glob(f"*{SUFFIX}") if _fits(path, name))
    exact = [path for path in matches if path.stem == name]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if not matches:
        raise ConfigError(
            f"no call {name!r} in {directory}", fix="`antiphon calls list` shows them; or set ANTIPHON_HOME"
        )
    shown = ", ".join(path.stem for path in matches[:5])
    raise ConfigError(f"{len(matches)} calls begin with {name!r}: {shown}", fix="give more of the id")


def _fits(path: Path, name: str) -> bool:
    return path.stem.startswith(name)


def _days(directory: Path) -> Iterator[Path]:
    return (path for path in directory.glob("????-??-??") if path.is_dir())


def peek_call(path: Path) -> CallFile | None:
    """Both ends of one trace; None for a file that is none."""
    try:
        first, tail = read_trace_ends(path, _TAIL_BYTES)
        header = parse_header(path, first)
    except ConfigError:
        return None
    entries = tuple(entry for line in tail.split(b"\n") if (entry := _entry(line)) is not None)
    return CallFile(path=path, call_id=str(header.get("call_id", path.stem)), header=header, tail=entries)


def bare_call(path: Path) -> CallFile:
    """A trace whose writer was killed before its first line: its name and its day are all there is."""
    try:
        day = datetime.fromisoformat(path.parent.name).replace(tzinfo=UTC)
    except ValueError:
        day = datetime.fromtimestamp(0, tz=UTC)
    header = {"wall_time_ms": int(day.timestamp() * 1000)}
    return CallFile(path=path, call_id=path.stem, header=header, tail=())


def _entry(line: bytes) -> dict[str, Any] | None:
    # The first line of the tail is usually cut, the last one may be.
    try:
        entry = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if isinstance(entry, dict) else None
