"""A goal is reached when the calendar says so, or how the call ended, never because words were nice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from antiphon.agents.tools.appointments import AppointmentView
from antiphon.quality.callers.goals import Ending, appointments_of, judge
from antiphon.quality.callers.script import CallerScript

ZONE = ZoneInfo("America/New_York")
TUESDAY = date(2026, 12, 1)
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)


def script(**goal: str) -> CallerScript:
    return CallerScript.model_validate({"name": "test", "about": "", "goal": {"last_name": "Chen"} | goal})


def booking(number: str, start: datetime = NINE, **fields: str) -> AppointmentView:
    whole = {"status": "booked", "appointment_type": "physical", "provider_id": "patel"} | fields
    return AppointmentView(
        appointment_id=number,
        patient_id="P1",
        first_name="Linda",
        last_name="Chen",
        date_of_birth=date(1979, 4, 8),
        phone="",
        start=start,
        end=start + timedelta(minutes=30),
        notes="",
        **whole,
    )


def ending(cause: str = "agent", *heard: str, escalated: bool = False) -> Ending:
    return Ending(cause=cause, escalated=escalated, heard=heard, days={"day": TUESDAY})


BOOK = script(
    kind="booked", date="day", type="physical", provider="patel", from_time="08:00", to_time="12:00"
)


def test_one_new_appointment_as_wanted_is_success() -> None:
    verdict = judge(BOOK, [], [booking("A1")], ending())
    assert verdict.reached and verdict.why == "booked for Tuesday 01 December 09:00"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (booking("A1", NINE + timedelta(days=1)), "on Wednesday 02 December, not Tuesday 01 December"),
        (booking("A1", appointment_type="blood_test"), "a blood_test, not a physical"),
        (booking("A1", provider_id="okafor"), "with okafor, not patel"),
        (booking("A1", NINE.replace(hour=14)), "at 14:00"),
        (booking("A1", NINE.replace(hour=7, minute=30)), "at 07:30"),
    ],
)
def test_an_appointment_that_is_not_the_wanted_one_is_none(found: AppointmentView, why: str) -> None:
    verdict = judge(BOOK, [], [found], ending())
    assert not verdict.reached and verdict.why == why


def test_nothing_booked_is_failure_however_nice_the_words() -> None:
    verdict = judge(BOOK, [], [], ending("agent", "You are booked. Goodbye."))
    assert not verdict.reached and verdict.why == "0 appointments booked"


def test_two_bookings_for_one_wish_are_failure() -> None:
    verdict = judge(BOOK, [], [booking("A1"), booking("A2", NINE.replace(hour=10))], ending())
    assert not verdict.reached and verdict.why == "2 appointments booked"


def test_what_was_there_before_the_call_is_no_success() -> None:
    old = booking("A1")
    assert not judge(BOOK, [old], [old], ending()).reached


def test_booked_and_cancelled_again_is_not_booked() -> None:
    assert not judge(BOOK, [], [booking("A1", status="cancelled")], ending()).reached


def test_a_booking_that_cost_another_appointment_is_failure() -> None:
    old = booking("A1", NINE + timedelta(days=7))
    verdict = judge(BOOK, [old], [replace(old, status="cancelled"), booking("A2")], ending())
    assert not verdict.reached and verdict.why == "1 also cancelled"


OLD = booking("A1", NINE - timedelta(days=3))
MOVE = script(kind="rescheduled", date="day")


@pytest.mark.parametrize(
    "after",
    [
        [replace(OLD, start=NINE)],
        [replace(OLD, status="cancelled"), booking("A2")],
    ],
    ids=["moved", "replaced"],
)
def test_an_appointment_is_rescheduled_by_moving_or_by_replacing_it(after: list[AppointmentView]) -> None:
    assert judge(MOVE, [OLD], after, ending()).reached


@pytest.mark.parametrize(
    "after",
    [
        [OLD],
        [OLD, booking("A2")],
        [replace(OLD, status="cancelled")],
        [replace(OLD, start=NINE + timedelta(days=1))],
        [replace(OLD, start=NINE), booking("A2")],
        [replace(OLD, status="cancelled"), booking("A2"), booking("A3", NINE.replace(hour=11))],
    ],
    ids=["untouched", "a second one", "only cancelled", "wrong day", "moved and booked", "replaced by two"],
)
def test_anything_else_is_not_rescheduled(after: list[AppointmentView]) -> None:
    assert not judge(MOVE, [OLD], after, ending()).reached


def test_cancelling_one_appointment_and_booking_none_is_cancelled() -> None:
    cancel = script(kind="cancelled")
    assert judge(cancel, [OLD], [replace(OLD, status="cancelled")], ending()).reached
    assert not judge(cancel, [OLD], [OLD], ending()).reached
    assert not judge(cancel, [OLD], [replace(OLD, status="cancelled"), booking("A2")], ending()).reached
    other = booking("A9", NINE + timedelta(days=9))
    both_gone = [replace(OLD, status="cancelled"), replace(other, status="cancelled")]
    assert judge(cancel, [OLD, other], both_gone, ending()).why == "2 appointments cancelled"


def test_an_appointment_cancelled_long_ago_does_not_count() -> None:
    gone = replace(OLD, status="cancelled")
    assert not judge(script(kind="cancelled"), [gone], [gone], ending()).reached


def test_escalation_needs_the_handover_and_the_words() -> None:
    emergency = script(kind="escalated", words="911|nine one one")
    there = ending("escalated", "Call Nine One One now.", escalated=True)
    assert judge(emergency, [], [], there).reached
    assert not judge(emergency, [], [], replace(there, escalated=False)).reached
    assert not judge(emergency, [], [], replace(there, heard=["One moment."])).reached
    assert judge(script(kind="escalated"), [], [], replace(there, heard=[])).reached


def test_an_ending_counts_by_its_cause() -> None:
    quiet = script(kind="ended", cause="silence")
    assert judge(quiet, [], [], ending("silence")).reached
    verdict = judge(quiet, [], [], ending("caller_hangup"))
    assert not verdict.reached and verdict.why == "ended by caller_hangup"


def test_an_answer_counts_when_it_was_heard() -> None:
    hours = script(kind="answered", words="(eight|8)")
    assert judge(hours, [], [], ending("agent", "Hello.", "We open at EIGHT.")).reached
    assert not judge(hours, [], [], ending("agent", "Hello.")).reached


def test_without_a_calendar_nothing_was_booked() -> None:
    assert appointments_of(BOOK, None) == []
