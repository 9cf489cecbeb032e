"""Vonage's `CarrierControl`, on its Voice, Numbers and Application interfaces. Not on its SDK: that waits in
the calling thread, and keeps the credentials of a request in a place all requests share. Tests hold our
requests against what the SDK sends.

Two kinds of credentials: calls belong to an application and its key, numbers to the account.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import quote

import phonenumbers

from antiphon.calls.control.rest import REQUEST_S, Ask, Rest, field_of, understood
from antiphon.calls.ports import (
    Capability,
    ColdTransfer,
    Dial,
    NumberOffer,
    NumberQuery,
    NumberRouting,
    OwnedNumber,
    Seat,
)
from antiphon.calls.streams.webhooks import e164
from antiphon.calls.vonage.jwt import ApplicationToken
from antiphon.calls.vonage.ncco import Ncco, dial_ncco, endpoint, hold_ncco, plain, seat_ncco
from antiphon.errors import CallFailed, ConfigError, ProviderRejected
from antiphon.trust.recording import RecordingConsent

API: Final = "https://api.nexmo.com"
NUMBERS_API: Final = "https://rest.nexmo.com"
_KINDS: Final = {"local": "landline", "mobile": "mobile-lvn", "toll_free": "landline-toll-free"}
_STARTS, _CONTAINS = 0, 1
_PAGE: Final = 100
_PAGES_MAX: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageAccount:
    """Attributes:
    private_key: PEM, of the application.
    api_key, api_secret: The account's; "" where numbers are not managed from here.
    """

    application_id: str
    private_key: str
    api_key: str = ""
    api_secret: str = ""
    api_url: str = API
    numbers_url: str = NUMBERS_API


class VonageControl:
    """Implements `CarrierControl`."""

    carrier = "vonage"

    def __init__(
        self,
        account: VonageAccount,
        *,
        capabilities: frozenset[Capability],
        request_s: float = REQUEST_S,
    ) -> None:
        self._account, self.capabilities = account, capabilities
        self._token = ApplicationToken(account.application_id, account.private_key)
        self._rest = Rest(self.carrier, _said, request_s)

    # ------------------------------------------------------------------ numbers

    async def search_numbers(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        wanted: dict[str, str | int] = {
            "country": query.country.upper(),
            "type": _KINDS[query.kind],
            "features": "VOICE",
            "size": query.results_max,
        }
        if query.area_code:
            code = phonenumbers.country_code_for_region(query.country.upper())
            wanted |= {"pattern": f"{code}{query.area_code}", "search_pattern": _STARTS}
        elif query.contains:
            wanted |= {"pattern": query.contains, "search_pattern": _CONTAINS}
        found = await self._number("GET", "/number/search", query=wanted, acts=False)
        # What it costs is told in the currency of the account, which is not.
        with understood(self.carrier):
            return tuple(NumberOffer(number=e164(one["msisdn"])) for one in found.get("numbers") or ())

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        answer_url = await self._answer_url()
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES_MAX + 1):
            query: dict[str, str | int] = {"size": _PAGE, "index": page}
            told = await self._number("GET", "/account/numbers", query=query, acts=False)
            with understood(self.carrier):
                found += [dict(one) for one in told.get("numbers") or ()]
            if len(found) < page * _PAGE:
                break
        ours = self._account.application_id
        with understood(self.carrier):
            return tuple(
                OwnedNumber(
                    number_id=one["msisdn"],
                    number=e164(one["msisdn"]),
                    answer_url=answer_url if one.get("app_id") == ours else "",
                )
                for one in found
            )

    async def buy_number(self, number: str, routing: NumberRouting) -> OwnedNumber:
        await self._check_routing(routing)
        await self._number("POST", "/number/buy", form=_named(number))
        return await self._linked(plain(number), routing)

    async def configure_number(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        await self._check_routing(routing)
        return await self._linked(number_id, routing)

    async def release_number(self, number_id: str) -> None:
        await self._number("POST", "/number/cancel", form=_named(number_id))

    async def _linked(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        linked = _named(number_id) | {"app_id": self._account.application_id}
        await self._number("POST", "/number/update", form=linked)
        return OwnedNumber(number_id=number_id, number=e164(number_id), answer_url=routing.answer_url)

    async def _check_routing(self, routing: NumberRouting) -> None:
        """At Vonage it is the application that has an address, one for all its numbers, and its key is what
        our calls are placed with. So numbers are brought to it, and never it to another address."""
        answer_url = await self._answer_url()
        if answer_url != routing.answer_url:
            raise ConfigError(
                f"this Vonage application asks {answer_url or 'nobody'} what to do with its calls",
                where="VONAGE_APPLICATION_ID",
                fix=f"set its answer URL to {routing.answer_url} (POST), or name another application",
            )

    async def _answer_url(self) -> str:
        place = f"{self._account.api_url}/v2/applications/{quote(self._account.application_id, safe='')}"
        told = await self._rest.ask(Ask(method="GET", url=place, headers=self._basic(), acts=False))
        with understood(self.carrier):
            voice = told["capabilities"].get("voice") or {}
            return str(voice.get("webhooks", {}).get("answer_url", {}).get("address", ""))

    async def _number(self, method: str, path: str, **more: Any) -> Any:
        """Any: JSON. A refusal may come as a success, with a code in it."""
        url = f"{self._account.numbers_url}{path}"
        told = await self._rest.ask(Ask(method=method, url=url, headers=self._basic(), **more))
        if isinstance(told, dict) and str(told.get("error-code", "200")) != "200":
            raise ProviderRejected(self.carrier, _said(told))
        return told if isinstance(told, dict) else {}

    def _basic(self) -> dict[str, str]:
        account = self._account
        if not account.api_key or not account.api_secret:
            raise ConfigError(
                "numbers belong to the Vonage account, and there are no credentials for it",
                fix="set VONAGE_API_KEY and VONAGE_API_SECRET",
            )
        credentials = base64.b64encode(f"{account.api_key}:{account.api_secret}".encode()).decode()
        return {"authorization": f"Basic {credentials}"}

    # ------------------------------------------------------------------ calls

    async def dial(self, dial: Dial) -> str:
        wanted: dict[str, Any] = {
            "to": [endpoint(ColdTransfer(to=dial.to, headers=dial.headers))],
            "from": {"type": "phone", "number": plain(dial.caller_id)},
            "answer_url": [dial.answer_url],
            "answer_method": "POST",
            "event_url": [dial.status_url],
            "event_method": "POST",
            "ringing_timer": dial.ring_s,
            "length_timer": dial.call_max_s,
        }
        if dial.detect_machine:
            wanted["machine_detection"] = "continue"
        placed = await self._voice("POST", "/v1/calls", json=wanted)
        return field_of(self.carrier, placed, "uuid")

    async def answer(self, call_id: str, instructions_url: str) -> None:
        _unable("calls are answered by what their webhook is told")

    async def hang_up(self, call_id: str) -> None:
        with suppress(CallFailed):  # Somebody else was quicker.
            await self._change(call_id, {"action": "hangup"})

    async def hold(self, call_id: str, music_url: str) -> None:
        await self._told(call_id, hold_ncco(music_url))

    async def resume(self, call_id: str, instructions_url: str) -> None:
        destination = {"type": "ncco", "url": [instructions_url]}
        await self._change(call_id, {"action": "transfer", "destination": destination})

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> None:
        """Over whatever the call does, which then goes on."""
        keys = {"digits": digits.replace("w", "p")}
        await self._voice("PUT", f"{_call(call_id)}/dtmf", json=keys, call_id=call_id)

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None:
        await self._told(call_id, dial_ncco(transfer))

    async def _told(self, call_id: str, ncco: Ncco) -> None:
        destination = {"type": "ncco", "ncco": ncco}
        await self._change(call_id, {"action": "transfer", "destination": destination})

    # ------------------------------------------------------------------ conferences

    async def seat(self, call_id: str, seat: Seat) -> None:
        await self._told(call_id, seat_ncco(seat))

    async def mute(self, call_id: str, room: str, *, muted: bool) -> None:
        await self._change(call_id, {"action": "mute" if muted else "unmute"})

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> None:
        """Music into this leg alone, which neither hears the others nor is heard."""
        begun = bool(music_url)
        await self._change(call_id, {"action": "mute" if begun else "unmute"})
        await self._change(call_id, {"action": "earmuff" if begun else "unearmuff"})
        music = {"stream_url": [music_url], "loop": 0} if begun else None
        await self._voice(
            "PUT" if begun else "DELETE", f"{_call(call_id)}/stream", json=music, call_id=call_id
        )

    # ------------------------------------------------------------------ recordings

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> str:
        _unable(_NO_RECORDING)

    async def pause_recording(self, call_id: str, recording_id: str) -> None:
        _unable(_NO_RECORDING)

    async def resume_recording(self, call_id: str, recording_id: str) -> None:
        _unable(_NO_RECORDING)

    async def stop_recording(self, call_id: str, recording_id: str) -> None:
        _unable(_NO_RECORDING)

    async def close(self) -> None:
        await self._rest.aclose()

    async def _change(self, call_id: str, change: dict[str, Any]) -> None:
        await self._voice("PUT", _call(call_id), json=change, call_id=call_id)

    async def _voice(self, method: str, path: str, **more: Any) -> Any:
        """Any: JSON, as `Rest.ask` gives it; `more` is an `Ask`'s other fields."""
        headers = {"authorization": f"Bearer {self._token.current()}"}
        return await self._rest.ask(
            Ask(method=method, url=f"{self._account.api_url}{path}", headers=headers, **more)
        )


_NO_RECORDING = (
    "a call that is up cannot be recorded by request; Antiphon records (docs/telephony/recording.md)"
)


def _unable(why: str) -> NoReturn:
    raise ConfigError(f"vonage: {why}")


def _call(call_id: str) -> str:
    return f"/v1/calls/{quote(call_id, safe='')}"


def _named(number: str) -> dict[str, str]:
    """The number with its country, which every change of it asks for."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(e164(plain(number))))
    return {"country": country or "", "msisdn": plain(number)}


def _said(told: Any) -> str:
    """Any: JSON of a refusal; three interfaces, three shapes."""
    for name in ("detail", "error_title", "error-code-label", "title"):
        if told.get(name):
            return str(told[name])
    return "no reason given"
