"""Over a real socket, with a client that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import numpy as np
import pytest
from tests.doubles.media_line import encoded, silence, tone
from tests.doubles.switchboard import NotingSwitchboard
from tests.doubles.twilio_stream import TwilioStream
from websockets.exceptions import ConnectionClosed, InvalidStatus

from antiphon.audio import g711
from antiphon.audio.ports import PHONE
from antiphon.calls.carriers import carrier_server
from antiphon.calls.messages import FLOODED
from antiphon.calls.streams import StreamServer, StreamTokens
from antiphon.errors import ConfigError

TOKENS = StreamTokens(b"0123456789abcdef")


@pytest.fixture
def switchboard() -> NotingSwitchboard:
    return NotingSwitchboard()


@pytest.fixture
async def server(switchboard: NotingSwitchboard) -> AsyncIterator[StreamServer]:
    server = carrier_server(
        switchboard, TOKENS, knows_agent=lambda agent: agent == "clinic", clock=switchboard.world.clock
    )
    await server.start()
    yield server
    await server.close()


def stream_to(server: StreamServer, path: str = "clinic/media", call_sid: str = "CA1") -> TwilioStream:
    url = f"ws://127.0.0.1:{server.port}/calls/twilio/{path}"
    return TwilioStream(url, call_sid=call_sid, stream_sid=f"MZ-{call_sid}")


def token(call_sid: str = "CA1", agent: str = "clinic") -> dict[str, str]:
    return {"token": TOKENS.mint(agent, call_sid)}


async def test_a_call_is_heard_and_answered_both_ways(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    sound = tone(600)
    async with stream_to(server) as stream:
        await stream.begin(token())
        await stream.speak(encoded(np.concatenate([silence(200), sound]), PHONE))
        await stream.press("5")
        answered = "dtmf"  # The key comes after the audio: when it is here, so is the audio.
        await _until_noted(stream, switchboard, answered)
        switchboard.pass_time(40)
        _, line, notes = switchboard.calls[0]
        assert notes.named("started")
        line.play("a", sound.tobytes())
        line.finish("a")
        switchboard.pass_time(700)
        await stream.until(lambda carrier: carrier.waiting_ms == 600)
        await stream.play(600)
        await _until_noted(stream, switchboard, "finished")
        assert notes.events[-1] == ("finished", "a", 600)
        assert bytes(stream.heard) == encoded(sound, PHONE)
    assert server.counted == {}


async def test_a_pause_clears_the_carriers_buffer_and_its_marks_prove_nothing(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    async with stream_to(server) as stream:
        await stream.begin(token())
        await stream.press("1")
        await _until_noted(stream, switchboard, "dtmf")
        _, line, notes = switchboard.calls[0]
        line.play("a", tone(3000).tobytes())
        switchboard.pass_time(200)
        await stream.until(lambda carrier: carrier.waiting_ms >= 240)
        await stream.play(190)  # The mark at 200 ms is not reached.
        assert line.pause("a") == 200
        await stream.until(lambda carrier: carrier.clears == 1)
        await stream.press("2")
        await _until_noted(stream, switchboard, "dtmf", times=2)
        assert stream.waiting_ms == 0
        assert not notes.named("mark")


async def test_two_calls_keep_their_own_audio(server: StreamServer, switchboard: NotingSwitchboard) -> None:
    async with stream_to(server, call_sid="CA1") as one, stream_to(server, call_sid="CA2") as two:
        for stream in (one, two):
            await stream.begin(token(stream.call_sid))
            await stream.press("1")
        await _until_noted(one, switchboard, "dtmf", call=0)
        await _until_noted(two, switchboard, "dtmf", call=1)
        assert server.live_streams == 2
        lines = {arrival.metadata["carrier_call"]: line for arrival, line, _ in switchboard.calls}
        lines["CA1"].play("a", np.full(1600, 1000, np.int16).tobytes())
        lines["CA2"].play("a", np.full(1600, -1000, np.int16).tobytes())
        switchboard.pass_time(200)
        for stream, level in ((one, 1000), (two, -1000)):
            await stream.until(lambda carrier: carrier.waiting_ms == 200)
            await stream.play(200)
            heard = g711.decode(np.frombuffer(stream.heard, np.uint8))
            assert np.abs(heard - level).max() < 40


@pytest.mark.parametrize(
    ("path", "status"),
    [("bank/media", 404), ("clinic", 404), ("clinic/media/x/y", 404), ("clinic/media/forged", 403)],
)
async def test_a_wrong_path_is_no_socket_at_all(server: StreamServer, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with stream_to(server, path):
            pass
    assert refused.value.response.status_code == status


async def test_the_token_may_be_in_the_path_and_is_good_once(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    ticket = TOKENS.mint("clinic", "CA1")
    async with stream_to(server, f"clinic/media/{ticket}") as stream:
        await stream.begin()
        await stream.press("1")
        await _until_noted(stream, switchboard, "dtmf")
    with pytest.raises(InvalidStatus):
        async with stream_to(server, f"clinic/media/{ticket}"):
            pass


async def test_without_a_token_the_stream_is_closed_with_the_reason(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    async with stream_to(server) as stream:
        await stream.begin()
        assert await stream.until_closed() == (1008, "stream token is not ours")
    assert not switchboard.calls


async def test_garbage_and_oversize_cost_only_their_own_stream(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    async with stream_to(server, call_sid="CA1") as good, stream_to(server, call_sid="CA2") as bad:
        for stream in (good, bad):
            await stream.begin(token(stream.call_sid))
        for garbage in ("not json", '{"event":"media","media":{"payload":"%"}}', b"\x00\x01"):
            await bad.send(garbage)
        await bad.send("x" * 70_000)
        code, _ = await bad.until_closed()
        assert code == 1009
        await good.press("1")
        await _until_noted(good, switchboard, "dtmf", call=0)
        assert server.counted["bad_message"] >= 3  # The oversized one may count too.
        assert switchboard.world.plane.live_calls == 1


async def test_a_socket_that_drops_without_a_stop_ends_its_call(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    stream = stream_to(server)
    async with stream:
        await stream.begin(token())
        await stream.press("1")
        await _until_noted(stream, switchboard, "dtmf")
        assert stream._socket is not None
        stream._socket.transport.abort()
        await stream.until_closed()
    other = stream_to(server, call_sid="CA2")
    async with other:
        await other.begin(token("CA2"))
        await other.press("1")
        await _until_noted(other, switchboard, "dtmf", call=1)
    assert switchboard.calls[0][2].named("closed") == [("closed", "hangup", None)]


async def test_our_hang_up_closes_the_socket_normally(
    server: StreamServer, switchboard: NotingSwitchboard
) -> None:
    async with stream_to(server) as stream:
        await stream.begin(token())
        await stream.press("1")
        await _until_noted(stream, switchboard, "dtmf")
        switchboard.calls[0][1].close()
        assert (await stream.until_closed())[0] == 1000


async def test_who_holds_a_socket_and_says_nothing_is_closed(server: StreamServer) -> None:
    async with stream_to(server) as stream:
        await stream.send({"event": "connected"})
        await stream.send({"event": "unheard-of"})
        server.check(server._clock() + 20_000_000_000)
        assert await stream.until_closed() == (1008, "no start message")


async def test_pings_are_answered_and_who_sends_them_without_end_is_shut_out(
    server: StreamServer, switchboard: NotingSwitchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.calls.streams.server._CLOSE_GRACE_S", 0.1)
    async with stream_to(server) as good, stream_to(server, call_sid="CA2") as bad:
        for stream in (good, bad):
            await stream.begin(token(stream.call_sid))
        assert bad._socket is not None
        await (await bad._socket.ping())
        async with asyncio.timeout(20):
            with suppress(ConnectionClosed):
                for _ in range(4000):
                    await bad._socket.ping()
            assert await bad.until_closed() == (1008, FLOODED.removeprefix("error: "))
        await good.press("1")
        await _until_noted(good, switchboard, "dtmf", call=0)
        assert switchboard.calls[1][2].named("closed") == [("closed", FLOODED, None)]
        assert not switchboard.calls[0][2].named("closed")


async def test_health_is_plain_http(server: StreamServer) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}/calls/twilio/health")
    assert (answer.status_code, answer.text) == (200, "0 streams\n")


async def test_a_port_in_use_is_the_operators_to_fix(server: StreamServer) -> None:
    second = carrier_server(NotingSwitchboard(), TOKENS)
    with pytest.raises(ConfigError, match=f"cannot listen for phone media on 127.0.0.1:{server.port}"):
        await second.start(port=server.port)


async def _until_noted(
    stream: TwilioStream, switchboard: NotingSwitchboard, name: str, *, times: int = 1, call: int = 0
) -> None:
    """Until the call's listener has been told so; an answered ping proves what was sent before it."""
    assert stream._socket is not None
    while len(switchboard.calls) <= call or len(switchboard.calls[call][2].named(name)) < times:
        assert stream.close_code is None, f"closed: {stream.close_reason}"
        await (await stream._socket.ping())
