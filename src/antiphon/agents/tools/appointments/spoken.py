"""Dates, times and hours as a receptionist says them, ready for a voice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

from antiphon.agents.tools.appointments.clinic import DAYS, Clinic, Interval


def spoken_day(day: date, today: date) -> str:
    """ "tomorrow, Tuesday, November 24th"; "Thursday, December 3rd"."""
    said = f"{day:%A}, {day:%B} {day.day}{_suffix(day.day)}"
    ahead = (day - today).days
    if ahead == 0:
        return f"today, {said}"
    return f"tomorrow, {said}" if ahead == 1 else said


def spoken_time(at: time) -> str:
    """ "9 AM", "2:30 PM", "noon"."""
    if at == time(12):
        return "noon"
    hour = at.hour % 12 or 12
    minutes = f":{at.minute:02d}" if at.minute else ""
    return f"{hour}{minutes} {'AM' if at.hour < 12 else 'PM'}"


def spoken_moment(at: datetime, today: date) -> str:
    return f"{spoken_day(at.date(), today)} at {spoken_time(at.time())}"


def spoken_hours(hours: Sequence[Interval]) -> str:
    return " and ".join(f"{spoken_time(begin)} to {spoken_time(end)}" for begin, end in hours)


def spoken_week(clinic: Clinic) -> str:
    """ "Monday to Thursday 8 AM to 5 PM, Friday 8 AM to 3 PM; closed on Saturday and Sunday"."""
    runs: list[tuple[int, int, tuple[Interval, ...]]] = []
    for day in range(7):
        hours = clinic.hours.get(day, ())
        if runs and runs[-1][2] == hours:
            runs[-1] = (runs[-1][0], day, hours)
        else:
            runs.append((day, day, hours))
    open_runs = [f"{_days(first, last)} {spoken_hours(hours)}" for first, last, hours in runs if hours]
    shut = [
        DAYS[day].capitalize() for first, last, hours in runs if not hours for day in range(first, last + 1)
    ]
    closed = f"; closed on {' and '.join(shut)}" if shut else ""
    return ", ".join(open_runs) + closed


def _days(first: int, last: int) -> str:
    if first == last:
        return DAYS[first].capitalize()
    return f"{DAYS[first].capitalize()} to {DAYS[last].capitalize()}"


def _suffix(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
