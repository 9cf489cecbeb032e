"""Did the caller get what he called for? Seen in the calendar and in how the call ended, not in its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from antiphon.agents.tools.appointments import AppointmentView, CalendarView
from antiphon.quality.callers.script import CallerScript


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    reached: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known when the call is over. `cause` is the trace's."""

    cause: str
    escalated: bool
    heard: Sequence[str]
    days: dict[str, date]


def appointments_of(script: CallerScript, calendar: CalendarView | None) -> list[AppointmentView]:
    """Everything the calendar has for this caller's last name, cancelled ones too."""
    if calendar is None or not script.goal.last_name:
        return []
    return calendar.appointments("", script.goal.last_name, status="", name_likeness_min=NAME_LIKENESS_MIN)


# A recogniser may write "Millar" for a new patient; that is still his appointment.
NAME_LIKENESS_MIN = 0.7


def judge(
    script: CallerScript, before: Sequence[AppointmentView], after: Sequence[AppointmentView], ending: Ending
) -> Verdict:
    """Compare the calendar before and after, and look at the end. `script` has passed `load_caller`."""
    goal = script.goal
    if goal.kind == "escalated":
        words_ok = not goal.words or _heard(goal.words, ending)
        return _verdict(ending.escalated and words_ok, f"ended by {ending.cause}")
    if goal.kind == "ended":
        return _verdict(ending.cause == goal.cause, f"ended by {ending.cause}")
    if goal.kind == "answered":
        return _verdict(_heard(goal.words, ending), f"heard: {' / '.join(ending.heard)[-200:]}")
    return _judge_calendar(script, _changes(before, after), ending)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """What the call did to the calendar."""

    new: Sequence[AppointmentView]
    gone: Sequence[AppointmentView]
    moved: Sequence[AppointmentView]


def _changes(before: Sequence[AppointmentView], after: Sequence[AppointmentView]) -> _Changes:
    old = {item.appointment_id: item for item in before}
    booked = [item for item in after if item.status == "booked"]
    known = [item for item in after if item.appointment_id in old]
    return _Changes(
        new=[item for item in booked if item.appointment_id not in old],
        gone=[
            item
            for item in known
            if item.status == "cancelled" and old[item.appointment_id].status == "booked"
        ],
        moved=[
            item for item in known if item.status == "booked" and item.start != old[item.appointment_id].start
        ],
    )


def _judge_calendar(script: CallerScript, changes: _Changes, ending: Ending) -> Verdict:
    """Exactly what was wanted, and nothing else of his touched."""
    new, gone, moved = changes.new, changes.gone, changes.moved
    if script.goal.kind == "booked":
        return _wanted(script, new, ending, "booked", beside={"cancelled": gone, "moved": moved})
    if script.goal.kind == "cancelled":
        return _wanted(script, gone, ending, "cancelled", beside={"booked": new, "moved": moved})
    if moved:
        return _wanted(script, moved, ending, "moved", beside={"booked": new, "cancelled": gone})
    # A calendar may move an appointment or replace it; both are what the caller wanted.
    replaced = new if len(gone) == 1 else []
    return _wanted(script, replaced, ending, "moved", beside={"cancelled": gone[1:]})


def _wanted(
    script: CallerScript,
    found: Sequence[AppointmentView],
    ending: Ending,
    what: str,
    *,
    beside: Mapping[str, Sequence[AppointmentView]],
) -> Verdict:
    goal = script.goal
    problems = [f"{len(items)} also {did}" for did, items in beside.items() if items]
    if len(found) != 1:
        return _verdict(False, "; ".join([f"{len(found)} appointments {what}", *problems]))
    item = found[0]
    if goal.date and item.start.date() != ending.days[goal.date]:
        problems.append(f"on {item.start:%A %d %B}, not {ending.days[goal.date]:%A %d %B}")
    if goal.type and item.appointment_type != goal.type:
        problems.append(f"a {item.appointment_type}, not a {goal.type}")
    if goal.provider and item.provider_id != goal.provider:
        problems.append(f"with {item.provider_id}, not {goal.provider}")
    start = f"{item.start:%H:%M}"
    if (goal.from_time and start < goal.from_time) or (goal.to_time and start > goal.to_time):
        problems.append(f"at {start}")
    return _verdict(not problems, "; ".join(problems) or f"{what} for {item.start:%A %d %B %H:%M}")


def _heard(words: str, ending: Ending) -> bool:
    return any(re.search(words, text, re.IGNORECASE) for text in ending.heard)


def _verdict(reached: bool, why: str) -> Verdict:
    return Verdict(reached=reached, why=why)
