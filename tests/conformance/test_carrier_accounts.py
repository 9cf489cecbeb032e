"""What `CarrierControl` promises, of every carrier's adapter: numbers and calls are had through it, a refusal
tells whether it happened, and what it cannot do is declared. What one carrier alone does is in
`tests/unit/calls/test_*_account.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.permits import consented, permitted
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS, TransferCarrier

from antiphon.calls.control.accounts import CAPABILITIES
from antiphon.calls.ports import (
    Capability,
    CarrierControl,
    ColdTransfer,
    Dial,
    NumberQuery,
    NumberRouting,
    Seat,
)
from antiphon.errors import (
    AntiphonError,
    CallFailed,
    ConfigError,
    DeadlineExceeded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)

URL = "https://voice.example.com/calls/carrier/clinic"
CONSENT = consented("This call is recorded.")
DIAL = Dial(
    key="k1",
    permit=permitted("+12125550100"),
    caller_id="+16175550100",
    answer_url=f"{URL}/legs/k1",
    status_url=f"{URL}/legs/k1/status",
    ring_s=20,
)
# What became of it where the carrier's answer is this: the table of `calls.ports`.
DIALLED = [
    (Fault.AUTH, ProviderRejected),
    (Fault.RATE_LIMIT, ProviderUnavailable),
    (Fault.NO_RESULT, DeadlineExceeded),
    (Fault.HANG, DeadlineExceeded),
    (Fault.DROP_MID_STREAM, DeadlineExceeded),
    (Fault.REFUSE, DeadlineExceeded),
    (Fault.MALFORMED, ProviderProtocolError),
]
CERTAIN = (ProviderRejected, ProviderUnavailable)  # It does not ring.
# On a call that is up, by what the carrier must be able to do for it.
ACTS: dict[Capability, Callable[[CarrierControl, str], Awaitable[Any]]] = {
    Capability.ANSWER: lambda control, call: control.answer(call, URL),
    Capability.HOLD: lambda control, call: control.hold(call, "https://example.com/music.mp3"),
    Capability.SEND_DIGITS: lambda control, call: control.send_digits(call, "1w2#", URL),
    Capability.TRANSFER: lambda control, call: control.transfer(call, ColdTransfer(to="+12125550100")),
    Capability.CONFERENCE: lambda control, call: control.seat(call, Seat(room="r")),
    Capability.RECORD: lambda control, call: control.start_recording(call, CONSENT),
    Capability.PAUSE_RECORDING: lambda control, call: control.pause_recording(call, "rec"),
}


class World:
    """An account, our adapter for it, and what came over the wire."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.carrier: TransferCarrier = TRANSFER_CARRIERS[name]()
        self.account = self.carrier.account
        for asks in ("voice_url", "answer_url"):  # Of an application, where numbers belong to one.
            if hasattr(self.account, asks):
                setattr(self.account, asks, URL)
        self.vendor = HttpVendor(wire=self.account, answers_get=True)
        self.control: CarrierControl

    async def call(self) -> str:
        """One that is up, by the id the carrier has for it."""
        told = await self.control.dial(DIAL)
        (call_id,) = self.account.calls
        assert told in ("", call_id)
        self.account.calls[call_id].status = "in-progress"
        return str(call_id)

    def ended(self, call_id: str) -> None:
        self.account.calls[call_id].status = "completed"
        getattr(self.account, "live", set()).discard(call_id)


