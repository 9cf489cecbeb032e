"""A plugin's recogniser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from livekit import rtc
from livekit.agents.stt import SpeechEvent, SpeechEventType

from antiphon.errors import ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.providers.livekit.plugin import NAME, Plugin, once, plugin_errors
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

BLOCK_MS = 50


class LivekitStt:
    """A `SpeechToText` over plugins that stream."""

    def __init__(self, plugin: Plugin, limits: ListeningLimits | None = None) -> None:
        self._plugin = plugin
        self._limits = limits or ListeningLimits()

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        """As `SpeechToText`.

        Raises:
            ProviderUnavailable: The plugin cannot be made, or takes whole recordings only.
        """
        with plugin_errors(self._plugin.name):
            capabilities = self._plugin.instance().capabilities
        if not capabilities.streaming:
            raise ProviderUnavailable(self._plugin.name, "takes whole recordings only")
        recogniser = _PluginRecogniser(self._plugin, self._limits)
        return ListeningStream(
            recogniser, config, emit, terms=lambda vocabulary, expected: (), limits=self._limits
        )


class _PluginRecogniser:
    """`Recogniser`. A plugin's stream is a connection: it is opened again when it ends."""

    name = NAME
    block_ms = BLOCK_MS
    keep_alive_ms = 0
    keep_alive_silence = True
    ends_turns = False

    def __init__(self, plugin: Plugin, limits: ListeningLimits) -> None:
        self._plugin, self._limits = plugin, limits

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz  # Plugins resample to what their vendor wants.

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        with plugin_errors(self._plugin.name):
            stream = self._plugin.instance().stream(conn_options=once(self._limits.connect_ms))
        async with stream:
            yield _PluginLink(self._plugin.name, stream, asked.sample_rate_hz)


class _PluginLink:
    """`Link`. Plugins freeze words by themselves; a flush asks them to, and those that know no flush are
    answered for when they have nothing more to freeze."""

    def __init__(self, name: str, stream: Any, sample_rate_hz: int) -> None:
        self._name, self._stream, self._rate_hz = name, stream, sample_rate_hz
        self._sent_ms = 0
        self._flushed_ms = -1

    async def send(self, pcm: bytes) -> None:
        samples = len(pcm) // 2
        with plugin_errors(self._name):
            self._stream.push_frame(rtc.AudioFrame(pcm, self._rate_hz, 1, samples))
        self._sent_ms += samples * 1000 // self._rate_hz

    async def finish(self) -> None:
        self._flushed_ms = self._sent_ms
        with plugin_errors(self._name):
            self._stream.flush()

    async def expect(self, terms: tuple[str, ...]) -> None:
        return

    async def keep_alive(self) -> None:
        return

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        with plugin_errors(self._name):
            try:
                event = await anext(self._stream)
            except StopAsyncIteration:
                raise ProviderUnavailable(self._name, "the plugin hung up") from None
            heard = _heard(event, self._flushed_ms)
        return [heard] if heard is not None else []


def _heard(event: SpeechEvent, flushed_ms: int) -> Heard | None:
    """What an event says. A final after a flush is the answer to it: plugins name no positions."""
    if event.type is SpeechEventType.RECOGNITION_USAGE and event.recognition_usage is not None:
        told = event.recognition_usage
        return Heard(usage={"audio_ms": round(told.audio_duration * 1000)})
    final = event.type is SpeechEventType.FINAL_TRANSCRIPT
    if not (final or event.type is SpeechEventType.INTERIM_TRANSCRIPT) or not event.alternatives:
        return None
    best = event.alternatives[0]
    return Heard(
        text=best.text,
        frozen=final,
        answers=final and flushed_ms >= 0,
        confidence=best.confidence or 1.0,
        language=str(best.language or ""),
    )
