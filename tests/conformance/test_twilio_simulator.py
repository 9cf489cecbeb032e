"""Somebody else's reading of Twilio's media streams: `streamdouble` plays the carrier, in real time, and says
what in our messages Twilio would not have taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.doubles.media_line import EnergyVad, encoded, tone
from tests.sip.house import LiveSwitchboard, until
from tests.sip.test_sipp_calls import loudest_hz

from antiphon.audio import g711
from antiphon.audio.ports import PHONE
from antiphon.calls.carriers import carrier_server
from antiphon.calls.streams import StreamServer, StreamTokens
from antiphon.runtime.media import MediaClock, MediaPlane

pytest.importorskip("streamdouble", reason="streamdouble, a simulator of Twilio's streams, is not installed")

from streamdouble import api
from streamdouble.chaos import Impairments
from streamdouble.protocol import StreamIdentity
from streamdouble.scenario import Dtmf, Expect, Hangup, Say, Scenario, Wait, WaitFor
from streamdouble.session import Session, SessionConfig

TOKENS = StreamTokens(b"0123456789abcdef")
GREETING_MS = 1000


class Carried:
    """Our endpoint, with agents that say a tone; `call` is the simulator's."""

    def __init__(self, server: StreamServer, switchboard: LiveSwitchboard) -> None:
        self.server, self.switchboard = server, switchboard

    async def call(self, *steps: Any, token: str | None = None, **network: float) -> Any:
        identity = StreamIdentity()
        granted = TOKENS.mint("clinic", identity.call_sid, "+15550100") if token is None else token
        config = SessionConfig(
            custom_parameters={"token": granted},
            quiet_period_s=0.3,
            response_timeout_s=3.0,
            max_drain_s=3.0,
            max_call_s=15.0,
            impairments=Impairments(**network),
        )
        url = f"ws://127.0.0.1:{self.server.port}/calls/twilio/clinic/media"
        scenario = Scenario(name="call", steps=list(steps))
        return await Session(url, scenario=scenario, config=config, identity=identity).run()


@pytest.fixture
async def carried() -> AsyncIterator[Carried]:
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000))
    switchboard = LiveSwitchboard(plane, GREETING_MS)
    server = carrier_server(switchboard, TOKENS)
    await server.start()
    clock = asyncio.get_running_loop().create_task(MediaClock(plane).run())
    yield Carried(server, switchboard)
    await server.close()
    clock.cancel()
    with suppress(asyncio.CancelledError):
        await clock
    assert plane.live_calls == 0


def says(samples: np.ndarray) -> Say:
    mulaw = encoded(samples, PHONE)
    frames = [mulaw[place : place + 160] for place in range(0, len(mulaw) - 159, 160)]
    return Say(path=Path("caller"), frames=frames)


HIGH = tone(1000)[::2]  # 880 Hz.


async def test_a_call_is_greeted_heard_and_breaks_no_rule(carried: Carried) -> None:
    result = await carried.call(
        WaitFor("audio"), WaitFor("mark"), says(HIGH), Dtmf("42#"), Wait(0.2), Expect("mark"),
        Expect("no_violations"),
    )  # fmt: skip
    assert not result.violations and not result.unknown_events and not result.warnings
    assert not result.failed_expectations
    report = api.CallReport(result=result, metrics=api.compute(result))
    assert report.time_to_first_audio_ms is not None and report.time_to_first_audio_ms < 1000
    heard = g711.decode(np.frombuffer(result.audio_received, np.uint8))
    assert abs(len(heard) - GREETING_MS * 8) <= 160
    assert abs(loudest_hz(heard) - 440) < 10
    (call,) = carried.switchboard.calls
    await until(lambda: call.closed == "hangup")
    assert call.keys == "42#"
    assert call.finished("greeting")
    assert call.arrival.caller_number == "+15550100"
    loud = call.heard[np.flatnonzero(np.abs(call.heard) > 2000)[0] :][: len(HIGH)]
    assert abs(loudest_hz(loud) - 880) < 10


async def test_an_interruption_empties_the_carriers_buffer(carried: Carried) -> None:
    calling = asyncio.ensure_future(
        carried.call(WaitFor("audio"), says(HIGH), WaitFor("clear"), Wait(0.2), Expect("clear"))
    )
    await until(lambda: carried.switchboard.calls)
    (call,) = carried.switchboard.calls
    await until(lambda: call.finished("greeting"))
    call.say("long", tone(5000))
    await until(lambda: call.notes.named("started"))
    call.line.flush("long")
    result = await calling
    assert result.clears_received >= 1 and not result.failed_expectations
    assert not result.violations
    assert len(result.audio_received) < (GREETING_MS + 5000) * 8


async def test_a_bad_path_and_a_socket_that_breaks_hurt_no_other_call(carried: Carried) -> None:
    good, bad, broken = await asyncio.gather(
        carried.call(WaitFor("audio"), says(HIGH), WaitFor("quiet")),
        carried.call(WaitFor("audio"), says(HIGH), WaitFor("quiet"), loss=0.05, jitter_ms=60.0),
        carried.call(WaitFor("audio"), Hangup()),
    )
    assert bad.frames_dropped > 0
    for result in (good, bad):
        assert not result.violations
        assert abs(len(result.audio_received) - GREETING_MS * 8) <= 160
    assert not broken.violations
    await until(lambda: all(call.closed for call in carried.switchboard.calls))
    assert len(carried.switchboard.calls) == 3


async def test_a_stream_with_a_strangers_token_is_closed_without_a_sound(carried: Carried) -> None:
    result = await carried.call(WaitFor("audio", 2.0), token=TOKENS.mint("clinic", "CA-another"))
    assert result.closed_by == "agent" and result.closed_before_audio
    assert not result.audio_received and not carried.switchboard.calls
