"""Calls as the API shows them, from the traces on disk. Only exact ids open one: no paths, no beginnings."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import CallRecord, read_call
from antiphon.runtime.records.story import tell
from antiphon.server.problems import Problem
from antiphon.storage.access import DEFAULT_ORGANISATION
from antiphon.storage.traces import CallFile, peek_call

CALL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
# One request reads both ends of so many files at most, and opens so many whole ones.
LOOKED_AT_MAX: Final = 2000
OPENED_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls. Times in ms since 1970, `from_ms` included, `to_ms` not; `words` that were said."""

    agent: str = ""
    line: str = ""
    outcome: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    words: str = ""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last call that was looked at."""

    started_at_ms: int
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPage:
    """`after` is where the next page begins, "" at the end. A page may be short before that."""

    calls: list[dict[str, Any]]
    after: str


class CallShelf:
    """Whose a call is, its agent tells. Blocks for the disk; call from a thread."""

    def __init__(self, home: Path) -> None:
        self._calls = home / "calls"

    def page(self, may_see: Callable[[str], bool], wanted: CallFilter, *, after: str, limit: int) -> CallPage:
        """Newest first. `may_see` is asked by the name of the agent.

        Raises:
            Problem: 400; `after` is none of ours.
        """
        start = _position(after)
        found: list[dict[str, Any]] = []
        opened = 0
        for looked_at, call in enumerate(self._newest_first(start), start=1):
            position = Position(_started(call), call.call_id)
            row = call_row(call)
            if may_see(row["agent"]) and _fits(row, wanted):
                if wanted.words:
                    opened += 1
                if not wanted.words or _says(call.path, wanted.words):
                    found.append(row)
            if len(found) >= limit or looked_at >= LOOKED_AT_MAX or opened >= OPENED_MAX:
                return CallPage(calls=found, after=_cursor(position))
            if wanted.from_ms is not None and position.started_at_ms < wanted.from_ms:
                break
        return CallPage(calls=found, after="")

    def path(self, may_see: Callable[[str], bool], call_id: str) -> Path:
        """The trace of a call.

        Raises:
            Problem: 404; there is none, or it is another's: the two look the same.
        """
        if CALL_ID.fullmatch(call_id):
            for day in self._days():
                path = day / f"{call_id}.jsonl"
                call = peek_call(path) if path.is_file() and not path.is_symlink() else None
                if call is not None and may_see(str(call.header.get("agent", ""))):
                    return path
        raise no_such_call()

    def row(self, path: Path) -> dict[str, Any]:
        """What a list tells of one call. Raises Problem: 404; it is gone."""
        call = peek_call(path)
        if call is None:
            raise no_such_call()
        return call_row(call)

    def _newest_first(self, start: Position | None) -> Iterator[CallFile]:
        for day in self._days():
            if start is not None and day.name > _day(start.started_at_ms):
                continue
            calls = [call for path in day.glob("*.jsonl") if (call := peek_call(path)) is not None]
            calls.sort(key=lambda call: (_started(call), call.call_id), reverse=True)
            for call in calls:
                if start is None or (_started(call), call.call_id) < (start.started_at_ms, start.call_id):
                    yield call

    def _days(self) -> list[Path]:
        return sorted((path for path in self._calls.glob("????-??-??") if path.is_dir()), reverse=True)


def owner(owners: Mapping[str, str], agent: str) -> str:
    """One nobody has claimed is the default organisation's."""
    return owners.get(agent, DEFAULT_ORGANISATION)


def no_such_call() -> Problem:
    return Problem(404, "no such call")


def open_record(path: Path) -> CallRecord:
    """Raises Problem: 409; the trace is damaged, or another version's."""
    try:
        return read_call(path)
    except ConfigError as error:
        raise Problem(409, f"the trace of this call cannot be read: {error.message}", fix=error.fix) from None


def call_row(call: CallFile) -> dict[str, Any]:
    """What both ends of a trace tell."""
    times = [int(entry["t"]) for entry in call.tail if isinstance(entry.get("t"), int)]
    ends = [str(entry.get("cause", "")) for entry in call.tail if entry.get("type") == "EndCall"]
    return {
        "call_id": call.call_id,
        "agent": str(call.header.get("agent", "")),
        "line": str(call.header.get("line", "")),
        "started_at_ms": _started(call),
        "duration_ms": max(times, default=None),
        "outcome": ends[-1] if ends else "",
        "closed": call.closed,
    }


def _fits(row: Mapping[str, Any], wanted: CallFilter) -> bool:
    started_at_ms = row["started_at_ms"]
    return (
        all(getattr(wanted, name) in ("", row[name]) for name in ("agent", "line", "outcome"))
        and (wanted.from_ms is None or started_at_ms >= wanted.from_ms)
        and (wanted.to_ms is None or started_at_ms < wanted.to_ms)
    )


def _says(path: Path, words: str) -> bool:
    """Whether it was said on the call, by either side, as it was heard."""
    sought = words.casefold()
    try:
        story = tell(read_call(path).entries)
    except ConfigError:
        return False
    said = [turn.heard_as for turn in story.turns] + [reply.heard for reply in story.replies.values()]
    return any(sought in text.casefold() for text in said)


def _started(call: CallFile) -> int:
    started = call.header.get("wall_time_ms", 0)
    return started if isinstance(started, int) else 0


def _day(started_at_ms: int) -> str:
    return datetime.fromtimestamp(started_at_ms / 1000, tz=UTC).date().isoformat()


def _cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def _position(cursor: str) -> Position | None:
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = msgspec.json.decode(raw, type=Position)
        _day(position.started_at_ms)
    except (ValueError, OverflowError, OSError):
        raise Problem(400, "`after` is not one that was given out", fix="leave it out to begin") from None
    return position
