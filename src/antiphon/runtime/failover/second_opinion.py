"""What another recogniser makes of an utterance of which the one in use has said nothing at all: it may have
found no words, as vendors say nothing of noise, or it hangs. Whoever hears words in it knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.errors import ProviderError
from antiphon.runtime.clock import PatientTimer
from antiphon.runtime.failover.kept_audio import KeptAudio
from antiphon.runtime.failover.race import Candidate
from antiphon.speech.ports import SpeechToText, SttStream, Transcript

# Silence is taken for silence after 700 ms, and the core waits 1.5 s for a final.
OPINION_MS = 700


@dataclass(slots=True, eq=False, kw_only=True)
class SecondOpinion:
    """Attributes: index: In the call's list. generation: Of the stream, should it become the call's."""

    index: int
    candidate: Candidate[SpeechToText]
    ticket: int
    generation: int
    stream: SttStream | None = field(default=None, init=False)
    _deadline: PatientTimer | None = field(default=None, init=False)

    def ask(self, stream: SttStream, kept: KeptAudio, too_late: Callable[[], None]) -> None:
        """Raises ProviderError where it cannot be asked."""
        self.stream = stream
        self._deadline = PatientTimer(OPINION_MS / 1000, too_late)
        before, said, since = kept.parts()
        stream.push(before)
        stream.speech_started()
        stream.push(said)
        stream.speech_stopped()
        if kept.speaking:
            stream.speech_started()
        stream.push(since)

    def heard_nothing(self, final: Transcript) -> None:
        """It says that there were no words: it is well then, unless it lost them."""
        if final.lost:
            self.candidate.health.abandoned(self.ticket)
        else:
            self.candidate.health.succeeded(self.ticket)

    def failed(self, error: ProviderError) -> None:
        self.candidate.health.failed(self.ticket, error)
        self.over()

    def over(self) -> None:
        """It is not waited for any more."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
