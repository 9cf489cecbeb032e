"""One WebRTC connection of a browser call: the agent's voice out, the caller's in, and a data channel. A page
that changes networks brings another, so the call outlives it."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError

from antiphon.calls.browser.intake import PacketOrder, VoiceIntake, order_packets
from antiphon.calls.browser.playout import PlayoutTrack
from antiphon.calls.browser.settings import BrowserSettings
from antiphon.errors import CallFailed


class PeerEvents(Protocol):
    """What a connection tells its call."""

    def state(self, peer: Peer, state: str) -> None:
        """ "connected", "failed" or "closed"."""

    def heard(self, peer: Peer, pcm: bytes, filled_ms: int) -> None:
        """16 kHz mono; `filled_ms` of it were made up."""

    def channel_open(self, peer: Peer) -> None: ...

    def message(self, peer: Peer, message: object) -> None: ...

    def voice_ended(self, peer: Peer) -> None:
        """The page stopped its microphone's track."""


class Peer:
    """Args: voice: What the caller hears."""

    def __init__(self, settings: BrowserSettings, voice: PlayoutTrack, events: PeerEvents) -> None:
        self._voice, self._events = voice, events
        self._order: PacketOrder | None = None
        self._intake = VoiceIntake()
        self._channel: Any = None
        self._listening: asyncio.Task[None] | None = None
        servers = [
            RTCIceServer(urls=server.urls, username=server.username, credential=server.credential)
            for server in settings.ice_servers
        ]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))

    @property
    def lost(self) -> int:
        """Packets that never came."""
        return self._order.lost if self._order is not None else 0

    @property
    def filled_ms(self) -> int:
        return self._intake.filled_ms

    async def open(self, sdp: str) -> str:
        """Take the page's offer (ICE candidates inside); gives the answer's SDP.

        Raises:
            CallFailed: The offer has no Opus audio or is not SDP we can read.
        """
        if "opus/48000" not in sdp.lower():
            raise CallFailed("the offer has no Opus audio")
        self._connection.on("track", self._on_track)
        self._connection.on("datachannel", self._on_channel)
        self._connection.on("connectionstatechange", self._on_state)
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
            self._connection.addTrack(self._voice)
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except (
            ValueError, IndexError, KeyError, AttributeError, AssertionError,
            InternalError, InvalidAccessError, InvalidStateError, OperationError,
        ) as error:  # fmt: skip  # aiortc reads SDP with plain splits and asserts
            await self._connection.close()
            raise CallFailed(f"the offer could not be read ({type(error).__name__})") from error
        return str(self._connection.localDescription.sdp)

    def show(self, text: str) -> bool:
        """To the page; False: no channel is open."""
        if self._channel is None or self._channel.readyState != "open":
            return False
        self._channel.send(text)
        return True

    async def close(self) -> None:
        if self._listening is not None and self._listening is not asyncio.current_task():
            self._listening.cancel()
        await self._connection.close()

    # What the connection tells us

    def _on_state(self) -> None:
        self._events.state(self, self._connection.connectionState)

    def _on_track(self, track: Any) -> None:
        if track.kind != "audio" or self._order is not None:
            return
        for receiver in self._connection.getReceivers():
            if receiver.track is track:
                self._order = order_packets(receiver)
        self._listening = asyncio.get_running_loop().create_task(self._listen(track))

    async def _listen(self, track: Any) -> None:
        try:
            while True:
                frame = await track.recv()
                before_ms = self._intake.filled_ms
                pcm = self._intake.take(frame)
                self._events.heard(self, pcm, self._intake.filled_ms - before_ms)
        except MediaStreamError:
            self._events.voice_ended(self)

    def _on_channel(self, channel: Any) -> None:
        if self._channel is not None:
            return
        self._channel = channel
        channel.on("message", lambda message: self._events.message(self, message))
        self._events.channel_open(self)
