"""What the caller says, on its way out of WebRTC: packets in order, lost ones filled, 16 kHz mono out.

aiortc's own buffer withholds 80 ms always, and stops for 320 ms at a single lost packet. Recognition needs
order, not smoothness, so packets pass at once and only a gap is waited for, shortly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray

WAIT_PACKETS = 3  # A missing packet is given up when this many newer ones (60 ms) are here.
MISORDER_MAX = 100  # A sequence number further behind than this is a restarted stream, not a late packet.
DROPOUT_MAX = 3000  # Nor is one so far ahead a loss (RFC 3550, A.1).
FILL_MAX_MS = 120  # Longer gaps have already passed as silence on the media clock.
RTP_RATE_HZ = 48000  # RFC 7587, 4.1: Opus always counts at 48 kHz.
OUT_RATE_HZ = 16000


class Sequenced(Protocol):
    """What ordering needs of an RTP packet. Numbers count within one source."""

    sequence_number: int
    ssrc: int


class PacketOrder:
    """Puts RTP packets back in order; gives up on a missing one after `WAIT_PACKETS` newer packets.

    Attributes:
        lost: Packets given up.
        late: Packets that came after their place was given up, or twice; dropped.
    """

    def __init__(self) -> None:
        self._next: int | None = None
        self._source: int | None = None
        self._waiting: dict[int, Sequenced] = {}
        self.lost = 0
        self.late = 0

    def add(self, packet: Sequenced) -> list[Sequenced]:
        """Packets that may go on now, oldest first."""
        sequence = packet.sequence_number
        if self._next is None or packet.ssrc != self._source:
            return self._begin(packet)
        ahead = (sequence - self._next) & 0xFFFF
        if 0x10000 - ahead <= MISORDER_MAX:
            self.late += 1
            return []
        if ahead > DROPOUT_MAX:
            return self._begin(packet)
        self._waiting[sequence] = packet
        return self._release()

    def _begin(self, packet: Sequenced) -> list[Sequenced]:
        """A count of its own; what still waited of the one before goes first."""
        begin = self._next or 0
        before = sorted(self._waiting.items(), key=lambda item: (item[0] - begin) & 0xFFFF)
        self._waiting.clear()
        self._source, self._next = packet.ssrc, (packet.sequence_number + 1) & 0xFFFF
        return [*(late for _, late in before), packet]

    def _release(self) -> list[Sequenced]:
        assert self._next is not None
        ready: list[Sequenced] = []
        while self._waiting:
            packet = self._waiting.pop(self._next, None)
            if packet is not None:
                ready.append(packet)
            elif len(self._waiting) < WAIT_PACKETS:
                break
            else:
                start = self._next
                nearest = min((sequence - start) & 0xFFFF for sequence in self._waiting)
                self.lost += nearest
                self._next = (start + nearest) & 0xFFFF
                continue
            self._next = (self._next + 1) & 0xFFFF
        return ready


class _NoBuffer:
    """Stands where aiortc keeps its jitter buffer; order is already restored."""

    def add(self, packet: Any) -> tuple[bool, Any]:
        from aiortc.jitterbuffer import JitterFrame

        return False, JitterFrame(data=packet._data, timestamp=packet.timestamp)


def order_packets(receiver: Any) -> PacketOrder:
    """Replace the buffering of one aiortc `RTCRtpReceiver` by `PacketOrder`.

    It has no public seam for this: a test checks the two private names against the installed version.
    """
    order = PacketOrder()
    accept: Callable[..., Awaitable[None]] = receiver._handle_rtp_packet
    assert hasattr(receiver, "_RTCRtpReceiver__jitter_buffer"), (
        "this aiortc keeps its jitter buffer elsewhere"
    )
    receiver._RTCRtpReceiver__jitter_buffer = _NoBuffer()

    async def accept_in_order(packet: Any, arrival_time_ms: int) -> None:
        for ready in order.add(packet):
            await accept(ready, arrival_time_ms=arrival_time_ms)

    receiver._handle_rtp_packet = accept_in_order
    return order


class VoiceIntake:
    """Decoded frames (48 kHz) of one caller to linear 16 kHz mono, with short gaps concealed.

    A gap repeats the last 20 ms, faded out: a hard hole clicks, and a click looks like an onset.

    Attributes:
        filled_ms: Audio made up for lost packets.
    """

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=OUT_RATE_HZ)
        self._due_pts: int | None = None
        self._last: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self.filled_ms = 0

    def take(self, frame: av.AudioFrame) -> bytes:
        """Linear 16-bit audio of this frame, preceded by what was lost before it."""
        fill = b""
        if self._due_pts is not None and frame.pts is not None:
            gap_ms = (frame.pts - self._due_pts) * 1000 // RTP_RATE_HZ
            if 0 < gap_ms <= FILL_MAX_MS:
                fill = self._conceal(gap_ms)
        if frame.pts is not None:
            self._due_pts = frame.pts + frame.samples * RTP_RATE_HZ // frame.sample_rate
        frame.pts = None  # The resampler would otherwise insert the gap itself, as hard silence.
        parts = [out.to_ndarray().reshape(-1) for out in self._resampler.resample(frame)]
        pcm = np.concatenate(parts).astype(np.int16) if parts else np.zeros(0, dtype=np.int16)
        if pcm.size:
            self._last = pcm
        return fill + pcm.tobytes()

    def _conceal(self, gap_ms: int) -> bytes:
        samples = gap_ms * OUT_RATE_HZ // 1000
        self.filled_ms += gap_ms
        if not self._last.size:
            return bytes(samples * 2)
        repeated = np.resize(self._last, samples).astype(np.float32)
        fade = np.maximum(0.0, 1.0 - np.arange(samples, dtype=np.float32) / (OUT_RATE_HZ * 0.06))
        concealed: bytes = (repeated * fade).astype(np.int16).tobytes()
        return concealed
