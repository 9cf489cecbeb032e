"""Telnyx's adapter, its SDK and all, against the documented interface on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.permits import consented, permitted
from tests.doubles.telnyx_account import ACCOUNT, APPLICATION, KEY, TelnyxAccountDouble

from antiphon.calls.control.accounts import CAPABILITIES, controls_from
from antiphon.calls.ports import (
    CarrierControl,
    ColdTransfer,
    Dial,
    NumberQuery,
    NumberRouting,
    Seat,
)
from antiphon.errors import (
    CallFailed,
    ConfigError,
    ProviderRejected,
)

adapter = pytest.importorskip("antiphon.calls.telnyx.account", reason='pip install "antiphon[telnyx]"')
URL = "https://voice.example.com/on"
CONSENT = consented("This call is recorded.")
DIAL = Dial(
    key="k1",
    permit=permitted("+12125550100"),
    caller_id="+16175550100",
    answer_url=URL,
    status_url=f"{URL}/status",
    ring_s=20,
    detect_machine=True,
    headers={"Antiphon-Reason": "asked_for_person"},
)


class World:
    def __init__(self) -> None:
        self.account = TelnyxAccountDouble()
        self.vendor = HttpVendor(wire=self.account, answers_get=True)
        self.control: CarrierControl


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with world.vendor:
        account = adapter.TelnyxAccount(
            api_key=KEY,
            account_sid=ACCOUNT,
            application_sid=APPLICATION,
            api_url=f"{world.vendor.url}/v2",
        )
        world.control = adapter.TelnyxControl(account, capabilities=CAPABILITIES["telnyx"], request_s=0.5)
        yield world
        await world.control.close()


async def test_a_call_is_placed_with_everything_that_was_asked(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    body = world.account.calls[call_id]
    assert (body["To"], body["From"], body["Url"]) == ("+12125550100", "+16175550100", URL)
    assert (body["StatusCallback"], body["Timeout"]) == (f"{URL}/status", 20)
    assert body["MachineDetection"] == "Enable"
    assert body["CustomHeaders"] == [{"name": "X-Antiphon-Reason", "value": "asked_for_person"}]


async def test_numbers_are_searched_bought_configured_listed_and_released(world: World) -> None:
    world.account.voice_url = URL
    query = NumberQuery(country="us", area_code="415", results_max=2)
    offers = await world.control.search_numbers(query)
    assert [offer.number for offer in offers] == ["+14155550100", "+14155550101"]
    assert (offers[0].locality, str(offers[0].monthly_usd)) == ("BOSTON", "1.00")
    routing = NumberRouting(answer_url=URL, label="antiphon clinic")
    bought = await world.control.buy_number(offers[0].number, routing)
    assert (bought.number, bought.label, bought.answer_url) == ("+14155550100", "antiphon clinic", URL)
    assert await world.control.owned_numbers() == (bought,)
    assert await world.control.configure_number(bought.number_id, routing) == bought
    with pytest.raises(ProviderRejected, match="not available"):
        await world.control.buy_number(offers[0].number, routing)
    await world.control.release_number(bought.number_id)
    assert await world.control.owned_numbers() == ()


async def test_every_number_is_listed_however_many(world: World) -> None:
    for number in range(250):
        named = {"id": str(number), "phone_number": f"+1617555{number:04d}", "connection_id": "another"}
        world.account.numbers[str(number)] = named
    owned = await world.control.owned_numbers()
    assert len({one.number for one in owned}) == 250 and {one.answer_url for one in owned} == {""}


async def test_a_number_is_not_bought_for_an_application_that_asks_elsewhere(world: World) -> None:
    world.account.voice_url = f"{URL}/2"
    with pytest.raises(ConfigError, match="what to do with its calls"):
        await world.control.buy_number("+14155550100", NumberRouting(answer_url=URL))
    assert not world.account.numbers, "and costs nothing"


async def test_an_answer_without_an_id_leaves_it_to_the_webhook(world: World) -> None:
    world.account.tells_ids = False
    assert await world.control.dial(DIAL) == ""


async def test_what_a_call_can_be_told_is_told(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    await world.control.hold(call_id, "https://example.com/music.mp3")
    await world.control.resume(call_id, URL)
    await world.control.transfer(call_id, ColdTransfer(to="+12125550100", after_url=URL))
    await world.control.seat(call_id, Seat(room="r"))
    await world.control.hang_up(call_id)
    told = [change for _, change in world.account.updates]
    tags = [ElementTree.fromstring(one["Texml"])[0].tag for one in told if "Texml" in one]
    assert tags == ["Play", "Dial", "Dial"]
    assert told[1]["Url"] == URL and told[-1] == {"Status": "completed"}


async def test_conferences_and_recordings_are_controlled(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    with pytest.raises(CallFailed, match="no conference"):
        await world.control.mute(call_id, "r", muted=True)
    world.account.conferences["r"] = "conf-1"
    await world.control.mute(call_id, "r", muted=True)
    await world.control.hold_seat(call_id, "r", URL)
    assert [(seat[0], seat[1], sorted(seat[2])) for seat in world.account.seats] == [
        ("conf-1", call_id, ["Muted"]), ("conf-1", call_id, ["Hold", "HoldUrl"])
    ]  # fmt: skip
    recording_id = await world.control.start_recording(call_id, CONSENT)
    await world.control.pause_recording(call_id, recording_id)
    await world.control.resume_recording(call_id, recording_id)
    await world.control.stop_recording(call_id, recording_id)
    assert world.account.recordings[recording_id] == ["in-progress", "paused", "in-progress", "stopped"]


async def test_it_is_there_with_its_credentials() -> None:
    environ = {"TELNYX_API_KEY": "k", "TELNYX_ACCOUNT_SID": "a", "TELNYX_TEXML_APPLICATION_SID": "s"}
    (control,) = controls_from(environ).values()
    assert control.carrier == "telnyx" and control.capabilities == CAPABILITIES["telnyx"]
    await control.close()
