"""The edge that is shipped: telephones and providers speak TLS and SRTP to Kamailio and rtpengine, and those
speak UDP and RTP to us."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import tone
from tests.doubles.permits import permitted
from tests.doubles.tls import tls_for_localhost
from tests.sip.edge import INSIDE, MISSING, SHIPPED, Edge
from tests.sip.house import GREETING_HZ, HOST, SipHouse, free_port, until
from tests.sip.sipp import Sipp
from tests.sip.telephone import Telephone
from tests.sip.test_sipp_calls import loudest_hz
from tests.sip.tls_door import TlsDoor
from tests.sip.trunk import PASSWORD, USER, Trunk

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

VOICE = np.tile(tone(1000)[::2], 20)  # 880 Hz.
NUMBER = "+12125550100"
SECURED = "mediaenc event 'Secure'"
ENVIRON = {"ANTIPHON_SIP_PEERS": INSIDE}  # Nobody but the edge.


async def test_a_telephone_that_insists_on_tls_and_srtp_is_heard_and_hears() -> None:
    async with (
        SipHouse(environ=ENVIRON) as house,
        Edge([house.address]) as edge,
        Telephone(VOICE, secure=edge.authority) as phone,
    ):
        await phone.call(edge.uri("clinic"))
        assert SECURED in phone.said()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        await phone.press("15#")
        await until(lambda: call.keys == "15#")
        await until(lambda: len(call.heard) > 8000)
        assert abs(loudest_hz(call.heard[-4000:]) - 2 * GREETING_HZ) < 10
        greeting = phone.heard()
        loud = np.flatnonzero(np.abs(greeting) > 2000)
        assert abs(loudest_hz(greeting[loud[0] : loud[-1]]) - GREETING_HZ) < 10
        await phone.tell("hangup")
        await until(lambda: call.closed == "hangup")


async def test_calls_are_spread_over_workers_and_a_full_or_silent_one_is_passed_over() -> None:
    full = False
    async with (
        SipHouse(environ=ENVIRON, has_room=lambda: not full) as one,
        SipHouse(environ=ENVIRON) as other,
        Edge([one.address, other.address]) as edge,
        TlsDoor(edge.port, edge.certificate) as door,
    ):
        call = "INVITE 100? 180? 200 ACK pause BYE 200"
        report = await Sipp(call, door.address, calls=4, talk_ms=50, routed=True).run()
        assert report.succeeded == 4, report.log + edge.said()[-3000:]
        assert len(one.calls) == len(other.calls) == 2
        full = True
        report = await Sipp(call, door.address, calls=4, talk_ms=50, routed=True).run()
        assert report.succeeded == 4, report.log
        assert (len(one.calls), len(other.calls)) == (2, 6)
        await one.worker.stop()
        report = await Sipp(call, door.address, calls=2, talk_ms=50, routed=True).run()
        assert report.succeeded == 2, report.log
        assert len(other.calls) == 8


async def test_a_provider_that_insists_on_session_timers_is_content_and_a_forgotten_call_is_ended() -> None:
    async with (
        SipHouse(environ=ENVIRON) as house,
        Edge([house.address], session_min_s=2) as edge,
        TlsDoor(edge.port, edge.certificate) as door,
    ):
        words = "TIMED:3 100? 180? 200 ACK <BYE =200"
        report = await Sipp(words, door.address, routed=True).run()
        assert report.succeeded == 1, report.log + edge.said()[-3000:]
        answer = report.messages.partition("SIP/2.0 200")[2]
        assert re.search(r"^Session-Expires: 3; *refresher=uac\r?$", answer, re.MULTILINE), answer
        await until(lambda: house.calls[0].closed == "hangup")
        report = await Sipp("TIMED:1 100? 422 ACK", door.address, routed=True).run()
        assert report.succeeded == 1, report.log
        assert len(house.calls) == 1


async def test_a_call_we_place_leaves_by_tls_and_srtp() -> None:
    inside, keys = free_port(), Path(tempfile.mkdtemp(prefix="keys-"))
    _, authority = tls_for_localhost(keys)
    async with Telephone(VOICE, answers=True, secure=authority, user=NUMBER) as phone:
        environ = {
            **ENVIRON,
            "ANTIPHON_SIP_TRUNK": f"sip:antiphon@{HOST}:{phone.tls_port};registrar={INSIDE}:{inside}",
        }
        house = SipHouse(environ=environ)
        trunk = f"sip:{HOST}:{phone.tls_port};transport=tls"
        async with Edge([house.address], [trunk], inside_port=inside, keys=keys), house:
            call_id = await house.lines.dial(agent="clinic", permit=permitted(NUMBER), timeout_s=8.0)
            call = house.calls[0]
            assert SECURED in phone.said()
            await until(lambda: len(call.heard) > 8000)
            assert abs(loudest_hz(call.heard[-4000:]) - 2 * GREETING_HZ) < 10
            await house.lines.hold(call_id=call_id, held=True)
            await house.lines.hold(call_id=call_id, held=False)
            call.line.close()
            await until(lambda: phone.saw("CALL_CLOSED"))


async def test_a_registration_passes_and_names_the_edge_in_place_of_the_worker() -> None:
    inside = free_port()
    async with Trunk() as trunk:
        account = f"sip:{USER}@{HOST}:{trunk.port};register=600;registrar={INSIDE}:{inside}"
        environ = {**ENVIRON, "ANTIPHON_SIP_TRUNK": account, "ANTIPHON_SIP_PASSWORD": PASSWORD}
        house = SipHouse(environ=environ)
        async with Edge([house.address], [f"sip:{HOST}:{trunk.port}"], inside_port=inside) as edge, house:
            await until(lambda: house.lines.counts().get("registrations"))
            assert trunk.contacts[0].startswith(f"<sip:{USER}@{edge.address};transport=tls>;expires=600")
            assert not trunk.wrong


def test_what_is_shipped_is_understood_as_it_is() -> None:
    checked = subprocess.run(
        ["/usr/sbin/kamailio", "-c", "-f", str(SHIPPED / "kamailio.cfg")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr
    assert "203.0.113.10" in checked.stdout + checked.stderr
