"""Voice activity that does not go away: what a detector that failed has missed it does not judge by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ProviderProtocolError
from antiphon.runtime.failover.race import Candidate
from antiphon.speech.ports import VoiceActivity


class FailoverVad:
    """`VoiceActivity` over candidates in order of preference, and one that cannot fail behind them.

    A plane without voice activity is a worker without ears, and its calls would all be lost at once. So every
    batch of windows is judged by somebody. Who comes back begins anew with the rows that others have judged:
    the past it remembers of them is not what came just before.

    Args:
        last: Judges when nobody else does; its faults are ours.
    """

    def __init__(self, candidates: Sequence[Candidate[VoiceActivity]], last: VoiceActivity) -> None:
        assert {candidate.port.sample_rate_hz for candidate in candidates} <= {last.sample_rate_hz}
        self._candidates = candidates
        self._last = last
        self._missed: list[set[int]] = [set() for _ in candidates]

    @property
    def sample_rate_hz(self) -> int:
        return self._last.sample_rate_hz

    @property
    def window_samples(self) -> int:
        return self._last.window_samples

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `VoiceActivity`."""
        found: NDArray[np.float32] | None = None
        for candidate, missed in zip(self._candidates, self._missed, strict=True):
            if found is None:
                found = _judged(candidate, missed, rows, windows)
            if found is None:
                missed.update(rows.tolist())
        return self._last.probabilities(rows, windows) if found is None else found

    def reset(self, rows: NDArray[np.intp]) -> None:
        """As `VoiceActivity`."""
        for port in (*(candidate.port for candidate in self._candidates), self._last):
            port.reset(rows)


def _judged(
    candidate: Candidate[VoiceActivity],
    missed: set[int],
    rows: NDArray[np.intp],
    windows: NDArray[np.float32],
) -> NDArray[np.float32] | None:
    """None where it cannot be asked or does not answer with probabilities."""
    ticket = candidate.health.admit()
    if ticket is None:
        return None
    port = candidate.port
    try:
        if missed:
            port.reset(np.array(sorted(missed.intersection(rows.tolist())), np.intp))
            missed.difference_update(rows.tolist())
        found = port.probabilities(rows, windows)
        if not ((found >= 0) & (found <= 1)).all():  # Neither is a number that is none.
            raise ProviderProtocolError(candidate.name, "probabilities that are none")
    except Exception as error:  # The owner of a batch: out of it, it would end every call of the worker.
        candidate.health.failed(ticket, error)
        return None
    candidate.health.succeeded(ticket)
    return found
