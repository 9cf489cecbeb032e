"""Whose phone numbers an operator works on: a carrier's, with his own credentials, or a running server's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from antiphon.calls.control.accounts import NEEDED, controls_from
from antiphon.calls.ports import CarrierControl, NumberOffer, NumberQuery, NumberRouting, OwnedNumber
from antiphon.errors import ConfigError
from antiphon.server.operating.asking import asked


class NumberAccount(Protocol):
    """Raises: As `CarrierControl`; AntiphonError: The server refused, in its words."""

    @property
    def carrier(self) -> str: ...

    async def search(self, query: NumberQuery) -> tuple[NumberOffer, ...]: ...

    async def owned(self) -> tuple[OwnedNumber, ...]: ...

    async def buy(self, number: str, agent: str) -> OwnedNumber: ...

    async def configure(self, number_id: str, agent: str) -> OwnedNumber: ...

    async def release(self, number_id: str) -> None: ...


class ServerAccount:
    """An account of a running `antiphon serve`: its keys stay there, and what is done is in its audit.

    Args:
        carrier: "" for the server's own choice.
    """

    def __init__(self, server: str, carrier: str) -> None:
        self._server, self._asked = server, carrier

    @property
    def carrier(self) -> str:
        return self._asked or self._server

    async def search(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        wanted = {
            "country": query.country.upper(),
            "kind": query.kind,
            "area_code": query.area_code,
            "contains": query.contains,
        }
        told = self._does("GET", "/offers", wanted)["offers"]
        return tuple(
            NumberOffer(
                number=one["number"],
                locality=one["locality"],
                monthly_usd=Decimal(one["monthly_usd"]) if one["monthly_usd"] is not None else None,
            )
            for one in told
        )

    async def owned(self) -> tuple[OwnedNumber, ...]:
        return tuple(OwnedNumber(**one) for one in self._does("GET", "")["numbers"])

    async def buy(self, number: str, agent: str) -> OwnedNumber:
        return OwnedNumber(**self._does("POST", "", body={"number": number, **_answered_by(agent)}))

    async def configure(self, number_id: str, agent: str) -> OwnedNumber:
        return OwnedNumber(**self._does("PUT", f"/{quote(number_id, safe='')}", body=_answered_by(agent)))

    async def release(self, number_id: str) -> None:
        self._does("DELETE", f"/{quote(number_id, safe='')}")

    def _does(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, body: object = None
    ) -> Any:
        """Any: JSON."""
        told = {**(query or {}), **({"carrier": self._asked} if self._asked else {})}
        return asked(self._server, method, f"/v1/numbers{path}?{urlencode(told)}", body)


class CarrierAccount:
    """A carrier's account, with our own credentials."""

    def __init__(self, control: CarrierControl, public_url: str) -> None:
        self._control, self._public_url = control, public_url.rstrip("/")

    @property
    def carrier(self) -> str:
        return self._control.carrier

    async def search(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        return await self._control.search_numbers(query)

    async def owned(self) -> tuple[OwnedNumber, ...]:
        return await self._control.owned_numbers()

    async def buy(self, number: str, agent: str) -> OwnedNumber:
        return await self._control.buy_number(number, self._routing(agent))

    async def configure(self, number_id: str, agent: str) -> OwnedNumber:
        return await self._control.configure_number(number_id, self._routing(agent))

    async def release(self, number_id: str) -> None:
        await self._control.release_number(number_id)

    def _routing(self, agent: str) -> NumberRouting:
        if not self._public_url:
            raise ConfigError(
                "nobody knows how the carrier reaches us",
                where="ANTIPHON_PUBLIC_URL",
                fix="set it to the address of `antiphon serve`, as https://voice.example.com",
            )
        url = f"{self._public_url}/calls/{self.carrier}/{agent}"
        return NumberRouting(answer_url=url, status_url=f"{url}/event", label=_label(agent))


@asynccontextmanager
async def carrier_account(environ: Mapping[str, str], carrier: str) -> AsyncIterator[CarrierAccount]:
    """This carrier's, or the only one there is. Raises: ConfigError: There is none, or there are several."""
    controls = controls_from(environ)
    try:
        yield CarrierAccount(_chosen(controls, carrier), environ.get("ANTIPHON_PUBLIC_URL", ""))
    finally:
        for each in controls.values():
            await each.close()


def _chosen(controls: Mapping[str, CarrierControl], carrier: str) -> CarrierControl:
    if carrier in controls or (not carrier and len(controls) == 1):
        return controls[carrier] if carrier else next(iter(controls.values()))
    if not carrier and controls:
        raise ConfigError("there are several accounts", fix=f"name one with --carrier: {', '.join(controls)}")
    if carrier and carrier not in NEEDED:
        raise ConfigError(f"no carrier named {carrier!r} has numbers", fix=f"one of: {', '.join(NEEDED)}")
    wanted = NEEDED.get(carrier) or [" or ".join(names[0] for names in NEEDED.values())]
    raise ConfigError(
        f"there are no credentials for {carrier or 'any carrier'}",
        fix=f"set {', '.join(wanted)} (docs/telephony); accounts found: {', '.join(controls) or 'none'}",
    )


def _answered_by(agent: str) -> dict[str, str]:
    return {"agent": agent, "label": _label(agent)}


def _label(agent: str) -> str:
    return f"antiphon {agent}"
