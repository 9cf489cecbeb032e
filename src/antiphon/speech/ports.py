"""Ports of the senses: voice activity, end of turn, speech to text, text to speech.

Audio inside Antiphon is mono signed 16-bit little-endian PCM; `at_ms` is call time. `emit` is called on the
event loop thread. Cancelling the awaiting task is how work is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class VoiceActivity(Protocol):
    """Batched voice activity detection for all calls of one sample rate. State is kept per row."""

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def window_samples(self) -> int:
        """Samples a window: 256 at 8 kHz, 512 at 16 kHz (32 ms)."""

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Speech probability of one window per row. `windows` is [len(rows), context + window_samples] in
        -1..1, where context is 32 samples at 8 kHz and 64 at 16 kHz taken from just before the window."""

    def reset(self, rows: NDArray[np.intp]) -> None:
        """Forget the past of these rows (a new call took the row)."""


class EndOfTurn(Protocol):
    """Is the caller's turn complete, judged from sound."""

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        """Probability 0..1 that the turn is over, from up to the last 8 s of the caller's audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was understood of one segment so far.

    A later transcript of the same `segment` replaces an earlier one; a provider that freezes pieces opens a
    new segment for each. `final` answers `SttStream.speech_stopped`; an empty final means: no words there,
    unless `lost` says that nobody can know: the recogniser was gone, or took too long.
    """

    segment: int
    text: str
    final: bool
    confidence: float = 1.0
    language: str = ""
    # Word ends in ms from the segment's start, where the provider knows them.
    word_ends_ms: tuple[int, ...] = ()
    took_ms: int = 0  # Time from request to answer, for the latency waterfall.
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SttConfig:
    sample_rate_hz: int
    language: str = "en-US"
    vocabulary: tuple[str, ...] = ()  # The agent's own names and terms, for the whole call.


class SttStream(Protocol):
    """One call's recogniser. Audio is continuous while speech goes on, with >= 200 ms before its onset."""

    def push(self, pcm: bytes) -> None:
        """Audio in order, any block length (usually 20-100 ms)."""

    def speech_started(self) -> None:
        """Our VAD heard an onset in the audio just pushed."""

    def speech_stopped(self) -> None:
        """Our VAD heard the end; a final transcript is wanted now, exactly one per call of this method."""

    def turn_committed(self) -> None:
        """The turn is over: what comes next is a new segment."""

    def expect(self, phrases: Sequence[str]) -> None:
        """Words likely in the next answer (slot vocabulary); replaces the previous expectation."""

    async def aclose(self) -> None: ...


class SpeechToText(Protocol):
    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> SttStream:
        """Start recognising for one call.

        Raises:
            ProviderUnavailable: The engine or the network is not there.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsRequest:
    text: str  # Plain words of one clause or sentence; shaping is done before.
    voice: str
    sample_rate_hz: int  # What the line carries; the provider resamples once.
    language: str = "en-US"
    speed: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TtsAudio:
    pcm: bytes
    # Ends of the words so far in ms from the start of this request's audio, where known.
    word_ends_ms: tuple[int, ...] = ()


class TextToSpeech(Protocol):
    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """Emit audio in order and return when the request is spoken completely. Cancel the task to stop.

        Raises:
            ProviderUnavailable: Nothing or too little was spoken; a fallback voice may take over.
        """
