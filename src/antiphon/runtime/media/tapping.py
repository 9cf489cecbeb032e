"""A line that is listened in on: whoever taps it is told what comes and what goes, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.audio.ports import MediaSink
from antiphon.runtime.media.ports import LineTap
from antiphon.runtime.media.settings import PlaneCounters


class TappedSink:
    """A `MediaSink` whose `taps` learn what went to the caller. It stays when they are gone: that costs one
    call a message, and nothing has to be changed while audio flows."""

    def __init__(self, sink: MediaSink, counters: PlaneCounters) -> None:
        self._sink, self._counters = sink, counters
        self.taps: tuple[LineTap, ...] = ()

    def send(self, payload: bytes) -> None:
        self._sink.send(payload)
        self.tell(lambda tap: tap.sent(payload))

    def mark(self, name: str) -> None:
        self._sink.mark(name)

    def clear(self) -> None:
        self._sink.clear()
        self.tell(lambda tap: tap.cleared())

    def end(self) -> None:
        self._sink.end()

    def tell(self, tell: Callable[[LineTap], None]) -> None:
        """Everybody who listens in; who breaks hears no more, and the call goes on."""
        for tap in self.taps:
            try:
                tell(tap)
            except Exception:  # The owner of a tap, which is worth less than the call it hears.
                self._counters.taps_broken += 1
                self.taps = tuple(one for one in self.taps if one is not tap)
