"""The two channels of a recording, lined up by call time: what the caller said, what he was played.

Both are kept in the line's own encoding. The caller's samples are continuous. The agent's go where they were
played: behind what is still to be played, or at the moment they were sent; what a clear took back never was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from antiphon.audio import g711
from antiphon.audio.ports import Encoding, LineFormat

PIECE_MS: Final = 1000
# A clear reaches back no further than what the far end holds: a line's lead, or a carrier's buffer.
SETTLED_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`caller` and `agent` are of one length, in the line's encoding."""

    caller: bytes
    agent: bytes


class Tracks:
    """Sound from `since_ms` of call time on, given out in pieces (whole seconds) as they settle."""

    def __init__(
        self,
        line_format: LineFormat,
        since_ms: int,
        *,
        piece_ms: int = PIECE_MS,
        settled_ms: int = SETTLED_MS,
    ) -> None:
        self._piece_ms, self._settled_ms = piece_ms, settled_ms
        self._format = line_format
        self._bytes_per_ms = line_format.bytes_per_ms
        self._silence = b"\xff" if line_format.encoding is Encoding.MULAW else b"\0"
        self._since_ms = since_ms
        self._taken = 0  # Bytes of each channel given out.
        self._caller = bytearray()
        self._agent = bytearray()
        self.silent = False  # Kept as silence for now.

    def caller(self, pcm: bytes) -> None:
        """Linear audio, in order."""
        data = self._encoded(pcm)
        self._caller += self._silence * len(data) if self.silent else data

    def agent(self, payload: bytes, now_ms: int) -> None:
        """Encoded audio that plays from now on, or behind what is still playing."""
        at = max(self._at(now_ms), self._taken + len(self._agent))
        self._agent += self._silence * (at - self._taken - len(self._agent))
        self._agent += self._silence * len(payload) if self.silent else payload

    def cleared(self, now_ms: int) -> None:
        keep = max(0, self._at(now_ms) - self._taken)
        del self._agent[keep:]

    def settled(self) -> list[Piece]:
        """Pieces that nothing can change any more."""
        pieces = []
        size = self._piece_ms * self._bytes_per_ms
        while len(self._caller) >= size + self._settled_ms * self._bytes_per_ms:
            pieces.append(self._take(size))
        return pieces

    def rest(self, now_ms: int) -> list[Piece]:
        """All that is left when the call is over; what was still to be played was not heard."""
        self.cleared(now_ms)
        pieces = []
        size = self._piece_ms * self._bytes_per_ms
        while left := max(len(self._caller), len(self._agent)):
            pieces.append(self._take(min(size, left)))
        return pieces

    def _take(self, size: int) -> Piece:
        taken = []
        for channel in (self._caller, self._agent):
            sound = bytes(channel[:size])
            del channel[:size]
            taken.append(sound + self._silence * (size - len(sound)))
        self._taken += size
        return Piece(caller=taken[0], agent=taken[1])

    def _at(self, now_ms: int) -> int:
        """Bytes since the tracks began."""
        return max(0, now_ms - self._since_ms) * self._bytes_per_ms

    def _encoded(self, pcm: bytes) -> bytes:
        if self._format.encoding is Encoding.MULAW:
            return g711.encode(np.frombuffer(pcm, "<i2")).tobytes()
        return pcm
