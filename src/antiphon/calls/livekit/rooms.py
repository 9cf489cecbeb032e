"""All rooms that agents of one media worker are in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from antiphon.calls.livekit.settings import LiveKitSettings
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Switchboard

if TYPE_CHECKING:
    from antiphon.calls.livekit.line import RoomLine

_TICK_S = 0.020
_TOKEN_LIFETIME = timedelta(minutes=10)  # To join with; the SFU renews it while we are in.


class LiveKitRooms:
    """Args: make_room: Gives a room of the SDK; a test gives another."""

    def __init__(
        self, switchboard: Switchboard, settings: LiveKitSettings, make_room: Callable[[], Any] | None = None
    ) -> None:
        self._switchboard, self._settings, self._make_room = switchboard, settings, make_room
        self._lines: set[RoomLine] = set()
        self._ticking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._lines)

    async def start(self) -> None:
        self._ticking = asyncio.get_running_loop().create_task(self._tick(), name="livekit rooms")

    async def stop(self) -> None:
        for line in list(self._lines):
            line.finish("error: worker stopping")
        if self._ticking is not None:
            self._ticking.cancel()

    async def join(self, *, agent: str, room: str) -> None:
        """Send an agent into a room; the call begins with the first participant who has a microphone.

        Raises:
            CallFailed: No line is free, or the room could not be joined.
            ConfigError: The SDK is missing.
        """
        if len(self._lines) >= self._settings.rooms_max:
            raise CallFailed("every line is busy")
        try:
            from livekit import rtc

            from antiphon.calls.livekit.line import RoomLine
        except ImportError as error:
            raise ConfigError("LiveKit rooms need its SDK", fix="pip install 'antiphon[livekit]'") from error
        line = RoomLine((self._make_room or rtc.Room)(), agent, self._switchboard, self._lines.discard)
        self._lines.add(line)
        await line.join(self._settings.url, self.token(agent, room))
        asyncio.get_running_loop().call_later(self._settings.caller_within_s, _give_up, line)

    def token(self, agent: str, room: str) -> str:
        """For one agent and one room: to be heard and to hear there, and nothing else."""
        from livekit import api

        grants = api.VideoGrants(
            room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True, agent=True
        )
        token = api.AccessToken(self._settings.api_key, self._settings.api_secret)
        return (
            token.with_identity(f"antiphon-{agent}")
            .with_name(agent)
            .with_kind("agent")
            .with_grants(grants)
            .with_ttl(_TOKEN_LIFETIME)
            .to_jwt()
        )

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for line in list(self._lines):
                line.tick()
            due = max(due + _TICK_S, loop.time() - _TICK_S)
            await asyncio.sleep(max(0.0, due - loop.time()))


def _give_up(line: RoomLine) -> None:
    if not line.caller:
        line.finish("")
