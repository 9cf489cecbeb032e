"""`/v1/numbers`: phone numbers of the carriers' accounts, which are the default organisation's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from antiphon.calls.control.accounts import controls_from
from antiphon.calls.ports import (
    Capability,
    CarrierControl,
    NumberKind,
    NumberQuery,
    NumberRouting,
    OwnedNumber,
)
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.api.sight import sight_of
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem
from antiphon.storage.access import DEFAULT_ORGANISATION

router = APIRouter(prefix="/numbers", route_class=GatedRoute, tags=["numbers"])

Carrier = Annotated[str, Query(pattern=r"^[a-z]{1,20}$")]


@router.get("", openapi_extra=needs(Permission.NUMBERS_READ))
async def list_numbers(who: Who, parts: Parts, carrier: Carrier = "twilio") -> shapes.Numbers:
    """Numbers of the account."""
    owned = await _account(who, parts, carrier).owned_numbers()
    return shapes.Numbers(numbers=[_number(one) for one in owned])


@router.get("/offers", openapi_extra=needs(Permission.NUMBERS_READ))
async def search_numbers(
    *,
    who: Who,
    parts: Parts,
    country: Annotated[str, Query(pattern="^[A-Z]{2}$")],
    kind: NumberKind = "local",
    area_code: Annotated[str, Query(pattern="^[0-9]{0,6}$")] = "",
    contains: Annotated[str, Query(pattern="^[0-9]{0,15}$")] = "",
    carrier: Carrier = "twilio",
) -> shapes.NumberOffers:
    """Numbers to be had."""
    query = NumberQuery(country=country, kind=kind, area_code=area_code, contains=contains)
    offers = await _account(who, parts, carrier).search_numbers(query)
    return shapes.NumberOffers(
        offers=[
            shapes.NumberOffer(
                number=offer.number,
                locality=offer.locality,
                monthly_usd=format(offer.monthly_usd, "f") if offer.monthly_usd is not None else None,
            )
            for offer in offers
        ]
    )


@router.post("", status_code=201, openapi_extra=needs(Permission.NUMBERS_WRITE))
async def buy_number(
    wanted: shapes.BuyNumber, who: Who, parts: Parts, control: Current, carrier: Carrier = "twilio"
) -> shapes.Number:
    """Buy one and have it answered by an agent. It costs money every month. A number can be bought once only,
    so asking again is refused by the carrier."""
    account = _account(who, parts, carrier)
    routing = await _routing(wanted, carrier, who, parts, control)
    return _number(await account.buy_number(wanted.number, routing))


@router.put("/{number_id}", openapi_extra=needs(Permission.NUMBERS_WRITE))
async def route_number(
    *,
    number_id: str,
    wanted: shapes.RouteNumber,
    who: Who,
    parts: Parts,
    control: Current,
    carrier: Carrier = "twilio",
) -> shapes.Number:
    """Have a number answered by another agent."""
    account = await _ours(number_id, who, parts, carrier)
    routing = await _routing(wanted, carrier, who, parts, control)
    return _number(await account.configure_number(number_id, routing))


@router.delete("/{number_id}", status_code=204, openapi_extra=needs(Permission.NUMBERS_WRITE))
async def release_number(number_id: str, who: Who, parts: Parts, carrier: Carrier = "twilio") -> None:
    """Give a number back; somebody else may have it then."""
    await (await _ours(number_id, who, parts, carrier)).release_number(number_id)


def _account(who: Principal, parts: ApiParts, carrier: str) -> CarrierControl:
    if who.organisation_id != DEFAULT_ORGANISATION:
        raise Problem(404, "your organisation has no account at a carrier")
    if parts.controls is None:
        parts.controls = controls_from(parts.environ)
    account = parts.controls.get(carrier)
    if account is None:
        found = ", ".join(parts.controls) or "none"
        raise Problem(
            409,
            f"there is no account at {carrier!r}",
            fix=f"set its keys in the environment (docs/telephony); those found: {found}",
        )
    if Capability.NUMBERS not in account.capabilities:
        raise Problem(409, f"this carrier offers no {Capability.NUMBERS.value}")
    return account


async def _ours(number_id: str, who: Principal, parts: ApiParts, carrier: str) -> CarrierControl:
    """The account, once it says that this number is its own: an id goes into a path there."""
    account = _account(who, parts, carrier)
    if number_id not in {one.number_id for one in await account.owned_numbers()}:
        raise Problem(404, "no such number")
    return account


async def _routing(
    wanted: shapes.RouteNumber, carrier: str, who: Principal, parts: ApiParts, control: Control
) -> NumberRouting:
    served = {entry["name"] for entry in await control.media.agents()}
    if wanted.agent not in served or not (await sight_of(who, parts))(wanted.agent):
        raise Problem(404, "no such agent")
    if not control.settings.public_url:
        raise Problem(409, "carriers cannot reach this server", fix="set ANTIPHON_PUBLIC_URL")
    url = f"{control.settings.public_url}/calls/{carrier}/{wanted.agent}"
    return NumberRouting(answer_url=url, status_url=f"{url}/event", label=wanted.label)


def _number(owned: OwnedNumber) -> shapes.Number:
    return shapes.Number(
        number_id=owned.number_id, number=owned.number, label=owned.label, answer_url=owned.answer_url
    )
