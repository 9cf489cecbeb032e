"""Booking, moving and cancelling: one transaction each, with the effect's row inside it.

What a caller is told is booked has been committed and flushed. A retry with the same idempotency key gives
the first result and changes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from antiphon.agents.ports import ToolContext, ToolResult
from antiphon.agents.tools.appointments.clinic import Clinic
from antiphon.agents.tools.appointments.database import cells, stamp, transaction, unstamp
from antiphon.agents.tools.appointments.patients import add_patient, same_patient
from antiphon.agents.tools.appointments.slots import (
    Slot,
    SlotWish,
    free_slots,
    is_offered,
    parse_slot_id,
    told,
)
from antiphon.agents.tools.appointments.spoken import spoken_moment

_ALTERNATIVES = 3
_ALTERNATIVE_DAYS = 14


class Refused(Exception):
    """Nothing was written; carries what the caller is to be told."""

    def __init__(self, error: str, value: Any = None) -> None:
        self.result = ToolResult(ok=False, error=error, value=value)
        super().__init__(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything an operation needs to know of where and when it happens."""

    clinic: Clinic
    database: Path

    def book(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return self._once("clinic.book", arguments, context, self._book)

    def reschedule(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return self._once("clinic.reschedule", arguments, context, self._reschedule)

    def cancel(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return self._once("clinic.cancel", arguments, context, self._cancel)

    def _once(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        context: ToolContext,
        change: Callable[[sqlite3.Connection, Mapping[str, Any], datetime], dict[str, Any]],
    ) -> ToolResult:
        """Run `change` unless its key has run before. A refusal is not kept: a later try may succeed."""
        canonical = json.dumps(arguments, sort_keys=True, ensure_ascii=False)
        now = self.clinic.local(context.now)
        try:
            with transaction(self.database) as connection:
                done = connection.execute(
                    "SELECT tool, arguments, result FROM effects WHERE idempotency_key = ?",
                    (context.idempotency_key,),
                ).fetchone()
                if done is not None:
                    if (done["tool"], done["arguments"]) != (tool, canonical):
                        raise Refused("idempotency_key_reused")
                    return ToolResult(ok=True, value=json.loads(done["result"]))
                value = change(connection, arguments, now)
                connection.execute(
                    "INSERT INTO effects (idempotency_key, tool, arguments, result, done_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (context.idempotency_key, tool, canonical, json.dumps(value), stamp(now)),
                )
        except Refused as refused:
            return refused.result
        return ToolResult(ok=True, value=value)

    def _book(
        self, connection: sqlite3.Connection, arguments: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        kind = arguments["appointment_type"]
        slot = self._slot(connection, arguments["slot_id"], kind, now)
        patient_id = self._patient(connection, arguments)
        length = self.clinic.minutes(kind)
        self._refuse_overlap(connection, patient_id, slot, length)
        self._refuse_taken(connection, slot, kind, now)
        cursor = connection.execute(
            "INSERT INTO appointments"
            " (patient_id, provider, appointment_type, starts_at, ends_at, status, notes)"
            " VALUES (?, ?, ?, ?, ?, 'booked', ?)",
            (
                patient_id,
                slot.provider,
                kind,
                stamp(slot.start),
                stamp(slot.start + length),
                arguments.get("notes") or "",
            ),
        )
        number = cursor.lastrowid
        assert number is not None, "an inserted row has an id"
        self._take(connection, slot, kind, number)
        return {**self._told(number, slot, now), "patient_id": patient_id, "appointment_type": kind}

    def _reschedule(
        self, connection: sqlite3.Connection, arguments: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        row = self._booked(connection, arguments["appointment_id"])
        kind = row["appointment_type"]
        connection.execute("DELETE FROM taken WHERE appointment_id = ?", (row["id"],))
        slot = self._slot(connection, arguments["slot_id"], kind, now)
        length = self.clinic.minutes(kind)
        self._refuse_overlap(connection, row["patient_id"], slot, length, besides=row["id"])
        self._refuse_taken(connection, slot, kind, now)
        connection.execute(
            "UPDATE appointments SET provider = ?, starts_at = ?, ends_at = ? WHERE id = ?",
            (slot.provider, stamp(slot.start), stamp(slot.start + length), row["id"]),
        )
        self._take(connection, slot, kind, row["id"])
        previous = self.clinic.local(unstamp(row["starts_at"]))
        return {**self._told(row["id"], slot, now), "previous_start": previous.isoformat()}

    def _cancel(
        self, connection: sqlite3.Connection, arguments: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        row = self._booked(connection, arguments["appointment_id"])
        connection.execute("DELETE FROM taken WHERE appointment_id = ?", (row["id"],))
        connection.execute("UPDATE appointments SET status = 'cancelled' WHERE id = ?", (row["id"],))
        start = self.clinic.local(unstamp(row["starts_at"]))
        slot = Slot(provider=row["provider"], start=start)
        return {**self._told(row["id"], slot, now), "cancelled": True}

    def _slot(self, connection: sqlite3.Connection, slot_id: str, kind: str, now: datetime) -> Slot:
        slot = parse_slot_id(slot_id, self.clinic)
        if slot is None:
            raise Refused("unknown_slot")
        if not is_offered(self.clinic, slot, kind, now):
            raise Refused("slot_not_offered", self._alternatives(connection, slot, kind, now))
        return slot

    def _patient(self, connection: sqlite3.Connection, arguments: Mapping[str, Any]) -> str:
        patient_id = arguments.get("patient_id") or ""
        if patient_id:
            if connection.execute("SELECT 1 FROM patients WHERE id = ?", (patient_id,)).fetchone():
                return str(patient_id)
            raise Refused("unknown_patient")
        first, last = (arguments.get("first_name") or "").strip(), arguments["last_name"].strip()
        if not first or last.isdigit():
            raise Refused("name_needed")  # Digits find a patient, but nobody is called that.
        born, phone = arguments["date_of_birth"], arguments.get("phone") or ""
        known = same_patient(connection, first, last, born)
        if known is None:
            return add_patient(connection, first, last, born, phone)
        if phone and not known.phone:
            connection.execute("UPDATE patients SET phone = ? WHERE id = ?", (phone, known.patient_id))
        return known.patient_id

    def _refuse_overlap(
        self,
        connection: sqlite3.Connection,
        patient_id: str,
        slot: Slot,
        length: timedelta,
        besides: int = 0,
    ) -> None:
        """Nobody can be in two rooms: the same caller asking twice must not fill the book."""
        row = connection.execute(
            "SELECT id, provider, starts_at FROM appointments WHERE patient_id = ? AND status = 'booked'"
            " AND starts_at < ? AND ends_at > ? AND id != ?",
            (patient_id, stamp(slot.start + length), stamp(slot.start), besides),
        ).fetchone()
        if row is not None:
            other = Slot(provider=row["provider"], start=self.clinic.local(unstamp(row["starts_at"])))
            raise Refused("patient_busy", self._told(row["id"], other, slot.start))

    def _refuse_taken(self, connection: sqlite3.Connection, slot: Slot, kind: str, now: datetime) -> None:
        wanted = cells(slot.start, self.clinic.minutes(kind))
        row = connection.execute(
            f"SELECT 1 FROM taken WHERE provider = ? AND cell_at IN ({','.join('?' * len(wanted))})",
            (slot.provider, *wanted),
        ).fetchone()
        if row is not None:
            raise Refused("slot_taken", self._alternatives(connection, slot, kind, now))

    def _take(self, connection: sqlite3.Connection, slot: Slot, kind: str, number: int) -> None:
        """Claim the slot's quarter hours. The check before was made under the write lock; the primary key
        holds even against a program that does not check."""
        rows = [(slot.provider, cell, number) for cell in cells(slot.start, self.clinic.minutes(kind))]
        try:
            connection.executemany(
                "INSERT INTO taken (provider, cell_at, appointment_id) VALUES (?, ?, ?)", rows
            )
        except sqlite3.IntegrityError as error:
            raise Refused("slot_taken") from error

    def _alternatives(
        self, connection: sqlite3.Connection, slot: Slot, kind: str, now: datetime
    ) -> dict[str, Any]:
        """Free slots near the one that is gone, with the same provider: that day first, then the hour."""
        providers = self.clinic.providers_for(kind)
        wish = SlotWish(
            appointment_type=kind,
            providers=[slot.provider] if slot.provider in providers else providers,
            first_day=max(slot.start.date(), now.date()),
            last_day=max(slot.start.date(), now.date()) + timedelta(days=_ALTERNATIVE_DAYS),
        )
        free = list(free_slots(self.clinic, connection, wish, now))
        near = sorted(free, key=lambda each: (each.start.date(), abs(each.start - slot.start)))[
            :_ALTERNATIVES
        ]
        return {"alternatives": [told(self.clinic, each, now.date()) for each in near]}

    def _booked(self, connection: sqlite3.Connection, appointment_id: str) -> sqlite3.Row:
        number = parse_appointment_id(appointment_id)
        row = connection.execute("SELECT * FROM appointments WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise Refused("unknown_appointment")
        if row["status"] != "booked":
            raise Refused("already_cancelled")
        assert isinstance(row, sqlite3.Row)
        return row

    def _told(self, number: int, slot: Slot, now: datetime) -> dict[str, Any]:
        provider = self.clinic.seed.providers[slot.provider].name
        return {
            "appointment_id": appointment_id(number),
            "start": slot.start.isoformat(),
            "provider": provider,
            "provider_id": slot.provider,
            "spoken": f"{spoken_moment(slot.start, now.date())} with {provider}",
        }


def appointment_id(number: int) -> str:
    return f"A{number:05d}"


def parse_appointment_id(text: str) -> int:
    """The row number, 0 for anything that is no appointment id."""
    digits = text.removeprefix("A")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else 0
