"""Telnyx's numbers. They belong to a TeXML application, and it is the application that has the address which
is asked what to do with a call: numbers are brought to it, and never it to another address.

Source: Telnyx, "Number search", "Number orders", "Phone numbers", "TeXML applications", read 2026-11. An
order is carried out after it was taken, so a number that has just been bought may have no id yet.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import telnyx

from antiphon.calls.ports import NumberOffer, NumberQuery, NumberRouting, OwnedNumber
from antiphon.calls.telnyx.refusals import told
from antiphon.errors import ConfigError


class TelnyxNumbers:
    """The part of `CarrierControl` that buys and gives back. Raises: As there."""

    def __init__(self, client: telnyx.AsyncTelnyx, application_sid: str) -> None:
        self._client, self._application_sid = client, application_sid

    async def search(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        wanted: dict[str, Any] = {
            "country_code": query.country.upper(),
            "phone_number_type": query.kind,
            "features": ["voice"],
            "limit": query.results_max,
        }
        if query.area_code:
            wanted["national_destination_code"] = query.area_code
        if query.contains:
            wanted["phone_number"] = {"contains": query.contains}
        filtered: Any = wanted
        with told(acts=False):
            found = await self._client.available_phone_numbers.list(filter=filtered)
        return tuple(_offer(one) for one in found.data or () if one.phone_number)

    async def owned(self) -> tuple[OwnedNumber, ...]:
        answer_url = await self._answer_url()
        with told(acts=False):
            pages = self._client.phone_numbers.list(page_size=100)
            return tuple([self._owned(one, answer_url) async for one in pages])

    async def buy(self, number: str, routing: NumberRouting) -> OwnedNumber:
        await self._check_routing(routing)
        with told():
            await self._client.number_orders.create(
                phone_numbers=[{"phone_number": number}],
                connection_id=self._application_sid,
                customer_reference=routing.label,
            )
        bought = [one for one in await self.owned() if one.number == number]
        if bought:
            return bought[0]
        return OwnedNumber(number_id="", number=number, label=routing.label, answer_url=routing.answer_url)

    async def configure(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        await self._check_routing(routing)
        with told():
            changed = await self._client.phone_numbers.update(
                number_id, connection_id=self._application_sid, customer_reference=routing.label
            )
        return self._owned(changed.data, routing.answer_url)

    async def release(self, number_id: str) -> None:
        with told():
            await self._client.phone_numbers.delete(number_id)

    async def _check_routing(self, routing: NumberRouting) -> None:
        answer_url = await self._answer_url()
        if answer_url != routing.answer_url:
            raise ConfigError(
                f"this TeXML application asks {answer_url or 'nobody'} what to do with its calls",
                where="TELNYX_TEXML_APPLICATION_SID",
                fix=f"set its voice URL to {routing.answer_url} (POST), or name another application",
            )

    async def _answer_url(self) -> str:
        with told(acts=False):
            found = await self._client.texml_applications.retrieve(self._application_sid)
        return (found.data.voice_url if found.data else "") or ""

    def _owned(self, one: Any, answer_url: str) -> OwnedNumber:
        """Any: the SDK has a type for each of its answers."""
        ours = str(one.connection_id or "") == self._application_sid
        return OwnedNumber(
            number_id=str(one.id or ""),
            number=one.phone_number or "",
            label=one.customer_reference or "",
            answer_url=answer_url if ours else "",
        )


def _offer(one: Any) -> NumberOffer:
    """Any: as above."""
    regions = one.region_information or ()
    place = next((region.region_name for region in regions if region.region_name), "")
    cost = one.cost_information
    told_usd = cost is not None and cost.monthly_cost and cost.currency == "USD"
    try:
        monthly = Decimal(cost.monthly_cost) if told_usd else None
    except InvalidOperation:
        monthly = None
    return NumberOffer(number=one.phone_number, locality=place or "", monthly_usd=monthly)
