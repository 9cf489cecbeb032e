"""A LiveKit room without its server: tokens, tracks, audio frames and events are the SDK's own, and only what
the SFU does between participants is done here."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import jwt
import numpy as np
from livekit import api, rtc

KEY, SECRET = "devkey", "a secret that is long enough to sign with"
RATE_HZ = 16000


class RoomDouble(rtc.EventEmitter[Any]):
    """In place of `rtc.Room`, for the agent's side.

    Attributes:
        claims: Of the token that it was joined with.
        heard: What the agent's track carried.
        shown: Data that the agent published, by topic.
    """

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.claims: Any = None
        self.is_connected = False
        self.heard: list[np.ndarray] = []
        self.shown: list[tuple[str, bytes]] = []
        self.local_participant = self
        self._tasks: list[asyncio.Task[None]] = []
        self._sources: list[rtc.AudioSource] = []

    async def connect(self, url: str, token: str) -> None:
        try:
            self.claims = api.TokenVerifier(KEY, SECRET).verify(token)
        except jwt.PyJWTError as error:
            raise rtc.ConnectError("401 Unauthorized") from error
        self.name, self.is_connected = self.claims.video.room, True

    async def disconnect(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for source in self._sources:
            await source.aclose()
        if self.is_connected:
            self.is_connected = False
            self.emit("disconnected", "client initiated")

    async def publish_track(self, track: rtc.LocalAudioTrack, options: rtc.TrackPublishOptions) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._listen(track)))

    async def publish_data(self, payload: bytes, *, reliable: bool, topic: str) -> None:
        self.shown.append((topic, payload))

    async def _listen(self, track: Any) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=20)
        try:
            async for event in stream:
                self.heard.append(np.frombuffer(event.frame.data, np.int16).copy())
        finally:
            await stream.aclose()

    # What others in the room do.

    def joins(self, identity: str, **attributes: str) -> tuple[SimpleNamespace, rtc.AudioSource]:
        """With a microphone: a participant, and where its voice is put."""
        participant = SimpleNamespace(identity=identity, attributes=attributes)
        source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=100)
        self._sources.append(source)
        track = rtc.LocalAudioTrack.create_audio_track(identity, source)
        self.emit("track_subscribed", track, SimpleNamespace(sid="TR"), participant)
        return participant, source

    def sends(self, participant: object, data: bytes, topic: str) -> None:
        packet = rtc.DataPacket(data=data, kind=0, participant=participant, topic=topic)  # type: ignore[arg-type]
        self.emit("data_received", packet)


async def speak(source: rtc.AudioSource, samples: np.ndarray) -> None:
    for place in range(0, len(samples) - 319, 320):
        frame = samples[place : place + 320].astype(np.int16).tobytes()
        await source.capture_frame(rtc.AudioFrame(frame, RATE_HZ, 1, 320))
