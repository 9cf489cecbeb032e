"""The audio of one segment: what was said since the last turn was committed, without the silences between.

Samples are 16 kHz int16. While nobody speaks only a short ring of the recent past is kept, which is put in
front of the next speech: so memory is bounded by speech, and by `take_until_quiet_point` even that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ

Pcm16 = NDArray[np.int16]

# An onset is reported up to 100 ms after it happened and 200 ms before it must be heard, or a first soft
# consonant is lost.
_RING_SAMPLES = SAMPLE_RATE_HZ * 400 // 1000
_QUIET_POINT_SAMPLES = SAMPLE_RATE_HZ * 200 // 1000
_LEVEL_SAMPLES = SAMPLE_RATE_HZ * 100 // 1000


class SegmentAudio:
    """Collects one segment at a time. `push` belongs to it while `speaking`, else to the ring."""

    def __init__(self) -> None:
        self.speaking = False
        self.voiced_samples = 0
        self._speech: list[Pcm16] = []
        self._length = 0
        self._ring: Pcm16 = np.zeros(0, np.int16)
        self._utterance_at = 0  # Where in the segment the current utterance began.

    def __len__(self) -> int:
        """Samples in the segment."""
        return self._length

    def push(self, samples: Pcm16) -> None:
        if self.speaking:
            self._append(samples)
            self.voiced_samples += len(samples)
        else:
            self._ring = np.concatenate([self._ring, samples])[-_RING_SAMPLES:]

    def speech_started(self) -> None:
        if self.speaking:
            return
        self.speaking = True
        self._utterance_at = self._length
        self._append(self._ring)
        self._ring = np.zeros(0, np.int16)

    def speech_stopped(self) -> None:
        self.speaking = False

    def commit(self) -> None:
        """Begin a new segment. An utterance under way belongs to it from its onset."""
        rest = self.samples()[self._utterance_at :] if self.speaking else np.zeros(0, np.int16)
        self._restart(rest)

    def take_until_quiet_point(self, search_samples: int) -> Pcm16:
        """Cut the segment at its quietest 200 ms within the last `search_samples`; give the part before and
        keep the part behind as the new segment."""
        samples = self.samples()
        at = len(samples) - search_samples + quietest(samples[-search_samples:])
        self._restart(samples[at:])
        return samples[:at]

    def samples(self) -> Pcm16:
        if len(self._speech) != 1:
            self._speech = [np.concatenate(self._speech) if self._speech else np.zeros(0, np.int16)]
        return self._speech[0]

    def _append(self, samples: Pcm16) -> None:
        if len(samples):
            self._speech.append(samples)
            self._length += len(samples)

    def _restart(self, samples: Pcm16) -> None:
        self._speech, self._length = [samples], len(samples)
        self._utterance_at = 0
        self.voiced_samples = len(samples)


def loudest_dbfs(samples: NDArray[np.float32]) -> float:
    """RMS of the loudest 100 ms, in dB below full scale; -120 for nothing at all."""
    blocks = samples[: len(samples) // _LEVEL_SAMPLES * _LEVEL_SAMPLES].reshape(-1, _LEVEL_SAMPLES)
    if not len(blocks):
        blocks = samples[None]
    power = float(np.max(np.mean(np.square(blocks, dtype=np.float64), axis=1))) if samples.size else 0.0
    return max(-120.0, 10 * float(np.log10(power + 1e-12)))


def quietest(samples: Pcm16 | NDArray[np.float32]) -> int:
    """Middle of the quietest 200 ms."""
    energy = np.cumsum(np.square(samples, dtype=np.float64))
    if len(energy) <= _QUIET_POINT_SAMPLES:
        return len(samples) // 2
    window = energy[_QUIET_POINT_SAMPLES:] - energy[:-_QUIET_POINT_SAMPLES]
    return int(np.argmin(window)) + _QUIET_POINT_SAMPLES // 2
