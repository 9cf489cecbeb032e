"""The agent's voice on its way into a room: a bounded buffer, and the SDK's own queue behind it, kept short
so that an interruption is heard at once."""

from __future__ import annotations

import asyncio

from livekit import rtc

SAMPLE_RATE_HZ = 16000
FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
FRAME_BYTES = FRAME_SAMPLES * 2
CAPACITY_BYTES = SAMPLE_RATE_HZ * 2  # A second; the line's own backlog holds more.
SDK_QUEUE_MS = 100


class RoomVoice:
    """Implements `Outlet`. `run` feeds the SDK, which takes a frame when it has room."""

    def __init__(self, source: rtc.AudioSource) -> None:
        self._source = source
        self._pending = bytearray()
        self._more = asyncio.Event()

    def write(self, pcm: bytes) -> int:
        taken = min(len(pcm), CAPACITY_BYTES - len(self._pending))
        self._pending += pcm[:taken]
        if self._pending:
            self._more.set()
        return taken

    def unsent_bytes(self) -> int:
        return len(self._pending) + int(self._source.queued_duration * SAMPLE_RATE_HZ) * 2

    def clear(self) -> None:
        self._pending.clear()
        self._source.clear_queue()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._more.wait()
            frame = bytes(self._pending[:FRAME_BYTES])
            del self._pending[:FRAME_BYTES]
            if not self._pending:
                self._more.clear()
            if frame:
                pcm = frame.ljust(FRAME_BYTES, b"\0")
                await self._source.capture_frame(rtc.AudioFrame(pcm, SAMPLE_RATE_HZ, 1, FRAME_SAMPLES))
