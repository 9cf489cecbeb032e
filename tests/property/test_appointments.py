"""Whatever is booked, moved, cancelled and retried in whatever order, the calendar can be kept."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.agents.ports import ToolContext, ToolResult
from antiphon.agents.tools import AppointmentView, CalendarView
from antiphon.agents.tools.appointments.bookings import Book
from antiphon.agents.tools.appointments.clinic import load_clinic
from antiphon.agents.tools.appointments.seeding import open_calendar

SEED = Path(__file__).parents[2] / "agents" / "clinic" / "calendar.yaml"
CLINIC = load_clinic(SEED)
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 7, 0)

REFUSALS = {
    "slot_taken",
    "patient_busy",
    "slot_not_offered",
    "unknown_appointment",
    "already_cancelled",
}

slots = st.builds(
    lambda provider, day, minutes: f"{provider}@2026-12-{day:02d}T{8 + minutes // 60:02d}:{minutes % 60:02d}",
    st.sampled_from(["patel", "nguyen"]),
    st.sampled_from([3, 4]),
    st.sampled_from(range(30, 240, 15)),
)
kinds = st.sampled_from(["physical", "follow_up", "new_patient"])
patients = st.sampled_from([f"P{number:04d}" for number in range(1, 6)])
appointments = st.integers(1, 14).map(lambda number: f"A{number:05d}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One tool call; equal writes with one key are retries."""

    tool: str
    arguments: tuple[tuple[str, str], ...]


def booking(slot_id: str, kind: str, patient_id: str) -> Write:
    person = {"first_name": "A", "last_name": "B", "date_of_birth": "1980-01-01"}
    values = {"slot_id": slot_id, "appointment_type": kind, "patient_id": patient_id, **person}
    return Write(tool="book", arguments=tuple(values.items()))


writes = st.one_of(
    st.builds(booking, slots, kinds, patients),
    st.builds(booking, slots, kinds, patients),
    st.builds(
        lambda number, slot_id: Write(
            tool="reschedule", arguments=(("appointment_id", number), ("slot_id", slot_id))
        ),
        appointments,
        slots,
    ),
    st.builds(lambda number: Write(tool="cancel", arguments=(("appointment_id", number),)), appointments),
)


def run(book: Book, write: Write, key: str) -> ToolResult:
    context = ToolContext(call_id="c", idempotency_key=key, now=NOW)
    return getattr(book, write.tool)(dict(write.arguments), context)


def calendar() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calendar.sqlite"
        open_calendar(path, CLINIC, TODAY)
        yield path


def overlapping(views: list[AppointmentView], who: str) -> list[tuple[str, str]]:
    return [
        (a.appointment_id, b.appointment_id)
        for a in views
        for b in views
        if a.appointment_id < b.appointment_id
        and getattr(a, who) == getattr(b, who)
        and a.start < b.end
        and b.start < a.end
    ]


def taken_cells(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM taken").fetchone()[0])


@settings(max_examples=25, deadline=None)
@given(plan=st.lists(writes, min_size=1, max_size=14), retried=st.sets(st.integers(0, 13)))
def test_nobody_is_in_two_rooms_and_no_retry_does_anything(plan: list[Write], retried: set[int]) -> None:
    for path in calendar():
        book, view = Book(clinic=CLINIC, database=path), CalendarView(path)
        done = 0
        for number, write in enumerate(plan):
            result = run(book, write, f"key-{number}")
            done += result.ok
            assert view.effects() == done
            if result.ok and number in retried:
                before = view.appointments(status="")
                assert run(book, write, f"key-{number}") == result
                assert view.appointments(status="") == before
                assert view.effects() == done
            if not result.ok:
                assert result.error in REFUSALS
        booked = view.appointments()
        assert overlapping(booked, "provider_id") == []
        assert overlapping(booked, "patient_id") == []
        quarters = sum(int((each.end - each.start) / timedelta(minutes=15)) for each in booked)
        assert taken_cells(path) == quarters
        for each in booked:
            hours = CLINIC.working_hours(each.provider_id, each.start.date())
            assert any(begin <= each.start.time() and each.end.time() <= end for begin, end in hours)