@pytest.fixture(params=TRANSFER_CARRIERS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made = World(request.param)
    async with made.vendor:
        made.control = made.carrier.control(
            made.vendor.url, request_s=0.5, publish=lambda document: f"{URL}/instructions/sealed"
        )
        yield made
        await made.control.close()


async def test_it_is_who_it_says_and_can_what_is_declared(world: World) -> None:
    assert world.control.carrier == world.name
    assert world.control.capabilities == CAPABILITIES[world.name]


async def test_a_number_is_found_bought_listed_configured_and_given_back(world: World) -> None:
    offers = await world.control.search_numbers(NumberQuery(country="US", area_code="415", results_max=2))
    assert [offer.number for offer in offers] == ["+14155550100", "+14155550101"]
    routing = NumberRouting(answer_url=URL)
    bought = await world.control.buy_number(offers[0].number, routing)
    assert (bought.number, bought.answer_url) == ("+14155550100", URL)
    assert await world.control.owned_numbers() == (bought,)
    assert (await world.control.configure_number(bought.number_id, routing)).answer_url == URL
    await world.control.release_number(bought.number_id)
    assert await world.control.owned_numbers() == ()
    with pytest.raises(ProviderRejected):
        await world.control.release_number(bought.number_id)


async def test_one_request_dials_one_call_with_what_was_asked(world: World) -> None:
    call_id = await world.call()
    assert world.carrier.dialled(world.account.calls[call_id]) == ("+12125550100", "+16175550100")
    (request,) = world.vendor.requests
    for asked in (DIAL.answer_url, DIAL.status_url):
        assert asked.encode() in request.body.replace(b"%3A", b":").replace(b"%2F", b"/")


@pytest.mark.parametrize(("fault", "error"), DIALLED, ids=lambda value: getattr(value, "value", ""))
async def test_every_way_to_fail_tells_whether_it_may_ring(
    world: World, fault: Fault, error: type[AntiphonError]
) -> None:
    world.vendor.faulty = Faulty(fault=fault, times=1)
    with pytest.raises(error) as refused:
        await world.control.dial(DIAL)
    assert len(world.vendor.requests) <= 1, "and it is not asked again"
    assert not (error in CERTAIN and world.account.calls)
    assert all(secret not in str(refused.value) for secret in world.carrier.settings.values())
    if fault is Fault.RATE_LIMIT:
        assert isinstance(refused.value, ProviderUnavailable)
        assert refused.value.retry_after_ms == 2000, "and when it may be"


@pytest.mark.parametrize(("fault", "error"), DIALLED, ids=lambda value: getattr(value, "value", ""))
async def test_what_is_only_asked_for_may_be_asked_again(
    world: World, fault: Fault, error: type[AntiphonError]
) -> None:
    world.vendor.faulty = Faulty(fault=fault, times=1)
    with pytest.raises(ProviderUnavailable if error is DeadlineExceeded else error):
        await world.control.owned_numbers()
    assert await world.control.owned_numbers() == ()


async def test_nobody_listening_is_certain_not_to_have_dialled(world: World) -> None:
    await world.vendor.stop_listening()
    with pytest.raises(ProviderUnavailable):
        await world.control.dial(DIAL)


async def test_a_call_that_is_over_can_be_hung_up_and_nothing_else(world: World) -> None:
    call_id = await world.call()
    world.ended(call_id)
    await world.control.hang_up(call_id)
    for act in (ACTS[Capability.HOLD], ACTS[Capability.TRANSFER], ACTS[Capability.CONFERENCE]):
        with pytest.raises(CallFailed):
            await act(world.control, call_id)


async def test_a_call_that_never_was_is_no_call(world: World) -> None:
    for act in (ACTS[Capability.HOLD], ACTS[Capability.TRANSFER], ACTS[Capability.CONFERENCE]):
        with pytest.raises(CallFailed):
            await act(world.control, "CA" + "f" * 32)


@pytest.mark.parametrize("capability", ACTS, ids=lambda capability: capability.value)
async def test_what_it_cannot_do_is_said_and_asked_of_nobody(world: World, capability: Capability) -> None:
    if capability in world.control.capabilities:
        assert capability is not Capability.ANSWER, "calls are answered by what their webhook is told"
        return
    with pytest.raises(ConfigError, match=world.name):
        await ACTS[capability](world.control, "call")
    assert world.vendor.requests == []


async def test_what_it_can_do_is_done_to_a_call_that_is_up(world: World) -> None:
    call_id = await world.call()
    able = [one for one in (Capability.HOLD, Capability.SEND_DIGITS) if one in world.control.capabilities]
    for capability in able:
        asked = len(world.vendor.requests)
        await ACTS[capability](world.control, call_id)
        await world.control.resume(call_id, URL)
        assert len(world.vendor.requests) >= asked + 2
    await ACTS[Capability.TRANSFER](world.control, call_id)
    await ACTS[Capability.CONFERENCE](world.control, call_id)
    await world.control.hang_up(call_id)


async def test_a_recording_goes_where_its_carrier_lets_it(world: World) -> None:
    able = world.control.capabilities
    if Capability.RECORD not in able:
        return  # Refused above, before anything is asked.
    call_id = await world.call()
    recording = await world.control.start_recording(call_id, CONSENT)
    assert recording
    if Capability.PAUSE_RECORDING in able:
        await world.control.pause_recording(call_id, recording)
        await world.control.resume_recording(call_id, recording)
    await world.control.stop_recording(call_id, recording)


async def test_another_number_is_dialled_by_another_permit(world: World) -> None:
    await world.control.dial(DIAL)
    await world.control.dial(replace(DIAL, key="k2", permit=permitted("+12125550101")))
    dialled = [world.carrier.dialled(call)[0] for call in world.account.calls.values()]
    assert dialled == ["+12125550100", "+12125550101"]
