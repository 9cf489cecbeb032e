"""What the front desk can answer without changing anything: slots, patients, hours, insurance, the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from antiphon.agents.extract import find_choice
from antiphon.agents.ports import ToolContext, ToolResult
from antiphon.agents.tools.appointments.bookings import appointment_id
from antiphon.agents.tools.appointments.clinic import Clinic
from antiphon.agents.tools.appointments.database import reading, stamp, unstamp
from antiphon.agents.tools.appointments.patients import matching_patients
from antiphon.agents.tools.appointments.slots import SEARCH_MAX_DAYS, Slot, SlotWish, free_slots, spread, told
from antiphon.agents.tools.appointments.spoken import (
    spoken_day,
    spoken_hours,
    spoken_moment,
    spoken_week,
)

_NEAREST_DAYS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Read-only answers. Every value holds a `spoken` sentence part where there is something to say."""

    clinic: Clinic
    database: Path

    def find_slots(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        now = self.clinic.local(context.now)
        wish = self._wish(arguments, now)
        if isinstance(wish, ToolResult):
            return wish
        limit = int(arguments.get("limit", 3))
        with reading(self.database) as connection:
            slots = spread(free_slots(self.clinic, connection, wish, now), limit)
            if slots:
                return ToolResult(ok=True, value={"slots": [told(self.clinic, s, now.date()) for s in slots]})
            wider = SlotWish(
                appointment_type=wish.appointment_type,
                providers=wish.providers,
                first_day=max(wish.first_day, now.date()),
                last_day=max(wish.last_day, now.date()) + timedelta(days=_NEAREST_DAYS),
            )
            free = list(free_slots(self.clinic, connection, wider, now))
        nearest = sorted(sorted(free, key=lambda slot: _distance(slot, wish))[:limit], key=lambda s: s.start)
        reason, detail = self._why_none(wish, now)
        value = {
            "slots": [],
            "reason": reason,
            "detail": detail,
            "nearest": [told(self.clinic, slot, now.date()) for slot in nearest],
        }
        return ToolResult(ok=True, value=value)

    def _wish(self, arguments: Mapping[str, Any], now: datetime) -> SlotWish | ToolResult:
        kind = arguments["appointment_type"]
        providers = self.clinic.providers_for(kind)
        wanted = arguments.get("provider") or ""
        if wanted and wanted not in {"any", "anyone"}:
            key = self._provider(wanted)
            if key is None:
                known = ", ".join(each.name for each in self.clinic.seed.providers.values())
                return ToolResult(ok=False, error="unknown_provider", value={"known": known})
            if key not in providers:
                value = {
                    "provider": self.clinic.seed.providers[key].name,
                    "others": [self.clinic.seed.providers[other].name for other in providers],
                }
                return ToolResult(ok=True, value={"slots": [], "reason": "not_by_provider", **value})
            providers = [key]
        first, last = date.fromisoformat(arguments["from_date"]), date.fromisoformat(arguments["to_date"])
        earliest = time.fromisoformat(arguments.get("earliest_time") or "00:00")
        latest = time.fromisoformat(arguments.get("latest_time") or "23:59")
        if last < first or latest < earliest:
            return ToolResult(ok=False, error="invalid_arguments: the end lies before the beginning")
        return SlotWish(
            appointment_type=kind,
            providers=providers,
            first_day=max(first, now.date()),
            last_day=min(last, first + timedelta(days=SEARCH_MAX_DAYS)),
            earliest=earliest,
            latest=latest,
        )

    def _provider(self, wanted: str) -> str | None:
        if wanted in self.clinic.seed.providers:
            return wanted
        options = {key: [each.name, *each.also] for key, each in self.clinic.seed.providers.items()}
        found = find_choice(wanted, options)
        return found[0].value if found else None

    def _why_none(self, wish: SlotWish, now: datetime) -> tuple[str, str]:
        """Reason and a detail: "past", "closed" (and why), "provider_away", "outside_hours", "full"."""
        length = max(0, (wish.last_day - wish.first_day).days)
        days = [wish.first_day + timedelta(days=k) for k in range(length + 1)]
        if wish.last_day < wish.first_day or wish.last_day < now.date():
            return "past", ""
        open_days = [day for day in days if self.clinic.open_hours(day)]
        if not open_days:
            reasons = sorted({self.clinic.closed_reason(day) for day in days})
            return "closed", reasons[0] if len(reasons) == 1 else ""
        hours = [
            span for day in open_days for p in wish.providers for span in self.clinic.working_hours(p, day)
        ]
        if not hours:
            return "provider_away", ""
        if not any(begin < max(wish.latest, wish.earliest) and wish.earliest < end for begin, end in hours):
            return "outside_hours", spoken_hours(self.clinic.open_hours(open_days[0]))
        return "full", ""

    def find_patient(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        with reading(self.database) as connection:
            matches = matching_patients(
                connection,
                arguments.get("first_name") or "",
                arguments["last_name"],
                arguments["date_of_birth"],
            )
        value = {
            "match": matches[0].quality if matches else "none",
            "patients": [
                {
                    "patient_id": match.patient_id,
                    "first_name": match.first_name,
                    "last_name": match.last_name,
                    "match": match.quality,
                    "score": match.score,
                }
                for match in matches
            ],
        }
        if not matches and arguments["last_name"].isdigit():
            value["reason"] = "not_by_keys"
        return ToolResult(ok=True, value=value)

    def appointments(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Coming appointments of one patient, soonest first."""
        now = self.clinic.local(context.now)
        with reading(self.database) as connection:
            known = connection.execute(
                "SELECT 1 FROM patients WHERE id = ?", (arguments["patient_id"],)
            ).fetchone()
            rows = connection.execute(
                "SELECT * FROM appointments WHERE patient_id = ? AND status = 'booked' AND ends_at > ?"
                " ORDER BY starts_at",
                (arguments["patient_id"], stamp(now)),
            ).fetchall()
        if known is None:
            return ToolResult(ok=False, error="unknown_patient")
        appointments = []
        for row in rows:
            start = self.clinic.local(unstamp(row["starts_at"]))
            provider = self.clinic.seed.providers.get(row["provider"])
            name = provider.name if provider else row["provider"]
            appointments.append(
                {
                    "appointment_id": appointment_id(row["id"]),
                    "start": start.isoformat(),
                    "provider": name,
                    "provider_id": row["provider"],
                    "appointment_type": row["appointment_type"],
                    "spoken": f"{spoken_moment(start, now.date())} with {name}",
                }
            )
        return ToolResult(ok=True, value={"appointments": appointments})

    def opening_hours(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        if not arguments.get("date"):
            return ToolResult(ok=True, value={"spoken": spoken_week(self.clinic)})
        day = date.fromisoformat(arguments["date"])
        today = self.clinic.local(context.now).date()
        hours = self.clinic.open_hours(day)
        reason = self.clinic.closed_reason(day)
        said = spoken_day(day, today)
        value = {
            "open": bool(hours),
            "hours": [[f"{begin:%H:%M}", f"{end:%H:%M}"] for begin, end in hours],
            "closed_reason": reason,
            "spoken": f"{said}: {spoken_hours(hours)}" if hours else f"closed on {said}",
        }
        return ToolResult(ok=True, value=value)

    def insurance(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        plans = self.clinic.seed.insurance
        name = (arguments.get("name") or "").strip()
        if not name:
            listed = list(plans)
            return ToolResult(ok=True, value={"plans": listed, "spoken": _listed(listed)})
        found = find_choice(name, plans)
        if not found:
            return ToolResult(ok=True, value={"accepted": False, "plan": name})
        best = max(found, key=lambda each: each.confidence)
        return ToolResult(
            ok=True, value={"accepted": True, "plan": best.value, "confidence": best.confidence}
        )

    def directions(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        seed = self.clinic.seed
        value = {
            "name": seed.name,
            "address": seed.address,
            "directions": seed.directions,
            "parking": seed.parking,
            "phone": seed.phone,
        }
        return ToolResult(ok=True, value=value)

    def preparation(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        kind = self.clinic.seed.appointment_types[arguments["appointment_type"]]
        value = {"preparation": kind.preparation, "minutes": kind.minutes, "name": kind.name}
        return ToolResult(ok=True, value=value)


def _distance(slot: Slot, wish: SlotWish) -> tuple[int, float]:
    """Days outside the wished range, then minutes outside the wished hours."""
    day = slot.start.date()
    days = max((wish.first_day - day).days, (day - wish.last_day).days, 0)
    at = slot.start.hour * 60 + slot.start.minute
    earliest, latest = (edge.hour * 60 + edge.minute for edge in (wish.earliest, wish.latest))
    return days, max(earliest - at, at - latest, 0)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
