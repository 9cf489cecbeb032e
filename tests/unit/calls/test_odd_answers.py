"""Answers of a carrier's interface that are JSON and nothing more, and addresses that are not ours."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, HttpVendor, json_answer
from tests.doubles.permits import permitted
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS

from antiphon.calls.ports import CarrierControl, Dial, NumberQuery
from antiphon.calls.streams import Instructions, PassedOn, Sealed
from antiphon.errors import CallFailed, Denied, ProviderProtocolError, ProviderRejected

DIAL = Dial(
    key="k",
    permit=permitted("+12125550100"),
    caller_id="+16175550100",
    answer_url="https://voice.example.com/a",
    status_url="https://voice.example.com/s",
)
ASKED: dict[str, Callable[[CarrierControl], Awaitable[object]]] = {
    "search": lambda control: control.search_numbers(NumberQuery(country="US")),
    "owned": lambda control: control.owned_numbers(),
    "dial": lambda control: control.dial(DIAL),
    "member": lambda control: control.mute("call-1", "room", muted=True),
}
ODD = ["[]", '"well"', "7", '{"objects": 7, "numbers": 7, "capabilities": 7, "members": 7}', "null"]


class OddVendor:
    """Implements `http_vendor.Wire`: whatever is asked, the same answer."""

    def __init__(self, body: str, status: int) -> None:
        self._body, self._status = body, status

    def answer(self, request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(status=self._status, pieces=[self._body.encode()])

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        return json_answer(500, {})

    def malformed(self) -> bytes:
        return b""


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("carrier", ["plivo", "vonage"])
async def test_an_odd_answer_is_ours_to_put_right_and_nothing_else(
    carrier: str, asked: str, body: str
) -> None:
    async with HttpVendor(wire=OddVendor(body, 200), answers_get=True) as vendor:
        control = TRANSFER_CARRIERS[carrier]().control(vendor.url)
        # What is not read cannot be odd: Plivo's answer to a dial names no call, Vonage's to a mute nothing.
        reads = (carrier, asked) not in {("plivo", "dial"), ("vonage", "member")}
        try:
            told = await ASKED[asked](control)
            assert not reads or told == (), f"{told!r} was made of {body}"
        except (ProviderProtocolError, CallFailed) as error:
            assert reads and carrier in str(error).lower(), error
        await control.close()


@pytest.mark.parametrize("body", [*ODD, "<html>", ""])
@pytest.mark.parametrize("carrier", ["plivo", "vonage"])
async def test_an_odd_refusal_is_a_refusal(carrier: str, body: str) -> None:
    async with HttpVendor(wire=OddVendor(body, 400), answers_get=True) as vendor:
        control = TRANSFER_CARRIERS[carrier]().control(vendor.url)
        with pytest.raises(ProviderRejected, match="HTTP 400"):
            await control.dial(DIAL)
        await control.close()


# Sealed addresses

SEALED = Sealed(b"0123456789abcdef")


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_was_sealed_is_opened_and_reads_as_nothing(text: str, number: str) -> None:
    ticket = SEALED.seal(Instructions(text=text, media_type="text/plain"))
    assert SEALED.open(ticket, Instructions).text == text
    assert len(text) < 4 or text not in ticket
    caller = PassedOn(call_id="c1", caller_number=number)
    assert SEALED.open(SEALED.seal(caller), PassedOn) == caller
    with pytest.raises(Denied, match="something else"):
        SEALED.open(ticket, PassedOn)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: raw.hex()))
def test_what_we_did_not_seal_is_denied(ticket: str) -> None:
    with pytest.raises(Denied, match="not ours"):
        SEALED.open(ticket, Instructions)


def test_one_changed_letter_is_enough_to_be_denied() -> None:
    ticket = SEALED.seal(Instructions(text=json.dumps({"a": 1}), media_type="application/json"))
    for place in range(len(ticket) - 1):  # The last letter has bits that mean nothing.
        letter = "A" if ticket[place] != "A" else "B"
        with pytest.raises(Denied):
            SEALED.open(ticket[:place] + letter + ticket[place + 1 :], Instructions)
