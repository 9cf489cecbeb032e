"""Each carrier's webhooks through the application, signed by other means than they are checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.server.app import create_app
from antiphon.server.control import Control
from antiphon.server.settings import ServeSettings

BASE = "http://127.0.0.1:8080"
TOKENS = StreamTokens(b"0123456789abcdef")
PRIVATE = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"telnyx").digest())
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
KEY = "a key that all the carriers but one share, and long enough for each"
SETTINGS = ServeSettings(
    twilio_auth_token=KEY,
    signalwire_signing_key=KEY,
    telnyx_public_key=base64.b64encode(PUBLIC).decode(),
    plivo_auth_token=KEY,
    vonage_signature_secret=KEY,
)
FORM = {"CallSid": "c1", "From": "+15550100", "To": "+15550199"}
Sign = Callable[[str, bytes], dict[str, str]]
VARIABLES = {
    "twilio": "TWILIO_AUTH_TOKEN",
    "signalwire": "SIGNALWIRE_SIGNING_KEY",
    "telnyx": "TELNYX_PUBLIC_KEY",
    "plivo": "PLIVO_AUTH_TOKEN",
    "vonage": "VONAGE_SIGNATURE_SECRET",
}


class Media:
    """The media worker as far as webhooks need one."""

    async def agents(self) -> list[dict[str, Any]]:
        return [{"name": "clinic"}]

    async def status(self) -> dict[str, Any]:
        return {"ready": True}

    async def outcome(self, key: str) -> dict[str, str]:
        return {"escalate_to": "+15550111"} if key == "c1" else {}


@pytest.fixture
def control() -> Control:
    media: Any = Media()
    return Control(settings=SETTINGS, media=media, tokens=TOKENS, sealed=Sealed(b"0123456789abcdef"))


@pytest.fixture
async def http(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(control), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def form_of(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def by_twilio(path: str, body: bytes) -> dict[str, str]:
    return {"x-twilio-signature": RequestValidator(KEY).compute_signature(BASE + path, form_of(body))}


def by_signalwire(path: str, body: bytes) -> dict[str, str]:
    return {"x-signalwire-signature": RequestValidator(KEY).compute_signature(BASE + path, form_of(body))}


def by_telnyx(path: str, body: bytes) -> dict[str, str]:
    dated = str(int(time.time()))
    signature = base64.b64encode(PRIVATE.sign(f"{dated}|".encode() + body)).decode()
    return {"telnyx-signature-ed25519": signature, "telnyx-timestamp": dated}


def by_plivo(path: str, body: bytes) -> dict[str, str]:
    said = "".join(name + value for name, value in sorted(form_of(body).items()))
    text = f"{BASE}{path}?{said}.nonce-{path}"
    signature = base64.b64encode(hmac.new(KEY.encode(), text.encode(), hashlib.sha256).digest()).decode()
    return {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": f"nonce-{path}"}


def by_vonage(path: str, body: bytes) -> dict[str, str]:
    claims = {"iat": int(time.time()), "jti": path, "payload_hash": hashlib.sha256(body).hexdigest()}
    return {"authorization": "Bearer " + jwt.encode(claims, KEY, "HS256")}


PLIVO_FORM = {"CallUUID": "c1", "From": "15550100", "To": "15550199"}
VONAGE_CALL = json.dumps({"uuid": "c1", "from": "15550100", "to": "15550199"}).encode()
CARRIERS = [
    ("twilio", by_twilio, urlencode(FORM).encode()),
    ("signalwire", by_signalwire, urlencode(FORM).encode()),
    ("telnyx", by_telnyx, urlencode(FORM).encode()),
    ("plivo", by_plivo, urlencode(PLIVO_FORM).encode()),
    ("vonage", by_vonage, VONAGE_CALL),
]
every_carrier = pytest.mark.parametrize(("carrier", "sign", "body"), CARRIERS, ids=lambda it: str(it)[:10])


def ticket_in(text: str) -> str:
    """A ticket is 'base64.base64' wherever the carrier needs it."""
    for part in text.replace("<", '"').replace("/media/", '"').split('"'):
        if part.count(".") == 1 and len(part) > 100 and "/" not in part:
            return part
    raise AssertionError(f"no ticket in {text}")


@every_carrier
async def test_a_signed_call_is_connected_with_a_ticket_for_this_carrier(
    http: httpx.AsyncClient, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic"
    answer = await http.post(path, content=body, headers=sign(path, body))
    assert answer.status_code == 200, answer.text
    assert f"ws://127.0.0.1:8081/calls/{carrier}/clinic/media" in answer.text
    assert f"{BASE}/calls/{carrier}/clinic/after" in answer.text
    grant = TOKENS.redeem(ticket_in(answer.text))
    assert (grant.carrier, grant.agent, grant.call_sid) == (carrier, "clinic", "c1")
    assert grant.caller_number == "+15550100"


@every_carrier
async def test_unsigned_wrongly_signed_and_changed_calls_are_refused(
    http: httpx.AsyncClient, control: Control, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic"
    foreign = {name: "".join(reversed(value)) for name, value in sign(path, body).items()}
    for headers in ({}, foreign, sign(path, body)):
        sent = body + b" " if headers and headers is not foreign else body
        answer = await http.post(path, content=sent, headers=headers)
        assert answer.status_code == 403
        assert "Stream" not in answer.text and "websocket" not in answer.text
    assert (await http.get("/readyz")).json()["refused"] == {"webhooks": 3}
    assert "antiphon_webhooks_refused_total 3" in (await http.get("/metrics")).text


@every_carrier
async def test_without_a_key_nothing_is_taken_and_the_variable_is_named(
    http: httpx.AsyncClient, control: Control, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic"
    control.settings = ServeSettings()
    with capture_logs() as logs:
        answer = await http.post(path, content=body, headers=sign(path, body))
    assert answer.status_code == 403 and VARIABLES[carrier] in answer.json()["fix"]
    assert [VARIABLES[carrier] in log["fix"] for log in logs] == [True], (
        "the carrier's console says 403, no more"
    )
    control.settings = ServeSettings(allow_unsigned=True)
    assert (await http.post(path, content=body)).status_code == 200


@every_carrier
async def test_a_repeated_call_is_refused(
    http: httpx.AsyncClient, control: Control, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic"
    headers = sign(path, body)
    assert (await http.post(path, content=body, headers=headers)).status_code == 200
    assert (await http.post(path, content=body, headers=headers)).status_code == 403
    assert control.refused["webhooks"] == 1


@every_carrier
async def test_after_the_stream_the_person_is_rung(
    http: httpx.AsyncClient, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic/after"
    answer = await http.post(path, content=body, headers=sign(path, body))
    assert answer.status_code == 200 and "15550111" in answer.text


@every_carrier
async def test_while_draining_a_call_is_turned_away(
    http: httpx.AsyncClient, control: Control, carrier: str, sign: Sign, body: bytes
) -> None:
    control.draining = True
    path = f"/calls/{carrier}/clinic"
    answer = await http.post(path, content=body, headers=sign(path, body))
    assert answer.status_code == 200 and "media" not in answer.text


@every_carrier
async def test_events_are_taken_when_signed(
    http: httpx.AsyncClient, carrier: str, sign: Sign, body: bytes
) -> None:
    path = f"/calls/{carrier}/clinic/event"
    assert (await http.post(path, content=body, headers=sign(path, body))).status_code == 204
    assert (await http.post(path, content=body)).status_code == 403


async def test_an_unknown_carrier_and_an_unknown_agent_are_not_found(
    http: httpx.AsyncClient, control: Control
) -> None:
    assert (await http.post("/calls/pigeon/clinic")).status_code == 404
    path = "/calls/vonage/bank"
    answer = await http.post(path, content=VONAGE_CALL, headers=by_vonage(path, VONAGE_CALL))
    assert answer.status_code == 404 and "clinic" in answer.json()["fix"]
    assert control.refused == {"calls": 1}


@pytest.mark.parametrize(
    ("carrier", "sign", "body"),
    [
        ("vonage", by_vonage, b"[]"),
        ("vonage", by_vonage, b'{"from": "15550100"}'),
        ("twilio", by_twilio, b"From=%2B15550100"),
        ("signalwire", by_signalwire, b"CallSid="),
        ("telnyx", by_telnyx, b"From=%2B15550100"),
        ("plivo", by_plivo, b"From=15550100"),
    ],
)
async def test_a_signed_body_that_is_no_call_is_refused_and_counted(
    http: httpx.AsyncClient, control: Control, carrier: str, sign: Sign, body: bytes
) -> None:
    for count, where in enumerate(["", "/after", "/legs/leg1", "/legs/leg1/status"], start=1):
        path = f"/calls/{carrier}/clinic{where}"
        answer = await http.post(path, content=body, headers=sign(path, body))
        assert answer.status_code == 400, answer.text
        assert control.refused == {"webhooks": count}
