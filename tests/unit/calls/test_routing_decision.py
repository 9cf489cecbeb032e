"""Which answer a call gets: the table of rules, hours over clock changes, holidays, canaries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

from antiphon.calls.routing import (
    Asked,
    Busy,
    Decision,
    Forward,
    Refused,
    RoutingTable,
    ToAgent,
    decide,
    load_routes,
)
from antiphon.calls.routing.decision import NO_RULE, UNKNOWN_NUMBER, country_of, is_open, lot_pct, normal
from antiphon.calls.routing.values import Hours

NEW_YORK = ZoneInfo("America/New_York")
FILE = """
time_zone: America/New_York
holidays:
  us: ["2026-11-26", "12-25"]
hours:
  office: {open: {mon-fri: ["08:00-12:00", "13:00-18:00"], sat: "09:00-12:00"}, holidays: us}
  night: {open: {mon-sun: "22:00-06:00"}}
  berlin: {open: {mon-fri: "09:00-17:00"}, time_zone: Europe/Berlin}
routes:
  clinic:
    to: ["+1 (212) 555-0100", "sip:clinic"]
    rules:
      - {name: nobody hidden, when: {callers: hidden}, refuse: no number is shown}
      - {name: staff, when: {callers: ["+1617*", "+14155550199"]}, agent: staff}
      - {name: mexico, when: {countries: MX, open: office}, agent: spanish}
      - {name: spanish page, when: {languages: [es]}, agent: spanish}
      - {name: holiday, when: {holiday: us}, forward: "+12125550177"}
      - {name: closed, when: {closed: office}, forward: "sip:night@example.com"}
      - {name: usual, agent: {clinic: 90, clinic-next: 10}}
  line:
    to: "+12125550101"
    rules: [{when: {open: night}, busy: true}, {agent: clinic}]
