"""The media plane: every call of a process as rows of arrays, advanced together by one `tick`.

Nothing here reads a clock by itself or waits: whoever owns the plane calls `tick` every 20 ms (`clock.py`
on a live process, a loop over numbers in a test).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from antiphon.audio.ports import LineFormat, MediaSink, MediaSource
from antiphon.runtime.media.bank import Bank
from antiphon.runtime.media.line import LiveCall, PlaneLine, PlaneSource
from antiphon.runtime.media.ports import Line, LineListener
from antiphon.runtime.media.settings import PlaneCounters, SpeechGate
from antiphon.speech.ports import VoiceActivity

# Memory is taken when a row is first used, so many cost nothing; growing copies all of them within one tick.
_ROWS = 512
# About 64 windows of voice activity, where the cost of a window is at its lowest: 2 to 3 ms.
_RUN_ROWS = 160


class MediaPlane:
    """One per process.

    Args:
        clock: Monotonic nanoseconds.
        rows: Calls of one sample rate before its arrays must grow.
        run_rows: Calls that are advanced together before the event loop may turn.
    """

    def __init__(
        self,
        vad_8k: VoiceActivity,
        vad_16k: VoiceActivity,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        gate: SpeechGate | None = None,
        rows: int = _ROWS,
        run_rows: int = _RUN_ROWS,
    ) -> None:
        self.counters = PlaneCounters()
        self._clock = clock
        gate = gate or SpeechGate()
        self._banks = {
            vad.sample_rate_hz: Bank(vad, gate, self.counters, capacity=rows, run_rows=run_rows)
            for vad in (vad_8k, vad_16k)
        }

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
        for _ in self.tick_in_runs(now_ns):
            pass

    def tick_in_runs(self, now_ns: int) -> Iterator[None]:
        """The same, with pauses in which the event loop may turn; must be taken to its end."""
        self.counters.ticks += 1
        for bank in self._banks.values():
            if bank.busy:
                yield from bank.tick(now_ns)
