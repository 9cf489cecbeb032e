"""Kokoro behind the text-to-speech port."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from antiphon.providers.local.kokoro.engine import KokoroEngine
from antiphon.providers.local.speaking import speak
from antiphon.speech.ports import TtsAudio, TtsRequest


class KokoroTts:
    """Speaks with any of Kokoro's voices ("af_heart", "bm_george", ...), named in each request.

    Five to ten times slower than Piper: for rendering ahead, not for answering.

    Args:
        threads: Threads inside one run of the model.
        executor: Where the model runs; one of its own with a single worker by default.

    Raises:
        ConfigError: The model or espeak-ng is missing or damaged.
    """

    def __init__(self, *, threads: int = 1, executor: Executor | None = None) -> None:
        self._engine = KokoroEngine(threads=threads)
        self._executor = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="kokoro")

    @property
    def voices(self) -> tuple[str, ...]:
        """Installed voices. The first letter tells the mother tongue (a: American, b: British), the second
        female or male."""
        return self._engine.voices

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """Emit one block per sentence, with the ends of its words as the model planned them.

        Raises:
            ConfigError: No such voice.
            ProviderUnavailable: The model failed.
        """
        await speak(self._engine, request, emit, self._executor)
