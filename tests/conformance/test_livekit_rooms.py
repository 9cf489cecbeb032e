"""Agents in LiveKit rooms: the SDK's own tokens, tracks and audio, with the SFU between them doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.doubles.media_line import EnergyVad
from tests.sip.house import LiveSwitchboard, free_tcp_port, until

from antiphon.calls.livekit import LiveKitRooms, LiveKitSettings, livekit_settings
from antiphon.calls.messages import FLOODED
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.media import MediaClock, MediaPlane

pytest.importorskip("livekit.rtc", reason="LiveKit's SDK is not installed")

from livekit import rtc
from tests.doubles.livekit_room import KEY, RATE_HZ, SECRET, RoomDouble, speak

SETTINGS = LiveKitSettings(url="wss://sfu.example.com", api_key=KEY, api_secret=SECRET, rooms_max=2)


class Rooms:
    def __init__(self, switchboard: LiveSwitchboard, settings: LiveKitSettings) -> None:
        self.switchboard, self.made = switchboard, list[RoomDouble]()
        self.rooms = LiveKitRooms(switchboard, settings, self._make)

    def _make(self) -> RoomDouble:
        self.made.append(RoomDouble())
        return self.made[-1]

    async def join(self, room: str = "consultation") -> RoomDouble:
        await self.rooms.join(agent="clinic", room=room)
        return self.made[-1]


@pytest.fixture
async def world() -> AsyncIterator[Rooms]:
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000))
    world = Rooms(LiveSwitchboard(plane, 0), SETTINGS)
    await world.rooms.start()
    clock = asyncio.get_running_loop().create_task(MediaClock(plane).run())
    yield world
    await world.rooms.stop()
    await until(lambda: not len(world.rooms))
    clock.cancel()
    with suppress(asyncio.CancelledError):
        await clock
    assert plane.live_calls == 0


def voice(hz: int, duration_ms: int) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(16 * duration_ms) / RATE_HZ)).astype(np.int16)


def loudest_hz(samples: np.ndarray) -> float:
    loud = samples[np.flatnonzero(np.abs(samples) > 2000)[0] :][:8000]
    return float(np.abs(np.fft.rfft(loud * np.hanning(len(loud)))).argmax()) * RATE_HZ / len(loud)


async def test_the_agent_joins_is_heard_hears_and_answers_its_marks(world: Rooms) -> None:
    room = await world.join()
    grants = room.claims.video
    assert (grants.room, grants.room_join, grants.room_create, grants.room_admin) == (
        "consultation", True, None, None,
    )  # fmt: skip
    assert not world.switchboard.calls  # Nobody is there yet.
    _, microphone = room.joins("linda", **{"sip.phoneNumber": "+15550100"})
    (call,) = world.switchboard.calls
    assert (call.arrival.agent, call.arrival.caller_number) == ("clinic", "+15550100")
    call.say("hello", voice(440, 600))
    await speak(microphone, voice(880, 800))
    await until(lambda: call.finished("hello"))
    await until(lambda: len(call.heard) >= RATE_HZ // 2)
    assert abs(loudest_hz(np.concatenate(room.heard)) - 440) < 10
    assert abs(loudest_hz(call.heard) - 880) < 10


async def test_an_interruption_is_silence_at_once(world: Rooms) -> None:
    room = await world.join()
    room.joins("linda")
    call = world.switchboard.calls[0]
    call.say("long", voice(440, 5000))
    await until(lambda: sum(int((np.abs(part) > 2000).any()) for part in room.heard) >= 10)
    call.line.flush("long")
    said = len(room.heard)
    await speak(room.joins("linda")[1], voice(880, 600))
    after = room.heard[said:]
    loud = sum(int((np.abs(part) > 2000).any()) for part in after)
    assert loud <= 15  # 300 ms: what the lead and the SDK's queue held.


async def test_keys_and_messages_are_the_callers_and_nobody_elses(world: Rooms) -> None:
    room = await world.join()
    linda, _ = room.joins("linda")
    stranger, microphone = room.joins("stranger")
    (call,) = world.switchboard.calls
    room.sends(linda, b'{"type":"key","digit":"4"}', "antiphon")
    room.sends(stranger, b'{"type":"key","digit":"9"}', "antiphon")
    room.sends(linda, b'{"type":"key","digit":"9"}', "chat")
    for nonsense in (b"\xff", b"[]", b'{"type":"key","digit":"x"}', b"{" * 5000):
        room.sends(linda, nonsense, "antiphon")
    room.emit("sip_dtmf_received", rtc.SipDTMF(code=2, digit="2", participant=linda))  # type: ignore[arg-type]
    await until(lambda: call.keys == "42")
    await speak(microphone, voice(880, 300))
    assert not np.any(np.abs(call.heard) > 2000)


async def test_a_caller_who_floods_with_messages_is_left_and_strangers_may_chat(world: Rooms) -> None:
    room = await world.join()
    linda, _ = room.joins("linda")
    stranger, _ = room.joins("stranger")
    (call,) = world.switchboard.calls
    for _ in range(3000):
        room.sends(stranger, b"{}", "antiphon")
        room.sends(linda, b"{}", "cursors")
    assert room.is_connected and not call.closed
    with capture_logs() as logged:
        for _ in range(3000):
            room.sends(linda, b"nonsense", "antiphon")
    assert len(logged) < 6
    await until(lambda: not room.is_connected)
    assert call.closed == FLOODED


async def test_whoever_leaves_the_call_ends_with_a_cause(world: Rooms) -> None:
    room = await world.join()
    linda, _ = room.joins("linda")
    room.emit("participant_disconnected", linda)
    await until(lambda: world.switchboard.calls[0].closed == "hangup")
    await until(lambda: not room.is_connected and not len(world.rooms))

    room = await world.join()
    room.joins("linda")
    room.emit("disconnected", "server shutdown")
    await until(lambda: world.switchboard.calls[1].closed.startswith("error"))

    room = await world.join()
    room.joins("linda")
    call = world.switchboard.calls[2]
    call.say("bye", voice(440, 300))
    call.line.close()
    await until(lambda: not room.is_connected)


async def test_what_cannot_be_joined_says_why(world: Rooms) -> None:
    stranger = LiveKitSettings(url=SETTINGS.url, api_key=KEY, api_secret="another secret, just as long as it")
    other = Rooms(world.switchboard, stranger)
    with pytest.raises(CallFailed, match="401"):
        await other.join()
    assert not len(other.rooms)
    await world.join("one")
    await world.join("two")
    with pytest.raises(CallFailed, match="busy"):
        await world.join("three")


async def test_the_sdk_itself_finds_no_server_and_the_room_is_let_go(world: Rooms) -> None:
    nowhere = LiveKitSettings(url=f"ws://127.0.0.1:{free_tcp_port()}", api_key=KEY, api_secret=SECRET)
    rooms = LiveKitRooms(world.switchboard, nowhere)
    with pytest.raises(CallFailed, match="could not be joined"):
        await rooms.join(agent="clinic", room="consultation")
    assert not len(rooms)


def test_settings_are_all_or_none_and_keep_their_secret() -> None:
    assert livekit_settings({}) is None
    given = {"LIVEKIT_URL": "wss://sfu.example.com", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s3cret"}
    settings = livekit_settings(given)
    assert settings is not None and "s3cret" not in repr(settings)
    with pytest.raises(ConfigError, match="LIVEKIT_API_KEY"):
        livekit_settings({**given, "LIVEKIT_API_KEY": ""})
    with pytest.raises(ConfigError, match="LIVEKIT_URL"):
        livekit_settings({**given, "LIVEKIT_URL": "https://x"})
