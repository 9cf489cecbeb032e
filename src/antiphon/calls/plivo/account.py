"""Plivo's `CarrierControl`, on its REST interface. Not on its SDK: that waits in the calling thread, and asks
twice more when the answer is a 5xx, which no setting prevents; a phone must not ring three times for one
intent. Tests hold our requests against what the SDK sends.

Plivo takes no documents in a request, so what a call shall do is put behind an address of ours (`Publish`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn
from urllib.parse import quote

from antiphon.calls.control.rest import REQUEST_S, Ask, Rest, field_of, understood
from antiphon.calls.numbers import is_sip
from antiphon.calls.plivo.xml import dial_xml, digits_xml, hold_xml, plain, seat_xml, sip_headers
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
from antiphon.errors import CallFailed, ConfigError
from antiphon.trust.recording import RecordingConsent

API: Final = "https://api.plivo.com/v1/Account"
_KINDS: Final = {"local": "local", "mobile": "mobile", "toll_free": "tollfree"}
_PAGE: Final = 20  # The most a list gives at once.
_PAGES_MAX: Final = 50

Publish = Callable[[str], str]  # A document in, the address where it is asked for out.


@dataclass(frozen=True, slots=True, kw_only=True)
class PlivoAccount:
    auth_id: str
    auth_token: str
    api_url: str = API


class PlivoControl:
    """Implements `CarrierControl`.

    Plivo knows a call it has been asked to place by another id than the call itself, so `dial` gives none:
    the first webhook, of ringing or of the end, names it.
    """

    carrier = "plivo"

    def __init__(
        self,
        account: PlivoAccount,
        *,
        capabilities: frozenset[Capability],
        publish: Publish,
        request_s: float = REQUEST_S,
    ) -> None:
        self.capabilities, self._publish = capabilities, publish
        self._root = f"{account.api_url}/{quote(account.auth_id, safe='')}"
        credentials = base64.b64encode(f"{account.auth_id}:{account.auth_token}".encode()).decode()
        self._headers = {"authorization": f"Basic {credentials}"}
        self._rest = Rest(self.carrier, lambda told: str(told["error"]), request_s)

    # ------------------------------------------------------------------ numbers

    async def search_numbers(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        wanted: dict[str, str | int] = {
            "country_iso": query.country.upper(),
            "type": _KINDS[query.kind],
            "services": "voice",
            "limit": min(query.results_max, _PAGE),
        }
        pattern = query.area_code or query.contains
        if pattern:
            wanted["pattern"] = pattern
        found = await self._ask("GET", "PhoneNumber", query=wanted, acts=False)
        with understood(self.carrier):
            return tuple(
                NumberOffer(
                    number=e164(str(one["number"])),
                    locality=one.get("city") or one.get("region") or "",
                    monthly_usd=_usd(one.get("monthly_rental_rate")),
                )
                for one in found["objects"]
            )

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        applications, numbers = await self._all("Application"), await self._all("Number")
        with understood(self.carrier):
            answers = {app["app_id"]: app.get("answer_url") or "" for app in applications}
            return tuple(_owned(one, answers) for one in numbers)

    async def buy_number(self, number: str, routing: NumberRouting) -> OwnedNumber:
        app_id = await self._application(routing)
        await self._ask("POST", "PhoneNumber", plain(number), json={"app_id": app_id})
        return await self._routed(plain(number), app_id, routing)

    async def configure_number(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        return await self._routed(number_id, await self._application(routing), routing)

    async def release_number(self, number_id: str) -> None:
        await self._ask("DELETE", "Number", number_id)

    async def _routed(self, number: str, app_id: str, routing: NumberRouting) -> OwnedNumber:
        changed = {"app_id": app_id} | ({"alias": routing.label} if routing.label else {})
        await self._ask("POST", "Number", number, json=changed)
        return OwnedNumber(
            number_id=number, number=e164(number), label=routing.label, answer_url=routing.answer_url
        )

    async def _application(self, routing: NumberRouting) -> str:
        """At Plivo it is an application that has an address: the one that asks there, or a new one."""
        for app in await self._all("Application"):
            if app.get("answer_url") == routing.answer_url:
                return field_of(self.carrier, app, "app_id")
        wanted = {
            # Letters, digits, dash and underscore; a name is taken once.
            "app_name": re.sub(r"[^A-Za-z0-9_-]+", "-", routing.label or routing.answer_url)[:60],
            "answer_url": routing.answer_url,
            "answer_method": "POST",
            "hangup_url": routing.status_url or f"{routing.answer_url}/event",
            "hangup_method": "POST",
        }
        return field_of(self.carrier, await self._ask("POST", "Application", json=wanted), "app_id")

    async def _all(self, what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(_PAGES_MAX):
            query: dict[str, str | int] = {"limit": _PAGE, "offset": page * _PAGE}
            told = await self._ask("GET", what, query=query, acts=False)
            with understood(self.carrier):
                objects = [dict(one) for one in told["objects"]]
            found += objects
            if len(objects) < _PAGE:
                break
        return found

    # ------------------------------------------------------------------ calls

    async def dial(self, dial: Dial) -> str:
        wanted: dict[str, Any] = {
            "from": plain(dial.caller_id),
            "to": plain(dial.to),
            "answer_url": dial.answer_url,
            "answer_method": "POST",
            "ring_url": dial.status_url,
            "ring_method": "POST",
            "hangup_url": dial.status_url,
            "hangup_method": "POST",
            "ring_timeout": dial.ring_s,
            "time_limit": dial.call_max_s,
        }
        if dial.detect_machine:
            # In the background: else whoever answers hears nothing for up to five seconds.
            wanted |= {
                "machine_detection": "true",
                "machine_detection_url": dial.status_url,
                "machine_detection_method": "POST",
            }
        if dial.headers and is_sip(dial.to):
            wanted["sip_headers"] = sip_headers(dial.headers)
        await self._ask("POST", "Call", json=wanted)
        return ""

    async def answer(self, call_id: str, instructions_url: str) -> None:
        _unable("calls are answered by what their webhook is told")

    async def hang_up(self, call_id: str) -> None:
        with suppress(CallFailed):  # Somebody else was quicker.
            await self._call("DELETE", call_id)

    async def hold(self, call_id: str, music_url: str) -> None:
        await self._told(call_id, hold_xml(music_url))

    async def resume(self, call_id: str, instructions_url: str) -> None:
        redirected = {"legs": "aleg", "aleg_url": instructions_url, "aleg_method": "POST"}
        await self._call("POST", call_id, json=redirected)

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> None:
        await self._told(call_id, digits_xml(digits, instructions_url))

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None:
        await self._told(call_id, dial_xml(transfer))

    async def _told(self, call_id: str, document: str) -> None:
        await self.resume(call_id, self._publish(document))

    # ------------------------------------------------------------------ conferences

    async def seat(self, call_id: str, seat: Seat) -> None:
        await self._told(call_id, seat_xml(seat))

    async def mute(self, call_id: str, room: str, *, muted: bool) -> None:
        member = await self._member(call_id, room)
        await self._conference("POST" if muted else "DELETE", room, "Member", member, "Mute")

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> None:
        """Music over a conference that goes on: he hears none of it, and is not heard."""
        member = await self._member(call_id, room)
        method = "POST" if music_url else "DELETE"
        for what in ("Deaf", "Mute"):
            await self._conference(method, room, "Member", member, what)
        music = {"url": music_url} if music_url else None
        await self._conference(method, room, "Member", member, "Play", json=music)

    async def _member(self, call_id: str, room: str) -> str:
        try:
            found = await self._conference("GET", room)
        except CallFailed as error:
            raise CallFailed(f"no conference {room!r} is on") from error
        with understood(self.carrier):
            for member in found.get("members") or ():
                if member.get("call_uuid") == call_id:
                    return str(member["member_id"])
        raise CallFailed(f"this call is not in the conference {room!r}")

    async def _conference(
        self, method: str, room: str, *more: str, json: dict[str, Any] | None = None
    ) -> Any:
        return await self._ask(method, "Conference", room, *more, json=json, call_id=room)

    # ------------------------------------------------------------------ recordings

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> str:
        wanted = {"file_format": "wav", "record_channel_type": "stereo", "time_limit": 4 * 3600}
        begun = await self._call("POST", call_id, "Record", json=wanted)
        return field_of(self.carrier, begun, "recording_id")

    async def pause_recording(self, call_id: str, recording_id: str) -> None:
        _unable(_NO_PAUSE)

    async def resume_recording(self, call_id: str, recording_id: str) -> None:
        _unable(_NO_PAUSE)

    async def stop_recording(self, call_id: str, recording_id: str) -> None:
        await self._call("DELETE", call_id, "Record")

    async def close(self) -> None:
        await self._rest.aclose()

    async def _call(self, method: str, call_id: str, *more: str, json: dict[str, Any] | None = None) -> Any:
        return await self._ask(method, "Call", call_id, *more, json=json, call_id=call_id)

    async def _ask(self, method: str, *path: str, **more: Any) -> Any:
        """Any: JSON, as `Rest.ask` gives it; `more` is an `Ask`'s other fields."""
        place = "/".join(quote(part, safe="") for part in path)
        return await self._rest.ask(
            Ask(method=method, url=f"{self._root}/{place}/", headers=self._headers, **more)
        )


_NO_PAUSE = "a recording can be stopped and not paused; Antiphon's own can (docs/telephony/recording.md)"


def _unable(why: str) -> NoReturn:
    raise ConfigError(f"plivo: {why}")


def _owned(one: dict[str, Any], answers: dict[str, str]) -> OwnedNumber:
    app_id = str(one.get("application") or "").rstrip("/").rsplit("/", 1)[-1]
    return OwnedNumber(
        number_id=str(one["number"]),
        number=e164(str(one["number"])),
        label=one.get("alias") or "",
        answer_url=answers.get(app_id, ""),
    )


def _usd(text: object) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None
