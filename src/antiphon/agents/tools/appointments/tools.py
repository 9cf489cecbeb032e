"""The clinic's tools as the agent sees them: names, descriptions, JSON schemas, effects."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.agents.tools.appointments.bookings import Book
from antiphon.agents.tools.appointments.clinic import Clinic, load_clinic
from antiphon.agents.tools.appointments.desk import Desk
from antiphon.agents.tools.appointments.seeding import open_calendar
from antiphon.agents.tools.registry import checked
from antiphon.errors import DeadlineExceeded
from antiphon.storage.disk import on_disk

log = structlog.get_logger(__name__)

Answer = Callable[[Mapping[str, Any], ToolContext], ToolResult]

_DATE = {"type": "string", "format": "date", "description": "YYYY-MM-DD"}
_TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "HH:MM, 24 hours"}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_OPTIONAL_TEXT = {"type": "string", "maxLength": 500}
_WRITE_TIMEOUT_MS = 8000  # A flush on a busy disk takes its time; better a filler than a doubt.


def appointment_tools(database: Path, seed: Path, *, today: date | None = None) -> list[Tool]:
    """The clinic's tools over the calendar in `database`, created and filled from `seed` when it is new.

    `today` dates the seed's own appointments; by default the day in the clinic's zone.

    Raises:
        ConfigError: The seed or the database cannot be used.
    """
    clinic = load_clinic(seed)
    open_calendar(database, clinic, today or _today(clinic))
    desk, book = Desk(clinic=clinic, database=database), Book(clinic=clinic, database=database)
    kind = {"type": "string", "enum": list(clinic.seed.appointment_types)}
    return [*_calendar_tools(desk, book, kind), *_desk_tools(desk, kind)]


def _calendar_tools(desk: Desk, book: Book, kind: dict[str, Any]) -> list[Tool]:
    """Slots and what is done with them."""
    return [
        _tool(
            "clinic.find_slots",
            "Free appointment slots between two dates, the earliest first. A start lies at or after"
            " earliest_time and before latest_time; give both the same for one exact time. Without free"
            " slots: the reason and the nearest ones.",
            {
                "appointment_type": kind,
                "provider": _OPTIONAL_TEXT,
                "from_date": _DATE,
                "to_date": _DATE,
                "earliest_time": _TIME,
                "latest_time": _TIME,
                "limit": {"type": "integer", "minimum": 1, "maximum": 20},
            },
            ["appointment_type", "from_date", "to_date"],
            desk.find_slots,
        ),
        _tool(
            "clinic.book",
            "Book a slot for a patient. Only after the caller has confirmed it.",
            {
                "slot_id": _TEXT,
                "appointment_type": kind,
                "first_name": _TEXT,
                "last_name": _TEXT,
                "date_of_birth": _DATE,
                "phone": _OPTIONAL_TEXT,
                "patient_id": _OPTIONAL_TEXT,
                "notes": _OPTIONAL_TEXT,
            },
            ["slot_id", "appointment_type", "last_name", "date_of_birth"],
            book.book,
            effect=Effect.WRITE,
        ),
        _tool(
            "clinic.reschedule",
            "Move an appointment to another slot. Only after the caller has confirmed it.",
            {"appointment_id": _TEXT, "slot_id": _TEXT},
            ["appointment_id", "slot_id"],
            book.reschedule,
            effect=Effect.WRITE,
        ),
        _tool(
            "clinic.cancel",
            "Cancel an appointment. Only after the caller has confirmed it.",
            {"appointment_id": _TEXT},
            ["appointment_id"],
            book.cancel,
            effect=Effect.WRITE,
        ),
    ]


def _desk_tools(desk: Desk, kind: dict[str, Any]) -> list[Tool]:
    """What a caller may ask, and who he is."""
    return [
        _tool(
            "clinic.find_patient",
            "Look a patient up by date of birth and name; a misheard name still gives a close match; a last "
            "name keyed in is its digits. "
            "Of a likely match ask the first name back before going on.",
            {"first_name": _OPTIONAL_TEXT, "last_name": _TEXT, "date_of_birth": _DATE},
            ["last_name", "date_of_birth"],
            desk.find_patient,
        ),
        _tool(
            "clinic.appointments",
            "Coming appointments of a patient.",
            {"patient_id": _TEXT},
            ["patient_id"],
            desk.appointments,
        ),
        _tool(
            "clinic.opening_hours",
            "Opening hours on one date, or of the week.",
            {"date": _DATE},
            [],
            desk.opening_hours,
        ),
        _tool(
            "clinic.insurance",
            "Whether a plan is accepted, or all that are.",
            {"name": _OPTIONAL_TEXT},
            [],
            desk.insurance,
        ),
        _tool("clinic.directions", "Address, how to get there, parking.", {}, [], desk.directions),
        _tool(
            "clinic.preparation",
            "How to prepare for an appointment and how long it takes.",
            {"appointment_type": kind},
            ["appointment_type"],
            desk.preparation,
        ),
    ]


def _today(clinic: Clinic) -> date:
    return datetime.now(clinic.zone).date()


def _tool(
    name: str,
    description: str,
    properties: Mapping[str, Any],
    required: list[str],
    answer: Answer,
    *,
    effect: Effect = Effect.NONE,
) -> Tool:
    """The answer runs in a thread: a flush or a lock must not stop the media loop."""

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        try:
            return await on_disk(answer, arguments, context)
        except (sqlite3.OperationalError, DeadlineExceeded) as error:
            log.warning("calendar_unavailable", tool=name, error=type(error).__name__)
            return ToolResult(ok=False, error="calendar_unavailable")

    parameters = {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }
    timeout_ms = _WRITE_TIMEOUT_MS if effect is Effect.WRITE else 5000
    return checked(
        Tool(
            name=name,
            description=description,
            parameters=parameters,
            effect=effect,
            run=run,
            timeout_ms=timeout_ms,
        )
    )
