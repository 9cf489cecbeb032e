"""Free slots: working hours minus what is taken, on the clinic's wall clock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from antiphon.agents.tools.appointments.clinic import GRID_MINUTES, Clinic
from antiphon.agents.tools.appointments.database import cells, stamp
from antiphon.agents.tools.appointments.spoken import spoken_moment

SEARCH_MAX_DAYS = 62
_APART = timedelta(hours=2)  # Three offers within the same hour are one offer.
_STEP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A start on the clinic's wall clock. The id names provider and moment, so it outlives a restart."""

    provider: str
    start: datetime

    @property
    def slot_id(self) -> str:
        return f"{self.provider}@{self.start:%Y-%m-%dT%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotWish:
    """What is looked for. Days are inclusive; a start lies at or after `earliest` and before `latest`
    (at `latest` itself when both are the same)."""

    appointment_type: str
    providers: Sequence[str]
    first_day: date
    last_day: date
    earliest: time = time(0)
    latest: time = time(23, 59)


def parse_slot_id(slot_id: str, clinic: Clinic) -> Slot | None:
    provider, _, moment = slot_id.partition("@")
    try:
        start = datetime.strptime(moment, "%Y-%m-%dT%H:%M").replace(tzinfo=clinic.zone)
    except ValueError:
        return None
    return Slot(provider=provider, start=start) if provider in clinic.seed.providers else None


def is_offered(clinic: Clinic, slot: Slot, appointment_type: str, now: datetime) -> bool:
    """Whether the slot could be given at all: right provider, in working hours, not too soon."""
    if slot.provider not in clinic.providers_for(appointment_type):
        return False
    wish = SlotWish(
        appointment_type=appointment_type,
        providers=[slot.provider],
        first_day=slot.start.date(),
        last_day=slot.start.date(),
    )
    return any(each == slot for each in _starts(clinic, wish, now, timedelta(minutes=GRID_MINUTES)))


def free_slots(
    clinic: Clinic, connection: sqlite3.Connection, wish: SlotWish, now: datetime
) -> Iterator[Slot]:
    """Free slots in order of time; of providers free at the same time the one with the emptier day comes."""
    taken = _taken(clinic, connection, wish)
    busy = _load(taken)
    length = clinic.minutes(wish.appointment_type)
    best: Slot | None = None
    # An exact time is asked for on the quarter hour too; offers of our own stand on round times.
    step = timedelta(minutes=GRID_MINUTES) if wish.earliest == wish.latest else min(length, _STEP)
    for slot in _starts(clinic, wish, now, step):
        if any((slot.provider, cell) in taken for cell in cells(slot.start, length)):
            continue
        if best is not None and slot.start != best.start:
            yield best
            best = None
        if best is None or _weight(busy, slot) < _weight(busy, best):
            best = slot
    if best is not None:
        yield best


def _weight(busy: dict[tuple[str, str], int], slot: Slot) -> int:
    return busy.get((slot.provider, stamp(slot.start)[:10]), 0)


def _load(taken: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    busy: dict[tuple[str, str], int] = {}
    for provider, cell in taken:
        busy[provider, cell[:10]] = busy.get((provider, cell[:10]), 0) + 1
    return busy


def _starts(clinic: Clinic, wish: SlotWish, now: datetime, step: timedelta) -> Iterator[Slot]:
    """Every start within hours, in order of time, whether free or not."""
    length = clinic.minutes(wish.appointment_type)
    soonest = now + timedelta(minutes=clinic.seed.notice_minutes)
    for offset in range(min((wish.last_day - wish.first_day).days, SEARCH_MAX_DAYS) + 1):
        day = wish.first_day + timedelta(days=offset)
        starts = []
        for provider in wish.providers:
            for begin, end in clinic.working_hours(provider, day):
                start = clinic.at(day, begin)
                while start + length <= clinic.at(day, end):
                    if start >= soonest and _is_wanted(start.time(), wish):
                        starts.append(Slot(provider=provider, start=start))
                    start += step
        yield from sorted(starts, key=lambda slot: slot.start)


def _is_wanted(at: time, wish: SlotWish) -> bool:
    return wish.earliest <= at < wish.latest or at == wish.earliest == wish.latest


def _taken(clinic: Clinic, connection: sqlite3.Connection, wish: SlotWish) -> set[tuple[str, str]]:
    begin = stamp(clinic.at(wish.first_day, time(0)))
    end = stamp(clinic.at(wish.last_day + timedelta(days=1), time(0)))
    rows = connection.execute(
        "SELECT provider, cell_at FROM taken WHERE cell_at >= ? AND cell_at < ?", (begin, end)
    )
    return {(row["provider"], row["cell_at"]) for row in rows}


def spread(slots: Iterator[Slot], limit: int) -> list[Slot]:
    """The earliest slot and others well apart from it; neighbours only when there is nothing else."""
    chosen: list[Slot] = []
    near: list[Slot] = []
    for slot in slots:
        if not chosen or slot.start - chosen[-1].start >= _APART:
            chosen.append(slot)
        elif len(near) < limit:
            near.append(slot)
        if len(chosen) >= limit:
            break
    return sorted([*chosen, *near[: limit - len(chosen)]], key=lambda slot: slot.start)


def told(clinic: Clinic, slot: Slot, today: date) -> dict[str, str]:
    """A slot as a tool's value."""
    provider = clinic.seed.providers[slot.provider].name
    return {
        "slot_id": slot.slot_id,
        "start": slot.start.isoformat(),
        "provider": provider,
        "provider_id": slot.provider,
        "spoken": f"{spoken_moment(slot.start, today)} with {provider}",
    }
