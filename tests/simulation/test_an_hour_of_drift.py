"""A phone whose clock runs fast or slow against ours, for an hour of virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.ports import PHONE
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.media.rows import HISTORY_FRAMES
from tests.doubles.media_line import MS, EnergyVad, FarEnd, Notes, VirtualClock, encoded, silence, tone


class _Drifting:
    """A sender whose clock runs fast or slow: a word every 20 s, dated by ours."""

    EVERY, WORD = 1000, 20  # Frames.

    def __init__(self, plane: MediaPlane, clock: VirtualClock, ppm: float) -> None:
        self.ppm, self.clock = ppm, clock
        self.notes = Notes()
        self.source, self.line = plane.attach(PHONE, FarEnd(clock, PHONE), self.notes, 80)
        self.began_ns = clock.now_ns
        self.frames = 0
        self.truth_ms: list[float] = []
        self._word = encoded(tone(20), PHONE)
        self._quiet = encoded(silence(20), PHONE)

    @property
    def next_ns(self) -> float:
        return self.began_ns + (self.frames + 1) * 20 * MS * (1 - self.ppm / 1e6)

    def send(self) -> None:
        place = self.frames % self.EVERY
        if place == self.EVERY // 2:
            self.truth_ms.append((self.next_ns - self.began_ns) / MS - 20)
        self.source.receive(self._word if 0 <= place - self.EVERY // 2 < self.WORD else self._quiet)
        self.frames += 1


class _ForgetfulVad(EnergyVad):
    """An hour of windows is not kept."""

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.windows.clear()
        return super().probabilities(rows, windows)


@pytest.mark.own_pace  # 180,000 ticks.
def test_a_senders_clock_may_be_off_for_an_hour_and_dates_stay_right() -> None:
    clock = VirtualClock()
    plane = MediaPlane(_ForgetfulVad(8000), _ForgetfulVad(16000), clock=clock)
    senders = [_Drifting(plane, clock, ppm) for ppm in (-500, -100, 500)]
    for _ in range(50 * 3600):
        clock.now_ns += 20 * MS
        for sender in senders:
            while sender.next_ns <= clock.now_ns:
                sender.send()
        plane.tick(clock.now_ns)
    for sender in senders:
        onsets = [float(str(event[1])) for event in sender.notes.named("started")]
        assert len(onsets) == len(sender.truth_ms) >= 178, "no word was lost and none was made up"
        wrong = np.array(onsets) - np.array(sender.truth_ms)
        assert np.abs(wrong).max() <= 30, f"{sender.ppm} ppm"
        assert np.abs(wrong[-20:]).mean() <= np.abs(wrong[:20]).mean() + 10, "and nothing adds up"
        held = len(sender.line.recent_audio(60_000)) // 320
        assert held == HISTORY_FRAMES, "nothing piles up"
    assert plane.counters.frames_filled == plane.counters.frames_dropped == 0
