"""Every carrier over a real socket, with a client that is not ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import numpy as np
import pytest
from tests.doubles.carrier_lines import CALL, SPEECHES, Speech
from tests.doubles.carrier_socket import CarrierSocket
from tests.doubles.media_line import encoded, silence, tone
from tests.doubles.switchboard import NotingSwitchboard
from websockets.exceptions import InvalidStatus

from antiphon.calls.carriers import carrier_server
from antiphon.calls.streams import StreamServer, StreamTokens

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


@pytest.fixture(params=SPEECHES, ids=lambda speech: speech.name)
def speech(request: pytest.FixtureRequest) -> Speech:
    made: Speech = request.param()
    return made


def stream_to(server: StreamServer, speech: Speech, ticket: str = "") -> CarrierSocket:
    path = f"/calls/{speech.name}/clinic/media" + (f"/{ticket}" if ticket else "")
    return CarrierSocket(f"ws://127.0.0.1:{server.port}{path}", speech)


def ticket(speech: Speech) -> str:
    return TOKENS.mint("clinic", CALL, "+15550100", speech.name)


async def test_a_call_is_heard_answered_and_interrupted(
    server: StreamServer, switchboard: NotingSwitchboard, speech: Speech
) -> None:
    rate, form = speech.line_format.sample_rate_hz, speech.line_format
    sound = tone(600, sample_rate_hz=rate)
    async with stream_to(server, speech) as carrier:
        await carrier.say(speech.start({"token": ticket(speech)}))
        await carrier.speak(encoded(np.concatenate([silence(200, sample_rate_hz=rate), sound]), form))
        await carrier.say(speech.dtmf("5"))
        await carrier.until_taken(lambda: bool(switchboard.calls and switchboard.calls[0][2].named("dtmf")))
        switchboard.pass_time(40)
        arrival, line, notes = switchboard.calls[0]
        assert arrival.caller_number == "+15550100" and notes.named("started")

        line.play("a", sound.tobytes())
        line.finish("a")
        switchboard.pass_time(700)
        await carrier.until(lambda far: far.waiting_ms == 600)
        await carrier.play(600)
        await carrier.until_taken(lambda: bool(notes.named("finished")))
        assert notes.events[-1] == ("finished", "a", 600)
        assert bytes(carrier.heard) == encoded(sound, form)

        line.play("b", tone(3000, sample_rate_hz=rate).tobytes())
        switchboard.pass_time(500)
        await carrier.until(lambda far: far.waiting_ms >= 500)
        marks = len(notes.named("mark"))
        line.pause("b")
        await carrier.until(lambda far: far.clears == 1)
        await carrier.say(speech.dtmf("6"))
        await carrier.until_taken(lambda: len(notes.named("dtmf")) == 2)
        assert carrier.waiting_ms == 0
        assert len(notes.named("mark")) == marks, "what was cleared proves nothing"
    assert not {"bad_message", "refused", "unknown_event"} & server.counted.keys()


async def test_a_mark_that_comes_after_its_speech_was_played_still_tells_that_it_was_heard(
    server: StreamServer, switchboard: NotingSwitchboard, speech: Speech
) -> None:
    rate = speech.line_format.sample_rate_hz
    async with stream_to(server, speech) as carrier:
        await carrier.say(speech.start({"token": ticket(speech)}))
        await carrier.until_taken(lambda: len(switchboard.calls) == 1)
        _, line, notes = switchboard.calls[0]
        line.play("a", tone(600, sample_rate_hz=rate).tobytes())
        switchboard.pass_time(700)
        await carrier.until(lambda far: far.waiting_ms == 600)
        await carrier.play(600)
        line.finish("a")
        switchboard.pass_time(40)
        await carrier.until_taken(lambda: bool(notes.named("finished")))
        assert notes.named("finished") == [("finished", "a", 600)]


async def test_the_ticket_may_be_in_the_path_and_is_good_once(
    server: StreamServer, switchboard: NotingSwitchboard, speech: Speech
) -> None:
    good = ticket(speech)
    async with stream_to(server, speech, good) as carrier:
        await carrier.say(speech.start({}))
        await carrier.until_taken(lambda: len(switchboard.calls) == 1)
    with pytest.raises(InvalidStatus) as refused:
        async with stream_to(server, speech, good):
            pass
    assert refused.value.response.status_code == 403


async def test_a_ticket_of_another_carrier_is_no_ticket(
    server: StreamServer, switchboard: NotingSwitchboard, speech: Speech
) -> None:
    foreign = TOKENS.mint("clinic", CALL, "", "nobody")
    async with stream_to(server, speech) as carrier:
        await carrier.say(speech.start({"token": foreign}))
        assert await carrier.until_closed() == (1008, "stream token is for another call")
    assert not switchboard.calls


async def test_an_oversized_message_costs_its_own_stream(
    server: StreamServer, switchboard: NotingSwitchboard, speech: Speech
) -> None:
    async with stream_to(server, speech) as carrier:
        await carrier.say(speech.start({"token": ticket(speech)}))
        await carrier.until_taken(lambda: len(switchboard.calls) == 1)
        await carrier.say({"event": "x" * 70_000})
        code, reason = await carrier.until_closed()
    assert (code, reason.partition("message of 7")[0]) == (1009, "a ")
    assert switchboard.world.plane.live_calls == 0
    ((_, why, _),) = switchboard.calls[0][2].named("closed")
    assert str(why).startswith("error: a message of 7"), "no hang-up of the caller's"
    assert server.counted["refused"] == 1


async def test_every_carrier_has_its_health_and_no_other_has(server: StreamServer, speech: Speech) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        base = f"http://127.0.0.1:{server.port}/calls"
        assert (await client.get(f"{base}/{speech.name}/health")).status_code == 200
        assert (await client.get(f"{base}/nobody/health")).status_code == 404
