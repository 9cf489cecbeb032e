"""Silero voice activity detection for all calls of one sample rate at once.

The network is recurrent: a state of 2 x 128 numbers a row lives here, gathered and scattered around each
batch. Batching is exact (each row gets what it would get alone) and halves the cost a window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.models import broken_model, model_dir
from antiphon.providers.local.silero_network import STATE_SIZE, SileroNetwork

_MODEL = "silero-vad"
# 32 ms windows, preceded by 4 ms of what came before: without that context the network hears nothing.
_WINDOW_SAMPLES = {8000: 256, 16000: 512}
_CONTEXT_SAMPLES = {8000: 32, 16000: 64}
_BATCH_ROWS = (
    64  # The cost a window is flat from here on, and what lies between two layers stays in the cache.
)


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
        try:
            model = (model_dir(_MODEL) / "silero_vad.onnx").read_bytes()
            self._network = SileroNetwork(model, _WINDOW_SAMPLES[sample_rate_hz] // 2)
        except (OSError, ValueError) as error:
            raise broken_model(_MODEL, error) from error
        self._state: NDArray[np.float32] = np.zeros((16, 2, STATE_SIZE), dtype=np.float32)

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
            ProviderUnavailable: Sound that is no numbers. What was remembered of these rows is forgotten.
        """
        expected = (len(rows), self.context_samples + self.window_samples)
        assert windows.shape == expected, f"windows are {windows.shape}, not {expected}"
        out = np.empty(len(rows), dtype=np.float32)
        if len(rows) == 0:
            return out
        self._grow(int(rows.max()) + 1)
        for start in range(0, len(rows), _BATCH_ROWS):
            part = slice(start, start + _BATCH_ROWS)
            state = self._state.take(rows[part], axis=0)
            out[part] = self._network.step(windows[part], state)
            self._state[rows[part]] = state
        if not np.isfinite(out.sum()):
            # In a recurrent network it would never end: a row would stay deaf for the rest of its call.
            self.reset(rows)
            raise ProviderUnavailable("local/silero", "sound that is no numbers")
        return out

    def reset(self, rows: NDArray[np.intp]) -> None:
        """Forget the past of these rows."""
        if len(rows):
            self._grow(int(rows.max()) + 1)
            self._state[rows] = 0.0

    def _grow(self, rows: int) -> None:
        have = len(self._state)
        if rows > have:
            more = np.zeros((max(rows, 2 * have) - have, 2, STATE_SIZE), dtype=np.float32)
            self._state = np.concatenate([self._state, more])
