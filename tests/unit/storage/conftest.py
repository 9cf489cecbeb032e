"""The same tests on both databases."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.doubles.databases import ENGINES, new_database, postgres_server, put_database

from antiphon.storage.access import Database, database_url
from antiphon.storage.access.database import DATABASE_VARIABLE
from antiphon.storage.keys import keyring
from antiphon.storage.records import CallRecords


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture(params=ENGINES)
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        put_database(tmp_path)
        return database_url(tmp_path, {})
    server: str = request.getfixturevalue("postgres")
    made = await new_database(server, f"t_{secrets.token_hex(6)}")
    return database_url(tmp_path, {DATABASE_VARIABLE: made})


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    opened = await Database.open(address)
    yield opened
    await opened.close()


@pytest.fixture
async def records(database: Database, tmp_path: Path) -> CallRecords:
    return await CallRecords.open(database, keyring(tmp_path, {}))
