"""Counts of hours and days that are over, kept so that an overview does not count the same calls again.

Whoever changes calls lets go of the counts of their time, in the same transaction; only `settle` puts counts
in. So a count that is there is right, and where none is there the calls themselves are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from antiphon.storage.access.database import Database
from antiphon.storage.records.counting import Counted, Span, count_calls
from antiphon.storage.records.numbering import SUFFIX_BITS, first_number
from antiphon.storage.records.tables import calls, stretches
from antiphon.storage.records.values import LIVE

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
# Plots by the hour go back three days; hours before lie in their days.
HOURS_FOR_MS: Final = 4 * DAY_MS
# Calls that go on over the end of an hour end soon after it: who counts at once counts again.
SETTLED_AFTER_MS: Final = HOUR_MS


async def counted_in(
    connection: AsyncConnection, span: Span, each_ms: int, *, stages: bool = False
) -> list[tuple[int, Counted]]:
    """All calls of a span in pieces, with the time each begins at; none lies in two stretches of `each_ms`,
    which is a whole number of hours. `stages`: with what they used, all of it."""
    pieces: list[tuple[int, Counted]] = []
    gaps = [span]
    for width_ms in (DAY_MS, HOUR_MS):
        if each_ms % width_ms:
            continue
        left: list[Span] = []
        for gap in gaps:
            kept = await _kept(connection, gap, width_ms)
            pieces += [(number * width_ms, counted) for number, counted in kept.items()]
            left += _between(gap, [number * width_ms for number in kept], width_ms)
        gaps = left
    for gap in gaps:
        counted = await count_calls(connection, gap, HOUR_MS, stages=stages)
        pieces += [(number * HOUR_MS, one) for number, one in counted.items()]
    return pieces


async def forget_counts(connection: AsyncConnection, touched: Iterable[tuple[str, int]]) -> None:
    """For whoever changes calls: their organisations and numbers (`numbering.py`)."""
    wrong: dict[tuple[str, int], set[int]] = {}
    for organisation_id, number in touched:
        for width_ms in (HOUR_MS, DAY_MS):
            wrong.setdefault((organisation_id, width_ms), set()).add((number >> SUFFIX_BITS) // width_ms)
    for (organisation_id, width_ms), numbers in sorted(wrong.items()):
        await connection.execute(
            delete(stretches).where(
                stretches.c.organisation_id == organisation_id,
                stretches.c.width_ms == width_ms,
                stretches.c.number.in_(sorted(numbers)),
            )
        )


async def settle(database: Database, at_ms: int) -> int:
    """Count what is over at that time and not counted yet; gives how many stretches that were.

    Raises:
        AntiphonError: The database did not do it.
    """
    settled_ms, recent_ms = at_ms - SETTLED_AFTER_MS, (at_ms - HOURS_FOR_MS) // HOUR_MS * HOUR_MS
    made = 0
    for width_ms, from_ms in ((DAY_MS, 0), (HOUR_MS, recent_ms)):
        for organisation_id, number in await _missing(database, width_ms, from_ms, settled_ms):
            await _count(database, organisation_id, width_ms, number)
            made += 1
    async with database.transaction() as connection:
        old = (stretches.c.width_ms == HOUR_MS) & (stretches.c.number < recent_ms // HOUR_MS)
        await connection.execute(delete(stretches).where(old))
    return made


async def _count(database: Database, organisation_id: str, width_ms: int, number: int) -> None:
    from_ms = number * width_ms
    span = Span(organisation_id=organisation_id, from_ms=from_ms, to_ms=from_ms + width_ms)
    key = {"organisation_id": organisation_id, "width_ms": width_ms, "number": number}
    async with database.transaction() as connection:
        if connection.dialect.name == "postgresql":
            # Against a call that is saved meanwhile: it commits before we count, or lets go of our count.
            await connection.execute(text(f"LOCK TABLE {stretches.name} IN SHARE ROW EXCLUSIVE MODE"))
        counted = (await count_calls(connection, span, width_ms, stages=True)).get(number, Counted())
        await connection.execute(delete(stretches).where(*(stretches.c[name] == key[name] for name in key)))
        await connection.execute(insert(stretches).values(**key, content=msgspec.msgpack.encode(counted)))


async def _missing(database: Database, width_ms: int, from_ms: int, to_ms: int) -> list[tuple[str, int]]:
    stretch = calls.c.id // (width_ms << SUFFIX_BITS)
    have = select(calls.c.organisation_id, stretch).where(
        calls.c.id >= first_number(from_ms),
        calls.c.id < first_number(to_ms // width_ms * width_ms),
        calls.c.state != LIVE,
    )
    known = select(stretches.c.organisation_id, stretches.c.number).where(stretches.c.width_ms == width_ms)
    async with database.reading() as connection:
        found = {(str(row[0]), int(row[1])) for row in await connection.execute(have.distinct())}
        return sorted(found - {(row[0], row[1]) for row in await connection.execute(known)})


async def _kept(connection: AsyncConnection, span: Span, width_ms: int) -> dict[int, Counted]:
    query = select(stretches.c.number, stretches.c.content).where(
        stretches.c.organisation_id == span.organisation_id,
        stretches.c.width_ms == width_ms,
        stretches.c.number >= -(-span.from_ms // width_ms),
        stretches.c.number < span.to_ms // width_ms,
    )
    found = await connection.execute(query.order_by(stretches.c.number))
    return {int(number): msgspec.msgpack.decode(content, type=Counted) for number, content in found}


def _between(span: Span, starts: list[int], width_ms: int) -> Iterator[Span]:
    """What of a span lies outside of stretches of that width."""
    from_ms = span.from_ms
    for start in starts:
        if from_ms < start:
            yield replace(span, from_ms=from_ms, to_ms=start)
        from_ms = start + width_ms
    if from_ms < span.to_ms:
        yield replace(span, from_ms=from_ms)
