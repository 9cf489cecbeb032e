"""sipp calls in over real SIP and RTP: set-up, end and refusal, one after the other and many at once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sip.house import LiveCall, RingingHouse, SipHouse, until
from tests.sip.sipp import TONE_HZ, Sipp

from antiphon.calls.sip import wire

CALL = "INVITE 100? 180? 200 ACK tone pause BYE 200"


def loudest_hz(samples: np.ndarray) -> float:
    """The strongest frequency of the middle half."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(spectrum.argmax()) * 8000 / len(middle)


@pytest.mark.parametrize("codec", [0, 8])
async def test_a_caller_is_greeted_heard_and_gone(codec: int) -> None:
    async with SipHouse() as house:
        # The tone file is A-law; as mu-law it is still a tone of that pitch, only rough.
        report = await Sipp(CALL, house.address, talk_ms=1500, codec=codec).run()
        assert report.succeeded == 1, report.log
        call = house.calls[0]
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
        "INVITE 100? 180? 200 ACK tone HOLD 100? 200 ACK pause RESUME 100? 200 ACK pause BYE 200",
    ],
)
async def test_a_caller_may_hang_up_in_every_state(words: str) -> None:
    async with SipHouse() as house:
        before = house.usage()
        report = await Sipp(words, house.address, talk_ms=300).run()
        assert report.succeeded == 1, report.log
        await until(lambda: not len(house.lines))
        assert all(call.closed == "hangup" for call in house.calls)
        await until(lambda: house.usage()["files"] <= before["files"])
        await until(lambda: house.plane.live_calls == 0)


async def test_the_agent_hangs_up_when_its_words_are_out() -> None:
    async with SipHouse() as house:
        caller = Sipp("INVITE 100? 180? 200 ACK tone <BYE =200", house.address)
        await caller.start()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        call.line.close()
        report = await caller.report()
        assert report.succeeded == 1, report.log
        await until(lambda: not len(house.lines))


async def test_hold_and_resume_are_told_and_the_call_goes_on() -> None:
    words = "INVITE 100? 180? 200 ACK tone pause HOLD 100? 200 ACK pause RESUME 100? 200 ACK pause BYE 200"
    async with SipHouse(greeting_ms=0) as house:
        caller = Sipp(words, house.address, talk_ms=500)
        await caller.start()
        call = await house.call(0)
        await until(lambda: house.lines.counts().get("holds") == 1)
        held = len(call.heard)
        call.say("after", np.full(800, 3000, np.int16))
        report = await caller.report()
        assert report.succeeded == 1, report.log
        assert len(call.heard) - held > 300 * 8  # What came after the hold was heard as well.
        await until(lambda: call.closed == "hangup")


async def test_a_hundred_calls_in_a_row_and_thirty_at_once_leave_nothing_behind() -> None:
    async with SipHouse(greeting_ms=200) as house:
        first = await Sipp(CALL, house.address, calls=5, at_once=5, talk_ms=60).run()
        assert first.succeeded == 5, first.log
        await until(lambda: not len(house.lines))
        before = house.usage()
        row = await Sipp(CALL, house.address, calls=100, at_once=1, talk_ms=20, rate=100).run()
        assert (row.succeeded, row.failed) == (100, 0), row.log
        together = await Sipp(CALL, house.address, calls=30, at_once=30, rate=60, talk_ms=1200).run()
        assert (together.succeeded, together.failed) == (30, 0), together.log
        await until(lambda: not len(house.lines))
        await until(lambda: house.usage()["files"] <= before["files"])
        await until(lambda: house.usage()["threads"] <= before["threads"])
        assert house.usage()["memory_kb"] - before["memory_kb"] < 12_000
        assert len(house.calls) == 135
        assert all(call.closed == "hangup" for call in house.calls)
        assert all(heard_well(call) for call in house.calls[-30:])
        assert house.plane.live_calls == 0


def heard_well(call: LiveCall) -> bool:
    """All of the greeting went out, and of 1.2 s of tone at least one came in."""
    return call.finished("greeting") and len(call.heard) > 8000


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
