"""The bench itself: a double that cannot misbehave as promised proves nothing."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from tests.doubles.coded_speech import CodedEar, blocks, spoken
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import Peer, SocketVendor
from tests.doubles.tls import tls_for_localhost
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


async def echo(peer: Peer) -> None:
    async for message in peer.messages():
        await peer.send(message)


def vendor(fault: Fault = Fault.NONE, **settings: object) -> SocketVendor:
    return SocketVendor(
        talk=echo,
        authorised=lambda headers, query: headers.get("Authorization") == "Token k",
        faulty=Faulty(fault=fault, delay_ms=20, **settings),  # type: ignore[arg-type]
        close_code=(4001, "no"),
    )


GOOD = {"Authorization": "Token k"}


async def test_a_well_double_talks_and_remembers() -> None:
    async with vendor() as double, connect(f"{double.url}/v1?a=1", additional_headers=GOOD) as socket:
        await socket.send('{"type": "Hello"}')
        await socket.send(b"\1\0")
        assert await socket.recv() == '{"type": "Hello"}'
        assert await socket.recv() == b"\1\0"
    peer = double.peers[0]
    assert (peer.path, peer.query, peer.audio) == ("/v1", {"a": ["1"]}, b"\1\0")
    assert peer.of_type("Hello") == [{"type": "Hello"}]


@pytest.mark.parametrize(("fault", "status"), [(Fault.AUTH, 401), (Fault.RATE_LIMIT, 429)])
async def test_a_handshake_is_refused_with_the_status_of_the_fault(fault: Fault, status: int) -> None:
    async with vendor(fault) as double:
        with pytest.raises(InvalidStatus) as refused:
            await connect(double.url, additional_headers=GOOD)
    assert refused.value.response.status_code == status
    assert ("Retry-After" in refused.value.response.headers) == (fault is Fault.RATE_LIMIT)


async def test_a_bad_key_is_refused_without_any_fault() -> None:
    async with vendor() as double:
        with pytest.raises(InvalidStatus, match="401"):
            await connect(double.url, additional_headers={"Authorization": "Bearer k"})


async def test_nobody_listens_when_the_double_refuses() -> None:
    async with vendor(Fault.REFUSE) as double:
        with pytest.raises(OSError):
            await connect(double.url, additional_headers=GOOD)


async def test_the_connection_closes_at_once_with_the_code_of_the_vendor() -> None:
    async with vendor(Fault.CLOSE_CODE) as double, connect(double.url, additional_headers=GOOD) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "no")


async def test_the_connection_breaks_after_so_many_messages() -> None:
    async with (
        vendor(Fault.DROP_MID_STREAM, after=2) as double,
        connect(double.url, additional_headers=GOOD) as socket,
    ):
        for _ in range(3):
            await socket.send("x")
        assert [await socket.recv(), await socket.recv()] == ["x", "x"]
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_a_hanging_double_takes_everything_and_says_nothing() -> None:
    async with vendor(Fault.HANG) as double, connect(double.url, additional_headers=GOOD) as socket:
        await socket.send(b"\1\0")
        async with asyncio.timeout(5):
            await (await double.peer()).until(lambda peer: peer.audio == b"\1\0")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.02)


async def test_a_fault_for_one_request_is_gone_with_the_next() -> None:
    async with vendor(Fault.MALFORMED, times=1) as double:
        async with connect(double.url, additional_headers=GOOD) as socket:
            assert await socket.recv() == double.malformed
        async with connect(double.url, additional_headers=GOOD) as socket:
            await socket.send("well again")
            assert await socket.recv() == "well again"


async def test_tls_with_an_authority_of_our_own(tmp_path: Path) -> None:
    double = vendor()
    double.tls, ca_file = tls_for_localhost(tmp_path)
    trusting = ssl.create_default_context(cafile=str(ca_file))
    async with double, connect(double.url, additional_headers=GOOD, ssl=trusting) as socket:
        await socket.send("private")
        assert await socket.recv() == "private"


@pytest.mark.parametrize("size", [320, 322, 1000, 10_000])
def test_coded_speech_is_heard_word_for_word_in_blocks_of_any_length(size: int) -> None:
    text = "hello hello book my visit on monday at nine thirty thanks"
    ear = CodedEar(8000)
    for block in blocks(spoken(text, 8000), size):
        ear.push(block)
    assert ear.text == text
    assert (ear.words[1].start_ms, ear.words[1].end_ms) == (140, 240)


def test_a_lost_block_is_a_lost_word() -> None:
    pcm = spoken("yes no yes", 8000)
    ear = CodedEar(8000)
    ear.push(pcm[: 140 * 16] + pcm[280 * 16 :])
    assert ear.text == "yes yes"
