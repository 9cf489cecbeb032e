"""A process that books, for the tests that kill it. Talks over its pipes; see `main` for the roles."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

from antiphon.agents.ports import ToolContext
from antiphon.agents.tools.appointments import bookings, database, seeding
from antiphon.agents.tools.appointments.clinic import load_clinic

NOW = datetime(2026, 11, 23, 10, 0)
SEED = Path(__file__).parents[3] / "agents" / "clinic" / "calendar.yaml"


def open_book(path: Path) -> bookings.Book:
    clinic = load_clinic(SEED)
    seeding.open_calendar(path, clinic, date(2026, 11, 23))
    return bookings.Book(clinic=clinic, database=path)


def context(key: str) -> ToolContext:
    return ToolContext(call_id="call", idempotency_key=key, now=NOW)


def request(slot_id: str, last_name: str, kind: str = "physical") -> dict[str, str]:
    return {
        "slot_id": slot_id,
        "appointment_type": kind,
        "first_name": "Nora",
        "last_name": last_name,
        "date_of_birth": "1991-05-06",
    }


def slot_ids() -> list[str]:
    """Brooks' quarter hours over some weeks, more than any test books."""
    days = [date(2026, 11, 30) + timedelta(days=k) for k in range(18)]
    return [
        f"brooks@{day}T{hour:02d}:{minute:02d}"
        for day in days
        if day.weekday() < 4
        for hour in (8, 11, 13, 14)
        for minute in (0, 15, 30, 45)
    ]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def book_until_killed(path: Path) -> None:
    """Book one slot after another, saying each only when it is booked."""
    book = open_book(path)
    say("ready")
    for number, slot_id in enumerate(slot_ids()):
        key = f"key-{number}"
        result = book.book(request(slot_id, name_of(number), "blood_test"), context(key))
        say(json.dumps({"key": key, "slot_id": slot_id, "ok": result.ok, "value": result.value}))


def name_of(number: int) -> str:
    """Names no two of which could be taken for one another."""
    return f"{'BDFGKLMNPRST'[number % 12]}{'aeiou'[number // 12 % 5]}{'xvzjqw'[number // 60 % 6] * 6}"


def race(path: Path, slot_id: str, name: str) -> None:
    """Wait for the word, then try to get one slot."""
    book = open_book(path)
    say("ready")
    sys.stdin.readline()
    result = book.book(request(slot_id, name), context(name))
    say(json.dumps({"ok": result.ok, "error": result.error, "value": result.value}))


def die_at_statement(path: Path, slot_id: str) -> None:
    """Fork a child for the n-th SQL statement of a booking, n = 1, 2, …; kill it there; report; wait for a
    line before going on; end when a child lives through its booking."""
    book = open_book(path)
    number = 0
    while True:
        number += 1
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            _book_and_stop(book, slot_id, number, tell)
        os.close(tell)
        word = os.read(told, 100).decode()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        say(word)
        if word.startswith("done") or not sys.stdin.readline():
            return


def _book_and_stop(book: bookings.Book, slot_id: str, number: int, tell: int) -> None:
    seen = 0

    def trace(statement: str) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.write(tell, statement.split(maxsplit=1)[0].encode())
            signal.pause()

    connect = database.connect

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(trace)
        return connection

    database.connect = traced  # The only way to stop between two statements of a transaction.
    book.book(request(slot_id, "Zimmermann"), context("key-of-the-killed"))
    os.write(tell, b"done")
    signal.pause()


def main() -> None:
    role, path, *rest = sys.argv[1:]
    if role == "book":
        book_until_killed(Path(path))
    elif role == "race":
        race(Path(path), *rest)
    elif role == "die":
        die_at_statement(Path(path), *rest)


if __name__ == "__main__":
    main()
