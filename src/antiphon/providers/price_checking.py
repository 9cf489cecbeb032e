"""Does the operator's price file fit what vendors offer? A slip of the pen would cost nothing, for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase

from antiphon.agents.definition.problems import Finding, Problem, Weight
from antiphon.agents.definition.values import UNIFIED
from antiphon.providers.prices import PriceBook
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role

_FIX = "`antiphon providers` lists the names"


def check_prices(registry: Registry, prices: PriceBook, named: Collection[str] = ()) -> list[Finding]:
    """Prices and volumes the operator gave for names that nobody has.

    Args:
        named: What the agent file asks for: of a vendor that takes any name, that is no slip.
    """
    asked = {name.removeprefix(UNIFIED) for name in named}
    return [*_prices(registry, prices, asked), *_volumes(registry, prices)]


def _prices(registry: Registry, prices: PriceBook, asked: Collection[str]) -> Iterator[Finding]:
    for price in prices.prices:
        if not price.is_own:
            continue
        roles = [role for role in Role if price.role in (role.value, "*")]
        if not _offered(registry, roles, price.provider):
            message = f"a price for {price.provider}, which no vendor offers as {price.role}"
            yield _finding(prices, "prices", message, Weight.ERROR)
        elif price.provider not in asked and not _listed(registry, roles, price.provider):
            near = get_close_matches(price.provider, _names(registry, roles), n=1)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            message = f"a price for {price.provider}, a model nobody lists and this agent does not name"
            yield _finding(prices, "prices", message, Weight.ADVICE, hint + _FIX)


def _volumes(registry: Registry, prices: PriceBook) -> Iterator[Finding]:
    """A volume chooses the tier of the price it is named like."""
    for name in prices.volumes:
        if not _offered(registry, list(Role), name):
            yield _finding(prices, f"volumes.{name}", f"no vendor offers {name}", Weight.ERROR)


def _offered(registry: Registry, roles: Collection[Role], name: str) -> bool:
    if "*" not in name:
        return any(registry.knows(role, name) for role in roles)
    vendor = name.partition("/")[0]
    return any(fnmatchcase(each, name) for each in _names(registry, roles)) or any(
        known.any_name and each.partition("/")[0] == vendor
        for role in roles
        for each, known in registry.matrix(role)
    )


def _listed(registry: Registry, roles: Collection[Role], name: str) -> bool:
    """By its own name or a pattern, or of a vendor that has no list at all."""
    if "*" in name or roles == [Role.TTS]:
        return True  # Of voices no list is long enough.
    return any(registry.lists(role, name) for role in roles if registry.knows(role, name))


def _names(registry: Registry, roles: Collection[Role]) -> list[str]:
    return [name for role in roles for name in registry.known(role)]


def _finding(prices: PriceBook, field: str, message: str, weight: Weight, fix: str = _FIX) -> Finding:
    assert prices.own is not None, "only what the operator gave is looked at"
    problem = Problem(path=prices.own, line=0, field=field, message=message, fix=fix)
    return Finding(problem=problem, weight=weight)
