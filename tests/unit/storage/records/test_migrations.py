"""The tables a database is brought to are those the code knows; a database of the future is refused."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from antiphon.errors import ConfigError
from antiphon.storage.access import Database
from antiphon.storage.migrations import current_revision, newest_revision
from antiphon.storage.records.tables import metadata


def _differences(connection: Connection) -> list[object]:
    """Between the tables and what the code says of them. The full-text index is each engine's own."""

    def ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return not str(getattr(getattr(thing, "table", thing), "name", name)).startswith("call_words")

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_steps_lead_to_the_tables_the_code_knows(database: Database) -> None:
    async with database.reading() as connection:
        assert await connection.run_sync(_differences) == []
        assert await connection.run_sync(current_revision) == newest_revision() != ""


async def test_a_database_is_opened_again_and_by_several_at_once(address: str) -> None:
    opened = await asyncio.gather(*(Database.open(address) for _ in range(3)))
    again = await Database.open(address)
    async with again.reading() as connection:
        assert await connection.run_sync(current_revision) == newest_revision()
    for one in (*opened, again):
        await one.close()


async def test_a_database_from_the_future_is_refused_and_left_alone(address: str, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer version") as refused:
        await Database.open(address)
    assert "9999" in str(refused.value)
    assert "backup" in str(refused.value)
    async with database.reading() as connection:
        assert await connection.run_sync(current_revision) == "9999"
