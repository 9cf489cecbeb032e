"""The database: SQLite in the data directory unless `ANTIPHON_DATABASE_URL` names another."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.migrations.upgrading import upgrade

DATABASE_VARIABLE: Final = "ANTIPHON_DATABASE_URL"
_DRIVERS: Final = {
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
}
_BUSY_MS: Final = 5000
_READING: Final = "antiphon_reading"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def database_file(home: Path) -> Path:
    """Where the database lies unless an address is given."""
    return home / "antiphon.db"


def database_url(home: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Raises ConfigError: An address that is none, or of a database we do not speak to."""
    given = environ.get(DATABASE_VARIABLE, "").strip()
    if not given:
        return f"sqlite+aiosqlite:///{database_file(home).absolute()}"
    try:
        url = make_url(given)
    except ArgumentError:
        # The address may hold a password: it is not repeated.
        raise ConfigError("is not an address of a database", where=DATABASE_VARIABLE) from None
    name = url.drivername.split("+")[0]
    if name not in _DRIVERS:
        raise ConfigError(
            f"{name} is not spoken", where=DATABASE_VARIABLE, fix="use postgresql://… or sqlite:///…"
        )
    return url.set(drivername=_DRIVERS[name]).render_as_string(hide_password=False)


class Database:
    """One pool of connections, and transactions on it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect, and bring the tables to what this version knows.

        Raises:
            ConfigError: A newer version of Antiphon wrote it.
            AntiphonError: It cannot be reached or written.
        """
        path = make_url(url).database if url.startswith("sqlite") else None
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_async_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        if url.startswith("sqlite"):
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(upgrade)
        except ConfigError:
            await engine.dispose()
            raise
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            raise AntiphonError(f"the database cannot be opened ({type(error).__name__})") from error
        if path and path != ":memory:":
            Path(path).chmod(0o600)
        return cls(engine)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """All or nothing.

        Raises:
            IntegrityError: Something must be unique and is not; for the caller to understand.
            AntiphonError: The database did not do it.
        """
        async with _translated(), self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One view of everything, which waits for no writer.

        Raises:
            AntiphonError: The database did not do it.
        """
        async with _translated(), self._engine.connect() as connection:
            yield await connection.execution_options(**{_READING: True})


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        # Its words may hold values of a row: only the kind is told.
        raise AntiphonError(f"the database did not do it ({type(error).__name__})") from error
    except OSError as error:
        raise AntiphonError("the database cannot be reached") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # The driver would begin late, and never for a change of tables.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Who reads first and then writes would be refused if another wrote meanwhile: writers queue at once."""
    reading = connection.get_execution_options().get(_READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
