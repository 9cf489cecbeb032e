"""Calls in the database: put in, listed, searched, counted, opened, taken out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    RowMapping,
    Select,
    Table,
    Text,
    cast,
    delete,
    func,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.access.database import Database
from antiphon.storage.access.tables import feedback, shared_links
from antiphon.storage.keys import Keyring
from antiphon.storage.records import rows
from antiphon.storage.records.numbering import call_number, first_number
from antiphon.storage.records.seals import CallSeal, RecordKeys
from antiphon.storage.records.stretches import forget_counts
from antiphon.storage.records.tables import calls, costs, recordings, signs, tools, turns
from antiphon.storage.records.values import (
    FLAGGED,
    LIVE,
    CallDetail,
    CallEntry,
    CallPage,
    CallQuery,
    CallSummary,
)
from antiphon.storage.records.words import Source, drop_words, put_words, sought, where_said

PAGE_MAX: Final = 500
_EQUAL: Final = ("agent", "line", "direction", "state", "end_cause", "outcome")
_PARTS: Final = (turns, tools, costs, recordings)
# SQLite takes 32,766 parameters a statement; so many calls, and their rows go one statement a table.
_TAKEN_OUT_AT_ONCE: Final = 1000
_TRIES_MAX: Final = 5  # One for each process that puts the same calls in at once.


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What is known of a call's trace: whether it has to be read again."""

    state: str
    trace_bytes: int


