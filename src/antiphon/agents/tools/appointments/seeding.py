"""Filling a new calendar from the seed: patients and the appointments they already have."""

from __future__ import annotations

import sqlite3
from datetime import date, time, timedelta
from pathlib import Path

from antiphon.agents.tools.appointments.clinic import AppointmentSeed, Clinic
from antiphon.agents.tools.appointments.database import cells, migrate, stamp, transaction

_LOOK_AHEAD_DAYS = 60


def open_calendar(database: Path, clinic: Clinic, today: date) -> None:
    """Create or migrate the file; the first time, write the seed's patients and appointments. Several
    processes may do this at once: the first one fills, the others find it filled.

    Raises:
        ConfigError: The file cannot be used.
    """
    migrate(database)
    with transaction(database) as connection:
        seeded = connection.execute("SELECT value FROM facts WHERE name = 'seeded_on'").fetchone()
        connection.execute(
            "INSERT INTO facts (name, value) VALUES ('time_zone', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (clinic.seed.time_zone,),
        )
        if seeded is not None:
            return
        connection.execute("INSERT INTO facts (name, value) VALUES ('seeded_on', ?)", (today.isoformat(),))
        for patient in clinic.seed.patients:
            connection.execute(
                "INSERT INTO patients (id, first_name, last_name, date_of_birth, phone, insurance)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    patient.id,
                    patient.first_name,
                    patient.last_name,
                    patient.date_of_birth.isoformat(),
                    patient.phone,
                    patient.insurance,
                ),
            )
            for appointment in patient.appointments:
                _seed_appointment(connection, clinic, patient.id, appointment, today)


def _seed_appointment(
    connection: sqlite3.Connection, clinic: Clinic, patient_id: str, appointment: AppointmentSeed, today: date
) -> None:
    """On the first day from `days_ahead` on when the provider works at that hour."""
    at = time.fromisoformat(appointment.at)
    length = clinic.minutes(appointment.appointment_type)
    for offset in range(appointment.days_ahead, appointment.days_ahead + _LOOK_AHEAD_DAYS):
        day = today + timedelta(days=offset)
        start = clinic.at(day, at)
        end = (start + length).time()
        if not any(
            begin <= at and end <= close for begin, close in clinic.working_hours(appointment.provider, day)
        ):
            continue
        cursor = connection.execute(
            "INSERT INTO appointments (patient_id, provider, appointment_type, starts_at, ends_at, status)"
            " VALUES (?, ?, ?, ?, ?, 'booked')",
            (
                patient_id,
                appointment.provider,
                appointment.appointment_type,
                stamp(start),
                stamp(start + length),
            ),
        )
        connection.executemany(
            "INSERT INTO taken (provider, cell_at, appointment_id) VALUES (?, ?, ?)",
            [(appointment.provider, cell, cursor.lastrowid) for cell in cells(start, length)],
        )
        return
