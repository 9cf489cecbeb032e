"""Debian's baresip calls us and is called: keys both ways, hold, and the agent's voice in its ear."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doubles.media_line import tone
from tests.doubles.permits import permitted
from tests.sip.house import GREETING_HZ, HOST, SipHouse, until
from tests.sip.telephone import Telephone
from tests.sip.test_sipp_calls import loudest_hz

VOICE = np.tile(tone(1000)[::2], 20)  # 880 Hz.


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "opus/48000/2"])
async def test_a_telephone_calls_hears_the_agent_and_presses_keys(codec: str) -> None:
    async with SipHouse() as house, Telephone(VOICE, codec=codec) as phone:
        await phone.call(house.uri("clinic"))
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        await phone.press("159#")
        await until(lambda: call.keys == "159#")
        await until(lambda: len(call.heard) > 8000)
        assert abs(loudest_hz(call.heard[-4000:]) - 2 * GREETING_HZ) < 10
        greeting = phone.heard()
        loud = np.flatnonzero(np.abs(greeting) > 2000)
        assert 950 * 8 <= loud[-1] - loud[0] <= 1080 * 8
        assert abs(loudest_hz(greeting[loud[0] : loud[-1]]) - GREETING_HZ) < 10
        await phone.tell("hangup")
        await until(lambda: call.closed == "hangup")


async def test_the_agent_presses_keys_at_a_telephone_it_called() -> None:
    environ = {"ANTIPHON_SIP_TRUNK": f"sip:antiphon@{HOST}:1"}
    async with SipHouse(environ=environ) as house, Telephone(VOICE, answers=True) as phone:
        call_id = await house.lines.dial(
            agent="clinic", permit=permitted(f"sip:caller@{HOST}:{phone.port}"), timeout_s=5.0
        )
        await house.lines.press(call_id=call_id, digits="42*")
        await until(lambda: all(f"received event: '{digit}'" in phone.said() for digit in "42*"))
        house.calls[0].line.close()
        await until(lambda: phone.saw("CALL_CLOSED"))


async def test_either_side_holds_and_takes_the_other_back() -> None:
    async with SipHouse(greeting_ms=200) as house, Telephone(VOICE) as phone:
        await phone.call(house.uri("clinic"))
        call = await house.call(0)
        await phone.tell("hold")
        await until(lambda: house.lines.counts().get("holds") == 1)
        await phone.tell("resume")
        before = len(call.heard)
        await until(lambda: len(call.heard) > before + 8000)
        call.say("welcome back", tone(300))
        await until(lambda: call.finished("welcome back"))

        await house.lines.hold(call_id=call.call_id, held=True)
        await house.lines.hold(call_id=call.call_id, held=False)
        before = len(call.heard)
        await until(lambda: len(call.heard) > before + 8000)
        await phone.tell("hangup")
        await until(lambda: call.closed == "hangup")
