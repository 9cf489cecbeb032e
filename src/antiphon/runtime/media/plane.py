"""The media plane: every call of a process as rows of arrays, advanced together by one `tick`.

Nothing here reads a clock by itself or waits: whoever owns the plane calls `tick` every 20 ms (`clock.py`
on a live process, a loop over numbers in a test).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from antiphon.audio.ports import LineFormat, MediaSink, MediaSource
from antiphon.runtime.media.bank import Bank
from antiphon.runtime.media.line import LiveCall, PlaneLine, PlaneSource
from antiphon.runtime.media.ports import Line, LineListener
from antiphon.runtime.media.settings import PlaneCounters, SpeechGate
from antiphon.speech.ports import VoiceActivity


class MediaPlane:
    """One per process. `clock` gives monotonic nanoseconds."""

    def __init__(
        self,
        vad_8k: VoiceActivity,
        vad_16k: VoiceActivity,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        gate: SpeechGate | None = None,
    ) -> None:
        self.counters = PlaneCounters()
        self._clock = clock
        gate = gate or SpeechGate()
        self._banks = {vad.sample_rate_hz: Bank(vad, gate, self.counters) for vad in (vad_8k, vad_16k)}

    @property
    def live_calls(self) -> int:
        return sum(bank.live_count for bank in self._banks.values())

    def attach(
        self, line_format: LineFormat, sink: MediaSink, listener: LineListener, lead_ms: int
    ) -> tuple[MediaSource, Line]:
        """Give a call a row. Its time begins now.

        Raises:
            KeyError: The sample rate is neither of the two.
        """
        call = LiveCall(
            self._banks[line_format.sample_rate_hz],
            line_format,
            sink,
            listener,
            lead_ms,
            clock=self._clock,
            counters=self.counters,
        )
        return PlaneSource(call), PlaneLine(call)

    def tick(self, now_ns: int) -> None:
        """Advance every call by what arrived and by what is due. Listeners are called from here."""
        self.counters.ticks += 1
        for bank in self._banks.values():
            if bank.busy:
                bank.tick(now_ns)
