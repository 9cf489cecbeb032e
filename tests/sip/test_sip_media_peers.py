"""RTP that no telephone sends: from somebody else, and keys whose packets overtake each other."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doubles.media_line import tone
from tests.sip.hand_caller import HandCaller
from tests.sip.house import HOST, SipHouse, until
from tests.sip.test_sip_states import audio_port

STRANGER = "127.0.0.2"


def counts(house: SipHouse, name: str) -> int:
    return house.lines.counts().get(name, 0)


async def test_a_stranger_talks_into_no_call_and_presses_no_key_in_it() -> None:
    async with (
        SipHouse(environ={"ANTIPHON_SIP_MEDIA_PEERS": HOST}, greeting_ms=0) as house,
        HandCaller(house.port) as caller,
        HandCaller(house.port, host=STRANGER) as stranger,
    ):
        port = audio_port(await caller.call())
        call = await house.call(0)
        stranger.speak(tone(200), port)
        stranger.press("5", port, [1, 2, 3, -3, -3, -3])
        await until(lambda: counts(house, "media_packets_refused") >= 16)
        caller.press("7", port, [1, 2, 3, -3, -3, -3])
        await until(lambda: call.keys)
        assert call.keys == "7"
        assert np.abs(call.heard.astype(np.int32)).max(initial=0) < 100
        caller.send(caller.request("BYE"))
        await until(lambda: call.closed == "hangup")


@pytest.mark.parametrize(
    "packets",
    [
        [1, 2, 3, -4, 3, -4, -4],  # The end overtook the packet before it.
        [1, 3, 2, -4, -4, -4],
        [1, 2, 3, -4, -4, -4, -4, -4],
    ],
)
async def test_a_key_is_one_key_in_whatever_order_its_packets_come(packets: list[int]) -> None:
    async with SipHouse(greeting_ms=0) as house, HandCaller(house.port) as caller:
        port = audio_port(await caller.call())
        call = await house.call(0)
        caller.press("6", port, packets)
        caller.press("7", port, [1, 2, -2, -2, -2])
        await until(lambda: "7" in call.keys)
        assert call.keys == "67"
        caller.send(caller.request("BYE"))
        await until(lambda: call.closed == "hangup")
