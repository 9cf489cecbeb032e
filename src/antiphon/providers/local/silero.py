"""Silero voice activity detection for all calls of one sample rate at once.

The network is recurrent: a state of 2 x 128 numbers a row lives here, gathered and scattered around each
batch. Batching is exact (each row gets what it would get alone) and halves the cost a window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.onnx import ONNX_ERRORS, load_session

_STATE_SIZE = 128
# 32 ms windows, preceded by 4 ms of what came before: without that context the network hears nothing.
_WINDOW_SAMPLES = {8000: 256, 16000: 512}
_CONTEXT_SAMPLES = {8000: 32, 16000: 64}
_BATCH_ROWS = 64  # The cost a window is flat from here on, and a shorter run lets the event loop turn sooner.


class SileroVad:
    """`VoiceActivity` by the embedded Silero model.

    Args:
        sample_rate_hz: 8000 or 16000; the same network serves both, one rate an instance.

    Raises:
        ConfigError: The model is missing or damaged.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        assert sample_rate_hz in _WINDOW_SAMPLES, "Silero knows 8 and 16 kHz"
        self._sample_rate_hz = sample_rate_hz
        self._rate = np.array(sample_rate_hz, dtype=np.int64)
        self._session = load_session("silero-vad", "silero_vad.onnx")
        self._state: NDArray[np.float32] = np.zeros((2, 16, _STATE_SIZE), dtype=np.float32)

    @property
    def sample_rate_hz(self) -> int:
        return self._sample_rate_hz

    @property
    def window_samples(self) -> int:
        return _WINDOW_SAMPLES[self._sample_rate_hz]

    @property
    def context_samples(self) -> int:
        """Samples that precede each window: 32 at 8 kHz, 64 at 16 kHz."""
        return _CONTEXT_SAMPLES[self._sample_rate_hz]

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Speech probability [len(rows)] of one window a row; `windows` is [len(rows), context + window]
        in -1..1. No row may occur twice: its second window needs the state its first one leaves.

        Raises:
            ProviderUnavailable: The engine failed. What is remembered of these rows may be anything.
        """
        expected = (len(rows), self.context_samples + self.window_samples)
        assert windows.shape == expected, f"windows are {windows.shape}, not {expected}"
        out = np.empty(len(rows), dtype=np.float32)
        if len(rows) == 0:
            return out
        self._grow(int(rows.max()) + 1)
        for start in range(0, len(rows), _BATCH_ROWS):
            part = slice(start, start + _BATCH_ROWS)
            state = self._state.take(rows[part], axis=1)
            inputs = {"input": windows[part], "state": state, "sr": self._rate}
            try:
                probability, self._state[:, rows[part]] = self._session.run(None, inputs)
            except ONNX_ERRORS as error:
                raise ProviderUnavailable("local/silero", type(error).__name__) from error
            out[part] = probability[:, 0]
        return out

    def reset(self, rows: NDArray[np.intp]) -> None:
        """Forget the past of these rows."""
        if len(rows):
            self._grow(int(rows.max()) + 1)
            self._state[:, rows] = 0.0

    def _grow(self, rows: int) -> None:
        have = self._state.shape[1]
        if rows > have:
            more = np.zeros((2, max(rows, 2 * have) - have, _STATE_SIZE), dtype=np.float32)
            self._state = np.concatenate([self._state, more], axis=1)
