"""Twilio's `CarrierControl`, on its SDK. The SDK's documented way to another HTTP client is how we keep one
connection pool, bound every request in time, and let tests stand in for the vendor.

A redirect (`resume`, `hold`, `seat` …) takes a call out of whatever it was doing, its media stream included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from antiphon.calls.control.rest import retry_after_ms
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
from antiphon.calls.twilio.twiml import dial_twiml, digits_twiml, hold_twiml, seat_twiml, sip_address
from antiphon.errors import (
    CallFailed,
    ConfigError,
    DeadlineExceeded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.trust.recording import RecordingConsent

API = "https://api.twilio.com"
REQUEST_S = 10.0
_SAID_MAX = 300
# Twilio, "Error and Warning Dictionary", read 2026-11: the call has ended, or not begun to be one.
_NOT_IN_PROGRESS = 21220
_STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
_KINDS = {"local": "local", "mobile": "mobile", "toll_free": "toll_free"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """Attributes:
    username, password: The account and its auth token, or an API key and its secret.
    api_url: Where its interface is; another one for compatible carriers and for tests.
    """

    account_sid: str
    password: str
    username: str = ""
    api_url: str = API


class TwilioControl:
    """Implements `CarrierControl`; also for carriers with a compatible interface, under their own name."""

    def __init__(
        self,
        account: TwilioAccount,
        *,
        carrier: str = "twilio",
        capabilities: frozenset[Capability] = frozenset(Capability) - {Capability.ANSWER},
        request_s: float = REQUEST_S,
    ) -> None:
        self.carrier, self.capabilities = carrier, capabilities
        self._http = _Http(carrier, account.api_url, request_s)
        self._client = Client(
            account.username or account.account_sid,
            account.password,
            account.account_sid,
            http_client=self._http,
        )

    # ------------------------------------------------------------------ numbers

    async def search_numbers(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        wanted: dict[str, Any] = {"voice_enabled": True}
        if query.area_code:
            wanted["area_code"] = query.area_code
        if query.contains:
            wanted["contains"] = query.contains
        country = self._client.available_phone_numbers(query.country.upper())
        with self._told(acts=False):
            found = await getattr(country, _KINDS[query.kind]).list_async(
                limit=query.results_max, page_size=query.results_max, **wanted
            )
        return tuple(NumberOffer(number=one.phone_number, locality=one.locality or "") for one in found)

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        with self._told(acts=False):
            return tuple(_owned(one) for one in await self._client.incoming_phone_numbers.list_async())

    async def buy_number(self, number: str, routing: NumberRouting) -> OwnedNumber:
        with self._told():
            bought = self._client.incoming_phone_numbers.create_async(phone_number=number, **_routed(routing))
            return _owned(await bought)

    async def configure_number(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        with self._told():
            return _owned(
                await self._client.incoming_phone_numbers(number_id).update_async(**_routed(routing))
            )

    async def release_number(self, number_id: str) -> None:
        with self._told():
            await self._client.incoming_phone_numbers(number_id).delete_async()

    # ------------------------------------------------------------------ calls

    async def dial(self, dial: Dial) -> str:
        more: dict[str, Any] = {"machine_detection": "Enable"} if dial.detect_machine else {}
        to = sip_address(ColdTransfer(to=dial.to, headers=dial.headers)) if dial.headers else dial.to
        with self._told():
            call = await self._client.calls.create_async(
                to=to,
                from_=dial.caller_id,
                url=dial.answer_url,
                method="POST",
                status_callback=dial.status_url,
                status_callback_method="POST",
                status_callback_event=_STATUS_EVENTS,
                timeout=dial.ring_s,
                time_limit=dial.call_max_s,
                **more,
            )
        return _present(call.sid, self.carrier)

    async def answer(self, call_id: str, instructions_url: str) -> None:
        raise ConfigError(f"{self.carrier} calls are answered by what their webhook is told")

    async def hang_up(self, call_id: str) -> None:
        with suppress(CallFailed):  # Somebody else was quicker.
            await self._update(call_id, status="completed")

    async def hold(self, call_id: str, music_url: str) -> None:
        await self._update(call_id, twiml=hold_twiml(music_url))

    async def resume(self, call_id: str, instructions_url: str) -> None:
        await self._update(call_id, url=instructions_url, method="POST")

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> None:
        await self._update(call_id, twiml=digits_twiml(digits, instructions_url))

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None:
        await self._update(call_id, twiml=dial_twiml(transfer))

    # ------------------------------------------------------------------ conferences

    async def seat(self, call_id: str, seat: Seat) -> None:
        await self._update(call_id, twiml=seat_twiml(seat))

    async def mute(self, call_id: str, room: str, *, muted: bool) -> None:
        await self._update_seat(call_id, room, muted=muted)

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> None:
        if music_url:
            await self._update_seat(call_id, room, hold=True, hold_url=music_url)
        else:
            await self._update_seat(call_id, room, hold=False)

    async def _update_seat(self, call_id: str, room: str, **changed: Any) -> None:
        with self._told(call_id=call_id):
            # A conference is found by the name its members gave it, while it is on.
            found = await self._client.conferences.list_async(
                friendly_name=room, status="in-progress", limit=1
            )
            if not found:
                raise CallFailed(f"no conference {room!r} is on")
            await self._client.conferences(found[0].sid).participants(call_id).update_async(**changed)

    # ------------------------------------------------------------------ recordings

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> str:
        with self._told(call_id=call_id):
            recording = await self._client.calls(call_id).recordings.create_async(recording_channels="dual")
        return _present(recording.sid, self.carrier)

    async def pause_recording(self, call_id: str, recording_id: str) -> None:
        # Silence, not a cut: the two channels stay aligned with the trace.
        await self._update_recording(call_id, recording_id, "paused", pause_behavior="silence")

    async def resume_recording(self, call_id: str, recording_id: str) -> None:
        await self._update_recording(call_id, recording_id, "in-progress")

    async def stop_recording(self, call_id: str, recording_id: str) -> None:
        await self._update_recording(call_id, recording_id, "stopped")

    async def _update_recording(self, call_id: str, recording_id: str, status: str, **more: str) -> None:
        with self._told(call_id=call_id):
            await self._client.calls(call_id).recordings(recording_id).update_async(status=status, **more)

    async def _update(self, call_id: str, **changed: Any) -> None:
        with self._told(call_id=call_id):
            await self._client.calls(call_id).update_async(**changed)

    async def close(self) -> None:
        await self._http.aclose()

    @contextmanager
    def _told(self, *, call_id: str = "", acts: bool = True) -> Iterator[None]:
        """The vendor's errors as ours. `acts` false: asking again does no harm.

        Raises:
            CallFailed, ProviderRejected, ProviderUnavailable, ProviderProtocolError, DeadlineExceeded
        """
        unknown: Callable[[str], Exception] = DeadlineExceeded
        if not acts:
            unknown = lambda message: ProviderUnavailable(self.carrier, message)  # noqa: E731
        try:
            yield
        except TwilioRestException as error:
            said = f"{error.msg} (HTTP {error.status}, code {error.code})"
            over = bool(call_id) and (error.status == 404 or error.code == _NOT_IN_PROGRESS)
            raise self._refusal(error.status, said, over, unknown) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ProviderUnavailable(self.carrier, f"cannot be reached ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise unknown(f"{self.carrier} did not answer ({type(error).__name__})") from error
        except (TwilioException, ValueError) as error:
            # A list that is refused is no TwilioRestException; it bears the answer as it came.
            page = next((one for one in error.args if isinstance(one, Response)), None)
            if page is not None and page.status_code >= 400:
                said = f"{page.text[:_SAID_MAX]} (HTTP {page.status_code})"
                raise self._refusal(page.status_code, said, False, unknown) from error
            raise ProviderProtocolError(self.carrier, f"an answer nobody understands: {error}") from error

    def _refusal(self, status: int, said: str, over: bool, unknown: Callable[[str], Exception]) -> Exception:
        if over:
            return CallFailed(f"{self.carrier}: {said}")
        if status >= 500:
            return unknown(f"{self.carrier}: {said}")
        return ProviderRejected(self.carrier, said)


class _Http(AsyncHttpClient):  # type: ignore[misc]  # The SDK's own seam for another client.
    """Requests as the SDK wants them, on our client, to where the account is."""

    def __init__(self, carrier: str, api_url: str, request_s: float) -> None:
        super().__init__(logging.getLogger("twilio.async_http_client"), True, request_s)
        self._carrier, self._api_url = carrier, api_url.rstrip("/")
        # No retries: whether a request may be repeated is for who knows what it does.
        self._client = httpx.AsyncClient(timeout=request_s)

    async def request(self, method: str, url: str, **asked: Any) -> Response:
        """Any: what the SDK passes; its time-outs and redirects are our own matter."""
        if url.startswith(API):
            url = self._api_url + url.removeprefix(API)
        wanted: dict[str, Any] = {name: asked.get(name) for name in ("params", "data", "headers", "auth")}
        answer = await self._client.request(method, url, **wanted)
        if answer.status_code == 429:
            # Here, for the SDK's error bears no headers.
            after_ms = retry_after_ms(answer.headers)
            raise ProviderUnavailable(self._carrier, "too many requests (HTTP 429)", retry_after_ms=after_ms)
        return Response(answer.status_code, answer.text, answer.headers)

    async def aclose(self) -> None:
        await self._client.aclose()


def _routed(routing: NumberRouting) -> dict[str, Any]:
    settings: dict[str, Any] = {"voice_url": routing.answer_url, "voice_method": "POST"}
    if routing.status_url:
        settings |= {"status_callback": routing.status_url, "status_callback_method": "POST"}
    if routing.label:
        settings["friendly_name"] = routing.label
    return settings


def _owned(number: Any) -> OwnedNumber:
    return OwnedNumber(
        number_id=number.sid,
        number=number.phone_number,
        label=number.friendly_name or "",
        answer_url=number.voice_url or "",
    )


def _present(sid: str | None, carrier: str) -> str:
    if not sid:
        raise ProviderProtocolError(carrier, "an answer without an id")
    return sid
