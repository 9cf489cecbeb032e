"""Telnyx's `CarrierControl`: calls of a TeXML application, on its SDK. Its numbers are in `numbers.py`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import telnyx

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
from antiphon.calls.telnyx.numbers import TelnyxNumbers
from antiphon.calls.telnyx.refusals import told
from antiphon.calls.twilio.twiml import dial_twiml, hold_twiml, seat_twiml
from antiphon.errors import (
    CallFailed,
    ConfigError,
    ProviderProtocolError,
)
from antiphon.trust.recording import RecordingConsent

API = "https://api.telnyx.com/v2"
REQUEST_S = 10.0
_STATUS_EVENTS = "initiated ringing answered completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelnyxAccount:
    """`application_sid` is the TeXML application whose calls these are."""

    api_key: str
    account_sid: str
    application_sid: str
    api_url: str = API


class TelnyxControl:
    """Implements `CarrierControl`."""

    carrier = "telnyx"

    def __init__(
        self,
        account: TelnyxAccount,
        *,
        capabilities: frozenset[Capability],
        request_s: float = REQUEST_S,
    ) -> None:
        self._account, self.capabilities = account, capabilities
        # No retries: whether a request may be repeated is for who knows what it does.
        self._client = telnyx.AsyncTelnyx(
            api_key=account.api_key, base_url=account.api_url, timeout=request_s, max_retries=0
        )
        self._calls = self._client.texml.accounts.calls
        self._numbers = TelnyxNumbers(self._client, account.application_sid)
        self._conferences = self._client.texml.accounts.conferences

    # ------------------------------------------------------------------ calls

    async def dial(self, dial: Dial) -> str:
        # The names of the wire: this method of the SDK passes a body on as it is.
        body: Any = {
            "ApplicationSid": self._account.application_sid,
            "To": dial.to,
            "From": dial.caller_id,
            "Url": dial.answer_url,
            "UrlMethod": "POST",
            "StatusCallback": dial.status_url,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": _STATUS_EVENTS,
            "Timeout": dial.ring_s,
            "TimeLimit": dial.call_max_s,
        }
        if dial.detect_machine:
            body["MachineDetection"] = "Enable"
        if dial.headers:
            body["CustomHeaders"] = [
                {"name": f"X-{name}", "value": value} for name, value in dial.headers.items()
            ]
        with told():
            placed = await self._calls.calls(self._account.account_sid, body=body)
        # The SDK's type has no id; where the answer has none either, the first webhook brings it.
        extra = placed.model_extra or {}
        return str(extra.get("call_sid") or extra.get("sid") or "")

    async def answer(self, call_id: str, instructions_url: str) -> None:
        _unable("calls are answered by what their webhook is told")

    async def hang_up(self, call_id: str) -> None:
        with suppress(CallFailed):  # Somebody else was quicker.
            await self._update(call_id, status="completed")

    async def hold(self, call_id: str, music_url: str) -> None:
        await self._update(call_id, texml=hold_twiml(music_url))

    async def resume(self, call_id: str, instructions_url: str) -> None:
        await self._update(call_id, url=instructions_url, method="POST")

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> None:
        _unable("keys are sent as tones, by whoever speaks on the line (audio.tones.dtmf)")

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None:
        await self._update(call_id, texml=dial_twiml(transfer))

    # ------------------------------------------------------------------ conferences

    async def seat(self, call_id: str, seat: Seat) -> None:
        await self._update(call_id, texml=seat_twiml(seat))

    async def mute(self, call_id: str, room: str, *, muted: bool) -> None:
        await self._update_seat(call_id, room, muted=muted)

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> None:
        held: dict[str, Any] = {"hold": True, "hold_url": music_url} if music_url else {"hold": False}
        await self._update_seat(call_id, room, **held)

    async def _update_seat(self, call_id: str, room: str, **changed: Any) -> None:
        account = self._account.account_sid
        with told(call_id):
            found = await self._conferences.retrieve_conferences(
                account, friendly_name=room, status="in-progress", page_size=1
            )
            if not found.conferences or not found.conferences[0].sid:
                raise CallFailed(f"no conference {room!r} is on")
            await self._conferences.participants.update(
                call_id, account_sid=account, conference_sid=found.conferences[0].sid, **changed
            )

    # ------------------------------------------------------------------ recordings

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> str:
        with told(call_id):
            recording = await self._calls.recordings_json.recordings_json(
                call_id, account_sid=self._account.account_sid, recording_channels="dual"
            )
        if not recording.sid:
            raise ProviderProtocolError(self.carrier, "a recording without an id")
        return recording.sid

    async def pause_recording(self, call_id: str, recording_id: str) -> None:
        await self._update_recording(call_id, recording_id, "paused")

    async def resume_recording(self, call_id: str, recording_id: str) -> None:
        await self._update_recording(call_id, recording_id, "in-progress")

    async def stop_recording(self, call_id: str, recording_id: str) -> None:
        await self._update_recording(call_id, recording_id, "stopped")

    async def _update_recording(self, call_id: str, recording_id: str, status: Any) -> None:
        with told(call_id):
            await self._calls.recordings.recording_sid_json(
                recording_id, account_sid=self._account.account_sid, call_sid=call_id, status=status
            )

    async def _update(self, call_id: str, **changed: Any) -> None:
        with told(call_id):
            await self._calls.update(call_id, account_sid=self._account.account_sid, **changed)

    # ------------------------------------------------------------------ numbers

    async def search_numbers(self, query: NumberQuery) -> tuple[NumberOffer, ...]:
        return await self._numbers.search(query)

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        return await self._numbers.owned()

    async def buy_number(self, number: str, routing: NumberRouting) -> OwnedNumber:
        return await self._numbers.buy(number, routing)

    async def configure_number(self, number_id: str, routing: NumberRouting) -> OwnedNumber:
        return await self._numbers.configure(number_id, routing)

    async def release_number(self, number_id: str) -> None:
        await self._numbers.release(number_id)

    async def close(self) -> None:
        await self._client.close()


def _unable(why: str) -> NoReturn:
    raise ConfigError(f"telnyx: {why}")
