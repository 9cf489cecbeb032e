"""Keeps the index of calls in step with the traces on disk, which it never waits for and never delays.

What is written is followed from outside: no call, no media loop and no worker knows of the database. One that
is down for an hour is an hour behind; a process that is killed anywhere starts again from the files.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antiphon.runtime.records.entries import Filed, Taken, taken_of
from antiphon.storage.disk import on_disk
from antiphon.storage.records import CUT_SHORT, LIVE, CallRecords, RecordingEntry
from antiphon.storage.traces import bare_call, is_held, peek_call

Owners = Callable[[], Awaitable[Mapping[str, str]]]
FindRecording = Callable[[str, str], RecordingEntry | None]
Ended = Callable[[Taken], None]
DEFAULT_OWNER: Final = "default"
_AT_ONCE: Final = 50
# A file system counts its time in ticks: within one, a second change looks like the first.
_CLOCK_TICK_NS: Final = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What one look at the traces brought into the index."""

    live: int = 0
    complete: int = 0
    cut_short: int = 0


class CallFollower:
    """One per data directory.

    Args:
        home: The data directory; traces lie in `calls/` below it.
        owners: Whose an agent is, by its name; calls of others are the default organisation's.
        recording: The recording of a call, by its id and its day (YYYY-MM-DD).
        ended: Told of each call that ended while it was followed, once it is in the index.
    """

    def __init__(
        self,
        home: Path,
        records: CallRecords,
        owners: Owners,
        recording: FindRecording,
        ended: Ended | None = None,
    ) -> None:
        self._home, self._records, self._ended = home, records, ended
        self._owners, self._recording = owners, recording
        self._days: dict[Path, int] = {}
        self._open: dict[str, Path] = {}
        self._told: set[str] = set()  # Live ones that are in the index.
        self._settled: set[str] = set()

    async def catch_up(self) -> Caught:
        """Compare every trace with the index; what differs is read again. Done once, at the start.

        Raises:
            AntiphonError: The database did not do it; nothing is lost, call again.
        """
        known = await self._records.indexed()
        paths = await on_disk(lambda: dict(self._traces()))
        sizes = await on_disk(lambda: {call_id: _size(path) for call_id, path in paths.items()})
        for call_id, path in paths.items():
            row = known.get(call_id)
            if row is None or row.state == LIVE or row.trace_bytes != sizes[call_id]:
                self._open[call_id] = path
            else:
                self._settled.add(call_id)
        return await self._take(told=None)

    async def look(self) -> Caught:
        """What came and what ended since the last look.

        Raises:
            AntiphonError: As `catch_up`.
        """
        self._open |= await on_disk(self._new_traces)
        return await self._take(told=self._ended)

    async def _take(self, *, told: Ended | None) -> Caught:
        traces = list(self._open.items())
        owners = await self._owners() if traces else {}
        states: list[str] = []
        for start in range(0, len(traces), _AT_ONCE):
            some = traces[start : start + _AT_ONCE]
            read = await on_disk(self._read, some, owners)
            await self._records.save(one.entry for one in read)
            for one in read:
                self._saved(one.entry.summary.call_id, one.entry.summary.state)
                states.append(one.entry.summary.state)
                if told is not None and one.entry.summary.state != LIVE:
                    told(one)
        return Caught(
            live=states.count(LIVE),
            cut_short=states.count(CUT_SHORT),
            complete=len(states) - states.count(LIVE) - states.count(CUT_SHORT),
        )

    def _saved(self, call_id: str, state: str) -> None:
        if state == LIVE:
            self._told.add(call_id)
            return
        self._open.pop(call_id, None)
        self._told.discard(call_id)
        self._settled.add(call_id)

    def _read(self, traces: Sequence[tuple[str, Path]], owners: Mapping[str, str]) -> list[Taken]:
        return list(self._entries(traces, owners))

    def _entries(self, traces: Sequence[tuple[str, Path]], owners: Mapping[str, str]) -> Iterator[Taken]:
        for call_id, path in traces:
            if not path.exists():  # Erased while it was going on.
                self._saved(call_id, CUT_SHORT)
                continue
            live = is_held(path)
            if live and call_id in self._told:
                continue
            trace_bytes = _size(path)
            call = peek_call(path) or bare_call(path)
            filed = Filed(
                organisation_id=owners.get(str(call.header.get("agent", "")), DEFAULT_OWNER),
                trace=path.relative_to(self._home).as_posix(),
                trace_bytes=trace_bytes,
                live=live,
                recording=self._recording(call_id, path.parent.name),
            )
            yield taken_of(dataclasses.replace(call, call_id=call_id), filed)

    def _new_traces(self) -> dict[str, Path]:
        known = self._open.keys() | self._settled
        return {name: path for name, path in self._traces() if name not in known}

    def _traces(self) -> Iterator[tuple[str, Path]]:
        """In folders that changed since they were looked at: a new file changes one, a new line does not."""
        for day in sorted((self._home / "calls").glob("????-??-??")):
            now_ns, changed_ns = time.time_ns(), day.stat().st_mtime_ns
            if self._days.get(day) == changed_ns:
                continue
            yield from ((path.stem, path) for path in sorted(day.glob("*.jsonl")))
            if now_ns - changed_ns > _CLOCK_TICK_NS:
                self._days[day] = changed_ns


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
