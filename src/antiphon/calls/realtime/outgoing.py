"""The agent's audio on its way to a client, and when the client has played it.

A client tells nothing of its playout but where it stopped. So the far end is reckoned: what was sent is heard
by the clock, after the usual length of a client's buffer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from antiphon.calls.realtime.intake import Cancellable, Later
from antiphon.calls.realtime.items import KEPT_MAX
from antiphon.calls.realtime.response import SpokenItem
from antiphon.calls.streams.codecs import Conversion

FAR_END_MS = 60


class Outgoing:
    """One call's. `played` is told the marks that were reached, or dropped by a clear."""

    def __init__(
        self,
        conversion: Conversion,
        played: Callable[[str], None],
        *,
        bytes_per_ms: int,
        clock: Callable[[], int],
        later: Later,
    ) -> None:
        self._conversion, self._played = conversion, played
        self._bytes_per_ms, self._clock, self._later = bytes_per_ms, clock, later
        self._far_end_ns = 0
        self._marks: dict[str, Cancellable] = {}
        self._sent_bytes: OrderedDict[str, int] = OrderedDict()  # By item.

    def send(self, item: SpokenItem, payload: bytes) -> bytes:
        """As it goes on the wire."""
        convert = self._conversion.outbound
        audio = convert(payload) if convert is not None else payload
        item.audio_bytes += len(audio)
        self._sent_bytes[item.id] = item.audio_bytes
        while len(self._sent_bytes) > KEPT_MAX:
            self._sent_bytes.popitem(last=False)
        duration_ns = len(audio) * 1_000_000 // self._bytes_per_ms
        self._far_end_ns = max(self._far_end_ns, self._clock()) + duration_ns
        return audio

    def sent_ms(self, item_id: str) -> int:
        """Audio of an item that left for the client."""
        return self._sent_bytes.get(item_id, 0) // self._bytes_per_ms

    def mark(self, name: str) -> None:
        wait_ns = max(0, self._far_end_ns - self._clock())
        self._marks[name] = self._later(wait_ns / 1e9 + FAR_END_MS / 1000, lambda: self._reached(name))

    def clear(self) -> None:
        """The client drops what it has not played; marks in it come back at once, and prove nothing."""
        self._conversion.forget()
        self._far_end_ns = 0
        for name, timer in self._marks.items():
            timer.cancel()
            self._marks[name] = self._soon(name)

    def close(self) -> None:
        for timer in self._marks.values():
            timer.cancel()
        self._marks.clear()

    def _soon(self, name: str) -> Cancellable:
        return self._later(0, lambda: self._reached(name))

    def _reached(self, name: str) -> None:
        self._marks.pop(name, None)
        self._played(name)