class CallRecords:
    """The index of calls. Every question names an organisation; nobody is shown another's calls."""

    def __init__(self, database: Database, keys: RecordKeys) -> None:
        self.database, self.keys = database, keys

    @classmethod
    async def open(cls, database: Database, keyring: Keyring) -> CallRecords:
        """Raises ConfigError: The storage key of this database is not here."""
        return cls(database, await RecordKeys.open(database, keyring))

    async def save(self, entries: Iterable[CallEntry]) -> None:
        """Put calls in, all or none; whatever the index had of them is replaced.

        Raises:
            AntiphonError: The database did not do it.
        """
        by_id = {entry.summary.call_id: entry for entry in entries}
        if not by_id:
            return
        for _ in range(_TRIES_MAX):
            try:
                await self._put(by_id)
                return
            except IntegrityError:
                continue  # Another process was first; what it put in can be seen, and replaced, by now.
        # Without the error's own words: they hold the row.
        raise AntiphonError("the database did not do it: others put the same calls in all the while")

    async def _put(self, by_id: Mapping[str, CallEntry]) -> None:
        async with self.database.transaction() as connection:
            known = select(calls.c.id).where(calls.c.call_id.in_(list(by_id)))
            await _take_out(connection, list((await connection.execute(known)).scalars()))
            made = [
                rows.rows_of(entry, self.keys, number)
                for entry, number in zip(
                    by_id.values(), await _numbers(connection, by_id.values()), strict=True
                )
            ]
            await connection.execute(insert(calls), [one.call for one in made])
            await forget_counts(
                connection,
                [(one.call["organisation_id"], one.call["id"]) for one in made if one.call["state"] != LIVE],
            )
            for table, kind in (
                (turns, "turns"),
                (tools, "tools"),
                (costs, "costs"),
                (recordings, "recordings"),
                (signs, "signs"),
            ):
                values = [row for one in made for row in getattr(one, kind)]
                if values:
                    await connection.execute(insert(table), values)
            await put_words(connection, [(one.call["id"], one.words) for one in made])

    async def page(self, query: CallQuery, *, after: str = "", limit: int = 50) -> CallPage:
        """Newest first.

        Raises:
            ConfigError: `after` is none that a page gave.
        """
        limit = min(max(1, limit), PAGE_MAX)
        async with self.database.reading() as connection:
            source = self._source(connection, query)
            wanted = self._wanted(select(*rows.SUMMARY_COLUMNS), source, query)
            if after:
                wanted = wanted.where(source.number < _position(after))
            found = await connection.execute(wanted.order_by(source.number.desc()).limit(limit + 1))
            listed = found.mappings().all()
        shown = tuple(rows.summary_of(row, self._seal(row)) for row in listed[:limit])
        return CallPage(calls=shown, after=f"{listed[limit - 1]['id']:x}" if len(listed) > limit else "")

    async def count(self, query: CallQuery) -> int:
        async with self.database.reading() as connection:
            wanted = self._wanted(select(func.count()), self._source(connection, query), query)
            return int((await connection.execute(wanted)).scalar_one())

    async def find(self, organisation_id: str, call_id: str) -> CallSummary | None:
        """What a list tells of it; None when there is none, or it is another's."""
        row = await self._row(organisation_id, call_id, rows.SUMMARY_COLUMNS)
        return rows.summary_of(row, self._seal(row)) if row is not None else None

    async def open_call(self, organisation_id: str, call_id: str) -> CallDetail | None:
        """Everything the index has of a call; None when there is none, or it is another's.

        Raises:
            ConfigError: Somebody changed its rows, or its storage key is not here.
        """
        row = await self._row(organisation_id, call_id, list(calls.c))
        if row is None:
            return None
        async with self.database.reading() as connection:
            said, ran, paid, kept = [await _parts(connection, table, row["id"]) for table in _PARTS]
        seal = self._seal(row)
        return CallDetail(
            summary=rows.summary_of(row, seal),
            trace=row["trace"],
            trace_bytes=row["trace_bytes"],
            note=rows.note_of(row, seal),
            transcript=tuple(rows.turn_of(one, seal) for one in said),
            tools=tuple(rows.tool_of(one, seal) for one in ran),
            costs=tuple(rows.cost_entry(one) for one in paid),
            recording=rows.recording_entry(kept[0]) if kept else None,
        )

    async def indexed(self) -> dict[str, Indexed]:
        """What is known of every trace, by call id, whoever's it is."""
        async with self.database.reading() as connection:
            found = await connection.execute(select(calls.c.call_id, calls.c.state, calls.c.trace_bytes))
            return {row[0]: Indexed(state=row[1], trace_bytes=row[2]) for row in found}

    async def remove(self, call_ids: Sequence[str]) -> int:
        """Take calls out, with their keys, words, feedback, links and all; gives how many there were."""
        removed = 0
        for start in range(0, len(call_ids), _TAKEN_OUT_AT_ONCE):
            some = call_ids[start : start + _TAKEN_OUT_AT_ONCE]
            async with self.database.transaction() as connection:
                known = select(calls.c.id).where(calls.c.call_id.in_(some))
                numbers = list((await connection.execute(known)).scalars())
                await _take_out(connection, numbers)
                for table in (feedback, shared_links):
                    await connection.execute(delete(table).where(table.c.call_id.in_(some)))
            removed += len(numbers)
        return removed

    async def forget_sizes(self) -> None:
        """Every trace looks changed now, and is read again when the index catches up."""
        async with self.database.transaction() as connection:
            await connection.execute(update(calls).values(trace_bytes=-1))

    async def forget_recordings(self, call_ids: Sequence[str]) -> None:
        """The calls stay, without sound."""
        which = select(calls.c.id).where(calls.c.call_id.in_(call_ids))
        async with self.database.transaction() as connection:
            await connection.execute(delete(recordings).where(recordings.c.call.in_(which)))

    def _source(self, connection: AsyncConnection, query: CallQuery) -> Source:
        if not query.words.strip():
            return Source(rows=calls, number=calls.c.id)
        organisation_id = query.organisation_id
        parts = sought(query.words)
        return where_said(connection, parts, lambda word: self.keys.word_token(organisation_id, word))

    def _wanted(self, statement: Select[Any], source: Source, query: CallQuery) -> Select[Any]:
        conditions: list[ColumnElement[bool]] = [calls.c.organisation_id == query.organisation_id]
        conditions += [calls.c[name] == value for name in _EQUAL if (value := getattr(query, name))]
        if query.number:
            hashed = self.keys.number_hash(query.organisation_id, query.number)
            conditions.append(calls.c.id.in_(_with_number(query.organisation_id, hashed)))
        if query.from_ms is not None:
            conditions.append(source.number >= first_number(query.from_ms))
        if query.to_ms is not None:
            conditions.append(source.number < first_number(query.to_ms))
        if query.slower_than_ms is not None:
            conditions.append(calls.c.response_p95_ms > query.slower_than_ms)
        if query.duration_from_ms is not None:
            conditions.append(calls.c.duration_ms >= query.duration_from_ms)
        if query.duration_to_ms is not None:
            conditions.append(calls.c.duration_ms < query.duration_to_ms)
        if query.flagged:
            conditions.append(calls.c.call_id.in_(_flagged(query.organisation_id)))
        if query.sign:
            conditions.append(calls.c.id.in_(select(signs.c.call).where(signs.c.sign == query.sign)))
        if query.rated_at_most is not None:
            conditions.append(_rated_at_most(query.organisation_id, query.rated_at_most))
        wanted = statement.select_from(source.rows).where(*conditions)
        return wanted.where(source.said) if source.said is not None else wanted

    async def _row(
        self, organisation_id: str, call_id: str, columns: Sequence[ColumnElement[Any]]
    ) -> RowMapping | None:
        ours = (calls.c.call_id == call_id) & (calls.c.organisation_id == organisation_id)
        async with self.database.reading() as connection:
            return (await connection.execute(select(*columns).where(ours))).mappings().first()

    def _seal(self, row: RowMapping) -> CallSeal:
        return self.keys.of(row["call_id"], row["key_name"], bytes(row["key_wrapped"]))


