"""How each carrier tells of a call we placed, and what it makes of our instructions. Twilio's, Plivo's and
Vonage's webhooks are signed by their SDKs' own code, Telnyx's by its key over date and body."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.doubles import carrier_lines
from tests.doubles.carrier_stream import CarrierStream
from tests.doubles.phones import Stream, Webhook
from tests.doubles.plivo_account import AUTH_TOKEN, PlivoAccountDouble, PlivoCall
from tests.doubles.telnyx_account import TelnyxAccountDouble, TelnyxCall
from tests.doubles.twilio_account import SID, TOKEN, PlacedCall, TwilioAccountDouble
from tests.doubles.twilio_stream import Carries, TwilioStream
from tests.doubles.vonage_account import VonageAccountDouble, VonageCall
from twilio.request_validator import RequestValidator

SECRET = "another signature secret of a length that even SHA-512 would call sufficient"
_TELNYX = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"telnyx").digest())
TELNYX_KEY = base64.b64encode(_TELNYX.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
Told = Callable[[Any], None]


def _named(url: str, status: str) -> tuple[str, str]:
    return url.rsplit("/", 1)[-1], status


def _stream_of(document: str) -> ElementTree.Element | None:
    return ElementTree.fromstring(document).find("Connect/Stream")


def _parameters(stream: ElementTree.Element) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in stream.iter("Parameter")}


class TwilioSide:
    """Implements `phones.Side`; also of SignalWire, with another header."""

    late, background = "in-progress", False

    def __init__(self, account: TwilioAccountDouble, header: str = "x-twilio-signature") -> None:
        self._account, self._header = account, header

    def connect(self, placed: Told, ended: Told) -> None:
        def changed(call: PlacedCall, form: dict[str, str]) -> None:
            if form.get("Status") == "completed":
                ended(call)

        self._account.placed, self._account.changed = placed, changed

    def status(self, call: PlacedCall, status: str) -> Webhook | None:
        return self._webhook(call, call["StatusCallback"], status, status)

    def machine(self, call: PlacedCall) -> Webhook:
        raise AssertionError("it listens before it asks")

    def answered(self, call: PlacedCall, *, machine: bool) -> Webhook:
        by = "machine_start" if machine else "human"
        return self._webhook(call, call["Url"], "in-progress", "in-progress", AnsweredBy=by)

    def _webhook(self, call: PlacedCall, url: str, label: str, status: str, **more: str) -> Webhook:
        form = {
            "CallSid": call.sid, "AccountSid": SID, "From": call["From"], "To": call["To"],
            "CallStatus": status, "Direction": "outbound-api", **more,
        }  # fmt: skip
        return self.signed(url, form, label)

    def signed(self, url: str, form: dict[str, str], label: str) -> Webhook:
        headers = {
            self._header: RequestValidator(TOKEN).compute_signature(url, form),
            "content-type": "application/x-www-form-urlencoded",
        }
        return Webhook(url=url, body=urlencode(form).encode(), headers=headers, label=_named(url, label))

    def stream(self, call: PlacedCall, instructions: str) -> Stream | None:
        stream = _stream_of(instructions)
        return None if stream is None else Stream(url=stream.get("url", ""), parameters=_parameters(stream))

    def socket(self, call_id: str, stream: Stream) -> Carries:
        return TwilioStream(
            stream.url, call_sid=call_id, stream_sid=f"MZ{call_id}", parameters=dict(stream.parameters)
        )


class TelnyxSide:
    """Implements `phones.Side`: TeXML webhooks, which have Twilio's fields."""

    late, background = "in-progress", False

    def __init__(self, account: TelnyxAccountDouble) -> None:
        self._account = account

    def connect(self, placed: Told, ended: Told) -> None:
        self._account.placed, self._account.ended = placed, ended

    def status(self, call: TelnyxCall, status: str) -> Webhook | None:
        if status not in ("initiated", "ringing", "in-progress"):
            self._account.live.discard(call.sid)
        return self._webhook(call, call["StatusCallback"], status)

    def machine(self, call: TelnyxCall) -> Webhook:
        raise AssertionError("it listens before it asks")

    def answered(self, call: TelnyxCall, *, machine: bool) -> Webhook:
        by = "machine" if machine else "human"
        return self._webhook(call, call["Url"], "in-progress", AnsweredBy=by)

    def _webhook(self, call: TelnyxCall, url: str, status: str, **more: str) -> Webhook:
        form = {"CallSid": call.sid, "From": call["From"], "To": call["To"], "CallStatus": status, **more}
        return self.signed(url, form, status)

    def signed(self, url: str, form: dict[str, str], label: str) -> Webhook:
        body, dated = urlencode(form).encode(), str(int(time.time()))
        # A second may hold several, and the same twice: what is sent twice is refused.
        body += f"&CallbackSource=call-progress-events&SequenceNumber={uuid4()}".encode()
        signature = base64.b64encode(_TELNYX.sign(f"{dated}|".encode() + body)).decode()
        headers = {
            "telnyx-signature-ed25519": signature,
            "telnyx-timestamp": dated,
            "content-type": "application/x-www-form-urlencoded",
        }
        return Webhook(url=url, body=body, headers=headers, label=_named(url, label))

    def stream(self, call: TelnyxCall, instructions: str) -> Stream | None:
        stream = _stream_of(instructions)
        return None if stream is None else Stream(url=stream.get("url", ""), parameters=_parameters(stream))

    def socket(self, call_id: str, stream: Stream) -> Carries:
        start = carrier_lines.Telnyx().start(dict(stream.parameters), call_control_id=call_id)
        return CarrierStream(stream.url, carrier_lines.Telnyx(), start)


