"""Webhooks of calls that were passed on or placed by us, through the application, signed by the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from twilio.request_validator import RequestValidator

from antiphon.calls.control.reports import LegReport
from antiphon.calls.streams import Instructions, PassedOn, Sealed, StreamTokens
from antiphon.errors import CallFailed, ConfigError, DeadlineExceeded, Denied
from antiphon.server.app import create_app
from antiphon.server.control import Control
from antiphon.server.settings import ServeSettings

BASE, KEY = "http://127.0.0.1:8080", "a key"
SEALED = Sealed(b"0123456789abcdef")
DIALLED = f"dialled/{SEALED.seal(PassedOn(call_id='CA1', caller_number='+16175550100'))}"
FORM = {"CallSid": "CA1", "From": "+16175550100", "To": "+12125550100"}


class Media:
    """The media worker as far as these webhooks need one."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, LegReport]] = []
        self.waits = True
        self.gone = False
        self.passed_on: list[tuple[str, str]] = []
        self.operated: list[tuple[str, str]] = []

    async def outcome(self, key: str) -> dict[str, str]:
        if key != "CA1":
            return {}
        return {"escalate_to": "+12125550100", "reason": "asked_for_person", "summary": "A <bill> & more."}

    async def leg_report(self, leg: str, report: LegReport) -> bool:
        if self.gone:
            raise DeadlineExceeded("the worker is busy")
        self.reports.append((leg, report))
        return self.waits

    async def end_call(self, call_id: str) -> None:
        if call_id != "c1":
            raise ConfigError("no call")

    async def operate(self, call_id: str, act: str, digits: str = "") -> None:
        if call_id != "c1":
            raise ConfigError("no call")
        if act == "record_pause":
            raise CallFailed("this call is not recorded")
        self.operated.append((act, digits))

    async def pass_on(self, call_id: str, target: str) -> str:
        if target == "+4930111111":
            raise Denied("not among the targets")
        self.passed_on.append((call_id, target))
        return target or "+12125550100"


@pytest.fixture
def media() -> Media:
    return Media()


@pytest.fixture
def control(media: Media) -> Control:
    worker: Any = media
    settings = ServeSettings(twilio_auth_token=KEY)
    return Control(settings=settings, media=worker, tokens=StreamTokens(b"0123456789abcdef"), sealed=SEALED)


@pytest.fixture
async def http(control: Control) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(control), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def posted(http: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    signature = RequestValidator(KEY).compute_signature(BASE + path, {**FORM, **form})
    return await http.post(path, data={**FORM, **form}, headers={"x-twilio-signature": signature})


def document(answer: httpx.Response) -> ElementTree.Element:
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.text)


async def test_a_person_who_answers_is_connected_with_a_ticket_for_his_leg(
    http: httpx.AsyncClient, control: Control, media: Media
) -> None:
    answer = await posted(http, "/calls/twilio/clinic/legs/abc", CallStatus="in-progress", AnsweredBy="human")
    stream = document(answer).find("Connect/Stream")
    assert stream is not None and stream.get("url") == "ws://127.0.0.1:8081/calls/twilio/clinic/media"
    (token,) = [one.get("value", "") for one in stream.iter("Parameter") if one.get("name") == "token"]
    assert control.tokens is not None
    grant = control.tokens.redeem(token)
    assert (grant.leg, grant.call_sid, grant.agent) == ("abc", "CA1", "clinic")
    assert media.reports == [("abc", LegReport(call_id="CA1", state="answered"))]


async def test_a_machine_and_a_person_nobody_waits_for_are_hung_up(
    http: httpx.AsyncClient, media: Media
) -> None:
    machine = await posted(
        http, "/calls/twilio/clinic/legs/abc", CallStatus="in-progress", AnsweredBy="machine_start"
    )
    assert [verb.tag for verb in document(machine)] == ["Hangup"]
    assert media.reports[-1][1].machine
    media.waits = False
    late = await posted(http, "/calls/twilio/clinic/legs/abc", CallStatus="in-progress", AnsweredBy="human")
    assert [verb.tag for verb in document(late)] == ["Hangup"]
    media.gone = True
    answered = {"CallSid": "CA3", "CallStatus": "in-progress", "AnsweredBy": "human"}
    lost = await posted(http, "/calls/twilio/clinic/legs/abc", **answered)
    assert [verb.tag for verb in document(lost)] == ["Hangup"]


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("initiated", LegReport(call_id="CA1", state="placed")),
        ("ringing", LegReport(call_id="CA1", state="ringing")),
        ("busy", LegReport(call_id="CA1", state="ended", how="busy")),
        ("no-answer", LegReport(call_id="CA1", state="ended", how="no_answer")),
        ("failed", LegReport(call_id="CA1", state="ended", how="failed")),
        ("canceled", LegReport(call_id="CA1", state="ended", how="cancelled")),
        ("completed", LegReport(call_id="CA1", state="ended", how="completed")),
    ],
)
async def test_how_a_leg_gets_on_reaches_the_worker(
    http: httpx.AsyncClient, media: Media, status: str, report: LegReport
) -> None:
    answer = await posted(http, "/calls/twilio/clinic/legs/abc/status", CallStatus=status)
    assert answer.status_code == 204
    assert media.reports == [("abc", report)]


