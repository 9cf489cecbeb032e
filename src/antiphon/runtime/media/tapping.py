"""A line that is listened in on: whoever taps it is told what comes and what goes, and changes nothing."""

from __future__ import annotations

from antiphon.audio.ports import MediaSink
from antiphon.runtime.media.ports import LineTap


class TappedSink:
    """A `MediaSink` whose `taps` learn what went to the caller. It stays when they are gone: that costs one
    call a message, and nothing has to be changed while audio flows."""

    def __init__(self, sink: MediaSink) -> None:
        self._sink = sink
        self.taps: tuple[LineTap, ...] = ()

    def send(self, payload: bytes) -> None:
        self._sink.send(payload)
        for tap in self.taps:
            tap.sent(payload)

    def mark(self, name: str) -> None:
        self._sink.mark(name)

    def clear(self) -> None:
        self._sink.clear()
        for tap in self.taps:
            tap.cleared()

    def end(self) -> None:
        self._sink.end()
