"""End of turn from sound: smart-turn v3.2, a small classifier over Whisper's log-mel features, corrected by
how long the last syllable was drawn out.

The model saw 8 s of 16 kHz sound ending at the pause, padded with silence in front, standardised before the
spectrogram. The score is a hint and drifts upward with trailing silence: ask once, soon after speech stops.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.resample import resample
from antiphon.errors import ProviderError
from antiphon.providers.local.onnx import load_session
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ, log_mel
from antiphon.speech.prosody import final_voicing_ms

_SECONDS = 8
_SAMPLES = _SECONDS * SAMPLE_RATE_HZ
# Pauses noticed in one tick of the media clock reach us within a millisecond of each other.
BATCH_WAIT_S = 0.002
# One more in a batch takes as long as one alone (25 ms): four are answered within the shortest stop silence,
# more are better shared out between threads.
BATCH_MAX = 4
_THREADS = 2  # Where nobody gives any.


@dataclass(frozen=True, slots=True)
class _Asked:
    pcm: bytes
    sample_rate_hz: int
    answer: asyncio.Future[float]


_EDGE = 0.01  # The model says 0.99 as often when it is wrong as 0.97; no log-odds beyond that mean more.
_VOICING_MAX_S = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """Log-odds that a turn is over: bias + score x (log-odds of the model) + voicing_per_s x (s of final
    voicing). The model takes a clipped syllable in the middle of a phrase for an end; a drawn-out one is one.

    Fitted by `python benchmarks/turn_taking.py --fit` (docs/evaluation.md says on what); one part in three of
    the pauses it was fitted on is not an end.
    """

    bias: float = -0.91
    score: float = 0.59
    voicing_per_s: float = 4.1

    @staticmethod
    def inputs(model: float, voicing_ms: int) -> tuple[float, float]:
        """Log-odds of the model's score, s of final voicing: what the weights apply to."""
        log_odds = math.log((model + _EDGE) / (1 + _EDGE - model))
        return log_odds, min(voicing_ms / 1000, _VOICING_MAX_S)

    def probability(self, model: float, voicing_ms: int) -> float:
        log_odds, voicing_s = self.inputs(model, voicing_ms)
        return 1 / (1 + math.exp(-self.bias - self.score * log_odds - self.voicing_per_s * voicing_s))


class SmartTurn:
    """`EndOfTurn` by the embedded smart-turn model; runs in `executor` (None: threads of its own). Calls
    that ask in the same instant share one inference.

    Args:
        blend: None gives the model's own score.

    Raises:
        ConfigError: The model is missing or damaged.
    """

    def __init__(self, executor: Executor | None = None, blend: Blend | None = Blend()) -> None:
        self._executor = executor or ThreadPoolExecutor(_THREADS, thread_name_prefix="smart-turn")
        self._blend = blend
        self._session = load_session("smart-turn-v3.2", "smart-turn-v3.2-cpu.onnx")
        self._input = self._session.get_inputs()[0].name
        self._waiting: list[_Asked] = []

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        """Probability 0..1 that the turn is over, from up to the last 8 s of the caller's audio."""
        loop = asyncio.get_running_loop()
        asked = _Asked(pcm, sample_rate_hz, loop.create_future())
        self._waiting.append(asked)
        if len(self._waiting) >= BATCH_MAX:
            self._run_batch()
        elif len(self._waiting) == 1:
            loop.call_later(BATCH_WAIT_S, self._run_batch)
        return await asked.answer

    def _run_batch(self) -> None:
        batch = [asked for asked in self._waiting if not asked.answer.done()]  # Some gave up meanwhile.
        self._waiting = []
        if not batch:
            return
        sounds = [(asked.pcm, asked.sample_rate_hz) for asked in batch]
        try:
            scores = asyncio.get_running_loop().run_in_executor(self._executor, self._scores, sounds)
        except (ProviderError, RuntimeError) as error:  # Hopelessly behind, or closing.
            for asked in batch:
                asked.answer.set_exception(error)
        else:
            scores.add_done_callback(partial(_answer, batch))

    def _scores(self, sounds: Sequence[tuple[bytes, int]]) -> list[float]:
        features = np.stack([_features(pcm, rate_hz) for pcm, rate_hz in sounds])
        # The output is named "logits", but the graph ends in a sigmoid.
        (probabilities,) = self._session.run(None, {self._input: features})
        models = [float(value) for value in np.clip(probabilities.reshape(-1), 0.0, 1.0)]
        if self._blend is None:
            return models
        return [
            self._blend.probability(model, final_voicing_ms(_recent(pcm, rate_hz), rate_hz))
            for model, (pcm, rate_hz) in zip(models, sounds, strict=True)
        ]


def _answer(batch: Sequence[_Asked], scores: asyncio.Future[list[float]]) -> None:
    for place, asked in enumerate(batch):
        if asked.answer.done():
            continue
        if scores.cancelled():
            asked.answer.cancel()
        elif (error := scores.exception()) is not None:
            asked.answer.set_exception(error)
        else:
            asked.answer.set_result(scores.result()[place])


def _recent(pcm: bytes, sample_rate_hz: int) -> NDArray[np.int16]:
    whole = len(pcm) & ~1
    return np.frombuffer(pcm[:whole], dtype="<i2")[-_SECONDS * sample_rate_hz :]


def _features(pcm: bytes, sample_rate_hz: int) -> NDArray[np.float32]:
    return turn_features(resample(_recent(pcm, sample_rate_hz), sample_rate_hz, SAMPLE_RATE_HZ))


def turn_features(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Features [80, 800] of up to 8 s at 16 kHz, as the model was trained: silence in front of what is
    shorter, then zero mean and unit variance over the whole, silence included."""
    sound = np.pad(samples[-_SAMPLES:].astype(np.float32) / 32768.0, (max(0, _SAMPLES - len(samples)), 0))
    return log_mel((sound - sound.mean()) / np.sqrt(sound.var() + 1e-7))
