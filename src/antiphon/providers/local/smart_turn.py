"""End of turn from prosody: smart-turn v3.2, a small classifier over Whisper's log-mel features.

The model saw 8 s of 16 kHz sound ending at the pause, padded with silence in front, standardised before the
spectrogram. The score is a hint and drifts upward with trailing silence: ask once, soon after speech stops.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.providers.local.onnx import load_session
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ, log_mel

_SECONDS = 8
_SAMPLES = _SECONDS * SAMPLE_RATE_HZ


class SmartTurn:
    """`EndOfTurn` by the embedded smart-turn model; runs in `executor` (None: the loop's own threads).

    Raises:
        ConfigError: The model is missing or damaged.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
        self._session = load_session("smart-turn-v3.2", "smart-turn-v3.2-cpu.onnx")
        self._input = self._session.get_inputs()[0].name

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        """Probability 0..1 that the turn is over, from up to the last 8 s of the caller's audio."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._score, pcm, sample_rate_hz)

    def _score(self, pcm: bytes, sample_rate_hz: int) -> float:
        recent = np.frombuffer(pcm, dtype="<i2")[-_SECONDS * sample_rate_hz :]
        features = turn_features(resample(recent, sample_rate_hz, SAMPLE_RATE_HZ))
        # The output is named "logits", but the graph ends in a sigmoid.
        (probability,) = self._session.run(None, {self._input: features[np.newaxis]})
        return float(np.clip(probability.reshape(-1)[0], 0.0, 1.0))


def turn_features(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Features [80, 800] of up to 8 s at 16 kHz, as the model was trained: silence in front of what is
    shorter, then zero mean and unit variance over the whole, silence included."""
    sound = np.pad(samples[-_SAMPLES:].astype(np.float32) / 32768.0, (max(0, _SAMPLES - len(samples)), 0))
    return log_mel((sound - sound.mean()) / np.sqrt(sound.var() + 1e-7))
