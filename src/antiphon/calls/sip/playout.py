"""What one caller will hear: written ahead into the library's buffer, and marks that say how far that is.

RTP says nothing of playout. A mark counts as reached when all before it was sent and the far end's own buffer
has had time for it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

FAR_END_TICKS = 3  # 60 ms: what telephones and gateways usually hold.
BACKLOG_MAX_BYTES = 64_000  # 4 s at 8 kHz; a sender that keeps its lead never comes near.


class Outlet(Protocol):
    """The part of a `SipLeg` that sends."""

    def write(self, pcm: bytes) -> int: ...
    def unsent_bytes(self) -> int: ...
    def clear(self) -> None: ...


class Playout:
    """One call's. `tick` every 20 ms gives the marks that were reached.

    Attributes:
        dropped_bytes: Given up because neither the library nor the backlog had room.
    """

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._backlog = bytearray()
        self._given_bytes = 0  # To `say`, less what was cleared.
        self._marks: deque[tuple[int, str]] = deque()
        self._sounding: deque[tuple[int, str]] = deque()  # Sent; reached at this tick.
        self._ticks = 0
        self.dropped_bytes = 0

    @property
    def is_idle(self) -> bool:
        """Everything was sent, and had time to be heard."""
        return not self._marks and not self._sounding and not self._unsent()

    def say(self, pcm: bytes) -> None:
        room = BACKLOG_MAX_BYTES - len(self._backlog)
        if len(pcm) > room:
            self.dropped_bytes += len(pcm) - room
            pcm = pcm[:room]
        self._given_bytes += len(pcm)
        self._backlog += pcm
        self._pour()

    def mark(self, name: str) -> None:
        self._marks.append((self._given_bytes, name))

    def clear(self) -> None:
        """Marks go unanswered: whoever clears no longer counts them."""
        self._outlet.clear()
        self._backlog.clear()
        self._marks.clear()
        self._sounding.clear()

    def tick(self) -> list[str]:
        self._ticks += 1
        if self._backlog:
            self._pour()
        sent = self._given_bytes - self._unsent() if self._marks else 0
        while self._marks and self._marks[0][0] <= sent:
            self._sounding.append((self._ticks + FAR_END_TICKS, self._marks.popleft()[1]))
        reached = []
        while self._sounding and self._sounding[0][0] <= self._ticks:
            reached.append(self._sounding.popleft()[1])
        return reached

    def _unsent(self) -> int:
        return len(self._backlog) + self._outlet.unsent_bytes()

    def _pour(self) -> None:
        taken = self._outlet.write(bytes(self._backlog))
        del self._backlog[:taken]
