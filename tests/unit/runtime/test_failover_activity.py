"""Voice activity of a whole process: every window is judged, and nobody judges by an old past."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.activity import FailoverVad
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.race import Candidate


class Says:
    """Gives one number for every window; fails, or gives nonsense, when told to."""

    sample_rate_hz = 8000
    window_samples = 256

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.fails = False
        self.fault: Exception = ProviderUnavailable("vad", "the engine failed")
        self.asked: list[list[int]] = []
        self.forgot: list[list[int]] = []

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.asked.append(rows.tolist())
        if self.fails:
            raise self.fault
        return np.full(len(rows), self.probability, np.float32)

    def reset(self, rows: NDArray[np.intp]) -> None:
        self.forgot.append(rows.tolist())


class Ears:
    def __init__(self) -> None:
        self.now_ms = 0
        self.model, self.loudness = Says(0.9), Says(0.1)
        self.book = HealthBook(now_ms=lambda: self.now_ms)
        model = Candidate(name="model", port=self.model, health=self.book.of("vad", "model"))
        self.vad = FailoverVad([model], self.loudness)

    def hear(self, *rows: int, ticks: int = 1) -> float:
        for _ in range(ticks):
            self.now_ms += 20
            windows = np.zeros((len(rows), 288), np.float32)
            found = self.vad.probabilities(np.array(rows, np.intp), windows)
            assert len(found) == len(rows)
        return float(found[0])


def test_the_model_judges_while_it_is_well() -> None:
    ears = Ears()
    assert ears.hear(0, 1, ticks=100) == pytest.approx(0.9)
    assert ears.loudness.asked == []
    assert (ears.vad.sample_rate_hz, ears.vad.window_samples) == (8000, 256)


@pytest.mark.parametrize("nonsense", [None, float("nan"), 7.0])
def test_when_it_fails_loudness_judges_the_same_windows_and_it_is_soon_left_alone(
    nonsense: float | None,
) -> None:
    ears = Ears()
    ears.hear(0, 1, ticks=100)
    ears.model.fails, ears.model.probability = nonsense is None, nonsense or 0.9
    assert ears.hear(0, 1) == pytest.approx(0.1)
    ears.hear(0, 1, ticks=100)
    assert ears.book.states() == {"vad model": "open"}
    asked = len(ears.model.asked)
    ears.hear(0, 1, ticks=100)
    assert len(ears.model.asked) == asked
    assert len(ears.loudness.asked) == 201


def test_a_fault_of_ours_in_it_leaves_no_call_without_ears() -> None:
    """It is called by the clock of all calls: out of there it would end every one of them."""
    ears = Ears()
    ears.model.fails, ears.model.fault = True, ValueError("a shape")
    assert ears.hear(0, 1, ticks=100) == pytest.approx(0.1)
    assert ears.book.states() == {"vad model": "open"}


def test_when_it_comes_back_it_begins_anew_with_rows_that_it_has_missed() -> None:
    ears = Ears()
    ears.hear(0, 1, 2)
    ears.model.fails = True
    ears.hear(0, 1, ticks=60)
    ears.model.fails = False
    ears.now_ms += 5_000
    assert ears.hear(0, 2) == pytest.approx(0.9)
    assert ears.model.forgot[-1] == [0]
    ears.hear(1)
    assert ears.model.forgot[-1] == [1]
    forgot = len(ears.model.forgot)
    ears.hear(0, 1, 2, ticks=50)
    assert len(ears.model.forgot) == forgot
    assert ears.book.states() == {"vad model": "closed"}


def test_a_new_call_is_forgotten_by_everybody() -> None:
    ears = Ears()
    ears.vad.reset(np.array([3], np.intp))
    assert ears.model.forgot == ears.loudness.forgot == [[3]]
