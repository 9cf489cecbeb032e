"""The clinic as the seed file describes it, read once and turned into values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import msgspec
import yaml

from antiphon.errors import ConfigError

GRID_MINUTES = 15  # Every appointment starts and ends on it; the calendar's unit of "taken".
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Interval = tuple[time, time]


class ProviderSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hours` maps weekdays to "09:00-12:00, 13:00-17:00"; `away` lists days off."""

    name: str
    also: tuple[str, ...] = ()
    specialties: tuple[str, ...]
    hours: dict[str, str]
    away: tuple[date, ...] = ()


class TypeSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`specialties`: who can give it."""

    name: str
    also: tuple[str, ...] = ()
    minutes: int
    specialties: tuple[str, ...]
    preparation: str


class ClosureSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    day: date
    reason: str


class HolidaySeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Country and subdivision as the `holidays` package names them; `open_on` are holidays worked."""

    country: str
    subdivision: str = ""
    open_on: tuple[str, ...] = ()


class AppointmentSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One already in the book: the provider's first working day at least `days_ahead` away."""

    appointment_type: str
    provider: str
    days_ahead: int
    at: str


class PatientSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    first_name: str
    last_name: str
    date_of_birth: date
    phone: str
    insurance: str = ""
    appointments: tuple[AppointmentSeed, ...] = ()


class ClinicSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    address: str
    phone: str
    time_zone: str
    hours: dict[str, str]
    notice_minutes: int = 60
    holidays: HolidaySeed
    closures: tuple[ClosureSeed, ...] = ()
    providers: dict[str, ProviderSeed]
    appointment_types: dict[str, TypeSeed]
    insurance: dict[str, tuple[str, ...]]
    directions: str
    parking: str
    patients: tuple[PatientSeed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """The seed with its hours parsed. All times of day are in `zone`."""

    seed: ClinicSeed
    zone: ZoneInfo
    hours: Mapping[int, tuple[Interval, ...]]
    provider_hours: Mapping[str, Mapping[int, tuple[Interval, ...]]]

    def closed_reason(self, day: date) -> str:
        """Why the clinic is shut all day: a holiday's or closure's name, "weekend", or "" when it is open."""
        for closure in self.seed.closures:
            if closure.day == day:
                return closure.reason
        holiday = _holidays(self.seed.holidays.country, self.seed.holidays.subdivision, day.year).get(day)
        if holiday and holiday not in self.seed.holidays.open_on:
            return holiday
        if not self.hours.get(day.weekday()):
            return "weekend" if day.weekday() >= 5 else "closed"
        return ""

    def open_hours(self, day: date) -> tuple[Interval, ...]:
        return () if self.closed_reason(day) else self.hours.get(day.weekday(), ())

    def working_hours(self, provider: str, day: date) -> tuple[Interval, ...]:
        """When a provider sees patients on a day: own hours within the clinic's."""
        if day in self.seed.providers[provider].away:
            return ()
        own = self.provider_hours[provider].get(day.weekday(), ())
        return tuple(
            (max(a, c), min(b, d)) for a, b in own for c, d in self.open_hours(day) if max(a, c) < min(b, d)
        )

    def providers_for(self, appointment_type: str) -> list[str]:
        wanted = set(self.seed.appointment_types[appointment_type].specialties)
        return [key for key, each in self.seed.providers.items() if wanted & set(each.specialties)]

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone)

    def local(self, moment: datetime) -> datetime:
        """`moment` on the clinic's wall clock; one without a zone is taken to be there already."""
        return moment.astimezone(self.zone) if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def minutes(self, appointment_type: str) -> timedelta:
        return timedelta(minutes=self.seed.appointment_types[appointment_type].minutes)


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str, year: int) -> dict[date, str]:
    calendar = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return {day: name for day, name in calendar.items() if day.year == year}


def load_clinic(path: Path) -> Clinic:
    """The clinic of a seed file.

    Raises:
        ConfigError: The file is missing, no YAML, or says something that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the clinic's calendar: {error.strerror}", where=str(path)) from error
    try:
        seed = msgspec.convert(yaml.safe_load(text), ClinicSeed)
        clinic = Clinic(
            seed=seed,
            zone=ZoneInfo(seed.time_zone),
            hours=_week(seed.hours),
            provider_hours={key: _week(each.hours) for key, each in seed.providers.items()},
        )
        _holidays(seed.holidays.country, seed.holidays.subdivision, 2026)
    except (msgspec.ValidationError, yaml.YAMLError, ValueError, KeyError, NotImplementedError) as error:
        raise ConfigError(str(error), where=str(path)) from error
    _check(clinic, str(path))
    return clinic


def _week(hours: Mapping[str, str]) -> dict[int, tuple[Interval, ...]]:
    week: dict[int, tuple[Interval, ...]] = {}
    for day, spans in hours.items():
        if day not in DAYS:
            raise ValueError(f"{day!r} is no weekday; use one of {', '.join(DAYS)}")
        intervals = []
        for span in spans.split(","):
            begin, _, end = span.strip().partition("-")
            interval = (time.fromisoformat(begin), time.fromisoformat(end))
            if interval[0] >= interval[1]:
                raise ValueError(f"hours {span.strip()!r} on {day} end before they begin")
            intervals.append(interval)
        week[DAYS.index(day)] = tuple(intervals)
    return week


def _check(clinic: Clinic, where: str) -> None:
    for key, kind in clinic.seed.appointment_types.items():
        if kind.minutes <= 0 or kind.minutes % GRID_MINUTES:
            raise ConfigError(f"{key} lasts {kind.minutes} minutes", where=where, fix="use a multiple of 15")
        if not clinic.providers_for(key):
            raise ConfigError(
                f"nobody gives {key}", where=where, fix="give a provider one of its specialties"
            )
    for patient in clinic.seed.patients:
        for each in patient.appointments:
            if (
                each.provider not in clinic.seed.providers
                or each.appointment_type not in clinic.seed.appointment_types
            ):
                raise ConfigError(f"patient {patient.id} has an appointment with unknown names", where=where)
