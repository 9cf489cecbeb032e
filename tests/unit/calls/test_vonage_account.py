"""Vonage's adapter against the documented interface on a real socket, and the SDK against the same double
over TLS, which it insists on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.permits import permitted
from tests.doubles.tls import tls_for_localhost
from tests.doubles.vonage_account import (
    API_KEY,
    API_SECRET,
    APPLICATION,
    VonageAccountDouble,
    private_pem,
)

from antiphon.calls.control.accounts import CAPABILITIES, controls_from
from antiphon.calls.ports import (
    CarrierControl,
    ColdTransfer,
    Dial,
    NumberQuery,
    NumberRouting,
    Seat,
)
from antiphon.calls.vonage.account import VonageAccount, VonageControl
from antiphon.calls.vonage.jwt import ApplicationToken
from antiphon.errors import (
    ConfigError,
    ProviderRejected,
)

URL = "https://voice.example.com/calls/vonage/clinic"
DIAL = Dial(
    key="k1",
    permit=permitted("+12125550100"),
    caller_id="+16175550100",
    answer_url=f"{URL}/legs/k1",
    status_url=f"{URL}/legs/k1/status",
    ring_s=20,
    detect_machine=True,
)


class World:
    def __init__(self) -> None:
        self.account = VonageAccountDouble()
        self.vendor = HttpVendor(wire=self.account, answers_get=True)
        self.control: CarrierControl

    def changes(self, call_id: str) -> list[dict[str, Any]]:
        return self.account.calls[call_id].updates


def control(url: str, api_key: str = API_KEY) -> VonageControl:
    account = VonageAccount(
        application_id=APPLICATION,
        private_key=private_pem(),
        api_key=api_key,
        api_secret=API_SECRET,
        api_url=url,
        numbers_url=url,
    )
    return VonageControl(account, capabilities=CAPABILITIES["vonage"], request_s=0.5)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with world.vendor:
        world.control = control(world.vendor.url)
        yield world
        await world.control.close()


async def test_numbers_are_searched_bought_configured_listed_and_released(world: World) -> None:
    query = NumberQuery(country="us", area_code="415", results_max=2)
    offers = await world.control.search_numbers(query)
    assert [offer.number for offer in offers] == ["+14155550100", "+14155550101"]
    bought = await world.control.buy_number(offers[0].number, NumberRouting(answer_url=URL))
    assert await world.control.owned_numbers() == (bought,)
    assert (bought.number, bought.answer_url) == ("+14155550100", URL)
    assert world.account.numbers["14155550100"]["app_id"] == APPLICATION
    assert await world.control.configure_number(bought.number_id, NumberRouting(answer_url=URL)) == bought
    with pytest.raises(ProviderRejected, match="method failed"):
        await world.control.buy_number(offers[0].number, NumberRouting(answer_url=URL))
    await world.control.release_number(bought.number_id)
    assert await world.control.owned_numbers() == ()
    with pytest.raises(ProviderRejected, match="no such number"):
        await world.control.release_number(bought.number_id)


async def test_a_number_is_not_bought_for_an_application_that_asks_elsewhere(world: World) -> None:
    with pytest.raises(ConfigError, match="what to do with its calls"):
        await world.control.buy_number("+14155550100", NumberRouting(answer_url=f"{URL}2"))
    assert not world.account.numbers, "and costs nothing"


async def test_every_number_is_listed_however_many(world: World) -> None:
    for number in range(250):
        world.account.numbers[f"1617555{number:04d}"] = {"country": "US", "msisdn": f"1617555{number:04d}"}
    assert len({one.number for one in await world.control.owned_numbers()}) == 250


async def test_without_the_accounts_credentials_calls_are_placed_and_numbers_are_not(world: World) -> None:
    alone = control(world.vendor.url, api_key="")
    assert await alone.dial(DIAL) == "call-1"
    with pytest.raises(ConfigError, match="VONAGE_API_KEY"):
        await alone.owned_numbers()
    await alone.close()


async def test_a_call_is_placed_with_everything_that_was_asked(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    body = world.account.calls[call_id].body
    assert body["to"] == [{"type": "phone", "number": "12125550100"}]
    assert body["from"] == {"type": "phone", "number": "16175550100"}
    assert (body["answer_url"], body["event_url"]) == ([DIAL.answer_url], [DIAL.status_url])
    assert body["answer_method"] == body["event_method"] == "POST", "a GET is not covered by the signature"
    assert (body["ringing_timer"], body["machine_detection"]) == (20, "continue")


async def test_what_a_call_can_be_told_is_told(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    await world.control.hold(call_id, "https://example.com/music.mp3")
    await world.control.resume(call_id, URL)
    await world.control.send_digits(call_id, "1w2#", URL)
    transfer = ColdTransfer(
        to="+12125550100", caller_id="+16175550100", whisper_url=f"{URL}/w", after_url=f"{URL}/d"
    )
    await world.control.transfer(call_id, transfer)
    await world.control.hang_up(call_id)
    hold, resume, keys, cold, over = world.changes(call_id)
    music = {"action": "stream", "streamUrl": ["https://example.com/music.mp3"], "loop": 0}
    assert hold["destination"]["ncco"] == [music]
    assert resume["destination"]["url"] == [URL] and keys == {"PUT dtmf": {"digits": "1p2#"}}
    (connect,) = cold["destination"]["ncco"]
    assert connect["endpoint"] == [
        {"type": "phone", "number": "12125550100", "onAnswer": {"url": f"{URL}/w"}}
    ]
    assert (connect["eventType"], connect["eventUrl"]) == ("synchronous", [f"{URL}/d"])
    assert over == {"action": "hangup"}


async def test_headers_reach_a_sip_address(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    gathered = {"Antiphon-Summary": "wants to pay"}
    await world.control.transfer(call_id, ColdTransfer(to="sip:desk@example.com", headers=gathered))
    (connect,) = world.changes(call_id)[-1]["destination"]["ncco"]
    assert connect["endpoint"] == [{"type": "sip", "uri": "sip:desk@example.com", "headers": gathered}]


async def test_calls_meet_in_a_conference(world: World) -> None:
    call_id = await world.control.dial(DIAL)
    await world.control.seat(call_id, Seat(room="room 1", muted=True, stays_without=False))
    (seat,) = world.changes(call_id)[-1]["destination"]["ncco"]
    assert seat == {"action": "conversation", "name": "room 1", "mute": True, "endOnExit": True}
    await world.control.mute(call_id, "room 1", muted=False)
    await world.control.hold_seat(call_id, "room 1", "https://example.com/m.mp3")
    await world.control.hold_seat(call_id, "room 1", "")
    assert world.changes(call_id)[1:] == [
        {"action": "unmute"},
        {"action": "mute"}, {"action": "earmuff"},
        {"PUT stream": {"stream_url": ["https://example.com/m.mp3"], "loop": 0}},
        {"action": "unmute"}, {"action": "unearmuff"}, {"DELETE stream": {}},
    ]  # fmt: skip


async def test_it_is_there_with_its_credentials(tmp_path: Path) -> None:
    key = tmp_path / "private.key"
    environ = {"VONAGE_APPLICATION_ID": APPLICATION, "VONAGE_PRIVATE_KEY": str(key)}
    with pytest.raises(ConfigError, match="cannot be read"):
        controls_from(environ)
    key.write_text(private_pem())
    (found,) = controls_from(environ).values()
    assert found.carrier == "vonage" and found.capabilities == CAPABILITIES["vonage"]
    await found.close()
    inline = environ | {"VONAGE_PRIVATE_KEY": private_pem().replace("\n", "\\n")}
    await controls_from(inline)["vonage"].close()
    with pytest.raises(ConfigError, match="private key"):
        controls_from(environ | {"VONAGE_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\nx"})


def test_a_token_is_made_anew_before_it_is_old() -> None:
    now_s = 1_790_000_000.0
    token = ApplicationToken(APPLICATION, private_pem(), clock=lambda: now_s)
    first = token.current()
    now_s += 200
    assert token.current() == first
    now_s += 60
    assert token.current() != first


# ------------------------------------------------------------------ the SDK, to the same double


@pytest.fixture
async def sdk(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Any: its `Vonage`, and the vendor it asks, whose account is that of `world`."""
    vonage = pytest.importorskip("vonage", reason="the vonage SDK is not installed")
    tls, authority = tls_for_localhost(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    async with HttpVendor(wire=world.account, answers_get=True, tls=tls) as vendor:
        host = vendor.url.removeprefix("https://")
        options = vonage.HttpClientOptions(api_host=host, rest_host=host)
        auth = vonage.Auth(
            api_key=API_KEY, api_secret=API_SECRET, application_id=APPLICATION, private_key=private_pem()
        )
        yield vonage.Vonage(auth, options), vendor


async def test_the_sdk_asks_for_the_same_call(world: World, sdk: Any) -> None:
    client, vendor = sdk
    models = pytest.importorskip("vonage_voice.models")
    wanted = models.CreateCallRequest(
        to=[models.ToPhone(number="12125550100")],
        from_=models.Phone(number="16175550100"),
        answer_url=[DIAL.answer_url],
        answer_method="POST",
        event_url=[DIAL.status_url],
        event_method="POST",
        ringing_timer=20,
        length_timer=7200,
        machine_detection="continue",
    )
    placed = await asyncio.to_thread(client.voice.create_call, wanted)
    assert placed.uuid == "call-1"
    await world.control.dial(DIAL)
    assert vendor.requests[-1].json == world.vendor.requests[-1].json
    assert vendor.requests[-1].path == world.vendor.requests[-1].path


async def test_the_sdk_and_we_control_a_call_alike(world: World, sdk: Any) -> None:
    client, vendor = sdk
    models = pytest.importorskip("vonage_voice.models")
    call_id = await world.control.dial(DIAL)
    music = "https://example.com/m.mp3"
    ncco = [models.Stream(streamUrl=[music], loop=0)]
    pairs: list[tuple[Any, Any]] = [
        (lambda: client.voice.transfer_call_ncco(call_id, ncco), lambda: world.control.hold(call_id, music)),
        (lambda: client.voice.transfer_call_answer_url(call_id, URL),
         lambda: world.control.resume(call_id, URL)),
        (lambda: client.voice.play_dtmf_into_call(call_id, "1p2"),
         lambda: world.control.send_digits(call_id, "1w2", URL)),
        (lambda: client.voice.mute(call_id), lambda: world.control.mute(call_id, "r", muted=True)),
        (lambda: client.voice.hangup(call_id), lambda: world.control.hang_up(call_id)),
    ]  # fmt: skip
    for theirs, ours in pairs:
        await asyncio.to_thread(theirs)
        await ours()
        first, second = vendor.requests[-1], world.vendor.requests[-1]
        assert (first.method, first.path, first.json) == (second.method, second.path, second.json)


async def test_the_sdk_reads_the_numbers_we_bought(world: World, sdk: Any) -> None:
    client, _ = sdk
    await world.control.buy_number("+14155550100", NumberRouting(answer_url=URL))
    numbers, count, _ = await asyncio.to_thread(client.numbers.list_owned_numbers, {"size": 10, "index": 1})
    assert count == 1 and (numbers[0].msisdn, numbers[0].app_id) == ("14155550100", APPLICATION)
    application = await asyncio.to_thread(client.application.get_application, APPLICATION)
    assert application.capabilities.voice.webhooks.answer_url.address == URL


async def test_the_sdks_own_types_take_what_we_tell_a_call(world: World) -> None:
    """Every action we send is one of the SDK's, with no field that it does not know."""
    models = pytest.importorskip("vonage_voice.models")
    call_id = await world.control.dial(DIAL)
    transfer = ColdTransfer(
        to="+12125550100", caller_id="+16175550100", whisper_url=f"{URL}/w", after_url=f"{URL}/d"
    )
    await world.control.transfer(call_id, transfer)
    await world.control.seat(call_id, Seat(room="r", waiting_url="https://example.com/m.mp3"))
    (connect,) = world.changes(call_id)[0]["destination"]["ncco"]
    (seat,) = world.changes(call_id)[1]["destination"]["ncco"]
    told = models.Connect(**{("from_" if name == "from" else name): value for name, value in connect.items()})
    assert told.model_dump(by_alias=True, exclude_none=True, mode="json") == connect
    assert models.Conversation(**seat).model_dump(exclude_none=True, mode="json") == seat
