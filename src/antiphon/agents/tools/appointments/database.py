"""The calendar's SQLite file: schema, migrations, connections, transactions.

An appointment takes one row of `taken` per quarter of an hour; the primary key there keeps two callers from
getting the same slot, whatever the processes believe. A write and its `effects` row commit together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from antiphon.agents.tools.appointments.clinic import GRID_MINUTES
from antiphon.errors import ConfigError

_BUSY_MS = 4000  # Below a tool's deadline, so that the caller hears "busy" and not a timeout.

_MIGRATIONS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE patients (
        id TEXT PRIMARY KEY,
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL,
        date_of_birth TEXT NOT NULL,
        phone TEXT NOT NULL DEFAULT '',
        insurance TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX patients_by_birth ON patients (date_of_birth);
    CREATE TABLE appointments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        patient_id TEXT NOT NULL REFERENCES patients (id),
        provider TEXT NOT NULL,
        appointment_type TEXT NOT NULL,
        starts_at TEXT NOT NULL,
        ends_at TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('booked', 'cancelled')),
        notes TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX appointments_by_patient ON appointments (patient_id, starts_at);
    CREATE TABLE taken (
        provider TEXT NOT NULL,
        cell_at TEXT NOT NULL,
        appointment_id INTEGER NOT NULL REFERENCES appointments (id),
        PRIMARY KEY (provider, cell_at)
    ) WITHOUT ROWID;
    CREATE INDEX taken_by_appointment ON taken (appointment_id);
    CREATE TABLE effects (
        idempotency_key TEXT PRIMARY KEY,
        tool TEXT NOT NULL,
        arguments TEXT NOT NULL,
        result TEXT NOT NULL,
        done_at TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)


def connect(database: Path) -> sqlite3.Connection:
    """A connection that waits for others, checks references and flushes every commit to the disk.

    Raises:
        ConfigError: The file cannot be opened, or is no database.
    """
    try:
        connection = sqlite3.connect(database, timeout=_BUSY_MS / 1000, isolation_level=None)
        connection.row_factory = sqlite3.Row
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL may lose the last commits with the power; "booked" must survive that.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise
        raise ConfigError(
            f"cannot open the calendar: {error}",
            where=str(database),
            fix="check the path and its permissions",
        ) from error
    return connection


@contextmanager
def transaction(database: Path) -> Iterator[sqlite3.Connection]:
    """A write transaction, committed on leaving, rolled back on any exception. The lock is taken at once, so
    what is read inside is still true when it is written."""
    with closing(connect(database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """One consistent snapshot."""
    with closing(connect(database)) as connection:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")


def migrate(database: Path) -> None:
    """Bring the file to the newest schema; safe to call from several processes at once.

    Raises:
        ConfigError: A newer program wrote this file.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with transaction(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise ConfigError(
                f"the calendar has schema {version}, this program knows {len(_MIGRATIONS)}",
                where=str(database),
                fix="upgrade the program or use another database",
            )
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            # executescript() would commit first; statements keep the migration in this transaction.
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def stamp(moment: datetime) -> str:
    """UTC, sortable as text, unambiguous when the clocks change."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def unstamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def cells(start: datetime, length: timedelta) -> list[str]:
    """Stamps of the quarter hours an appointment takes."""
    step = timedelta(minutes=GRID_MINUTES)
    begin = start.astimezone(UTC)
    return [stamp(begin + k * step) for k in range(int(length / step))]
