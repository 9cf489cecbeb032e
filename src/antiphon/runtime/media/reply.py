"""The audio of one reply, encoded once when it comes, and how far it has been sent and heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.ports import Encoding, LineFormat


class Codec:
    """Linear PCM to and from what the line carries."""

    def __init__(self, line_format: LineFormat) -> None:
        self.sample_rate_hz = line_format.sample_rate_hz
        self.sample_bytes = 1 if line_format.encoding is Encoding.MULAW else 2
        self.frame_samples = line_format.sample_rate_hz // 50
        self._mulaw = line_format.encoding is Encoding.MULAW
        self.silence = bytes([g711.SILENCE]) if self._mulaw else b"\0\0"

    def encode(self, pcm: bytes) -> bytes:
        if not self._mulaw:
            return pcm
        return g711.encode(np.frombuffer(pcm, "<i2").astype(np.int16, copy=False)).tobytes()

    def decode(self, encoded: bytes) -> NDArray[np.int16]:
        if self._mulaw:
            return g711.decode(np.frombuffer(encoded, np.uint8))
        return np.frombuffer(encoded, "<i2").astype(np.int16)

    def fade(self, encoded: bytes) -> bytes:
        """The same samples, falling to silence."""
        return self._ramp(encoded, 1.0, 0.0)

    def rise(self, encoded: bytes, samples: int) -> bytes:
        """The same samples, the first of them rising from silence."""
        rising = samples * self.sample_bytes
        return self._ramp(encoded[:rising], 0.0, 1.0) + encoded[rising:]

    def _ramp(self, encoded: bytes, first: float, last: float) -> bytes:
        linear = self.decode(encoded)
        ramp = linear * np.linspace(first, last, len(linear), dtype=np.float32)
        return self.encode(ramp.astype("<i2").tobytes())

    def ms(self, samples: int) -> int:
        return samples * 1000 // self.sample_rate_hz

    def ns(self, samples: int) -> int:
        return samples * 1_000_000_000 // self.sample_rate_hz

    def samples_ceil(self, duration_ns: int) -> int:
        return -(-max(0, duration_ns) * self.sample_rate_hz // 1_000_000_000)


class Reply:
    """Positions are samples from the reply's start. `sent` moves back when the far end is cleared."""

    __slots__ = (
        "_codec",
        "_encoded",
        "_linear",
        "complete",
        "cut",
        "deadline_ns",
        "deferred",
        "final_mark_sent",
        "heard",
        "marked",
        "paused",
        "reply_id",
        "rising",
        "sent",
        "started",
        "total",
    )

    def __init__(self, reply_id: str, codec: Codec) -> None:
        self.reply_id = reply_id
        self.sent = 0
        self.heard = 0  # Never moves back, and never past what was sent.
        self.marked = 0  # Position of the last mark.
        self.started = self.paused = False
        self.deferred = False  # Paused, and those behind go first.
        self.cut = False  # Paused in the middle of its sound.
        self.rising = 0  # Samples that rise from silence, the next that are sent.
        self.complete = False  # Nothing more will be appended.
        self.final_mark_sent = False
        self.deadline_ns = 0  # When the last mark is given up, once it was sent.
        self.total = 0
        self._codec = codec
        self._encoded = bytearray()
        # Encoded when it is needed: voices give 20 ms at a time, faster than they are played, and a look-up
        # over a second costs hardly more than over that.
        self._linear = bytearray()

    def append(self, pcm: bytes) -> None:
        odd = len(self._linear) & 1
        self._linear += pcm
        self.total += (odd + len(pcm)) // 2

    @property
    def spent(self) -> bool:
        """Everything that will ever be was sent."""
        return self.complete and self.sent == self.total

    @property
    def sendable(self) -> bool:
        """A frame, or the last part of one, is waiting."""
        waiting = self.total - self.sent
        return waiting >= self._codec.frame_samples or (self.complete and waiting > 0)

    def take(self, samples_max: int) -> tuple[bytes, int, int]:
        """The next message, whole frames, the very last one padded: payload, its own samples, padding."""
        frame = self._codec.frame_samples
        waiting = self.total - self.sent
        own = min(waiting, samples_max)
        if own < samples_max and not self.complete:
            own = own // frame * frame
        padding = -own % frame
        payload = self.peek(own)
        if self.rising:
            payload, self.rising = self._codec.rise(payload, self.rising), 0
        payload += self._codec.silence * padding
        self.sent += own
        return payload, own, padding

    def read(self, start: int, samples: int) -> NDArray[np.int16]:
        """Linear samples from a position that was sent before."""
        width = self._codec.sample_bytes
        return self._codec.decode(bytes(self._encoded[start * width : (start + samples) * width]))

    def peek(self, samples: int) -> bytes:
        """Up to so many samples that would be sent next, encoded."""
        width = self._codec.sample_bytes
        if (self.sent + samples) * width > len(self._encoded):
            whole = len(self._linear) & ~1  # Half a sample waits for its other half.
            self._encoded += self._codec.encode(bytes(self._linear[:whole]))
            del self._linear[:whole]
        return bytes(self._encoded[self.sent * width : (self.sent + samples) * width])
