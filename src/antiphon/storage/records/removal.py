"""Removing calls for good: by age, and all of a person's. The proof that it happened holds no data.

Files go before rows: a crash in between leaves rows without files, which the next run finds again. With the
row of a call goes the only copy of the key that its words were sealed with.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, insert, or_, select, update

from antiphon.storage.access.database import Database, now_ms
from antiphon.storage.objects import ObjectStore
from antiphon.storage.records.archive import archived_key
from antiphon.storage.records.calls import CallRecords
from antiphon.storage.records.numbering import first_number
from antiphon.storage.records.tables import calls, erasures, recordings, retention_runs
from antiphon.storage.records.values import LIVE, CallDetail

_AT_ONCE: Final = 500
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long a call may be known: everything of it goes then. Recordings have their own date, and go
    earlier by it.

    Attributes:
        call_days: Of transcripts, traces and rows; None: for ever.
    """

    call_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much went, and under which number that is on record."""

    run: str
    calls: int
    traces: int
    recordings: int


@dataclass(frozen=True, slots=True)
class _Due:
    call_id: str
    trace: str
    recording: str | None


class CallRemoval:
    """Of calls, wherever something of them lies.

    Args:
        home: The data directory, as a store.
        archive: The object store that copies of finished calls are in; None where there is none.
    """

    def __init__(self, records: CallRecords, home: ObjectStore, archive: ObjectStore | None = None) -> None:
        self._records, self._database = records, records.database
        self._home, self._archive = home, archive

    async def anything_due(self, policy: RetentionPolicy, at_ms: int) -> bool:
        """Whether `retain` would find something."""
        due = _sounds_due(at_ms)
        if policy.call_days is not None:
            due |= _calls_due(policy.call_days, at_ms)
        joined = calls.outerjoin(recordings, recordings.c.call == calls.c.id)
        query = select(calls.c.id).select_from(joined).where(due).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def retain(self, policy: RetentionPolicy, at_ms: int) -> Removed:
        """Remove what is too old at that time, and write down that it was done.

        Raises:
            AntiphonError: The database or the store did not do it; what is left goes with the next run.
        """
        run = f"ret_{secrets.token_hex(8)}"
        began = {"at_ms": at_ms, "policy": f"call_days={policy.call_days}"}
        await _begin(self._database, retention_runs, run, began)
        sounds = await self._remove_sounds(_sounds_due(at_ms))
        removed = Removed(run=run, calls=0, traces=0, recordings=sounds)
        if policy.call_days is not None:
            removed = _sum(removed, await self._remove(_calls_due(policy.call_days, at_ms), run))
        await _finish(self._database, retention_runs, removed)
        return removed

    async def erase(self, organisation_id: str, subject: str, *, actor: str) -> Removed:
        """Everything of a person, named by phone number, or of one call, named by its id.

        Raises:
            AntiphonError: As `retain`; erase again.
        """
        run = f"era_{secrets.token_hex(8)}"
        hashed = self._records.keys.number_hash(organisation_id, subject)
        began = {"organisation_id": organisation_id, "at_ms": now_ms(), "actor": actor[:200]}
        await _begin(self._database, erasures, run, began | {"subject_hash": hashed})
        removed = await self._remove(self._about(organisation_id, subject), run)
        await _finish(self._database, erasures, removed)
        return removed

    async def export(self, organisation_id: str, subject: str) -> list[CallDetail]:
        """Everything the index has of a person, or of one call; oldest first."""
        query = select(calls.c.call_id).where(self._about(organisation_id, subject)).order_by(calls.c.id)
        async with self._database.reading() as connection:
            found = list((await connection.execute(query)).scalars())
        opened = [await self._records.open_call(organisation_id, call_id) for call_id in found]
        return [call for call in opened if call is not None]

    def _about(self, organisation_id: str, subject: str) -> ColumnElement[bool]:
        hashed = self._records.keys.number_hash(organisation_id, subject)
        named: list[ColumnElement[bool]] = [calls.c.call_id == subject]
        if hashed:
            named += [calls.c.caller_hash == hashed, calls.c.called_hash == hashed]
        return (calls.c.organisation_id == organisation_id) & or_(*named)

    async def _remove(self, which: ColumnElement[bool], run: str) -> Removed:
        gone = Removed(run=run, calls=0, traces=0, recordings=0)
        while due := await self._due(which):
            traces = [await self._gone(one.trace, archived_key(one.trace)) for one in due]
            sounds = [await self._gone(one.recording, one.recording) for one in due if one.recording]
            count = await self._records.remove([one.call_id for one in due])
            some = Removed(run=run, calls=count, traces=sum(traces), recordings=sum(sounds))
            gone = _sum(gone, some)
        return gone

    async def _remove_sounds(self, which: ColumnElement[bool]) -> int:
        """Recordings only; their calls stay."""
        gone = 0
        while due := await self._due(which):
            for one in due:
                gone += await self._gone(one.recording or "", one.recording or "")
            await self._records.forget_recordings([one.call_id for one in due])
        return gone

    async def _gone(self, key: str, archived: str) -> bool:
        """The copy first: while one is left, its row is, and the next run finds it."""
        if self._archive is not None:
            await self._archive.delete(archived)
        return await self._home.delete(key)

    async def _due(self, which: ColumnElement[bool]) -> Sequence[_Due]:
        joined = calls.outerjoin(recordings, recordings.c.call == calls.c.id)
        columns = (calls.c.call_id, calls.c.trace, recordings.c.location)
        query = select(*columns).select_from(joined).where(which).order_by(calls.c.id).limit(_AT_ONCE)
        async with self._database.reading() as connection:
            return [_Due(*row) for row in await connection.execute(query)]


def _sounds_due(at_ms: int) -> ColumnElement[bool]:
    """NULL, of those without a date, is not due."""
    return (calls.c.state != LIVE) & (recordings.c.retain_until_ms <= at_ms)


def _calls_due(call_days: int, at_ms: int) -> ColumnElement[bool]:
    return (calls.c.state != LIVE) & (calls.c.id < first_number(at_ms - call_days * _DAY_MS))


async def _begin(database: Database, table: Table, run: str, facts: dict[str, Any]) -> None:
    async with database.transaction() as connection:
        nothing_yet = {"calls": 0, "traces": 0, "recordings": 0}
        await connection.execute(insert(table).values({"id": run} | facts | nothing_yet))


async def _finish(database: Database, table: Table, removed: Removed) -> None:
    counts = {"calls": removed.calls, "traces": removed.traces, "recordings": removed.recordings}
    async with database.transaction() as connection:
        done = update(table).where(table.c.id == removed.run).values(counts | {"finished_at_ms": now_ms()})
        await connection.execute(done)


def _sum(one: Removed, other: Removed) -> Removed:
    return Removed(
        run=one.run,
        calls=one.calls + other.calls,
        traces=one.traces + other.traces,
        recordings=one.recordings + other.recordings,
    )
