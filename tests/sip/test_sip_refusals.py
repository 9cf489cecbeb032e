"""Who and what is refused, and that nobody else notices: strangers, unknown addresses, nonsense, a full
house, and the death of a process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.sip.house import HOST, RingingHouse, SipHouse, sip_worker, until
from tests.sip.sipp import Sipp
from tests.sip.torture import malformed, strange_but_right, unusable_offers

from antiphon.calls.sip import wire
from antiphon.calls.sip.lines import WORKER_GONE
from antiphon.errors import ConfigError

CALL = "INVITE 100? 180? 200 ACK tone pause BYE 200"
KNOWN_PEER = "127.0.0.2"


class Raw(asyncio.DatagramProtocol):
    """A socket that sends what it likes. `answers` are first lines."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str = HOST) -> int:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        return int(self.transport.get_extra_info("sockname")[1])

    def send(self, message: bytes, port: int) -> None:
        assert self.transport is not None
        self.transport.sendto(message, (HOST, port))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.append(data.split(b"\r\n")[0].decode("latin-1"))

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


def counts(house: SipHouse, name: str) -> int:
    return house.lines.counts().get(name, 0)


async def test_an_address_nobody_answers_is_not_found_and_a_route_or_the_rest_is() -> None:
    async with SipHouse() as house:
        report = await Sipp("INVITE 100? 404 ACK", house.address, user="nobody").run()
        assert report.succeeded == 1, report.log
    routes = {"+15550142": "bank", "*": "clinic"}
    async with SipHouse(routes=routes, greeting_ms=0) as house:
        for user, agent in (("+15550142", "bank"), ("bank", "bank"), ("whoever", "clinic")):
            report = await Sipp(CALL, house.address, user=user, talk_ms=50).run()
            assert report.succeeded == 1, report.log
            assert house.calls[-1].arrival.agent == agent


async def test_only_known_peers_are_listened_to_and_the_others_are_counted() -> None:
    async with SipHouse(environ={"ANTIPHON_SIP_PEERS": f"192.0.2.0/24,{KNOWN_PEER}"}) as house:
        stranger = Raw()
        port = await stranger.open()
        for message in malformed(HOST, port, house.address)[-6:]:
            stranger.send(message, house.port)
        known = await Sipp(CALL, house.address, host=KNOWN_PEER, talk_ms=100).run()
        assert known.succeeded == 1, known.log
        await until(lambda: counts(house, "packets_refused") >= 6)
        assert not stranger.answers
        assert counts(house, "messages_malformed") == 0
        stranger.close()


async def test_a_full_house_is_busy_and_a_caller_nobody_can_take_is_let_go() -> None:
    async with SipHouse() as house:
        house.switchboard.full = True  # Found out only when the call is up, as with a race for the last line.
        report = await Sipp("INVITE 100? 180? 200 ACK <BYE =200", house.address).run()
        assert report.succeeded == 1, report.log
        await until(lambda: not len(house.lines))
    async with SipHouse(has_room=lambda: False) as house:
        report = await Sipp("INVITE 100? 180? 486 ACK", house.address).run()
        assert report.succeeded == 1, report.log
        assert counts(house, "refused") == 1


async def test_nonsense_is_refused_and_counted_and_the_call_beside_it_goes_on() -> None:
    async with SipHouse() as house:
        caller = Sipp(CALL, house.address, talk_ms=2500)
        await caller.start()
        call = await house.call(0)
        raw = Raw()
        port = await raw.open()
        for message in unusable_offers(HOST, port, house.address):
            raw.send(message, house.port)
        for message in malformed(HOST, port, house.address) * 10:
            raw.send(message, house.port)
            await asyncio.sleep(0)
        report = await caller.report()
        assert report.succeeded == 1, report.log
        assert call.finished("greeting")
        assert len(call.heard) > 2300 * 8
        assert len(house.calls) == 1
        await until(lambda: counts(house, "messages_malformed") >= 20)
        await until(lambda: counts(house, "requests_unknown") >= 1)
        await until(lambda: counts(house, "offers_refused") >= 1)
        assert {"400", "404", "481", "488", "501"} <= {answer.split()[1] for answer in raw.answers}
        raw.close()


async def test_what_is_strange_but_right_is_answered_like_any_other_call() -> None:
    async with SipHouse() as house:
        raw = Raw()
        port = await raw.open()
        for message in strange_but_right(HOST, port, house.address):
            raw.answers.clear()
            raw.send(message, house.port)
            await until(lambda: "SIP/2.0 200 Answering" in raw.answers)
        assert counts(house, "messages_malformed") == 0
        raw.close()


async def test_a_taken_port_is_refused_with_words() -> None:
    raw = Raw()
    port = await raw.open()
    worker = sip_worker(Path("/nowhere/sip.sock"), port, {}, "")
    with pytest.raises(ConfigError, match=f"{HOST}:{port}"):
        await worker.start()
    await worker.stop()
    raw.close()


async def test_the_death_of_the_sip_worker_ends_its_calls_with_a_cause_and_another_takes_its_place() -> None:
    async with SipHouse() as house:
        caller = Sipp("INVITE 100? 180? 200 ACK tone pause", house.address, talk_ms=4000)
        await caller.start()
        call = await house.call(0)
        await until(lambda: call.finished("greeting"))
        os.kill(house.worker.pid, signal.SIGKILL)
        await until(lambda: call.closed == WORKER_GONE)
        assert house.plane.live_calls == 0
        assert counts(house, "lost_with_the_worker") == 1
        await caller.stop()
        await until(lambda: house.worker.restarts == 1 and house.lines.is_connected)
        report = await Sipp(CALL, house.address, talk_ms=100).run()
        assert report.succeeded == 1, report.log


async def test_when_the_media_worker_goes_its_callers_are_let_go() -> None:
    async with RingingHouse() as house:
        caller = Sipp("INVITE 100? 180 486 ACK", house.address)
        await caller.start()
        await until(lambda: house.told(wire.Invited))
        house.hang_up_socket()
        report = await caller.report()
        assert report.succeeded == 1, report.log
