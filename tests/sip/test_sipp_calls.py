"""sipp calls in over real SIP and RTP: set-up, end and refusal, one after the other and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from tests.sip.house import LiveCall, RingingHouse, SipHouse, until
from tests.sip.sipp import TONE_HZ, Sipp

from antiphon.calls.sip import wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = "INVITE 100? 180? 200 ACK tone pause BYE 200"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[SipHouse]:
    async with SipHouse() as house:
        yield house
        assert house.plane.live_calls == 0


def loudest_hz(samples: np.ndarray) -> float:
    """The strongest frequency of the middle half."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(spectrum.argmax()) * 8000 / len(middle)


async def everyone_gone(house: SipHouse) -> None:
    await until(lambda: not len(house.lines) and house.plane.live_calls == 0)


@pytest.mark.parametrize("codec", [0, 8])
async def test_a_caller_is_greeted_heard_and_gone(house: SipHouse, codec: int) -> None:
    # The tone file is A-law; as mu-law it is still a tone of that pitch, only rough.
    report = await Sipp(CALL, house.address, talk_ms=1500, codec=codec).run()
    assert report.succeeded == 1, report.log
    call = house.calls[-1]
    await until(lambda: call.closed == "hangup")
    assert call.finished("greeting")
    assert 1300 * 8 <= len(call.heard) <= 1700 * 8
    assert abs(loudest_hz(call.heard) - TONE_HZ) < 10
    assert (call.arrival.agent, call.arrival.caller_number) == ("clinic", "+15550100")


@pytest.mark.parametrize(
    "words",
    [
        "INVITE 100? 180? 200 ACK BYE 200",  # at once
        "INVITE 100? 180? 200 BYE 200",  # before the ACK
        "INVITE 100? 180? 200 ACK tone pause BYE 200",  # in the middle of the greeting
        "INVITE 100? 180? 200 ACK tone HOLD 100? 200 ACK pause BYE 200",  # on hold
    ],
)
async def test_a_caller_may_hang_up_in_every_state(house: SipHouse, words: str) -> None:
    before, calls = house.usage(), len(house.calls)
    report = await Sipp(words, house.address, talk_ms=200).run()
    assert report.succeeded == 1, report.log
    await everyone_gone(house)
    assert all(call.closed == "hangup" for call in house.calls[calls:])
    await until(lambda: house.usage()["files"] <= before["files"])


async def test_the_agent_hangs_up_when_its_words_are_out(house: SipHouse) -> None:
    number = len(house.calls)
    caller = Sipp("INVITE 100? 180? 200 ACK tone <BYE =200", house.address)
    await caller.start()
    call = await house.call(number)
    await until(lambda: call.finished("greeting"))
    call.line.close()
    report = await caller.report()
    assert report.succeeded == 1, report.log
    await everyone_gone(house)


async def test_hold_and_resume_are_told_and_the_call_goes_on(house: SipHouse) -> None:
    words = "INVITE 100? 180? 200 ACK tone pause HOLD 100? 200 ACK pause RESUME 100? 200 ACK pause BYE 200"
    number, holds = len(house.calls), house.lines.counts().get("holds", 0)
    caller = Sipp(words, house.address, talk_ms=500)
    await caller.start()
    call = await house.call(number)
    await until(lambda: house.lines.counts().get("holds", 0) == holds + 1)
    held = len(call.heard)
    report = await caller.report()
    assert report.succeeded == 1, report.log
    assert len(call.heard) - held > 300 * 8  # What came after the hold was heard as well.
    await until(lambda: call.closed == "hangup")


async def test_a_hundred_calls_in_a_row_and_thirty_at_once_leave_nothing_behind(house: SipHouse) -> None:
    await everyone_gone(house)
    before, calls, tasks = house.usage(), len(house.calls), len(asyncio.all_tasks())
    row = await Sipp(CALL, house.address, calls=100, at_once=1, talk_ms=20, rate=100).run()
    assert (row.succeeded, row.failed) == (100, 0), row.log
    together = await Sipp(CALL, house.address, calls=30, at_once=30, rate=60, talk_ms=1500).run()
    assert (together.succeeded, together.failed) == (30, 0), together.log
    await everyone_gone(house)
    await until(lambda: house.usage()["files"] <= before["files"])
    await until(lambda: house.usage()["threads"] <= before["threads"])
    await until(lambda: house.lines.counts().get("legs") == 0 and len(asyncio.all_tasks()) <= tasks)
    assert house.usage()["memory_kb"] - before["memory_kb"] < 12_000
    assert len(house.calls) == calls + 130
    assert all(call.closed == "hangup" for call in house.calls[calls:])
    assert all(heard_well(call) for call in house.calls[-30:])


def heard_well(call: LiveCall) -> bool:
    """All of the greeting went out, and of 1.5 s of tone at least 1.2 came in."""
    return call.finished("greeting") and len(call.heard) > 1200 * 8


async def test_a_hundred_callers_who_think_better_of_it_leave_nothing_behind() -> None:
    async with RingingHouse() as house:
        before = house.usage()
        words = "INVITE 100? 180 CANCEL 200 487 ACK"
        report = await Sipp(words, house.address, calls=100, at_once=30).run()
        assert (report.succeeded, report.failed) == (100, 0), report.log
        await until(lambda: len(house.told(wire.Ended)) == 100)
        assert {message.cause for message in house.told(wire.Ended)} == {"hangup"}
        assert not house.told(wire.Established)
        await until(lambda: house.usage()["files"] <= before["files"])
