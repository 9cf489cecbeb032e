"""Twilio's adapter, its SDK and all, against the documented interface on a real socket."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.permits import consented, permitted
from tests.doubles.twilio_account import SID, TOKEN, UNKNOWN_NUMBER, TwilioAccountDouble

from antiphon.calls.control.once import DialsOnce
from antiphon.calls.ports import (
    CarrierControl,
    ColdTransfer,
    Dial,
    NumberQuery,
    NumberRouting,
    Seat,
)
from antiphon.calls.twilio.account import TwilioAccount, TwilioControl
from antiphon.errors import (
    CallFailed,
    DeadlineExceeded,
    ProviderRejected,
)

DIAL = Dial(
    key="k1",
    permit=permitted("+12125550100"),
    caller_id="+16175550100",
    answer_url="https://voice.example.com/legs/k1",
    status_url="https://voice.example.com/legs/k1/status",
    ring_s=20,
    detect_machine=True,
)
URL = "https://voice.example.com/on"
CONSENT = consented("This call is recorded.")


class World:
    def __init__(self) -> None:
        self.account = TwilioAccountDouble()
        self.vendor = HttpVendor(wire=self.account, answers_get=True)
        self.control: TwilioControl

    async def call(self) -> str:
        call_id = await self.control.dial(DIAL)
        self.account.calls[call_id].status = "in-progress"
        return call_id

    def document(self, call_id: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.account.calls[call_id].updates[-1]["Twiml"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with world.vendor:
        account = TwilioAccount(account_sid=SID, password=TOKEN, api_url=world.vendor.url)
        world.control = TwilioControl(account, request_s=0.5)
        yield world
        await world.control.close()


async def test_numbers_are_searched_bought_configured_listed_and_released(world: World) -> None:
    query = NumberQuery(country="us", area_code="415", results_max=3)
    offers = await world.control.search_numbers(query)
    assert [offer.number for offer in offers] == ["+14155550100", "+14155550101", "+14155550102"]
    bought = await world.control.buy_number(offers[0].number, NumberRouting(answer_url=URL, label="desk"))
    assert (bought.number, bought.label, bought.answer_url) == ("+14155550100", "desk", URL)
    other = await world.control.configure_number(bought.number_id, NumberRouting(answer_url=f"{URL}/2"))
    assert other.answer_url == f"{URL}/2"
    assert await world.control.owned_numbers() == (other,)
    await world.control.release_number(bought.number_id)
    assert await world.control.owned_numbers() == ()


async def test_a_call_is_placed_with_everything_that_was_asked(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    form = world.account.calls[call_id].form
    assert form["To"] == ["+12125550100"] and form["From"] == ["+16175550100"]
    assert form["Url"] == [DIAL.answer_url] and form["StatusCallback"] == [DIAL.status_url]
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    assert form["Timeout"] == ["20"] and form["MachineDetection"] == ["Enable"]


async def test_headers_reach_a_sip_address_as_its_parameters(world: World) -> None:
    dial = Dial(
        key="k2", permit=permitted("sip:desk@example.com"), caller_id="+16175550100",
        answer_url=URL, status_url=URL,
        headers={"Antiphon-Summary": "wants to move & pay"},
    )  # fmt: skip
    call_id = await world.control.dial(dial)
    told = world.account.calls[call_id]["To"]
    assert told == "sip:desk@example.com?X-Antiphon-Summary=wants%20to%20move%20%26%20pay"


async def test_what_a_call_can_be_told_is_told(world: World) -> None:
    call_id = await world.call()
    await world.control.hold(call_id, "https://example.com/music.mp3")
    play = world.document(call_id).find("Play")
    assert play is not None and play.attrib == {"loop": "0"} and play.text == "https://example.com/music.mp3"
    await world.control.resume(call_id, URL)
    assert world.account.calls[call_id].updates[-1]["Url"] == URL
    await world.control.send_digits(call_id, "1w2#", URL)
    document = world.document(call_id)
    assert [(verb.tag, verb.get("digits"), verb.text) for verb in document] == [
        ("Play", "1w2#", None), ("Redirect", None, URL)
    ]  # fmt: skip
    transfer = ColdTransfer(to="+12125550100", whisper_url=f"{URL}/whisper", after_url=f"{URL}/after")
    await world.control.transfer(call_id, transfer)
    (number,) = world.document(call_id).iter("Number")
    assert (number.text, number.get("url")) == ("+12125550100", f"{URL}/whisper")
    await world.control.hang_up(call_id)
    assert world.account.calls[call_id].updates[-1] == {"Status": "completed"}


async def test_calls_meet_in_a_conference(world: World) -> None:
    call_id = await world.call()
    await world.control.seat(call_id, Seat(room="room 1", stays_without=False))
    (conference,) = world.document(call_id).iter("Conference")
    assert conference.text == "room 1" and conference.get("endConferenceOnExit") == "true"
    with pytest.raises(CallFailed, match="no conference"):
        await world.control.mute(call_id, "room 1", muted=True)
    world.account.conferences["room 1"] = "CF1"
    await world.control.mute(call_id, "room 1", muted=True)
    await world.control.hold_seat(call_id, "room 1", "https://example.com/music.mp3")
    await world.control.hold_seat(call_id, "room 1", "")
    assert [seat[2] for seat in world.account.seats] == [
        {"Muted": "true"},
        {"Hold": "true", "HoldUrl": "https://example.com/music.mp3"},
        {"Hold": "false"},
    ]


async def test_a_recording_starts_pauses_with_silence_goes_on_and_stops(world: World) -> None:
    call_id = await world.call()
    recording_id = await world.control.start_recording(call_id, CONSENT)
    await world.control.pause_recording(call_id, recording_id)
    await world.control.resume_recording(call_id, recording_id)
    await world.control.stop_recording(call_id, recording_id)
    assert world.account.recordings[recording_id] == [
        "in-progress", "pausedsilence", "in-progress", "stopped"
    ]  # fmt: skip


async def test_a_number_the_carrier_does_not_know_is_rejected(world: World) -> None:
    with pytest.raises(ProviderRejected, match="21211"):
        await world.control.dial(dataclasses.replace(DIAL, permit=permitted(UNKNOWN_NUMBER)))


async def test_one_intent_is_dialled_once_however_often_it_is_asked_for(world: World) -> None:
    once = DialsOnce(world.control.dial)
    calls = await asyncio.gather(*(once.dial(DIAL) for _ in range(5)))
    assert len(set(calls)) == 1
    assert len(world.account.calls) == 1
    assert await once.dial(DIAL) == calls[0]


async def test_an_intent_that_got_no_answer_is_not_dialled_again(world: World) -> None:
    once = DialsOnce(world.control.dial)
    world.vendor.faulty = Faulty(fault=Fault.HANG, times=1)
    for _ in range(3):
        with pytest.raises(DeadlineExceeded):
            await once.dial(DIAL)
    assert len(world.vendor.requests) == 1


def test_it_is_a_carrier() -> None:
    control: type[CarrierControl] = TwilioControl
    assert control is TwilioControl
