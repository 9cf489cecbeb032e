"""Ports of the media path: what a transport (browser, carrier, loopback) and the media plane owe each other.

A transport decodes its own framing (JSON, RTP, WebRTC) and hands encoded or linear bytes in; the media plane
hands encoded bytes of exactly one format out. Nothing here runs per frame in Python tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Encoding(Enum):
    """Sample encodings a line may carry."""

    MULAW = "mulaw"  # ITU-T G.711, 1 byte a sample
    L16 = "l16"  # linear PCM, signed 16-bit little-endian, 2 bytes a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat:
    """Mono audio of one line, the same both ways. `sample_rate_hz` is 8000 or 16000."""

    encoding: Encoding
    sample_rate_hz: int

    @property
    def bytes_per_ms(self) -> int:
        return self.sample_rate_hz // 1000 * (1 if self.encoding is Encoding.MULAW else 2)


PHONE = LineFormat(encoding=Encoding.MULAW, sample_rate_hz=8000)
WIDEBAND = LineFormat(encoding=Encoding.L16, sample_rate_hz=16000)


class MediaSink(Protocol):
    """Toward the caller. Called by the media plane from the event loop thread; must not block or raise."""

    def send(self, payload: bytes) -> None:
        """Queue encoded audio (a multiple of 20 ms) for playout at the far end."""

    def mark(self, name: str) -> None:
        """Ask to be told (`MediaSource.played`) when everything sent before has been played out.

        A sink whose transport cannot tell (plain RTP, WebRTC) answers from its own playout estimate.
        """

    def clear(self) -> None:
        """Drop what the far end has not yet played. Marks still pending may come back at once; they then
        do not count as played."""

    def end(self) -> None:
        """The agent's side is done: close the line."""


class MediaSource(Protocol):
    """From the caller. What `MediaPlane.attach` gives a transport; every method is safe at any time and
    ignored after `closed`."""

    def receive(self, payload: bytes | memoryview) -> None:
        """Encoded audio as it arrives, any length; copied before return."""

    def concealed(self, duration_ms: int) -> None:
        """Of the audio given last, so much was made up for packets that never came."""

    def played(self, name: str) -> None:
        """The far end answered the mark `name`."""

    def dtmf(self, digit: str) -> None:
        """One key: 0-9, *, #, A-D."""

    def talk(self, pressed: bool) -> None:
        """The caller holds a talk button down, or let it go; lines without one never call this."""

    def show(self, image: bytes, media_type: str) -> None:
        """The caller shows a picture or a frame of video (JPEG or PNG); lines without a screen never do."""

    def typed(self, text: str) -> None:
        """Words of the caller that need no recogniser, a whole turn; most lines carry none."""

    def stop(self) -> None:
        """The caller wants to hear no more of this reply; lines without such a button never call this."""

    def closed(self, reason: str) -> None:
        """The line is gone: "hangup" (the caller's doing) or "error: ..."."""