"""
AGENTS = {"clinic": "a" * 64, "clinic-next": "b" * 64, "staff": "c" * 64, "spanish": "d" * 64}
CALLER = "+14155550100"


@pytest.fixture
def table(tmp_path: Path) -> RoutingTable:
    (tmp_path / "routes.yaml").write_text(FILE)
    return load_routes(tmp_path / "routes.yaml", AGENTS)


def there(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def asked(
    table: RoutingTable,
    at: str = "2026-11-24T10:00",
    *,
    caller: str = CALLER,
    called: str = "+12125550100",
    language: str = "",
) -> Decision:
    return decide(table, Asked(called=called, caller=caller, at=there(at), language=language))


@pytest.mark.parametrize(
    ("caller", "at", "language", "rule", "answer"),
    [
        ("", "2026-11-24T10:00", "", "nobody hidden", Refused(reason="no number is shown")),
        ("+16175550100", "2026-11-26T03:00", "", "staff", ToAgent(agent="staff")),
        ("+14155550199", "2026-11-24T10:00", "", "staff", ToAgent(agent="staff")),
        ("+525555550100", "2026-11-24T10:00", "", "mexico", ToAgent(agent="spanish")),
        ("+525555550100", "2026-11-24T19:00", "", "closed", Forward(target="sip:night@example.com")),
        (CALLER, "2026-11-24T10:00", "es-MX", "spanish page", ToAgent(agent="spanish")),
        (CALLER, "2026-11-24T10:00", "ES", "spanish page", ToAgent(agent="spanish")),
        (CALLER, "2026-11-24T10:00", "est", "usual", ToAgent(agent="clinic")),
        (CALLER, "2026-11-26T10:00", "", "holiday", Forward(target="+12125550177")),
        (CALLER, "2031-12-25T10:00", "", "holiday", Forward(target="+12125550177")),
        (CALLER, "2026-11-24T07:59", "", "closed", Forward(target="sip:night@example.com")),
        (CALLER, "2026-11-24T08:00", "", "usual", ToAgent(agent="clinic")),
        (CALLER, "2026-11-24T12:00", "", "closed", Forward(target="sip:night@example.com")),
        (CALLER, "2026-11-24T17:59", "", "usual", ToAgent(agent="clinic")),
        (CALLER, "2026-11-24T18:00", "", "closed", Forward(target="sip:night@example.com")),
        (CALLER, "2026-11-28T11:59", "", "usual", ToAgent(agent="clinic")),
        (CALLER, "2026-11-29T11:00", "", "closed", Forward(target="sip:night@example.com")),
    ],
)
def test_the_first_rule_that_holds_answers(
    table: RoutingTable, *, caller: str, at: str, language: str, rule: str, answer: object
) -> None:
    decision = asked(table, at, caller=caller, language=language)
    assert (decision.rule, decision.answer) == (rule, answer)
    assert decision.why[-1].startswith(f"{rule}: holds")


def test_a_number_nobody_routes_is_refused_with_a_reason(table: RoutingTable) -> None:
    assert asked(table, called="+12125550999").answer == Refused(reason=UNKNOWN_NUMBER)
    assert asked(table, called="").answer == Refused(reason=UNKNOWN_NUMBER)


def test_the_same_route_is_reached_by_number_and_by_sip(table: RoutingTable) -> None:
    by_number = asked(table)
    for address in (
        "sip:clinic@pbx.example.com",
        "sip:+12125550100@trunk",
        "sip:12125550100",
        "SIP:clinic;x=1",
    ):
        assert asked(table, called=normal(address)) == by_number


def test_an_agent_asked_for_by_name_answers_where_no_route_says_otherwise(table: RoutingTable) -> None:
    assert asked(table, called="staff").answer == ToAgent(agent="staff")
    assert asked(table, called="sip:staff").answer == ToAgent(agent="staff")
    assert asked(table, called="sip:stuff").answer == Refused(reason=UNKNOWN_NUMBER)


def test_all_others_come_last_and_do_not_take_agents_names(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text(
        "routes:\n  rest: {to: '*', rules: [{busy: true}]}\n"
        "  mine: {to: '+12125550100', rules: [{agent: clinic}]}\n"
    )
    table = load_routes(tmp_path / "routes.yaml", AGENTS)
    assert asked(table).answer == ToAgent(agent="clinic")
    assert asked(table, called="+442071234567").answer == Busy()
    assert asked(table, called="staff").answer == ToAgent(agent="staff")


def test_the_same_moment_is_judged_by_the_clock_there(table: RoutingTable) -> None:
    noon_in_berlin = there("2026-11-24T12:00", ZoneInfo("Europe/Berlin"))
    assert is_open(table.hours["berlin"], noon_in_berlin)
    assert not is_open(table.hours["office"], noon_in_berlin), "six in the morning in New York"
    assert is_open(table.hours["berlin"], noon_in_berlin.astimezone(NEW_YORK))


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(table: RoutingTable) -> None:
    night = table.hours["night"]
    told = {hour: is_open(night, there(f"2026-11-24T{hour:02}:00")) for hour in range(24)}
    assert [hour for hour, yes in told.items() if yes] == [0, 1, 2, 3, 4, 5, 22, 23]
    weekend = load_hours("{open: {fri: '22:00-06:00'}}")
    assert is_open(weekend, there("2026-11-28T05:59")), "Friday's night ends on Saturday"
    assert not is_open(weekend, there("2026-11-27T05:59")), "Thursday had none"


def test_a_night_that_begins_before_a_holiday_goes_on_into_it() -> None:
    nights = load_hours("{open: {mon-sun: '22:00-06:00'}, holidays: h}", 'holidays: {h: ["12-25"]}\n')
    assert is_open(nights, there("2026-12-25T05:59"))
    assert not is_open(nights, there("2026-12-25T22:30"))
    assert not is_open(nights, there("2026-12-26T05:59")), "that night began on the holiday"


def load_hours(hours: str, more: str = "") -> Hours:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "routes.yaml"
        path.write_text(
            f"time_zone: America/New_York\n{more}hours: {{h: {hours}}}\n"
            "routes: {r: {to: '*', rules: [{busy: true}]}}\n"
        )
        return load_routes(path, AGENTS).hours["h"]


def test_in_spring_the_hour_that_is_left_out_is_nobodys() -> None:
    """New York, 2026-03-08: 01:59 EST is followed by 03:00 EDT."""
    hours = load_hours("{open: {sun: '01:00-02:30'}}")
    before = datetime(2026, 3, 8, 6, 59, tzinfo=ZoneInfo("UTC"))
    assert is_open(hours, before)
    assert not is_open(hours, before + timedelta(minutes=1)), "it is three already"
    whole_day = [
        is_open(load_hours("{open: {sun: '00:00-24:00'}}"), there("2026-03-08T00:00") + timedelta(minutes=m))
        for m in range(0, 24 * 60, 30)
    ]
    assert all(whole_day)


def test_in_autumn_the_hour_that_comes_twice_is_twice_open() -> None:
    """New York, 2026-11-01: 01:30 EDT (05:30 UTC) and 01:30 EST (06:30 UTC)."""
    hours = load_hours("{open: {sun: '01:00-02:00'}}")
    utc = ZoneInfo("UTC")
    told = [
        is_open(hours, datetime(2026, 11, 1, 4, 45, tzinfo=utc) + timedelta(minutes=15 * n))
        for n in range(12)
    ]
    assert told == [False, *[True] * 8, False, False, False]


def test_a_holiday_is_a_day_of_the_files_own_zone(table: RoutingTable) -> None:
    last_hour = datetime(2026, 11, 27, 4, 30, tzinfo=ZoneInfo("UTC"))
    decision = decide(table, Asked(called="+12125550100", caller=CALLER, at=last_hour))
    assert decision.rule == "holiday", "half past eleven at night in New York"
    after = decide(table, Asked(called="+12125550100", caller=CALLER, at=last_hour + timedelta(hours=1)))
    assert after.rule == "closed"


def test_a_caller_meets_the_same_version_every_time(table: RoutingTable) -> None:
    callers = [f"+1415555{n:04}" for n in range(400)]
    days = ("2026-11-24T10:00", "2026-11-25T14:00", "2027-03-01T09:00")
    for caller in callers:
        assert len({asked(table, day, caller=caller).answer for day in days}) == 1


def test_a_canary_gets_its_share_of_callers(table: RoutingTable) -> None:
    """Binomial, 4000 callers at 10 %: four standard deviations are 1.9 points."""
    callers = [f"+1415{n:07}" for n in range(1_000_000, 1_004_000)]
    canary = sum(asked(table, caller=caller).answer == ToAgent(agent="clinic-next") for caller in callers)
    assert 8.1 <= canary / 40 <= 11.9


def test_raising_a_canary_keeps_who_is_in_it(tmp_path: Path) -> None:
    callers = [f"+1415555{n:04}" for n in range(500)]
    before: set[str] = set()
    for percent in (1, 10, 25, 60):
        path = tmp_path / f"{percent}.yaml"
        shares = f"{{clinic: {100 - percent}, clinic-next: {percent}}}"
        path.write_text(f"routes: {{r: {{to: '+12125550100', rules: [{{agent: {shares}}}]}}}}\n")
        table = load_routes(path, AGENTS)
        met = {one for one in callers if asked(table, caller=one).answer == ToAgent(agent="clinic-next")}
        assert before <= met
        before = met
    assert before


def test_hidden_callers_are_shared_out_call_by_call() -> None:
    lots = [lot_pct("clinic", f"CA{n}") for n in range(2000)]
    assert 8 <= sum(lot >= 90 for lot in lots) / 20 <= 12
    assert lots == [lot_pct("clinic", f"CA{n}") for n in range(2000)]


def test_no_rule_is_an_answer_too(table: RoutingTable) -> None:
    route = table.routes[0]
    bare = replace(table, routes=(replace(route, rules=route.rules[:1]),))
    assert asked(bare).answer == Refused(reason=NO_RULE)


def test_the_country_is_the_numbers() -> None:
    assert [country_of(number) for number in ("+12125550100", "+16135550100", "+525555550100", "x", "")] == [
        "US", "CA", "MX", "", "",
    ]  # fmt: skip
