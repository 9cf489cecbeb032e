"""Calls for the command line, from the index where there is one: listed, filtered, found without a walk
through the folders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import select

from antiphon.server.keeping.opening import open_records
from antiphon.storage.access.database import DATABASE_VARIABLE, database_file
from antiphon.storage.home import home_directory
from antiphon.storage.records import LIVE, CallQuery, CallRecords, CallSummary
from antiphon.storage.records.tables import calls
from antiphon.storage.traces import is_held, trace_path

Row = dict[str, Any]
_T = TypeVar("_T")
_ENOUGH: Final = 6  # To say that it is not one only, and which.


class IndexedCalls:
    """Of the data directory in use. Every method gives None where there is no index.

    Raises:
        AntiphonError: From every method; there is one, and it cannot be read.
    """

    def newest(self, filters: Mapping[str, Any], limit: int) -> list[Row] | None:
        """Rows as `antiphon calls list` tells them; `filters` as in `CallQuery`."""
        return _asked(lambda records: _newest(records, filters, limit))

    def trace(self, name: str) -> list[Path] | None:
        """Traces of the calls whose id is this, or else begins so, a few of them; "last" is the newest."""
        return _asked(lambda records: _traces(records, name))


def _asked(question: Callable[[CallRecords], Awaitable[_T]]) -> _T | None:
    home = home_directory()
    if not os.environ.get(DATABASE_VARIABLE) and not database_file(home).is_file():
        return None

    async def ask() -> _T:
        records = await open_records(home)
        try:
            return await question(records)
        finally:
            await records.database.close()

    return asyncio.run(ask())


async def _newest(records: CallRecords, filters: Mapping[str, Any], limit: int) -> list[Row]:
    query, after = CallQuery(**filters), ""
    found: list[Row] = []
    while len(found) < limit:
        page = await records.page(query, after=after, limit=limit - len(found))
        found += [_row(call) for call in page.calls]
        after = page.after
        if not after:
            break
    return found


def _row(call: CallSummary) -> Row:
    path = trace_path(home_directory() / "calls", call.call_id, call.started_at_ms)
    ended = call.state != LIVE or not is_held(path)
    return {
        "call_id": call.call_id,
        "agent": call.agent,
        "line": call.line,
        "started_at_ms": call.started_at_ms,
        "duration_ms": call.duration_ms if call.state != LIVE else None,
        "outcome": call.end_cause or ("unfinished" if ended else "live"),
        "path": str(path),
    }


async def _traces(records: CallRecords, name: str) -> list[Path]:
    query = select(calls.c.call_id, calls.c.trace)
    if name == "last":
        query = query.order_by(calls.c.id.desc()).limit(1)
    else:
        query = query.where(calls.c.call_id.startswith(name, autoescape=True)).limit(_ENOUGH)
    async with records.database.reading() as connection:
        rows = (await connection.execute(query)).all()
    exact = [row for row in rows if row[0] == name]
    return [home_directory() / row[1] for row in exact or rows]
