"""Tells a voicemail from a person on a call we placed: by its beep, or by a fax's tones."""

from __future__ import annotations

from antiphon.calls.amd.screening import AnswererScreening
from antiphon.conversation import events as ev
from antiphon.runtime.screening import ScreeningRequest

_MACHINES = frozenset({"machine", "fax"})


class MachineEar:
    """One call's. It hears no words: a greeting without a beep is for the person's own silence to end."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._heard_bytes = 0
        self._is_machine = False
        self._screening = AnswererScreening(
            ScreeningRequest(sample_rate_hz=sample_rate_hz, language="en", post=self._judged)
        )

    def hears_machine(self, pcm: bytes) -> bool:
        """Takes what came next, s16le; True once it is sure."""
        self._heard_bytes += len(pcm)
        if not self._screening.is_over:
            self._screening.hear(pcm, self._heard_bytes // 2 * 1000 // self._rate_hz)
        return self._is_machine

    def _judged(self, event: ev.Event) -> None:
        match event:
            case ev.BeepHeard():
                self._is_machine = True
            case ev.AnswererJudged(verdict=verdict):
                self._is_machine |= verdict in _MACHINES
