"""A switchboard over a real media plane on virtual time, with a listener that only notes."""

from __future__ import annotations

from tests.doubles.media_line import MS, Notes, World

from antiphon.audio.ports import MediaSink, MediaSource
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Arrival, CallerView
from antiphon.runtime.media.ports import Line


class NotingSwitchboard:
    """Answers for the agent "clinic". `calls` holds what arrived, in order."""

    def __init__(self, *, full: bool = False) -> None:
        self.world = World()
        self.full = full
        self.calls: list[tuple[Arrival, Line, Notes]] = []

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        if arrival.agent != "clinic":
            raise ConfigError(f"no agent {arrival.agent}")
        if self.full:
            raise CallFailed("no capacity")
        notes = Notes()
        source, line = self.world.plane.attach(arrival.line_format, sink, notes, arrival.lead_ms)
        self.calls.append((arrival, line, notes))
        return f"call-{len(self.calls)}", source

    def pass_time(self, duration_ms: int) -> None:
        """Move the clock and tick, as the media clock would."""
        for _ in range(duration_ms // 20):
            self.world.clock.now_ns += 20 * MS
            self.world.plane.tick(self.world.clock.now_ns)