async def _numbers(connection: AsyncConnection, entries: Iterable[CallEntry]) -> list[int]:
    """A number for each that nobody has."""
    numbers = [call_number(entry.summary.call_id, entry.summary.started_at_ms) for entry in entries]
    taken = set((await connection.execute(select(calls.c.id).where(calls.c.id.in_(numbers)))).scalars())
    for place, wanted in enumerate(numbers):
        number = wanted
        while number in taken:
            number += 1
            clash = await connection.execute(select(calls.c.id).where(calls.c.id == number))
            taken |= set(clash.scalars())
        taken.add(number)
        numbers[place] = number
    return numbers


async def _take_out(connection: AsyncConnection, numbers: list[int]) -> None:
    if not numbers:
        return
    over = select(calls.c.organisation_id, calls.c.id).where(calls.c.id.in_(numbers), calls.c.state != LIVE)
    await forget_counts(connection, [(row[0], row[1]) for row in await connection.execute(over)])
    await drop_words(connection, numbers)
    await connection.execute(delete(calls).where(calls.c.id.in_(numbers)))


async def _parts(connection: AsyncConnection, table: Table, number: int) -> Sequence[RowMapping]:
    query = select(table).where(table.c.call == number).order_by(*table.primary_key.columns)
    return (await connection.execute(query)).mappings().all()


def _with_number(organisation_id: str, hashed: str) -> CompoundSelect[int]:
    """By one index each; asked with "or", SQLite would go through all calls of the organisation."""
    ours = select(calls.c.id).where(calls.c.organisation_id == organisation_id)
    return union(ours.where(calls.c.caller_hash == hashed), ours.where(calls.c.called_hash == hashed))


def _flagged(organisation_id: str) -> Select[str]:
    """Labels are a list in JSON, which the two engines look into differently; as text they are alike."""
    labelled = cast(feedback.c.labels, Text).like(f'%"{FLAGGED}"%')
    return select(feedback.c.call_id).where((feedback.c.organisation_id == organisation_id) & labelled)


def _rated_at_most(organisation_id: str, rating: int) -> ColumnElement[bool]:
    """In the call by the caller, or later through the API."""
    ours = (feedback.c.organisation_id == organisation_id) & (feedback.c.rating <= rating)
    return (calls.c.rating <= rating) | calls.c.call_id.in_(select(feedback.c.call_id).where(ours))


def _position(after: str) -> int:
    try:
        return int(after, 16)
    except ValueError:
        raise ConfigError("`after` is none that a page gave", fix="leave it out to begin") from None
