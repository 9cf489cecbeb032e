"""The clinic's calendar tools, on a real file."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import yaml
from tests.unit.agents.calendar_child import SEED, context, open_book, request

from antiphon.agents.ports import Effect, ToolContext, ToolResult
from antiphon.agents.tools import CalendarView, Toolbox, appointment_tools
from antiphon.agents.tools.appointments.clinic import load_clinic
from antiphon.agents.tools.appointments.database import migrate
from antiphon.errors import ConfigError

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 10, 5, tzinfo=ZoneInfo("America/New_York"))


class Clinic:
    """The tools of one fresh calendar, called by their short names."""

    def __init__(self, path: Path, now: datetime = NOW) -> None:
        self.tools = Toolbox(appointment_tools(path, SEED, today=MONDAY))
        self.view = CalendarView(path)
        self.now = now
        self._keys = 0

    async def ask(self, name: str, key: str = "", /, **arguments: object) -> ToolResult:
        self._keys += 1
        context = ToolContext(call_id="call", idempotency_key=key or f"k{self._keys}", now=self.now)
        return await self.tools.run(f"clinic.{name}", arguments, context)

    async def slots(self, kind: str = "physical", **arguments: object) -> list[dict]:
        result = await self.ask("find_slots", appointment_type=kind, **arguments)
        assert result.ok, result.error
        return result.value["slots"]

    async def book(self, slot_id: str, key: str = "", **changes: object) -> ToolResult:
        person = {"first_name": "Eva", "last_name": "Brown", "date_of_birth": "1980-01-01"}
        return await self.ask(
            "book", key, **{"slot_id": slot_id, "appointment_type": "physical", **person, **changes}
        )


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path / "calendar.sqlite")


async def test_slots_lie_in_working_hours_after_now_and_well_apart(clinic: Clinic) -> None:
    slots = await clinic.slots(from_date="2026-11-23", to_date="2026-11-30")
    starts = [datetime.fromisoformat(slot["start"]) for slot in slots]
    assert len(starts) == 3
    assert starts == sorted(starts)
    assert starts[0] >= NOW + timedelta(hours=1)
    assert all(later - sooner >= timedelta(hours=2) for sooner, later in pairwise(starts))
    assert all(start.utcoffset() == timedelta(hours=-5) for start in starts)
    assert "with Dr." in slots[0]["spoken"]


async def test_every_offered_slot_can_be_booked_and_is_gone_afterwards(clinic: Clinic) -> None:
    slots = await clinic.slots(from_date="2026-12-01", to_date="2026-12-01", limit=20, provider="patel")
    for number, slot in enumerate(slots):
        booked = await clinic.book(slot["slot_id"], date_of_birth=f"19{50 + number}-01-01")
        assert booked.ok, booked.error
    left = await clinic.slots(from_date="2026-12-01", to_date="2026-12-01", limit=20, provider="patel")
    assert left == []
    assert len(clinic.view.appointments("Eva", "Brown")) == len(slots) > 10


async def test_asking_for_an_exact_time_gives_that_time(clinic: Clinic) -> None:
    day = {"from_date": "2026-11-24", "to_date": "2026-11-24", "provider": "Dr. Patell"}
    [slot] = await clinic.slots(**day, earliest_time="15:15", latest_time="15:15")
    assert slot["slot_id"] == "patel@2026-11-24T15:15"


@pytest.mark.parametrize(
    ("arguments", "reason", "detail"),
    [
        ({"from_date": "2026-11-26", "to_date": "2026-11-26"}, "closed", "Thanksgiving Day"),
        ({"from_date": "2026-11-28", "to_date": "2026-11-29"}, "closed", "weekend"),
        ({"from_date": "2026-12-24", "to_date": "2026-12-24"}, "closed", "Christmas Eve"),
        ({"from_date": "2026-11-25", "to_date": "2026-11-25", "provider": "patel"}, "provider_away", ""),
        ({"from_date": "2026-11-20", "to_date": "2026-11-20"}, "past", ""),
        (
            {"from_date": "2026-11-24", "to_date": "2026-11-24", "earliest_time": "19:00"},
            "outside_hours",
            "8 AM to 5:30 PM",
        ),
    ],
)
async def test_no_slot_comes_with_its_reason_and_the_nearest_ones(
    clinic: Clinic, arguments: dict, reason: str, detail: str
) -> None:
    result = await clinic.ask("find_slots", appointment_type="physical", **arguments)
    assert result.ok
    assert (result.value["slots"], result.value["reason"], result.value["detail"]) == ([], reason, detail)
    assert len(result.value["nearest"]) == 3


async def test_a_full_day_says_full(clinic: Clinic) -> None:
    day = {"from_date": "2026-11-27", "to_date": "2026-11-27", "provider": "patel"}
    for number, slot in enumerate(await clinic.slots(**day, limit=20)):
        await clinic.book(slot["slot_id"], date_of_birth=f"19{50 + number}-01-01")
    result = await clinic.ask("find_slots", appointment_type="physical", **day)
    assert result.value["reason"] == "full"
    assert result.value["nearest"][0]["start"] > "2026-11-27T12:00"


async def test_a_provider_who_does_not_give_the_visit_is_told_apart(clinic: Clinic) -> None:
    result = await clinic.ask(
        "find_slots",
        appointment_type="blood_test",
        provider="okafor",
        from_date="2026-12-01",
        to_date="2026-12-04",
    )
    assert (result.value["reason"], result.value["others"]) == ("not_by_provider", ["Nurse Brooks"])
    unknown = await clinic.ask(
        "find_slots",
        appointment_type="physical",
        provider="Dr. Strangelove",
        from_date="2026-12-01",
        to_date="2026-12-04",
    )
    assert (unknown.ok, unknown.error) == (False, "unknown_provider")


async def test_a_booked_appointment_is_in_the_calendar_with_the_patient(clinic: Clinic) -> None:
    booked = await clinic.book("patel@2026-12-03T09:00", phone="+16175550199", notes="first visit")
    [there] = clinic.view.appointments("Eva", "Brown", date_of_birth=date(1980, 1, 1))
    assert there.appointment_id == booked.value["appointment_id"]
    assert there.start == datetime(2026, 12, 3, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    assert there.end - there.start == timedelta(minutes=30)
    assert (there.provider_id, there.phone, there.notes) == ("patel", "+16175550199", "first visit")
    assert booked.value["spoken"] == "Thursday, December 3rd at 9 AM with Dr. Patel"


async def test_a_retry_gives_the_first_result_and_books_nothing(clinic: Clinic) -> None:
    first = await clinic.book("patel@2026-12-03T09:00", "same")
    again = await clinic.book("patel@2026-12-03T09:00", "same")
    assert again == first
    assert len(clinic.view.appointments("Eva", "Brown")) == 1
    other = await clinic.book("patel@2026-12-03T10:00", "same")
    assert (other.ok, other.error) == (False, "idempotency_key_reused")


async def test_a_taken_slot_comes_with_free_alternatives(clinic: Clinic) -> None:
    await clinic.book("patel@2026-12-03T09:00")
    late = await clinic.book("patel@2026-12-03T09:00", last_name="Novak", date_of_birth="1999-09-09")
    assert (late.ok, late.error) == (False, "slot_taken")
    alternatives = late.value["alternatives"]
    assert [each["start"][:10] for each in alternatives] == ["2026-12-03"] * 3
    taken = await clinic.book(alternatives[0]["slot_id"], last_name="Novak", date_of_birth="1999-09-09")
    assert taken.ok


async def test_a_longer_visit_cannot_reach_into_the_next_appointment(clinic: Clinic) -> None:
    await clinic.book("patel@2026-12-03T09:30")
    overlapping = await clinic.book(
        "patel@2026-12-03T09:00",
        appointment_type="new_patient",
        date_of_birth="1999-09-09",
        last_name="Novak",
    )
    assert overlapping.error == "slot_taken"
    fitting = await clinic.book("patel@2026-12-03T09:00", date_of_birth="1999-09-09", last_name="Novak")
    assert fitting.ok


async def test_one_patient_cannot_be_in_two_rooms(clinic: Clinic) -> None:
    first = await clinic.book("patel@2026-12-03T09:00")
    second = await clinic.book("nguyen@2026-12-03T09:00")
    assert (second.ok, second.error) == (False, "patient_busy")
    assert second.value["appointment_id"] == first.value["appointment_id"]


@pytest.mark.parametrize(
    ("slot_id", "error"),
    [
        ("nonsense", "unknown_slot"),
        ("nobody@2026-12-03T09:00", "unknown_slot"),
        ("patel@2026-12-03T12:30", "slot_not_offered"),
        ("patel@2026-12-03T09:07", "slot_not_offered"),
        ("patel@2026-11-26T09:00", "slot_not_offered"),
        ("patel@2026-11-23T10:30", "slot_not_offered"),
        ("patel@2020-12-03T09:00", "slot_not_offered"),
        ("brooks@2026-12-03T09:00", "slot_not_offered"),
    ],
)
async def test_slots_the_clinic_never_offered_are_refused(clinic: Clinic, slot_id: str, error: str) -> None:
    result = await clinic.book(slot_id)
    assert (result.ok, result.error) == (False, error)
    assert clinic.view.effects() == 0
    assert clinic.view.appointments("Eva", "Brown", status="") == []


async def test_rescheduling_frees_the_old_slot_and_takes_the_new_one(clinic: Clinic) -> None:
    booked = await clinic.book("patel@2026-12-03T09:00")
    number = booked.value["appointment_id"]
    moved = await clinic.ask("reschedule", appointment_id=number, slot_id="okafor@2026-12-04T10:00")
    assert moved.ok
    assert moved.value["previous_start"] == booked.value["start"]
    [there] = clinic.view.appointments("Eva", "Brown")
    assert (there.provider_id, f"{there.start:%d %H:%M}") == ("okafor", "04 10:00")
    again = await clinic.book("patel@2026-12-03T09:00", last_name="Novak", date_of_birth="1999-09-09")
    assert again.ok


async def test_a_move_to_a_taken_slot_leaves_the_appointment_where_it_was(clinic: Clinic) -> None:
    booked = await clinic.book("patel@2026-12-03T09:00")
    await clinic.book("patel@2026-12-04T09:00", last_name="Novak", date_of_birth="1999-09-09")
    number = booked.value["appointment_id"]
    refused = await clinic.ask("reschedule", appointment_id=number, slot_id="patel@2026-12-04T09:00")
    assert refused.error == "slot_taken"
    assert clinic.view.appointment(number).start.day == 3
    stolen = await clinic.book("patel@2026-12-03T09:00", last_name="Weiss", date_of_birth="1950-01-01")
    assert stolen.error == "slot_taken"


async def test_cancelling_frees_the_slot_and_happens_once(clinic: Clinic) -> None:
    booked = await clinic.book("patel@2026-12-03T09:00")
    number = booked.value["appointment_id"]
    first = await clinic.ask("cancel", "c1", appointment_id=number)
    assert first.ok
    assert await clinic.ask("cancel", "c1", appointment_id=number) == first
    assert (await clinic.ask("cancel", "c2", appointment_id=number)).error == "already_cancelled"
    assert (await clinic.ask("cancel", appointment_id="A99999")).error == "unknown_appointment"
    assert clinic.view.appointment(number).status == "cancelled"
    assert (await clinic.book("patel@2026-12-03T09:00", "again")).ok


@pytest.mark.parametrize(
    ("name", "born", "match", "patient_id"),
    [
        (("Maria", "Lopez"), "1985-03-03", "exact", "P0001"),
        (("maria", "LOPEZ"), "1985-03-03", "exact", "P0001"),
        (("", "Lopez"), "1985-03-03", "exact", "P0001"),
        (("Anna", "Kovalsky"), "1990-07-22", "close", "P0003"),
        (("Ana", "Kowalsky"), "1990-07-22", "close", "P0003"),
        (("Katherine", "Oyeleran"), "1988-12-02", "close", "P0007"),
        (("Catherine", "Oyelaran"), "1988-12-02", "close", "P0007"),
        (("Robert", "Grey"), "1966-05-17", "close", "P0006"),
        (("Samuel", "Obrien"), "1983-10-31", "exact", "P0010"),
        (("Pre-Arramment", "Pre-Arramment"), "1994-09-09", "likely", "P0005"),
        (("Prere", "Mon"), "1994-09-09", "close", "P0005"),
        (("Linda", "Chan"), "1994-09-09", "none", None),
        (("Maria", "Lopez"), "1985-03-04", "none", None),
        (("Peter", "Zwick"), "1985-03-03", "none", None),
    ],
)
async def test_patients_are_found_by_birth_date_and_a_name_like_theirs(
    clinic: Clinic, name: tuple[str, str], born: str, match: str, patient_id: str | None
) -> None:
    first, last = name
    result = await clinic.ask("find_patient", first_name=first, last_name=last, date_of_birth=born)
    assert result.value["match"] == match
    found = [each["patient_id"] for each in result.value["patients"]]
    assert found == ([patient_id] if patient_id else [])


async def test_a_known_patient_who_books_is_not_added_twice(clinic: Clinic) -> None:
    known = {"first_name": "Maria", "last_name": "Lopes", "date_of_birth": "1985-03-03"}
    booked = await clinic.book("patel@2026-12-03T09:00", **known)
    assert booked.value["patient_id"] == "P0001"
    new = await clinic.book("patel@2026-12-03T10:00", last_name="Brandt")
    assert new.value["patient_id"] == "P0013"
    by_id = await clinic.book("patel@2026-12-03T11:00", patient_id="P0005")
    assert by_id.value["patient_id"] == "P0005"
    assert (await clinic.book("patel@2026-12-03T13:00", patient_id="P9999")).error == "unknown_patient"


async def test_the_seed_gives_patients_appointments_to_move(clinic: Clinic) -> None:
    result = await clinic.ask("appointments", patient_id="P0003")
    [appointment] = result.value["appointments"]
    assert appointment["spoken"] == "Friday, November 27th at 9 AM with Nurse Brooks"
    assert clinic.view.appointments("Anna", "Kowalski")[0].appointment_id == appointment["appointment_id"]
    assert (await clinic.ask("appointments", patient_id="P9999")).error == "unknown_patient"


async def test_past_appointments_are_not_coming_ones(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / "calendar.sqlite", now=NOW + timedelta(days=60))
    assert (await clinic.ask("appointments", patient_id="P0003")).value["appointments"] == []


async def test_opening_hours_know_holidays_closures_and_the_week(clinic: Clinic) -> None:
    week = await clinic.ask("opening_hours")
    assert "Wednesday 8 AM to 7 PM" in week.value["spoken"]
    assert "closed on Saturday and Sunday" in week.value["spoken"]
    thanksgiving = await clinic.ask("opening_hours", date="2026-11-26")
    assert (thanksgiving.value["open"], thanksgiving.value["closed_reason"]) == (False, "Thanksgiving Day")
    tomorrow = await clinic.ask("opening_hours", date="2026-11-24")
    assert tomorrow.value["hours"] == [["08:00", "17:30"]]
    assert tomorrow.value["spoken"].startswith("tomorrow, Tuesday")
    worked_holiday = await clinic.ask("opening_hours", date="2027-10-11")
    assert worked_holiday.value["open"]
    patriots_day = await clinic.ask("opening_hours", date="2027-04-19")
    assert not patriots_day.value["open"]


@pytest.mark.parametrize(
    ("name", "accepted", "plan"),
    [
        ("Aetna", True, "Aetna"),
        ("Etna", True, "Aetna"),
        ("Eatna", True, "Aetna"),
        ("blue cross", True, "Blue Cross Blue Shield"),
        ("BCBS", True, "Blue Cross Blue Shield"),
        ("Signa", True, "Cigna"),
        ("united health care", True, "UnitedHealthcare"),
        ("medicaid", True, "MassHealth"),
        ("Kaiser", False, "Kaiser"),
        ("Humana", False, "Humana"),
    ],
)
async def test_insurance_is_recognised_by_its_aliases(
    clinic: Clinic, name: str, accepted: bool, plan: str
) -> None:
    result = await clinic.ask("insurance", name=name)
    assert (result.value["accepted"], result.value["plan"]) == (accepted, plan)


async def test_the_desk_knows_plans_the_way_and_how_to_prepare(clinic: Clinic) -> None:
    assert len((await clinic.ask("insurance")).value["plans"]) == 8
    assert "Willow Street" in (await clinic.ask("directions")).value["address"]
    assert (
        "eight hours" in (await clinic.ask("preparation", appointment_type="blood_test")).value["preparation"]
    )


async def test_wrong_arguments_are_explained_and_do_nothing(clinic: Clinic) -> None:
    missing = await clinic.ask("book", slot_id="patel@2026-12-03T09:00")
    assert missing.error.startswith("invalid_arguments: missing appointment_type")
    assert "one of new_patient" in (await clinic.ask("preparation", appointment_type="surgery")).error
    assert "must be a date" in (await clinic.ask("opening_hours", date="tomorrow")).error
    assert "unknown argument day" in (await clinic.ask("opening_hours", day="2026-11-24")).error
    backwards = await clinic.ask(
        "find_slots", appointment_type="physical", from_date="2026-12-04", to_date="2026-12-01"
    )
    assert backwards.error == "invalid_arguments: the end lies before the beginning"
    assert clinic.view.effects() == 0


def test_tools_have_valid_schemas_and_say_which_change_the_world(clinic: Clinic) -> None:
    writes = set()
    for name in clinic.tools.names():
        tool = clinic.tools.get(name)
        jsonschema.Draft202012Validator.check_schema(tool.parameters)
        if tool.effect is Effect.WRITE:
            writes.add(name)
    assert writes == {"clinic.book", "clinic.reschedule", "clinic.cancel"}
    assert len(clinic.tools.names()) == 10


async def test_times_stay_right_when_the_clocks_change(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    clinic = Clinic(path, now=datetime(2027, 3, 8, 15, 0, tzinfo=UTC))
    before = await clinic.book("patel@2027-03-12T09:00")  # Friday, standard time
    after = await clinic.book("patel@2027-03-15T09:00")  # Monday, daylight saving time
    assert before.value["start"] == "2027-03-12T09:00:00-05:00"
    assert after.value["start"] == "2027-03-15T09:00:00-04:00"
    assert [each.start.time() for each in clinic.view.appointments("Eva", "Brown")] == [time(9), time(9)]


def test_threads_racing_for_one_slot_leave_one_winner(tmp_path: Path) -> None:
    book = open_book(tmp_path / "calendar.sqlite")
    names = ["Abernathy", "Donoghue", "Villanueva", "Kuznetsov", "Fitzgerald", "Mbeki"]
    barrier, results = threading.Barrier(len(names)), []

    def run(name: str) -> None:
        barrier.wait(timeout=30)
        results.append(book.book(request("patel@2026-12-03T09:00", name), context(name)))

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.ok for result in results].count(True) == 1
    assert {result.error for result in results if not result.ok} == {"slot_taken"}


def test_threads_retrying_one_intent_book_once(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    book, results = open_book(path), []
    barrier = threading.Barrier(5)

    def run() -> None:
        barrier.wait(timeout=30)
        results.append(book.book(request("patel@2026-12-03T09:00", "Abernathy"), context("one-intent")))

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == results[0] and result.ok for result in results)
    assert CalendarView(path).effects() == 1


def test_the_primary_key_holds_even_against_a_program_that_does_not_check(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    booked = open_book(path).book(request("patel@2026-12-03T09:00", "Abernathy"), context("a"))
    assert booked.ok
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO taken VALUES ('patel', '2026-12-03T14:00Z', 1)")


async def test_a_locked_calendar_is_a_clear_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.agents.tools.appointments.database._BUSY_MS", 1)
    clinic = Clinic(tmp_path / "calendar.sqlite")
    holder = sqlite3.connect(tmp_path / "calendar.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused = await clinic.book("patel@2026-12-03T09:00", "key")
    assert (refused.ok, refused.error) == (False, "calendar_unavailable")
    holder.execute("ROLLBACK")
    holder.close()
    assert (await clinic.book("patel@2026-12-03T09:00", "key")).ok


def test_opening_twice_seeds_once_and_keeps_bookings(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    open_book(path).book(request("patel@2026-12-03T09:00", "Abernathy"), context("a"))
    count = len(CalendarView(path).appointments())
    appointment_tools(path, SEED, today=MONDAY + timedelta(days=1))
    assert len(CalendarView(path).appointments()) == count == 9


def test_a_newer_calendar_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    migrate(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match="schema 99"):
        appointment_tools(path, SEED)


def test_a_file_that_is_no_calendar_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "calendar.sqlite"
    path.write_bytes(b"this is no database at all, but long enough to be read as one" * 20)
    with pytest.raises(ConfigError, match="cannot open the calendar"):
        appointment_tools(path, SEED)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"hours": {"funday": "08:00-17:00"}}, "funday"),
        ({"hours": {"monday": "17:00-08:00"}}, "end before they begin"),
        ({"hours": {"monday": "8am-5pm"}}, "8am"),
        ({"surprise": 1}, "surprise"),
        ({"holidays": {"country": "ZZ"}}, "ZZ"),
        ({"providers": {}}, "nobody gives"),
    ],
)
def test_a_broken_seed_is_explained(tmp_path: Path, change: dict, words: str) -> None:
    seed = tmp_path / "calendar.yaml"
    seed.write_text(yaml.safe_dump({**yaml.safe_load(SEED.read_text()), **change}))
    with pytest.raises(ConfigError, match=words) as error:
        load_clinic(seed)
    assert str(seed) in str(error.value)


def test_a_missing_seed_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_clinic(tmp_path / "none.yaml")
