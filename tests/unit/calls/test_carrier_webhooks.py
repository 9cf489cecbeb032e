"""Signatures are made here by other means than they are checked: another library, or by hand from the
carrier's own words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.phone_sides import SECRET as SIDE_SECRET
from tests.doubles.phone_sides import PlivoSide, VonageSide
from tests.doubles.plivo_account import AUTH_TOKEN, PlivoAccountDouble
from tests.doubles.vonage_account import VonageAccountDouble
from twilio.request_validator import RequestValidator

from antiphon.calls.control.reports import LegReport
from antiphon.calls.plivo import PlivoWebhooks
from antiphon.calls.ports import ColdTransfer
from antiphon.calls.signalwire import SignalWireWebhooks
from antiphon.calls.streams.webhooks import (
    WINDOW_S,
    Connection,
    IncomingCall,
    Replays,
    WebhookRequest,
    Webhooks,
    e164,
)
from antiphon.calls.telnyx import TelnyxWebhooks
from antiphon.calls.twilio import TwilioWebhooks
from antiphon.calls.vonage import VonageWebhooks
from antiphon.errors import Denied

NOW_S = 1_790_000_000.0
URL = "https://voice.example.com/calls/x/clinic"
FORM = urlencode({"CallSid": "c1", "From": "+15550100", "Name": "naïve & co", "Empty": ""}).encode()


class Clock:
    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replays(clock: Clock) -> Replays:
    return Replays(clock=clock)


def request(body: bytes, headers: dict[str, str], url: str = URL) -> WebhookRequest:
    return WebhookRequest(url=url, headers=headers, body=body)


def taken(webhooks: Webhooks, asked: WebhookRequest) -> bool:
    try:
        webhooks.verify(asked)
    except Denied:
        return False
    return True


# Telnyx

PRIVATE = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"telnyx").digest())
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def telnyx_signed(body: bytes, at_s: float = NOW_S) -> dict[str, str]:
    dated = str(int(at_s))
    signature = PRIVATE.sign(f"{dated}|".encode() + body)
    return {"telnyx-signature-ed25519": base64.b64encode(signature).decode(), "telnyx-timestamp": dated}


def telnyx(replays: Replays) -> TelnyxWebhooks:
    return TelnyxWebhooks(base64.b64encode(PUBLIC).decode(), replays)


def test_telnyx_signed_by_another_library_is_taken_once(replays: Replays) -> None:
    headers = telnyx_signed(FORM)
    telnyx(replays).verify(request(FORM, headers))
    with pytest.raises(Denied, match="before"):
        telnyx(replays).verify(request(FORM, headers))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: {},
        lambda headers: headers | {"telnyx-timestamp": ""},
        lambda headers: headers | {"telnyx-timestamp": "soon"},
        lambda headers: headers | {"telnyx-timestamp": str(int(NOW_S) + 1)},
        lambda headers: headers | {"telnyx-signature-ed25519": "not base64!"},
        lambda headers: headers | {"telnyx-signature-ed25519": base64.b64encode(bytes(64)).decode()},
        lambda headers: telnyx_signed(FORM + b"x"),
        lambda headers: telnyx_signed(FORM, NOW_S - WINDOW_S - 1),
        lambda headers: telnyx_signed(FORM, NOW_S + WINDOW_S + 1),
    ],
)
def test_telnyx_changed_undated_or_old_is_refused(replays: Replays, spoil: Any) -> None:
    with pytest.raises(Denied):
        telnyx(replays).verify(request(FORM, spoil(telnyx_signed(FORM))))


@given(key=st.binary(max_size=40), signature=st.binary(max_size=70))
def test_a_telnyx_key_or_signature_of_nonsense_is_refused(key: bytes, signature: bytes) -> None:
    webhooks = TelnyxWebhooks(base64.b64encode(key).decode(), Replays(clock=lambda: NOW_S))
    headers = {
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": str(int(NOW_S)),
    }
    with pytest.raises(Denied):
        webhooks.verify(WebhookRequest(url=URL, headers=headers, body=FORM))


# Plivo


def plivo_signed(body_text: str, nonce: str = "n1", token: str = "secret") -> dict[str, str]:
    """By hand: the text after the address is written out in each test."""
    digest = hmac.new(token.encode(), f"{body_text}.{nonce}".encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}


PLIVO_TEXT = f"{URL}?CallUUIDc1From15550100To15550199"
PLIVO_FORM = b"To=15550199&From=15550100&CallUUID=c1"


def test_plivo_is_taken_once_by_its_nonce(replays: Replays) -> None:
    webhooks = PlivoWebhooks("secret", replays)
    webhooks.verify(request(PLIVO_FORM, plivo_signed(PLIVO_TEXT)))
    webhooks.verify(request(PLIVO_FORM, plivo_signed(PLIVO_TEXT, "n2")))
    with pytest.raises(Denied, match="before"):
        webhooks.verify(request(PLIVO_FORM, plivo_signed(PLIVO_TEXT)))


def test_plivo_signs_a_query_in_order_and_sets_it_off_with_a_dot(replays: Replays) -> None:
    signed = plivo_signed(f"{URL}?a=1&b=2&b=3.CallUUIDc1From15550100To15550199")
    assert taken(PlivoWebhooks("secret", replays), request(PLIVO_FORM, signed, URL + "?b=3&a=1&b=2"))


def test_plivo_signs_with_each_token_while_one_is_changed(replays: Replays) -> None:
    old, new = plivo_signed(PLIVO_TEXT, token="old"), plivo_signed(PLIVO_TEXT)
    both = old["x-plivo-signature-v3"] + "," + new["x-plivo-signature-v3"]
    asked = request(PLIVO_FORM, new | {"x-plivo-signature-v3": both})
    assert taken(PlivoWebhooks("secret", replays), asked)


@pytest.mark.parametrize(
    ("body", "headers", "url"),
    [
        (PLIVO_FORM, {}, URL),
        (PLIVO_FORM, plivo_signed(PLIVO_TEXT, token="other"), URL),
        (PLIVO_FORM, plivo_signed(PLIVO_TEXT) | {"x-plivo-signature-v3-nonce": "n9"}, URL),
        (PLIVO_FORM, plivo_signed(PLIVO_TEXT) | {"x-plivo-signature-v3-nonce": ""}, URL),
        (PLIVO_FORM + b"&x=1", plivo_signed(PLIVO_TEXT), URL),
        (PLIVO_FORM, plivo_signed(PLIVO_TEXT), URL + "?x=1"),
        (PLIVO_FORM, plivo_signed(PLIVO_TEXT), URL + "/"),
    ],
)
def test_plivo_changed_in_any_part_is_refused(
    replays: Replays, body: bytes, headers: dict[str, str], url: str
) -> None:
    with pytest.raises(Denied):
        PlivoWebhooks("secret", replays).verify(request(body, headers, url))


# Vonage

VONAGE_BODY = json.dumps({"uuid": "c1", "from": "15550100", "to": "15550199"}).encode()
SECRET = "a signature secret of a length that even SHA-512 would call sufficient"


def vonage_signed(body: bytes = VONAGE_BODY, algorithm: str = "HS256", **claims: Any) -> dict[str, str]:
    said = {
        "iat": int(NOW_S),
        "jti": "j1",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "k",
    }
    token = jwt.encode(said | claims, SECRET, algorithm)
    return {"authorization": f"Bearer {token}"}


def test_vonage_signed_by_another_library_is_taken_once(replays: Replays) -> None:
    webhooks = VonageWebhooks(SECRET, replays)
    webhooks.verify(request(VONAGE_BODY, vonage_signed()))
    with pytest.raises(Denied, match="before"):
        webhooks.verify(request(VONAGE_BODY, vonage_signed()))
    webhooks.verify(request(VONAGE_BODY, vonage_signed(jti="j2")))


def without_payload_hash() -> dict[str, str]:
    token = jwt.encode({"iat": int(NOW_S), "jti": "j1"}, SECRET, "HS256")
    return {"authorization": f"Bearer {token}"}


def unsealed() -> dict[str, str]:
    _header, body, _ = vonage_signed()["authorization"].split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return {"authorization": f"Bearer {none}.{body}."}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": "Bearer ..ü"},
        {"authorization": vonage_signed()["authorization"].replace("Bearer", "Basic")},
        {"authorization": vonage_signed()["authorization"][:-3] + "AAA"},
        vonage_signed(algorithm="HS512"),
        vonage_signed(b"another body"),
        vonage_signed(iat=int(NOW_S - WINDOW_S - 1)),
        vonage_signed(iat=int(NOW_S + WINDOW_S + 1)),
        vonage_signed(exp=int(NOW_S)),
        vonage_signed(jti=""),
        without_payload_hash(),
        unsealed(),
    ],
)
def test_vonage_changed_old_or_saying_too_little_is_refused(
    replays: Replays, headers: dict[str, str]
) -> None:
    with pytest.raises(Denied):
        VonageWebhooks(SECRET, replays).verify(request(VONAGE_BODY, headers))


# SignalWire


def test_signalwire_is_proved_in_either_of_its_ways_and_taken_once() -> None:
    form = {"CallSid": "c1", "From": "+15550100", "Name": "naïve & co", "Empty": ""}
    compatible = RequestValidator("key").compute_signature(URL, form)
    raw = hmac.new(b"key", URL.encode() + FORM, hashlib.sha1).hexdigest()
    for headers in (
        {"x-signalwire-signature": compatible},
        {"x-twilio-signature": compatible},
        {"x-signalwire-signature": raw},
    ):
        replays = Replays()
        SignalWireWebhooks("key", replays).verify(request(FORM, headers))
        with pytest.raises(Denied):
            SignalWireWebhooks("other", replays).verify(request(FORM, headers))
        with pytest.raises(Denied):
            SignalWireWebhooks("key", replays).verify(request(FORM + b"&x=1", headers))
        with pytest.raises(Denied):
            SignalWireWebhooks("", replays).verify(request(FORM, headers))
        with pytest.raises(Denied, match="before"):
            SignalWireWebhooks("key", replays).verify(request(FORM, headers))
    with pytest.raises(Denied):
        SignalWireWebhooks("key", Replays()).verify(request(FORM, {}))


def test_instructions_may_be_asked_for_again_and_nothing_else_may() -> None:
    webhooks = TwilioWebhooks("key", Replays())
    form = {"CallSid": "c1", "From": "+15550100", "Name": "naïve & co", "Empty": ""}
    for part, may_repeat in (("legs/abc", False), ("dialled/t", False), ("instructions/t", True)):
        url = f"https://voice.example.com/calls/twilio/{part}"
        headers = {"x-twilio-signature": RequestValidator("key").compute_signature(url, form)}
        asked = WebhookRequest(url=url, headers=headers, body=FORM)
        webhooks.verify(asked)
        with nullcontext() if may_repeat else pytest.raises(Denied, match="before"):
            webhooks.verify(asked)


# What the call shall do


CALL = IncomingCall(call_id="c1", caller_number="+15550100", called_number="+15550199")
CONNECTION = Connection(
    stream_url="wss://m.example.com/calls/x/clinic/media",
    token="t.k-_",
    after_url="https://voice.example.com/calls/x/clinic/after?a=1&b=2",
    call=CALL,
)


def test_telnyx_streams_raw_audio_both_ways_and_asks_what_comes_after(replays: Replays) -> None:
    root = ElementTree.fromstring(telnyx(replays).connect(CONNECTION))
    stream = root.find("Connect/Stream")
    assert stream is not None
    assert stream.attrib | {"url": ""} == {
        "url": "",
        "track": "inbound_track",
        "codec": "PCMU",
        "bidirectionalMode": "rtp",
        "bidirectionalCodec": "PCMU",
        "bidirectionalSamplingRate": "8000",
    }
    parameter = stream.find("Parameter")
    assert parameter is not None and parameter.attrib == {"name": "token", "value": "t.k-_"}
    assert [child.tag for child in root] == ["Connect", "Redirect"]
    assert root[1].text == CONNECTION.after_url


def test_plivo_carries_its_ticket_in_the_path(replays: Replays) -> None:
    root = ElementTree.fromstring(PlivoWebhooks("k", replays).connect(CONNECTION))
    assert [child.tag for child in root] == ["Stream", "Redirect"]
    assert root[0].text == "wss://m.example.com/calls/x/clinic/media/t.k-_"
    assert root[0].attrib["bidirectional"] == root[0].attrib["keepCallAlive"] == "true"
    assert root[1].text == CONNECTION.after_url
    dial = ElementTree.fromstring(PlivoWebhooks("k", replays).after(ColdTransfer(to="+15550111"), CALL)).find(
        "Dial/Number"
    )
    assert dial is not None and dial.text == "15550111"
    assert "Dial" not in PlivoWebhooks("k", replays).after(None, CALL)


def test_signalwire_asks_for_its_codec_and_for_real_time(replays: Replays) -> None:
    root = ElementTree.fromstring(SignalWireWebhooks("k", replays, "L16@24000h").connect(CONNECTION))
    stream = root.find("Connect/Stream")
    assert stream is not None
    assert (stream.attrib["codec"], stream.attrib["realtime"]) == ("L16@24000h", "true")


def test_vonage_names_the_call_in_headers_and_asks_us_when_it_is_over(replays: Replays) -> None:
    webhooks = VonageWebhooks(SECRET, replays)
    connect, notify = json.loads(webhooks.connect(CONNECTION))
    (endpoint,) = connect["endpoint"]
    assert endpoint["headers"] == {"token": "t.k-_", "call": "c1"}
    assert endpoint["content-type"] == "audio/l16;rate=16000"
    assert notify["eventUrl"] == [CONNECTION.after_url]
    # What comes back of it is the same call.
    back = webhooks.call(json.dumps({"payload": notify["payload"], "uuid": "another"}).encode())
    assert (back.call_id, back.called_number) == ("c1", "+15550199")
    (dial,) = json.loads(webhooks.after(ColdTransfer(to="+15550111"), back))
    assert dial["endpoint"] == [{"type": "phone", "number": "15550111"}] and dial["from"] == "15550199"
    assert json.loads(webhooks.after(None, back)) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"uuid":7}'])
def test_vonage_of_no_call_is_said_to_be_none(replays: Replays, body: bytes) -> None:
    with pytest.raises(ValueError, match="no webhook"):
        VonageWebhooks(SECRET, replays).call(body)


def test_numbers_without_a_plus_get_one_and_nothing_else_does() -> None:
    assert [e164(text) for text in ("15550100", "+15550100", "anonymous", "", "0049", "sip:a@b")] == [
        "+15550100",
        "+15550100",
        "anonymous",
        "",
        "0049",
        "sip:a@b",
    ]


def test_what_was_seen_is_forgotten_when_it_can_no_longer_be_repeated(clock: Clock) -> None:
    replays = Replays(lifetime_s=600, clock=clock)
    assert replays.claim("a")
    clock.now_s += 599
    assert not replays.claim("a") and replays.claim("b")
    clock.now_s += 1
    assert replays.claim("a") and not replays.claim("b")


def test_a_memory_that_must_last_forgets_the_oldest_when_it_is_full(clock: Clock) -> None:
    strict, lasting = Replays(clock=clock, seen_max=2), Replays(clock=clock, forgets=True, seen_max=2)
    for replays in (strict, lasting):
        assert replays.claim("a") and replays.claim("b")
    assert not strict.claim("c")
    assert lasting.claim("c") and not lasting.claim("c") and not lasting.claim("b") and lasting.claim("a")


# How a call we placed gets on, and one that was passed on


def plivo_form(**more: str) -> bytes:
    return urlencode({"CallUUID": "c1", "From": "15550100", "To": "15550199", **more}).encode()


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("ringing", LegReport(call_id="c1", state="ringing")),
        ("in-progress", LegReport(call_id="c1", state="answered")),
        ("completed", LegReport(call_id="c1", state="ended", how="completed")),
        ("busy", LegReport(call_id="c1", state="ended", how="busy")),
        ("no-answer", LegReport(call_id="c1", state="ended", how="no_answer")),
        ("timeout", LegReport(call_id="c1", state="ended", how="no_answer")),
        ("failed", LegReport(call_id="c1", state="ended", how="failed")),
        ("cancel", LegReport(call_id="c1", state="ended", how="cancelled")),
        ("of tomorrow", LegReport(call_id="c1", state="placed")),
    ],
)
def test_plivo_tells_how_a_call_gets_on(replays: Replays, status: str, report: LegReport) -> None:
    assert PlivoWebhooks("k", replays).report(plivo_form(CallStatus=status)) == report


def test_plivo_tells_of_a_machine_while_the_call_is_up(replays: Replays) -> None:
    webhooks = PlivoWebhooks("k", replays)
    heard = plivo_form(CallStatus="in-progress", Event="MachineDetection", Machine="true")
    assert webhooks.report(heard) == LegReport(call_id="c1", state="answered", machine=True)
    human = plivo_form(CallStatus="in-progress", Event="MachineDetection", Machine="false")
    assert not webhooks.report(human).machine
    assert webhooks.report(b"").call_id == ""


def vonage_event(**fields: str) -> bytes:
    return json.dumps({"uuid": "c1", "from": "15550100", "to": "15550199", **fields}).encode()


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("started", LegReport(call_id="c1", state="placed")),
        ("ringing", LegReport(call_id="c1", state="ringing")),
        ("answered", LegReport(call_id="c1", state="answered")),
        ("human", LegReport(call_id="c1", state="answered")),
        ("machine", LegReport(call_id="c1", state="answered", machine=True)),
        ("completed", LegReport(call_id="c1", state="ended", how="completed")),
        ("busy", LegReport(call_id="c1", state="ended", how="busy")),
        ("rejected", LegReport(call_id="c1", state="ended", how="busy")),
        ("unanswered", LegReport(call_id="c1", state="ended", how="no_answer")),
        ("timeout", LegReport(call_id="c1", state="ended", how="no_answer")),
        ("failed", LegReport(call_id="c1", state="ended", how="failed")),
        ("cancelled", LegReport(call_id="c1", state="ended", how="cancelled")),
    ],
)
def test_vonage_tells_how_a_call_gets_on(replays: Replays, status: str, report: LegReport) -> None:
    assert VonageWebhooks(SECRET, replays).report(vonage_event(status=status)) == report


def test_vonages_request_for_instructions_is_an_answer(replays: Replays) -> None:
    webhooks = VonageWebhooks(SECRET, replays)
    assert webhooks.report(vonage_event()) == LegReport(call_id="c1", state="answered")
    with pytest.raises(ValueError, match="no webhook"):
        webhooks.report(b"[]")


def test_what_became_of_a_passed_on_call_is_told_in_one_word(replays: Replays) -> None:
    plivo, vonage, twilio = (
        PlivoWebhooks("k", replays),
        VonageWebhooks(SECRET, replays),
        TwilioWebhooks("k", replays),
    )
    for status in ("busy", "no-answer", "failed", "cancel", "timeout"):
        assert plivo.passed(plivo_form(DialStatus=status)) == "not taken"
    assert plivo.passed(plivo_form(DialStatus="completed")) == "over"
    for status in ("busy", "unanswered", "timeout", "failed", "rejected", "machine"):
        assert vonage.passed(vonage_event(status=status)) == "not taken"
    for status in ("started", "ringing", "answered", "completed"):
        assert vonage.passed(vonage_event(status=status)) == "under way", "an answer would be instructions"
    assert twilio.passed(b"DialCallStatus=busy") == "not taken" and twilio.passed(b"") == "over"


def test_vonages_stream_is_a_leg_whose_news_is_not_the_calls(replays: Replays) -> None:
    connect, _ = json.loads(VonageWebhooks(SECRET, replays).connect(CONNECTION))
    assert connect["eventUrl"] == [CONNECTION.after_url.rsplit("/", 1)[0] + "/event"]


def test_the_sdks_check_what_the_doubles_sign() -> None:
    vonage_jwt = pytest.importorskip("vonage_jwt", reason="the vonage SDK is not installed")
    signature_v3 = pytest.importorskip("plivo.utils.signature_v3", reason="the plivo SDK is not installed")
    told = VonageSide(VonageAccountDouble()).signed(URL, {"uuid": "c1"}, "x")
    token = told.headers["authorization"].removeprefix("Bearer ")
    assert vonage_jwt.verify_signature(token, SIDE_SECRET)
    assert not vonage_jwt.verify_signature(token, SECRET)
    form = {"CallUUID": "c1", "Empty": "", "Name": "naïve & co"}
    asked = PlivoSide(PlivoAccountDouble()).signed(URL, form, "x")
    nonce, given = (asked.headers[f"x-plivo-signature-v3{more}"] for more in ("-nonce", ""))
    assert signature_v3.validate_v3_signature("POST", URL, nonce, AUTH_TOKEN, given, form)
    request_ = WebhookRequest(url=URL, headers=asked.headers, body=asked.body)
    PlivoWebhooks(AUTH_TOKEN, Replays()).verify(request_)
