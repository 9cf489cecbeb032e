"""What the agent says, on its way into WebRTC: a bounded queue of 20 ms frames, paced and encoded as Opus.

The queue never waits and never grows past its bound; an empty queue is silence. A mark counts as played only
after the frame before it was handed to RTP *and* the far end's own buffer has had time to play it.
"""

from __future__ import annotations

import asyncio
import fractions
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

SAMPLE_RATE_HZ = 16000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES * 2
BIT_RATE_BPS = (
    28_000  # Wideband speech is transparent from about 24 kb/s (RFC 6716, 2.1.1); a little headroom.
)
LATE_RESYNC_MS = 100  # After a stall longer than this the pace starts anew instead of sending a burst.

_SILENCE = bytes(FRAME_BYTES)
_TIME_BASE = fractions.Fraction(1, SAMPLE_RATE_HZ)


class PlayoutQueue:
    """Linear 16 kHz mono audio and marks in the order they were given. No clock, no loop.

    Attributes:
        dropped_bytes: Audio refused because the queue was full; a sender that keeps its lead never sees it.
    """

    def __init__(self, capacity_ms: int = 4000) -> None:
        self._capacity_bytes = capacity_ms * FRAME_BYTES // FRAME_MS
        self._pcm = bytearray()
        self._marks: deque[tuple[int, str]] = deque()
        self._taken_bytes = 0
        self.dropped_bytes = 0

    @property
    def queued_ms(self) -> int:
        return len(self._pcm) * FRAME_MS // FRAME_BYTES

    def push(self, pcm: bytes) -> None:
        room = self._capacity_bytes - len(self._pcm)
        if len(pcm) > room:
            self.dropped_bytes += len(pcm) - room
            pcm = pcm[:room]
        self._pcm += pcm

    def mark(self, name: str) -> None:
        self._marks.append((self._taken_bytes + len(self._pcm), name))

    def take(self) -> tuple[bytes, list[str]]:
        """The next 20 ms, and the marks that everything handed out before it has reached."""
        reached: list[str] = []
        while self._marks and self._marks[0][0] <= self._taken_bytes:
            reached.append(self._marks.popleft()[1])
        if not self._pcm:
            return _SILENCE, reached
        frame = bytes(self._pcm[:FRAME_BYTES])
        del self._pcm[:FRAME_BYTES]
        self._taken_bytes += len(frame)
        return frame.ljust(FRAME_BYTES, b"\0"), reached

    def clear(self) -> list[str]:
        """Drop all audio not yet taken; gives the marks that will now never be reached."""
        self._pcm.clear()
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names


class VoiceEncoder:
    """Opus for one voice: mono, wideband, 20 ms, with in-band redundancy for lossy networks."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        codec.bit_rate = BIT_RATE_BPS
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.time_base = _TIME_BASE
        codec.options = {
            "application": "voip",
            "frame_duration": str(FRAME_MS),
            "fec": "1",
            "packet_loss": "5",
            "compression_level": "5",
        }
        self._codec = codec

    def encode(self, frame: bytes, pts: int) -> Any:
        """One `av.Packet` whose time stamps are plain frame counts at 16 kHz."""
        audio = av.AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        audio.planes[0].update(frame)
        audio.sample_rate = SAMPLE_RATE_HZ
        audio.time_base = _TIME_BASE
        audio.pts = pts
        [packet] = self._codec.encode(audio)  # libopus answers every 20 ms frame with exactly one packet.
        # The codec shifts timestamps by its look-ahead; RTP wants the plain frame count.
        packet.pts, packet.time_base = pts, _TIME_BASE
        return packet


class PlayoutTrack(MediaStreamTrack):
    """The agent's voice as WebRTC sees it: hands RTP one encoded packet every 20 ms.

    Encoding here, inline, costs 100 to 200 µs; aiortc's way (a frame, encoded in a thread pool) costs that
    and two thread switches.

    Args:
        reached: Called with a mark's name when the frame before it went to RTP.
        is_held: Nobody can hear us now: silence goes out, and what is queued waits.
    """

    kind = "audio"

    def __init__(
        self,
        queue: PlayoutQueue,
        reached: Callable[[str], None],
        is_held: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self._queue, self._reached, self._is_held = queue, reached, is_held
        self._encoder = VoiceEncoder()
        self._pts = 0
        self._due_s = 0.0

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        await self._wait_for_turn()
        frame, marks = (_SILENCE, []) if self._is_held() else self._queue.take()
        packet = self._encoder.encode(frame, self._pts)
        self._pts += FRAME_SAMPLES
        for name in marks:
            self._reached(name)
        return packet

    async def _wait_for_turn(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._due_s == 0.0 or now_s - self._due_s > LATE_RESYNC_MS / 1000:
            self._due_s = now_s
        if self._due_s > now_s:
            await asyncio.sleep(self._due_s - now_s)
        self._due_s += FRAME_MS / 1000
