"""Reading the calendar from outside: whether a call reached its goal is seen here, not in its words."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from antiphon.agents.tools.appointments.bookings import appointment_id
from antiphon.agents.tools.appointments.database import reading, unstamp
from antiphon.agents.tools.appointments.patients import name_likeness

_COLUMNS = (
    "SELECT a.id, a.patient_id, a.provider, a.appointment_type, a.starts_at, a.ends_at, a.status, a.notes,"
    " p.first_name, p.last_name, p.date_of_birth, p.phone"
    " FROM appointments a JOIN patients p ON p.id = a.patient_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentView:
    """One line of the calendar; `start` and `end` in the clinic's zone, `status` "booked" or "cancelled"."""

    appointment_id: str
    patient_id: str
    first_name: str
    last_name: str
    date_of_birth: date
    phone: str
    provider_id: str
    appointment_type: str
    start: datetime
    end: datetime
    status: str
    notes: str


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Read-only view of a calendar file; every call sees the latest committed state.

    Raises (all methods):
        ConfigError: There is no such calendar.
    """

    database: Path

    def appointments(
        self,
        first_name: str = "",
        last_name: str = "",
        *,
        date_of_birth: date | None = None,
        status: str = "booked",
        name_likeness_min: float = 0.999,
    ) -> list[AppointmentView]:
        """Appointments in order of time, for all patients or those that fit. `status` "" gives cancelled ones
        too; a lower `name_likeness_min` (0.7) forgives what a recogniser does to names."""
        with reading(self.database) as connection:
            zone = self._zone(connection)
            rows = connection.execute(f"{_COLUMNS} ORDER BY a.starts_at, a.id").fetchall()
        views = [_view(row, zone) for row in rows]
        return [
            view
            for view in views
            if (not status or view.status == status)
            and (date_of_birth is None or view.date_of_birth == date_of_birth)
            and _is_named(view, first_name, last_name, name_likeness_min)
        ]

    def appointment(self, number: str) -> AppointmentView | None:
        """By appointment id, whatever its status."""
        return next((view for view in self.appointments(status="") if view.appointment_id == number), None)

    def effects(self) -> int:
        """How many writes were ever done; a retry adds none."""
        with reading(self.database) as connection:
            return int(connection.execute("SELECT count(*) FROM effects").fetchone()[0])

    def _zone(self, connection: sqlite3.Connection) -> ZoneInfo:
        return ZoneInfo(connection.execute("SELECT value FROM facts WHERE name = 'time_zone'").fetchone()[0])


def _is_named(view: AppointmentView, first_name: str, last_name: str, likeness_min: float) -> bool:
    if not last_name:
        return not first_name or name_likeness("", first_name, "", view.first_name) >= likeness_min
    return name_likeness(first_name, last_name, view.first_name, view.last_name) >= likeness_min


def _view(row: sqlite3.Row, zone: ZoneInfo) -> AppointmentView:
    return AppointmentView(
        appointment_id=appointment_id(row["id"]),
        patient_id=row["patient_id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        date_of_birth=date.fromisoformat(row["date_of_birth"]),
        phone=row["phone"],
        provider_id=row["provider"],
        appointment_type=row["appointment_type"],
        start=unstamp(row["starts_at"]).astimezone(zone),
        end=unstamp(row["ends_at"]).astimezone(zone),
        status=row["status"],
        notes=row["notes"],
    )
