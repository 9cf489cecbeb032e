"""What each carrier makes of a call that is passed on: it asks us what comes after the stream, rings whom we
name, lets him hear what we have to say, and asks again when nobody takes the call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from tests.doubles.phone_sides import PlivoSide, TelnyxSide, TwilioSide, VonageSide
from tests.doubles.phones import Stream, Webhook
from tests.doubles.vonage_account import VonageCall

CALLER, CALLED = "+14155550100", "+16175550100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """`headers`: As they stand in the INVITE to a SIP address."""

    to: str
    whisper_url: str = ""
    after_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Forwarding(Protocol):
    """A carrier's part, for the call "CA1"."""

    def asks(self, url: str) -> Webhook:
        """The stream is over."""

    def read(self, instructions: str) -> Forward | None:
        """None: the call ends."""

    def whispers(self, url: str) -> Webhook | None:
        """How the whisper is asked for; None: by GET."""

    def words(self, document: str) -> str:
        """What is said by the carrier's own voice."""

    def tells(self, url: str, *, taken: bool) -> Webhook: ...

    def stream(self, instructions: str) -> Stream | None: ...


class TwimlForwarding:
    def __init__(self, side: TwilioSide | TelnyxSide) -> None:
        self._side = side

    def _form(self, **more: str) -> dict[str, str]:
        return {"CallSid": "CA1", "From": CALLER, "To": CALLED, "CallStatus": "in-progress", **more}

    def asks(self, url: str) -> Webhook:
        return self._side.signed(url, self._form(), "in-progress")

    def read(self, instructions: str) -> Forward | None:
        dial = ElementTree.fromstring(instructions).find("Dial")
        if dial is None:
            return None
        noun = dial[0]
        to, _, query = (noun.text or "").partition("?")
        assert noun.tag == ("Sip" if to.startswith("sip:") else "Number")
        return Forward(
            to=to,
            whisper_url=noun.get("url", ""),
            after_url=dial.get("action", ""),
            headers=dict(parse_qsl(query)),
        )

    def whispers(self, url: str) -> Webhook | None:
        return self._side.signed(url, self._form(CallSid="CA2", ParentCallSid="CA1"), "in-progress")

    def words(self, document: str) -> str:
        return "".join(verb.text or "" for verb in ElementTree.fromstring(document).iter("Say"))

    def tells(self, url: str, *, taken: bool) -> Webhook:
        status = "completed" if taken else "no-answer"
        return self._side.signed(url, self._form(DialCallStatus=status), status)

    def stream(self, instructions: str) -> Stream | None:
        call: Any = None
        return self._side.stream(call, instructions)


class PlivoForwarding:
    def __init__(self, side: PlivoSide) -> None:
        self._side = side

    def _form(self, **more: str) -> dict[str, str]:
        called = {"From": CALLER.lstrip("+"), "To": CALLED.lstrip("+")}
        return {"CallUUID": "CA1", "CallStatus": "in-progress", "Direction": "inbound", **called, **more}

    def asks(self, url: str) -> Webhook:
        return self._side.signed(url, self._form(), "in-progress")

    def read(self, instructions: str) -> Forward | None:
        dial = ElementTree.fromstring(instructions).find("Dial")
        if dial is None:
            return None
        noun = dial[0]
        told = [pair.split("=", 1) for pair in filter(None, dial.get("sipHeaders", "").split(","))]
        assert all(name.isalnum() and value.replace("%", "").isalnum() for name, value in told)
        return Forward(
            to=noun.text or "" if noun.tag == "User" else f"+{noun.text}",
            whisper_url=dial.get("confirmSound", ""),
            after_url=dial.get("action", ""),
            headers={f"X-PH-{name}": unquote(value) for name, value in told},
        )

    def whispers(self, url: str) -> Webhook | None:
        return self._side.signed(url, self._form(CallUUID="CA2"), "in-progress")

    def words(self, document: str) -> str:
        return "".join(verb.text or "" for verb in ElementTree.fromstring(document).iter("Speak"))

    def tells(self, url: str, *, taken: bool) -> Webhook:
        status = "completed" if taken else "no-answer"
        return self._side.signed(url, self._form(DialStatus=status, DialRingStatus="true"), status)

    def stream(self, instructions: str) -> Stream | None:
        call: Any = None
        return self._side.stream(call, instructions)


class VonageForwarding:
    """Its events are of the leg it dials, and name the caller nowhere."""

    def __init__(self, side: VonageSide) -> None:
        self._side = side

    def asks(self, url: str) -> Webhook:
        payload = {"call": "CA1", "called_number": CALLED}
        return self._side.signed(url, {"conversation_uuid": "CON-1", "payload": payload}, "notify")

    def read(self, instructions: str) -> Forward | None:
        actions = json.loads(instructions)
        if not actions:
            return None
        (connect,) = actions
        assert connect["eventType"] == "synchronous"
        (endpoint,), (after_url,) = connect["endpoint"], connect["eventUrl"]
        if endpoint["type"] == "sip":
            named = {f"X-{name}": value for name, value in endpoint["headers"].items()}
            return Forward(to=endpoint["uri"], after_url=after_url, headers=named)
        whisper_url = endpoint["onAnswer"]["url"]
        return Forward(to=f"+{endpoint['number']}", whisper_url=whisper_url, after_url=after_url)

    def whispers(self, url: str) -> Webhook | None:
        return None

    def words(self, document: str) -> str:
        return "".join(action.get("text", "") for action in json.loads(document))

    def tells(self, url: str, *, taken: bool) -> Webhook:
        status = "answered" if taken else "unanswered"
        leg = {"uuid": "leg-2", "from": CALLED.lstrip("+"), "to": "12125550100", "conversation_uuid": "CON-1"}
        return self._side.signed(url, {**leg, "status": status, "direction": "outbound"}, status)

    def stream(self, instructions: str) -> Stream | None:
        return self._side.stream(VonageCall(uuid="CA1", body={}), instructions)


def forwarding(side: Any) -> Forwarding:
    """Any: one of `phone_sides`."""
    if isinstance(side, PlivoSide):
        return PlivoForwarding(side)
    if isinstance(side, VonageSide):
        return VonageForwarding(side)
    return TwimlForwarding(side)
