"""Messages that cross, come twice or come too late, and where the voice comes from: by hand, since no
telephone does such things when asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from tests.doubles.media_line import tone
from tests.sip.hand_caller import HandCaller
from tests.sip.house import HOST, SipHouse, until
from tests.sip.telephone import Telephone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[SipHouse]:
    async with SipHouse() as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def caller(house: SipHouse) -> AsyncIterator[HandCaller]:
    """Whatever happens, no call, socket or task is left of it."""
    tasks, before = len(asyncio.all_tasks()), house.usage()
    async with HandCaller(house.port) as caller:
        yield caller
        await until(lambda: not len(house.lines) and house.plane.live_calls == 0)
        await until(lambda: house.lines.counts().get("legs") == 0)
        await until(lambda: house.usage()["files"] <= before["files"])
        await until(lambda: len(asyncio.all_tasks()) <= tasks)


def audio_port(sdp: str) -> int:
    found = re.search(r"^m=audio (\d+) ", sdp, re.MULTILINE)
    assert found is not None, sdp
    return int(found[1])


async def test_voice_comes_from_the_port_it_is_taken_at(house: SipHouse, caller: HandCaller) -> None:
    number = len(house.calls)
    port = audio_port(await caller.call())
    call = await house.call(number)
    await until(lambda: call.finished("greeting"))
    assert caller.voices() == {(HOST, port)}
    caller.speak(tone(200), port)
    await until(lambda: np.abs(call.heard.astype(np.int32)).max(initial=0) > 2000)
    caller.send(caller.request("BYE"))
    await caller.answer(200, "2 BYE")
    await until(lambda: call.closed == "hangup")


async def test_a_bye_that_overtakes_the_answer_to_a_re_invite_ends_the_call(
    house: SipHouse, caller: HandCaller
) -> None:
    number = len(house.calls)
    await caller.call()
    call = await house.call(number)
    caller.send(caller.request("INVITE", sdp=True))
    caller.send(caller.request("BYE"))
    await caller.answer(200, "3 BYE")
    await until(lambda: call.closed == "hangup")


async def test_two_byes_that_cross_end_the_call_once(house: SipHouse, caller: HandCaller) -> None:
    number = len(house.calls)
    await caller.call()
    call = await house.call(number)
    await until(lambda: call.finished("greeting"))
    call.line.close()
    await until(lambda: caller.messages("BYE "))
    caller.send(caller.request("BYE"))
    await caller.answer(200, "2 BYE")
    caller.reply(caller.messages("BYE ")[0])


async def test_what_comes_twice_counts_once(house: SipHouse, caller: HandCaller) -> None:
    number = len(house.calls)
    invite = caller.request("INVITE", sdp=True, number=1)
    caller.send(invite)
    caller.send(invite)
    await caller.call()
    caller.send(caller.request("ACK", number=1))
    call = await house.call(number)
    await until(lambda: call.finished("greeting"))
    assert len(house.calls) == number + 1
    bye = caller.request("BYE")
    caller.send(bye)
    await caller.answer(200, "2 BYE")
    caller.send(bye)
    await until(lambda: len(caller.messages("SIP/2.0", "2 BYE")) == 2)


async def test_a_cancel_that_comes_too_late_leaves_the_call_up(house: SipHouse, caller: HandCaller) -> None:
    number = len(house.calls)
    await caller.call()
    call = await house.call(number)
    caller.send(caller.request("CANCEL", number=1))
    await until(lambda: call.finished("greeting"))
    assert not call.closed
    caller.send(caller.request("BYE"))
    await caller.answer(200, "2 BYE")


async def test_sessions_that_are_refreshed_go_on_and_timers_are_not_promised(
    house: SipHouse, caller: HandCaller
) -> None:
    """RFC 4028: the far end refreshes by itself where we know no timers, and is told so where it insists."""
    number = len(house.calls)
    await caller.call()
    call = await house.call(number)
    timer = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"
    caller.send(caller.request("UPDATE", timer))
    await caller.answer(200, "2 UPDATE")
    caller.send(caller.request("INVITE", timer, sdp=True))
    refreshed = await caller.answer(200, "3 INVITE")
    assert "Session-Expires" not in refreshed
    caller.send(caller.request("ACK", number=3))
    call.say("still here", tone(200))
    await until(lambda: call.finished("still here"))
    caller.send(caller.request("BYE"))
    await caller.answer(200, "4 BYE")
    await until(lambda: call.closed == "hangup")
    async with HandCaller(house.port) as insisting:
        insisting.send(insisting.request("INVITE", "Require: timer\r\n" + timer, sdp=True))
        refused = await insisting.answer(420, "1 INVITE")
        assert "Unsupported: timer" in refused
        insisting.send(insisting.request("ACK", number=1))


@pytest.mark.parametrize("holder", ["we", "they"])
async def test_a_call_on_hold_is_hung_up_by_either_side(house: SipHouse, holder: str) -> None:
    async with Telephone(np.tile(tone(1000), 10)) as phone:
        for leaver in ("we", "they"):
            number, holds = len(house.calls), house.lines.counts().get("holds", 0)
            phone.events.clear()
            await phone.call(house.uri("clinic"))
            call = await house.call(number)
            if holder == "we":
                await house.lines.hold(call_id=call.call_id, held=True)
            else:
                await phone.tell("hold")
                await until(lambda: house.lines.counts().get("holds", 0) > holds)  # noqa: B023
            if leaver == "we":
                call.line.close()
                await until(lambda: phone.saw("CALL_CLOSED"))
            else:
                await phone.tell("hangup")
                await until(lambda: call.closed == "hangup")  # noqa: B023
            await until(lambda: not len(house.lines))
