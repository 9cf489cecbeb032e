"""Piper behind the text-to-speech port."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from antiphon.providers.local.piper.engine import PiperEngine
from antiphon.providers.local.speaking import speak
from antiphon.speech.ports import TtsAudio, TtsRequest


class PiperTts:
    """Speaks with one Piper voice. Loading takes about half a second and happens here.

    Args:
        voice: "joe" (US English).
        threads: Threads inside one run of the model.
        executor: Where the model runs; one of its own with a single worker by default.

    Raises:
        ConfigError: Unknown voice, or its model or espeak-ng is missing or damaged.
    """

    def __init__(self, voice: str = "joe", *, threads: int = 1, executor: Executor | None = None) -> None:
        self._engine = PiperEngine(voice, threads=threads)
        self._executor = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="piper")

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """Emit one block per sentence. `word_ends_ms` has one entry per whitespace-separated word so far
        spoken, from the durations the model itself planned.

        Raises:
            ConfigError: Another voice than the loaded one.
            ProviderUnavailable: The model failed.
        """
        await speak(self._engine, request, emit, self._executor)

    async def warm_up(self) -> None:
        """One run of the model, so that the first caller does not pay for it."""
        request = TtsRequest(
            text="Hello there, how can I help you today?", voice=self.voice, sample_rate_hz=8000
        )
        await self.synthesize(request, lambda audio: None)

    @property
    def voice(self) -> str:
        return self._engine.voice