class PlivoSide:
    """Implements `phones.Side`. Nothing is told of a call that has only been asked for, nor of its answer but
    by the request for instructions."""

    late, background = "ringing", True

    def __init__(self, account: PlivoAccountDouble) -> None:
        self._account = account

    def connect(self, placed: Told, ended: Told) -> None:
        self._account.placed, self._account.ended = placed, ended

    def status(self, call: PlivoCall, status: str) -> Webhook | None:
        if status in ("initiated", "in-progress"):
            return None
        url = call["ring_url"] if status == "ringing" else call["hangup_url"]
        told = {"canceled": "cancel"}.get(status, status)
        return self._webhook(call, url, told, "Ring" if status == "ringing" else "Hangup", label=status)

    def machine(self, call: PlivoCall) -> Webhook:
        url = call["machine_detection_url"]
        return self._webhook(call, url, "in-progress", "MachineDetection", Machine="true")

    def answered(self, call: PlivoCall, *, machine: bool) -> Webhook:
        return self._webhook(call, call["answer_url"], "in-progress", "StartApp")

    def _webhook(
        self, call: PlivoCall, url: str, status: str, event: str, *, label: str = "", **more: str
    ) -> Webhook:
        form = {
            "CallUUID": call.uuid, "RequestUUID": call.request_uuid, "ALegRequestUUID": call.request_uuid,
            "From": call["from"], "To": call["to"], "CallStatus": status, "Event": event,
            "Direction": "outbound", **more,
        }  # fmt: skip
        return self.signed(url, form, label or status)

    def signed(self, url: str, form: dict[str, str], label: str) -> Webhook:
        from plivo.utils.signature_v3 import construct_post_url, get_signature_v3

        nonce = uuid4().hex
        text = construct_post_url(url, form).decode()
        headers = {
            "x-plivo-signature-v3": get_signature_v3(AUTH_TOKEN, text, nonce).decode(),
            "x-plivo-signature-v3-nonce": nonce,
            "content-type": "application/x-www-form-urlencoded",
        }
        return Webhook(url=url, body=urlencode(form).encode(), headers=headers, label=_named(url, label))

    def stream(self, call: PlivoCall, instructions: str) -> Stream | None:
        stream = ElementTree.fromstring(instructions).find("Stream")
        return None if stream is None else Stream(url=stream.text or "", parameters={})

    def socket(self, call_id: str, stream: Stream) -> Carries:
        speech = carrier_lines.Plivo(line_format=carrier_lines.PHONE, encoding="audio/x-mulaw")
        url = f"{stream.url}/{stream.parameters['token']}" if stream.parameters else stream.url
        return CarrierStream(url, speech, speech.start({}, callId=call_id))


_VONAGE_WORDS = {
    "initiated": "started",
    "in-progress": "answered",
    "no-answer": "unanswered",
    "canceled": "cancelled",
}


class VonageSide:
    """Implements `phones.Side`. The stream is a leg of its own, with an id and events of its own."""

    late, background = "in-progress", True

    def __init__(self, account: VonageAccountDouble) -> None:
        self._account = account

    def connect(self, placed: Told, ended: Told) -> None:
        self._account.placed, self._account.ended = placed, ended

    def status(self, call: VonageCall, status: str) -> Webhook | None:
        return self._event(call, _VONAGE_WORDS.get(status, status), label=status)

    def machine(self, call: VonageCall) -> Webhook:
        return self._event(call, "machine")

    def _event(self, call: VonageCall, status: str, *, label: str = "") -> Webhook:
        (url,) = call.body["event_url"]
        told = {"status": status, "direction": "outbound", "timestamp": "2026-11-25T12:00:00.000Z"}
        return self.signed(url, self._names(call) | told, label or status)

    def answered(self, call: VonageCall, *, machine: bool) -> Webhook:
        (url,) = call.body["answer_url"]
        return self.signed(url, self._names(call), "in-progress")

    def _names(self, call: VonageCall) -> dict[str, str]:
        return {
            "from": call.body["from"]["number"],
            "to": call.body["to"][0]["number"],
            "uuid": call.uuid,
            "conversation_uuid": f"CON-{call.uuid}",
        }

    def signed(self, url: str, told: dict[str, Any], label: str) -> Webhook:
        body = json.dumps(told).encode()
        claims = {
            "iat": int(time.time()), "jti": uuid4().hex, "iss": "Vonage",
            "payload_hash": hashlib.sha256(body).hexdigest(), "application_id": "a",
        }  # fmt: skip
        headers = {
            "authorization": "Bearer " + jwt.encode(claims, SECRET, "HS256"),
            "content-type": "application/json",
        }
        return Webhook(url=url, body=body, headers=headers, label=_named(url, label))

    def stream(self, call: VonageCall, instructions: str) -> Stream | None:
        for action in json.loads(instructions):
            if action["action"] == "connect" and action["endpoint"][0]["type"] == "websocket":
                (endpoint,), (url,) = action["endpoint"], action["eventUrl"]
                leg = {"uuid": f"ws-{call.uuid}", "to": endpoint["uri"], "from": "Unknown"}
                news = self.signed(url, {**leg, "status": "answered", "direction": "outbound"}, "answered")
                return Stream(url=endpoint["uri"], parameters=endpoint["headers"], news=(news,))
        return None

    def socket(self, call_id: str, stream: Stream) -> Carries:
        speech = carrier_lines.Vonage()
        headers = {"call": call_id, **stream.parameters}
        return CarrierStream(stream.url, speech, speech.start(headers))
