"""People who watch a live call through the media worker: they listen in, read along and take the call over.
Who hears what is told by pitch; the call itself is on a carrier's stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.transfer_world import (
    AGENT_HZ,
    CALLER_HZ,
    PERSON_HZ,
    TransferWorld,
    hears,
    transfer_world,
    voice,
)

from antiphon.audio.ports import PHONE, MediaSource
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Arrival
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.server.live_room import OperatorDoor

HALF = 800  # Bytes of one channel in 100 ms of mu-law.


class Following:
    """What one who follows has heard and read."""

    def __init__(self, world: TransferWorld, ear: str) -> None:
        self._world, self._ear = world, ear
        self.caller, self.agent = bytearray(), bytearray()
        self.read: list[dict[str, Any]] = []
        self.over = ""

    async def fetch(self) -> None:
        told = await self._world.control.media.followed(self._ear)
        for piece in told["pieces"]:
            assert len(piece) == 2 * HALF
            self.caller += piece[:HALF]
            self.agent += piece[HALF:]
        self.read += told["messages"]
        self.over = told["over"]

    def words(self, kind: str) -> list[str]:
        return [str(one.get("text")) for one in self.read if one["type"] == kind]


class Headset:
    """An operator's line."""

    def __init__(self) -> None:
        self.heard, self.ended = bytearray(), False

    def send(self, payload: bytes) -> None:
        self.heard += payload

    def mark(self, name: str) -> None: ...
    def clear(self) -> None: ...

    def end(self) -> None:
        self.ended = True


def during(home: Path, story: Callable[[TransferWorld, str], Awaitable[None]]) -> None:
    async def run() -> None:
        async with transfer_world(home) as world:
            await world.caller.until_answered(gap_ms=800)
            (call,) = world.exchange.active()
            await story(world, call.call_id)

    live_with_sockets(run())


async def follow(world: TransferWorld, call_id: str, *, sound: bool = True) -> Following:
    told = await world.control.media.follow(call_id, sound=sound, by="key:watcher")
    assert (told["encoding"], told["sample_rate_hz"]) == ("mulaw", 8000)
    return Following(world, told["ear"])


async def operator(world: TransferWorld, call_id: str, headset: Headset) -> MediaSource:
    door = OperatorDoor(world.exchange, world.room._plane)
    arrival = Arrival(agent=call_id, line="browser", line_format=PHONE, lead_ms=40)
    _, source = door.answer(arrival, headset)
    return source


async def speaks(world: TransferWorld, source: MediaSource, hz: int, duration_ms: int) -> None:
    sound = voice(hz, duration_ms)
    for start in range(0, len(sound), 160):
        source.receive(sound[start : start + 160])
        await world.passes(0.02)


async def asks(world: TransferWorld, words: str) -> None:
    world.ears.texts.append(words)
    world.caller.say(voice(CALLER_HZ, 800))


def test_both_sides_are_heard_and_read_by_who_listens_in(tmp_path: Path) -> None:
    async def story(world: TransferWorld, call_id: str) -> None:
        following = await follow(world, call_id)
        await asks(world, "What time is it?")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.passes(2.5)
        await following.fetch()
        assert hears(following.caller, CALLER_HZ) >= 700 and hears(following.caller, AGENT_HZ) == 0
        assert hears(following.agent, AGENT_HZ) >= 100 and hears(following.agent, CALLER_HZ) == 0
        assert following.words("agent_heard") == ["Hello.", "I see."], "the words before it came first"
        assert "What time is it?" in following.words("caller")
        await world.caller.stream.stop()
        await world.ended()
        await following.fetch()
        assert following.over == "ended"
        assert '"listened_in"' in world.trace() and "key:watcher" in world.trace()
        assert replay_exactly(world.record()).difference is None

    during(tmp_path, story)


def test_who_only_reads_leaves_no_tap_and_who_leaves_is_forgotten(tmp_path: Path) -> None:
    async def story(world: TransferWorld, call_id: str) -> None:
        media = world.control.media
        reading = await follow(world, call_id, sound=False)
        await asks(world, "Hello?")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.passes(2)
        await reading.fetch()
        assert not reading.caller and "Hello?" in reading.words("caller")
        await media.unfollow(reading._ear)
        with pytest.raises(ConfigError, match="not followed"):
            await media.followed(reading._ear)
        with pytest.raises(ConfigError, match="no call"):
            await media.follow("none", sound=True, by="x")
        assert '"listened_in"' not in world.trace()

    during(tmp_path, story)


def test_what_a_call_shows_follows_what_happens_on_it(tmp_path: Path) -> None:
    async def story(world: TransferWorld, call_id: str) -> None:
        await asks(world, "This is ridiculous!")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.passes(2)
        (shown,) = (await world.control.media.live()).values()
        assert shown["signals"]["anger"] > 0.5 and shown["turns"] == 1
        assert shown["caller"] == "+14155550100" and shown["duration_ms"] > 2000
        await world.caller.stream.stop()
        await world.ended()
        assert await world.control.media.live() == {}

    during(tmp_path, story)


def test_an_operator_speaks_with_the_caller_and_gives_him_back(tmp_path: Path) -> None:
    async def story(world: TransferWorld, call_id: str) -> None:
        headset = Headset()
        following = await follow(world, call_id)
        source = await operator(world, call_id, headset)
        before, said = len(world.caller.heard), len(world.mouth.said)
        await speaks(world, source, PERSON_HZ, 1500)
        await asks(world, "Are you a person?")
        await world.passes(2)
        assert hears(world.caller.heard[before:], PERSON_HZ) > 1000, "the caller hears the operator"
        assert hears(headset.heard, CALLER_HZ) > 500, "the operator hears the caller"
        await following.fetch()
        assert hears(following.agent, PERSON_HZ) > 1000, "who listens in hears the operator in its place"
        assert len(world.mouth.said) == said, "the agent says nothing"
        with pytest.raises(CallFailed, match="already"):
            await operator(world, call_id, Headset())
        with pytest.raises(CallFailed, match="give the call back"):
            await world.control.media.operate(call_id, "hold")
        with pytest.raises(CallFailed, match="give the call back"):
            await world.control.media.pass_on(call_id, "")
        source.closed("hangup")
        await world.until(lambda: any("You are with me again" in words for words in world.mouth.said))
        await world.caller.until_answered(gap_ms=800)
        await asks(world, "Hello again.")
        await world.until(lambda: "I see." in world.mouth.said)
        await world.caller.stream.stop()
        await world.ended()
        assert '"operator_took_over"' in world.trace() and '"operator_gave_back"' in world.trace()
        assert replay_exactly(world.record()).difference is None

    during(tmp_path, story)


def test_a_caller_who_hangs_up_frees_the_operators_line(tmp_path: Path) -> None:
    async def story(world: TransferWorld, call_id: str) -> None:
        headset = Headset()
        source = await operator(world, call_id, headset)
        await world.caller.stream.stop()
        await world.ended()
        assert headset.ended
        source.closed("hangup")  # The page learns of it and hangs up too.
        with pytest.raises(ConfigError, match="no call"):
            await operator(world, call_id, Headset())

    during(tmp_path, story)
