"""sipp calls in over real SIP and RTP: set-up, end and refusal, one after the other and many at once."""

from __future__ import annotations

import pytest
from tests.sip.house import SipHouse, until
from tests.sip.sipp import Sipp

pytestmark = pytest.mark.sip


async def test_a_caller_is_greeted_heard_and_gone() -> None:
    async with SipHouse() as house:
        report = await Sipp("call", house.address, talk_ms=1500).run()
        assert report.succeeded == 1, report.log
        call = house.calls[0]
        await until(lambda: call.closed == "hangup")
        assert call.finished("greeting")
        assert 1300 * 8 <= len(call.heard) <= 1700 * 8
