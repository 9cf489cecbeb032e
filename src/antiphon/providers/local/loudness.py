"""What a local voice's samples get before they leave: silence trimmed, level set, cuts made soft.

All of it works on a stream, so that the first block of a sentence need not wait for the last.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

# Active speech level of what we send; telephone speech is usually between -26 and -16 dBFS.
_TARGET_DBFS = -20.0
# More than this would lift the noise of something that is hardly there.
_GAIN_MAX_DB = 18.0
# Above this a soft curve bends peaks instead of clipping them.
_KNEE = 0.8
_FRAME_MS = 5
# Quieter than this is silence; soft f, h and th lie 25 to 35 dB below vowels.
_SILENCE_DBFS = _TARGET_DBFS - 40.0
_ACTIVE_BELOW_DB = 20.0
_LEAD_MS = 20
_TAIL_MS = 30
_FADE_MS = 2
# How much one sentence moves the gain of a voice: sentences differ, the voice does not.
_LEARNING = 0.2


def level_dbfs(samples: Float, rate_hz: int) -> float:
    """RMS of the active parts; -120 for silence."""
    frame = max(1, rate_hz * _FRAME_MS // 1000)
    whole = np.zeros(-(-len(samples) // frame) * frame)
    whole[: len(samples)] = samples
    energy = np.square(whole).reshape(-1, frame).mean(axis=1)
    if not len(energy) or energy.max() <= 1e-12:
        return -120.0
    return float(10 * np.log10(energy[energy > energy.max() * 10 ** (-_ACTIVE_BELOW_DB / 10)].mean()))


class VoiceGains:
    """What brings each voice to speaking level, learned from what it said. Safe from several threads."""

    def __init__(self) -> None:
        self._gains_db: dict[str, float] = {}
        self._lock = threading.Lock()

    def gain(self, voice: str) -> float | None:
        """The factor, or None before the voice has said anything."""
        with self._lock:
            gain_db = self._gains_db.get(voice)
        return None if gain_db is None else float(10 ** (gain_db / 20))

    def learn(self, voice: str, samples: Float, rate_hz: int) -> None:
        """Take a whole sentence as it came from the model."""
        level = level_dbfs(samples, rate_hz)
        if level <= -90:
            return
        wanted_db = min(_TARGET_DBFS - level, _GAIN_MAX_DB)
        with self._lock:
            known_db = self._gains_db.setdefault(voice, wanted_db)
            self._gains_db[voice] = known_db + _LEARNING * (wanted_db - known_db)


def levelled(samples: Float, gain: float) -> Float:
    """Samples times `gain`, peaks bent below full scale."""
    loud = samples * np.float32(gain)
    size = np.abs(loud)
    bent = _KNEE + (1 - _KNEE) * np.tanh((size - _KNEE) / (1 - _KNEE))
    return np.where(size > _KNEE, np.sign(loud) * bent, loud).astype(np.float32)


class Trimmer:
    """Drops the silence before and after one levelled sentence, with short faded margins.

    Attributes:
        dropped: Samples left out before the first that was given.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._held: Float = np.zeros(0, dtype=np.float32)
        self._begun = False
        self.dropped = 0

    def push(self, samples: Float) -> Float:
        """What is surely not trailing silence."""
        held = np.concatenate((self._held, samples))
        sound = np.flatnonzero(np.abs(held) > 10 ** (_SILENCE_DBFS / 20))
        first, last = 0, int(sound[-1]) + 1 if len(sound) else 0
        if not self._begun:
            lead = self._rate_hz * _LEAD_MS // 1000
            first = max(0, (int(sound[0]) if len(sound) else len(held)) - lead)
            self.dropped += first
            last = max(last, first)
        given = held[first:last]
        self._held = held[last:]
        if len(given) and not self._begun:
            self._begun = True
            given = _faded(given, np.linspace(0, 1, self._rate_hz * _FADE_MS // 1000))
        return given

    def finish(self) -> Float:
        """The margin after the last sound."""
        if not self._begun:
            return self._held[:0]
        tail = self._held[: self._rate_hz * _TAIL_MS // 1000]
        ramp = np.linspace(0, 1, self._rate_hz * _FADE_MS // 1000)
        return _faded(tail[::-1], ramp)[::-1]


def _faded(samples: Float, ramp: NDArray[np.float64]) -> Float:
    faded = samples.copy()
    length = min(len(ramp), len(faded))
    faded[:length] *= ramp[:length].astype(np.float32)
    return faded