@pytest.mark.parametrize("path", ["legs/abc", "legs/abc/status", "legs/abc/event", "legs/abc/after", DIALLED])
async def test_forged_and_unsigned_webhooks_change_nothing(
    http: httpx.AsyncClient, media: Media, path: str
) -> None:
    for headers in ({}, {"x-twilio-signature": "forged"}):
        answer = await http.post(f"/calls/twilio/clinic/{path}", data=FORM, headers=headers)
        assert answer.status_code == 403
    assert not media.reports


async def test_a_call_of_no_name_or_of_a_carrier_that_cannot_dial_is_refused(http: httpx.AsyncClient) -> None:
    answer = await posted(http, "/calls/twilio/clinic/legs/abc/status", CallSid="", CallStatus="ringing")
    assert answer.status_code == 400


async def test_a_call_is_passed_on_with_a_whisper_and_a_way_back(http: httpx.AsyncClient) -> None:
    passed = document(await posted(http, "/calls/twilio/clinic/after"))
    dial, number = passed.find("Dial"), passed.find("Dial/Number")
    assert dial is not None and dial.get("action", "").startswith(f"{BASE}/calls/twilio/clinic/dialled/")
    assert number is not None and number.text == "+12125550100"
    whisper = number.get("url", "").removeprefix(BASE)
    assert "bill" not in whisper, "no log of addresses reads what a caller said"
    whispered = document(await posted(http, whisper, CallSid="CA2", ParentCallSid="CA1"))
    assert [verb.text for verb in whispered.iter("Say")] == ["A <bill> & more."]


async def test_an_address_that_is_not_ours_gives_nothing_away(http: httpx.AsyncClient) -> None:
    ticket = SEALED.seal(Instructions(text="<Response />", media_type="application/xml"))
    other = Sealed(b"fedcba9876543210").seal(Instructions(text="x", media_type="text/plain"))
    old = Sealed(b"0123456789abcdef", clock=lambda: 0.0).seal(Instructions(text="x", media_type="text/plain"))
    path, unsigned = "/calls/twilio/instructions/", "/calls/vonage/instructions/"
    assert (await http.post(path + ticket)).status_code == 403, "unsigned"
    assert (await posted(http, path + ticket)).text == "<Response />"
    assert (await http.get(path + ticket)).status_code in (404, 405), "who can sign, does"
    assert (await http.get(unsigned + ticket)).text == "<Response />"
    for wrong in (other, old, ticket[:-2], "x" * 9000, "ü", DIALLED.removeprefix("dialled/")):
        assert (await posted(http, path + wrong)).status_code == 403
        assert (await http.get(unsigned + wrong)).status_code == 403
    assert (await posted(http, f"/calls/twilio/clinic/dialled/{ticket}")).status_code == 403


async def test_a_call_nobody_took_comes_back_to_the_agent_with_words(
    http: httpx.AsyncClient, control: Control
) -> None:
    back = document(await posted(http, f"/calls/twilio/clinic/{DIALLED}", DialCallStatus="no-answer"))
    assert [verb.tag for verb in back] == ["Say", "Connect"]
    over = document(await posted(http, f"/calls/twilio/clinic/{DIALLED}", DialCallStatus="completed"))
    assert [verb.tag for verb in over] == ["Hangup"]
    control.draining = True
    late = document(await posted(http, f"/calls/twilio/clinic/{DIALLED}", DialCallStatus="busy"))
    assert [verb.tag for verb in late] == ["Hangup"]


async def test_operators_end_calls_and_pass_them_on(
    http: httpx.AsyncClient, media: Media, control: Control
) -> None:
    assert (await http.post("/api/calls/c1/end")).status_code == 202
    assert (await http.post("/api/calls/c2/end")).status_code == 404
    told = await http.post("/api/calls/c1/transfer", json={"target": "billing"})
    assert told.json() == {"target": "billing"} and media.passed_on == [("c1", "billing")]
    refused = await http.post("/api/calls/c1/transfer", json={"target": "+4930111111"})
    assert refused.status_code == 403 and "not among" in refused.json()["detail"]
    assert control.refused == {"transfers": 1}


async def test_operators_hold_mute_press_keys_and_stop_a_recording(
    http: httpx.AsyncClient, media: Media
) -> None:
    for act in ("hold", "resume", "mute", "unmute"):
        assert (await http.post(f"/api/calls/c1/{act}")).status_code == 202
    assert (await http.post("/api/calls/c1/dtmf", json={"digits": "1w2#"})).status_code == 202
    assert (await http.post("/api/calls/c1/recording/stop")).status_code == 202
    assert media.operated == [
        ("hold", ""), ("resume", ""), ("mute", ""), ("unmute", ""), ("dtmf", "1w2#"), ("record_stop", "")
    ]  # fmt: skip
    assert (await http.post("/api/calls/c2/hold")).status_code == 404
    assert (await http.post("/api/calls/c1/recording/pause")).status_code == 409
    assert (await http.post("/api/calls/c1/dtmf")).status_code == 422
    for digits in ("", "x", "1" * 41):
        assert (await http.post("/api/calls/c1/dtmf", json={"digits": digits})).status_code == 422
    assert (await http.post("/api/calls/c1/explode")).status_code == 422
    assert len(media.operated) == 6
