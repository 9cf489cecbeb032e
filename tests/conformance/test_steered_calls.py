"""An operator at a call that is up, through the operating API and the media worker, on the lines of several
carriers: hold and back, mute, keys. Who hears what is told by pitch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.transfer_world import AGENT_HZ, CALLER_HZ, TransferWorld, hears, transfer_world, voice

from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.records.replaying import replay_exactly

lines = pytest.mark.parametrize("carrier", ["twilio", "plivo", "vonage"])
KEY_ONE_HZ = (697, 1209)  # ITU-T Q.23.


def during(home: Path, carrier: str, story: Callable[[TransferWorld, Operator], Awaitable[None]]) -> None:
    async def run() -> None:
        async with transfer_world(home, carrier=carrier) as here:
            await here.caller.until_answered(gap_ms=800)
            (call,) = here.exchange.active()
            async with httpx.AsyncClient(base_url=here.control.settings.public_url) as http:
                await story(here, Operator(http, call.call_id))

    live_with_sockets(run())


class Operator:
    def __init__(self, http: httpx.AsyncClient, call_id: str) -> None:
        self._http, self._call_id = http, call_id

    async def does(self, act: str, **body: str) -> int:
        answer = await self._http.post(f"/api/calls/{self._call_id}/{act}", json=body or None)
        return answer.status_code


async def asks(world: TransferWorld, words: str) -> None:
    world.ears.texts.append(words)
    world.caller.say(voice(CALLER_HZ, 800))


@lines
def test_a_caller_on_hold_hears_music_and_comes_back_to_the_same_conversation(
    tmp_path: Path, carrier: str
) -> None:
    async def story(world: TransferWorld, operator: Operator) -> None:
        assert await operator.does("hold") == 202
        await world.passes(1)
        before, said = len(world.caller.heard), len(world.mouth.said)
        await asks(world, "Hello?")
        await world.passes(12)
        assert len(world.mouth.said) == said, "the agent says nothing"
        music = world.caller.heard[before:]
        assert music.strip(b"\xff") and hears(music, AGENT_HZ) < 500
        assert await operator.does("resume") == 202
        await world.until(lambda: "Thank you for waiting." in world.mouth.said)
        await world.caller.until_answered(gap_ms=800)
        await asks(world, "Where were we?")
        await world.until(lambda: "I see." in world.mouth.said)
        assert len(world.exchange.active()) == 1 and not world.account.calls
        await world.caller.stream.stop()
        await world.ended()
        assert replay_exactly(world.record()).difference is None

    during(tmp_path, carrier, story)


@lines
def test_a_muted_caller_is_not_heard_until_he_is_again(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, operator: Operator) -> None:
        assert await operator.does("mute") == 202
        world.caller.say(voice(CALLER_HZ, 2000))
        await world.passes(4)
        assert await operator.does("unmute") == 202
        await asks(world, "Can you hear me?")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.caller.stream.stop()
        await world.ended()
        assert world.trace().count('"SpeechStarted"') == 1, "the second time he spoke"

    during(tmp_path, carrier, story)


@lines
def test_keys_reach_the_far_end_as_tones_and_their_names_no_trace(tmp_path: Path, carrier: str) -> None:
    async def story(world: TransferWorld, operator: Operator) -> None:
        before = len(world.caller.heard)
        assert await operator.does("dtmf", digits="11") == 202
        await world.passes(1.5)
        tones = world.caller.heard[before:]
        assert all(hears(tones, pitch_hz) >= 100 for pitch_hz in KEY_ONE_HZ)
        assert hears(tones, 852) == 0
        await asks(world, "What was that?")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.caller.stream.stop()
        await world.ended()
        assert '"keys_sent"' in world.trace() and '"11"' not in world.trace()
        assert replay_exactly(world.record()).difference is None

    during(tmp_path, carrier, story)


def test_what_cannot_be_done_to_a_call_is_said(tmp_path: Path) -> None:
    async def story(world: TransferWorld, operator: Operator) -> None:
        assert await operator.does("recording/pause") == 409, "nobody records it"
        (call,) = world.exchange.active()
        with pytest.raises(CallFailed, match="not recorded"):
            await world.control.media.operate(call.call_id, "record_stop")
        with pytest.raises(ConfigError, match="no call"):
            await world.control.media.operate("none", "hold")
        with pytest.raises(ConfigError, match="not keys"):
            await world.control.media.operate(call.call_id, "dtmf", "hello")

    during(tmp_path, "twilio", story)
