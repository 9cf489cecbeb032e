"""Every call gets exactly one answer; everybody in line is served once, in turn, within the limits."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.property.examples import examples

from antiphon.calls.routing import Asked, Busy, Forward, Refused, RoutingTable, ToAgent, decide
from antiphon.calls.routing.lobby import Lobby, Place
from antiphon.calls.routing.values import Holidays, Hours, Route, Rule, Share, When

AGENTS = ("clinic", "bank", "survey")
NUMBERS = ("+12125550100", "+12125550101", "sip:clinic", "clinic", "bank", "*", "", "+442071234567")
CALLERS = ("", "+16175550100", "+525555550100", "+14155550100", "anonymous", "+")
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")

windows = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda pair: (pair[0], pair[0] + pair[1]))
hours = st.builds(
    Hours,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    open=st.lists(st.lists(windows, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple),
    holidays=st.builds(
        Holidays, yearly=st.frozensets(st.tuples(st.integers(1, 12), st.integers(1, 28)), max_size=3)
    ),
)
whens = st.builds(
    When,
    open=st.sampled_from(("", "office")),
    closed=st.sampled_from(("", "office")),
    holiday=st.sampled_from(("", "days")),
    callers=st.lists(st.sampled_from(("hidden", "+1*", "+14155550100")), max_size=2).map(tuple),
    countries=st.lists(st.sampled_from(("US", "MX")), max_size=1).map(tuple),
    languages=st.lists(st.sampled_from(("es", "en-US")), max_size=1).map(tuple),
)
shares = st.sampled_from(
    (
        (Share(agent="clinic", percent=100),),
        (Share(agent="clinic", percent=90), Share(agent="bank", percent=10)),
        (Share(agent="clinic", percent=33.3333), Share(agent="bank", percent=66.6667)),
    )
)
rules = st.one_of(
    st.builds(Rule, name=st.just("agent"), when=whens, shares=shares),
    st.builds(
        Rule,
        name=st.just("other"),
        when=whens,
        answer=st.sampled_from((Busy(), Forward(target="+12125550111"), Refused(reason="shut"))),
    ),
)
tables = st.builds(
    RoutingTable,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    routes=st.lists(
        st.builds(
            Route,
            name=st.sampled_from(("a", "b", "c")),
            to=st.lists(st.sampled_from(NUMBERS[:6]), min_size=1, max_size=2).map(tuple),
            rules=st.lists(rules, max_size=4).map(tuple),
        ),
        max_size=3,
        unique_by=lambda route: route.name,
    ).map(tuple),
    hours=st.fixed_dictionaries({"office": hours}),
    holidays=st.just({"days": Holidays(yearly=frozenset({(12, 25)}))}),
    agents=st.just(frozenset(AGENTS)),
)
calls = st.builds(
    Asked,
    called=st.one_of(st.sampled_from(NUMBERS), st.text(max_size=12)),
    caller=st.one_of(st.sampled_from(CALLERS), st.text(max_size=12)),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    language=st.sampled_from(("", "es-MX", "en-us", "x")),
    call_key=st.text(max_size=4),
)


@given(table=tables, asked=calls)
@examples(400)
def test_a_call_has_exactly_one_answer_and_a_reason(table: RoutingTable, asked: Asked) -> None:
    decision = decide(table, asked)
    assert isinstance(decision.answer, ToAgent | Forward | Busy | Refused)
    assert decision.why
    assert decide(table, asked) == decision, "the same call, the same answer"
    route = next((one for one in table.routes if one.name == decision.route), None)
    if decision.rule:
        assert route is not None
        named = [rule for rule in route.rules if rule.name == decision.rule]
        given_by_rule = {rule.answer for rule in named} | {
            ToAgent(agent=share.agent) for rule in named for share in rule.shares
        }
        assert decision.answer in given_by_rule
    elif isinstance(decision.answer, ToAgent):
        assert decision.answer.agent in table.agents, "an agent by its own name"
    else:
        assert isinstance(decision.answer, Refused)


@st.composite
def lobbies(draw: st.DrawFn) -> tuple[RoutingTable, list[tuple[str, int]]]:
    limits = st.integers(0, 3)
    routes = tuple(Route(name=name, to=(name,), rules=(), limit=draw(limits)) for name in ("a", "b"))
    table = RoutingTable(
        zone=ZoneInfo("UTC"),
        routes=routes,
        calls_max=draw(limits),
        limits={"clinic": draw(limits), "bank": draw(limits)},
    )
    happens = st.sampled_from(("a", "b", "direct", "leave", "leave", "twice"))
    return table, draw(st.lists(st.tuples(happens, st.integers(0, 30)), max_size=60))


@given(lobbies())
@examples(300)
def test_limits_hold_and_nobody_is_served_twice_or_out_of_turn(
    world: tuple[RoutingTable, list[tuple[str, int]]],
) -> None:
    table, story = world
    lobby = Lobby(table)
    talking: dict[str, Place] = {}
    for number, (what, which) in enumerate(story):
        waiting_before = list(lobby.waiting)
        if what in ("leave", "twice"):
            everybody = [*talking, *waiting_before]
            if not everybody:
                continue
            call = everybody[which % len(everybody)]
            gone = talking.pop(call, None)
            wanted = dict(lobby.waiting)
            served = lobby.left(call)
            assert served == [one for one in waiting_before if one in served], "in their order"
            talking.update({one: wanted[one] for one in served})
            assert call not in lobby.waiting
            assert gone is not None or call not in served
            if what == "twice":
                assert lobby.left(call) == []
        else:
            place = Place(agent=("clinic", "bank")[which % 2], route="" if what == "direct" else what)
            call = f"call {number}"
            if lobby.enter(call, place):
                talking[call] = place
                assert place not in lobby.waiting.values(), "somebody waits for the same"
            elif lobby.wait(call, place, callers_max=4):
                assert lobby.position(call) == sum(one.route == place.route for one in lobby.waiting.values())
        _limits_hold(table, talking)
        for waits, place in lobby.waiting.items():
            assert lobby.why_full(place), f"{waits} waits, and there is room"
        assert not set(talking) & set(lobby.waiting)


def _limits_hold(table: RoutingTable, talking: dict[str, Place]) -> None:
    assert not table.calls_max or len(talking) <= table.calls_max
    for agent, limit in table.limits.items():
        assert not limit or sum(place.agent == agent for place in talking.values()) <= limit
    for route in table.routes:
        assert not route.limit or sum(place.route == route.name for place in talking.values()) <= route.limit
