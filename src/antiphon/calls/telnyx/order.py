"""Telnyx does not promise the order of media messages: back into order by their chunk number.

In order, a message costs one comparison. Out of order it waits for the missing one, but never for more than
100 ms of audio.
"""

from __future__ import annotations

from collections import Counter

HELD_MAX = 5
_LATE_MAX = 10  # So many late ones in a row are a count that began anew.


class ChunkOrder:
    """Counts `media_reordered`, `media_late` (dropped: its place was given up, or it came twice) and
    `media_lost`."""

    def __init__(self, counted: Counter[str]) -> None:
        self._counted = counted
        self._next = -1  # The first that comes sets the count.
        self._held: dict[int, bytes] = {}
        self._late = 0

    def push(self, chunk: int, payload: bytes) -> bytes:
        """What may be heard now, in order; empty while a gap is waited for."""
        if chunk == self._next and not self._held:
            self._next += 1
            return payload
        if chunk < 0:
            return payload  # Not numbered.
        if self._next < 0 or self._late >= _LATE_MAX:
            self._next, self._late = chunk + 1, 0
            self._held.clear()
            return payload
        if chunk < self._next or chunk in self._held:
            self._counted["media_late"] += 1
            self._late += 1
            return b""
        self._late = 0
        if chunk != self._next:
            self._counted["media_reordered"] += 1
        self._held[chunk] = payload
        if len(self._held) > HELD_MAX:
            first = min(self._held)
            self._counted["media_lost"] += first - self._next
            self._next = first
        return self._take()

    def _take(self) -> bytes:
        ready = []
        while self._next in self._held:
            ready.append(self._held.pop(self._next))
            self._next += 1
        return b"".join(ready)
