"""The embedded recogniser as a `SpeechToText`: one model and one small thread pool for all calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.providers.local.whisper.engine import WhisperEngine
from antiphon.providers.local.whisper.stream import WhisperStream
from antiphon.speech.ports import SttConfig, Transcript

_WORKERS = 2


class WhisperStt:
    """Loads the model when made (about a second), so that the first call does not wait.

    Args:
        model: "tiny.en" (English) or "base" (multilingual), or a directory in CTranslate2 format.
        executor: Where decodes run; by default two threads of its own.

    Raises:
        ConfigError: The model is not installed.
        ProviderUnavailable: It cannot be loaded.
    """

    def __init__(self, model: str | Path = "tiny.en", executor: Executor | None = None) -> None:
        self._engine = WhisperEngine(model, workers=_WORKERS)
        self._executor = executor or ThreadPoolExecutor(_WORKERS, thread_name_prefix="whisper")
        self._owns_executor = executor is None

    @property
    def engine(self) -> WhisperEngine:
        """For whole recordings; blocks."""
        return self._engine

    def open(self, config: SttConfig, emit: Callable[[Transcript], None]) -> WhisperStream:
        """Raises ConfigError for a language the model does not speak."""
        language = config.language.partition("-")[0].lower()
        if not self._engine.speaks(language):
            raise ConfigError(
                f'the embedded recogniser does not speak "{config.language}"',
                where="language",
                fix="use local/whisper-base, or a language it knows",
            )
        return WhisperStream(self._engine, self._executor, config, emit)

    def close(self) -> None:
        """Give the threads back; streams must be closed before."""
        if self._owns_executor:
            self._executor.shutdown(wait=False, cancel_futures=True)
