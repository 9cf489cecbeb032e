"""From a call to exactly one answer. Pure: the same call at the same time has the same answer on every
machine, and says why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import phonenumbers

from antiphon.calls.numbers import e164
from antiphon.calls.routing.values import (
    ANY,
    DAY_MINUTES,
    HIDDEN,
    Answer,
    Asked,
    Decision,
    Hours,
    Refused,
    Route,
    RoutingTable,
    Rule,
    Share,
    ToAgent,
    When,
)
from antiphon.errors import ConfigError

UNKNOWN_NUMBER = "nothing is routed for what was called"
_NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}")
NO_RULE = "no rule of the route holds"


def decide(table: RoutingTable, asked: Asked) -> Decision:
    route = route_of(table, asked.called)
    if route is None:
        name = _bare(asked.called)
        if name in table.agents:
            by_name = "an agent was asked for by name, and no route is for that name"
            return Decision(answer=ToAgent(agent=name), why=(by_name,))
        return Decision(answer=Refused(reason=UNKNOWN_NUMBER), why=("no route has this address in `to:`",))
    why_not: list[str] = []
    for rule in route.rules:
        against = next(_against(table, rule.when, asked), "")
        if not against:
            answer, how = _answer(route, rule, asked)
            why = (*why_not, f"{rule.name}: {how}")
            return Decision(answer=answer, route=route.name, rule=rule.name, why=why)
        why_not.append(f"{rule.name}: {against}")
    return Decision(answer=Refused(reason=NO_RULE), route=route.name, why=(*why_not, NO_RULE))


def route_of(table: RoutingTable, called: str) -> Route | None:
    """The route of an address as it was called; one for all others comes last."""
    address = normal(called)
    wanted = (address,) if _bare(address) in table.agents else (address, ANY)
    for one in wanted:
        for route in table.routes:
            if one in route.to:
                return route
    return None


def _bare(address: str) -> str:
    """An agent's name, where the address is one."""
    return address.removeprefix("sip:")


def normal(called: str) -> str:
    """An address as routes know it: "+12125550100", "sip:clinic" (a host is not looked at), or a name. Trunks
    that leave out the plus mean a number all the same."""
    text = called.strip()
    scheme, found, rest = text.partition(":")
    if found and scheme.lower() in {"sip", "sips"}:
        user = rest.partition(";")[0].partition("@")[0]
        return f"+{user.removeprefix('+')}" if _NUMBER.fullmatch(user) else f"sip:{user}"
    return text


def as_called(text: str) -> str:
    """What somebody typed as the address of a call, as lines tell it: "(212) 555-0100" too."""
    try:
        return e164(text)
    except ConfigError:
        return normal(text)


def country_of(number: str) -> str:
    """ISO 3166 of a number's numbering plan, "" where it is of none. Who travels keeps his number."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def is_open(hours: Hours, at: datetime) -> bool:
    """By the clock on the wall there: an hour that comes twice in autumn is twice open or twice closed, one
    that is left out in spring is nobody's."""
    local = at.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    for days_ago in (0, 1):
        day = local.date() - timedelta(days=days_ago)
        if hours.holidays.has(day):
            continue
        here = minute + days_ago * DAY_MINUTES
        if any(start <= here < end for start, end in hours.open[day.weekday()]):
            return True
    return False


def lot_pct(salt: str, key: str) -> float:
    """Where a caller stands from 0 to 100, for ever: raising a share from its end keeps who is in it."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def _answer(route: Route, rule: Rule, asked: Asked) -> tuple[Answer, str]:
    if rule.answer is not None:
        return rule.answer, "holds"
    if len(rule.shares) == 1:
        return ToAgent(agent=rule.shares[0].agent), "holds"
    lot = lot_pct(route.name, asked.caller or asked.call_key)
    share = _share(rule.shares, lot)
    return ToAgent(agent=share.agent), f"holds; this caller's lot is {lot:.1f}, among {share.percent:g} %"


def _share(shares: tuple[Share, ...], lot: float) -> Share:
    reached = 0.0
    for share in shares:
        reached += share.percent
        if lot < reached:
            return share
    return shares[-1]  # Percentages are checked to make a hundred, give or take a float's rounding.


def _against(table: RoutingTable, when: When, asked: Asked) -> Iterator[str]:
    """What speaks against a rule, in words."""
    if when.open and not is_open(table.hours[when.open], asked.at):
        yield f"{when.open} is closed"
    if when.closed and is_open(table.hours[when.closed], asked.at):
        yield f"{when.closed} is open"
    if when.holiday and not table.holidays[when.holiday].has(asked.at.astimezone(table.zone).date()):
        yield f"no holiday of {when.holiday}"
    if when.callers and not any(_is_caller(one, asked.caller) for one in when.callers):
        yield "the caller is not among `callers:`"
    if when.countries and (not asked.caller or country_of(asked.caller) not in when.countries):
        yield "the caller's number is of none of `countries:`"
    if when.languages and not any(_speaks(one, asked.language) for one in when.languages):
        yield "the caller's language is not known to be among `languages:`"


def _is_caller(wanted: str, caller: str) -> bool:
    if wanted == HIDDEN:
        return not caller
    return caller.startswith(wanted[:-1]) if wanted.endswith("*") else caller == wanted


def _speaks(wanted: str, language: str) -> bool:
    """ "es" takes every Spanish, "es-MX" only that."""
    have, want = language.lower(), wanted.lower()
    return bool(have) and (have == want or have.startswith(f"{want}-"))
