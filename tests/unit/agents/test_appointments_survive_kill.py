"""Booked means durable before it is said: processes are killed without warning in the middle of bookings."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from tests.unit.agents.calendar_child import context, name_of, open_book, request

from antiphon.agents.tools import CalendarView

pytestmark = pytest.mark.whole
CHILD = Path(__file__).with_name("calendar_child.py")
SLOT = "patel@2026-12-03T09:00"


@contextmanager
def child(*arguments: str):
    process = subprocess.Popen(
        [sys.executable, str(CHILD), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def consistent(path: Path) -> None:
    """Every booked appointment owns exactly its quarter hours, and nobody else does."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(
            "SELECT a.status, round((julianday(a.ends_at) - julianday(a.starts_at)) * 96), count(t.cell_at)"
            " FROM appointments a LEFT JOIN taken t ON t.appointment_id = a.id GROUP BY a.id"
        ).fetchall()
    for status, quarters, owned in rows:
        assert owned == (quarters if status == "booked" else 0)


@pytest.mark.parametrize("said_before_the_kill", [1, 4, 11])
def test_what_was_said_before_a_kill_is_in_the_calendar_and_a_retry_does_not_double(
    tmp_path: Path, said_before_the_kill: int
) -> None:
    path = tmp_path / "calendar.sqlite"
    with child("book", str(path)) as process:
        assert process.stdout.readline() == "ready\n"
        said = [json.loads(process.stdout.readline()) for _ in range(said_before_the_kill)]
        process.kill()
        process.wait()
        said += [json.loads(line) for line in process.stdout if line.endswith("}\n")]

    view = CalendarView(path)
    booked = {each.appointment_id: each for each in view.appointments()}
    assert all(each["ok"] for each in said)
    for each in said:
        there = booked[each["value"]["appointment_id"]]
        assert there.start.isoformat() == each["value"]["start"]
    before, effects = len(booked), view.effects()
    # One more may have been committed and not yet said; never a half of one.
    assert effects - len(said) in {0, 1}
    consistent(path)

    book = open_book(path)
    for each in said:
        retried = book.book(request(each["slot_id"], _name_of(each), "blood_test"), context(each["key"]))
        assert retried.ok
        assert retried.value == each["value"]
    assert len(view.appointments()) == before
    assert view.effects() == effects


def _name_of(said: dict) -> str:
    return name_of(int(said["key"].removeprefix("key-")))


def test_a_booking_killed_at_any_statement_is_there_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    view = CalendarView(path)
    seen = []
    with child("die", str(path), SLOT) as process:
        while True:
            word = process.stdout.readline().strip()
            seen.append(word)
            if word == "done":
                break
            # Killed before its COMMIT ran: nothing of it may be left, and the calendar is usable at once.
            assert [each for each in view.appointments() if each.last_name == "Zimmermann"] == []
            assert view.effects() == 0
            consistent(path)
            process.stdin.write("next\n")
            process.stdin.flush()
        process.wait()
    assert seen[0] == "BEGIN"
    assert {"INSERT", "COMMIT"} <= set(seen)

    booked = [each for each in view.appointments() if each.last_name == "Zimmermann"]
    assert len(booked) == 1, "it was committed before the child could say so, so it survived the kill"
    retried = open_book(path).book(request(SLOT, "Zimmermann"), context("key-of-the-killed"))
    assert retried.ok
    assert retried.value["appointment_id"] == booked[0].appointment_id
    assert view.effects() == 1


def test_processes_racing_for_the_last_slot_leave_one_winner(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    open_book(path)
    names = ["Abernathy", "Donoghue", "Villanueva"]
    with ExitStack() as stack:
        racers = [stack.enter_context(child("race", str(path), SLOT, name)) for name in names]
        assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 3
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        results = [json.loads(racer.stdout.readline()) for racer in racers]
    assert sorted(result["ok"] for result in results) == [False, False, True]
    losers = [result for result in results if not result["ok"]]
    assert all(loser["error"] == "slot_taken" for loser in losers)
    assert all(
        SLOT not in {each["slot_id"] for each in loser["value"]["alternatives"]}
        and len(loser["value"]["alternatives"]) == 3
        for loser in losers
    )
    at_nine = [
        each
        for each in CalendarView(path).appointments()
        if each.start.strftime("%m-%dT%H:%M") == "12-03T09:00"
    ]
    assert len(at_nine) == 1
    consistent(path)
