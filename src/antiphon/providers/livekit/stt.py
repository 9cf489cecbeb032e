"""A plugin's recogniser."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from livekit import rtc
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from antiphon.errors import ProviderUnavailable
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.providers.livekit.plugin import NAME, Plugin, once, plugin_errors
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent

BLOCK_MS = 50
# From the last word to a flush: our hangover. A final that ends earlier was on its way already.
ANSWER_WITHIN_MS = 300
FLUSHES_MAX = 64
INBOX_MAX = 64  # Nothing is dropped: the plugin's own queue waits behind it.


class LivekitStt:
    """A `SpeechToText` over plugins that stream."""

    def __init__(self, plugin: Plugin, limits: ListeningLimits | None = None) -> None:
        self._plugin = plugin
        self._limits = limits or ListeningLimits()
        # Whatever a plugin resamples with loads LiveKit's native library: now, and not in the first call.
        rtc.AudioResampler(8_000, 16_000)

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
            recogniser,
            config,
            emit,
            terms=lambda vocabulary, expected: (),
            limits=self._limits,
            opens_unseen=True,
        )

    async def aclose(self) -> None:
        """As the plugin's own."""
        await self._plugin.aclose()


class _PluginRecogniser:
    """`Recogniser`. A plugin's stream is a connection: it is opened again when it ends. Key terms are the
    plugin's own setting: it has them for all its streams at once, so one call's would be every call's."""

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
            stream = self._plugin.instance().stream(
                language=asked.language, conn_options=once(self._limits.connect_ms)
            )
        async with stream:
            link = _PluginLink(self._plugin.name, stream, asked.sample_rate_hz)
            reading = asyncio.create_task(link.read(), name=f"read {self._plugin.name}")
            reading.add_done_callback(link.ended)
            try:
                yield link
            finally:
                reading.cancel()


class _PluginLink:
    """`Link`. Plugins freeze words by themselves; a flush asks them to.

    A plugin has no word for "nothing was said": where its vendor says so, the plugin keeps it to itself. So
    behind a sign of life one end of speech without words is taken for that and settles; in doubt, where not
    even speech was noticed. Another, without a sign of life between them, is a vendor that hangs.
    """

    def __init__(self, name: str, stream: Any, sample_rate_hz: int) -> None:
        self._name, self._stream, self._rate_hz = name, stream, sample_rate_hz
        self._sent_samples = 0
        self._flushes_ms: deque[int] = deque(maxlen=FLUSHES_MAX)  # Not answered yet.
        self._trusted = False
        self._listens = False  # It has said something of what is spoken now.
        self._inbox: asyncio.Queue[Heard | BaseException] = asyncio.Queue(INBOX_MAX)

    @property
    def _sent_ms(self) -> int:
        return self._sent_samples * 1000 // self._rate_hz

    async def send(self, pcm: bytes) -> None:
        samples = len(pcm) // 2
        with plugin_errors(self._name):
            self._stream.push_frame(rtc.AudioFrame(pcm, self._rate_hz, 1, samples))
        self._sent_samples += samples

    async def finish(self) -> None:
        self._flushes_ms.append(self._sent_ms)
        with plugin_errors(self._name):
            self._stream.flush()
        listens, self._listens = self._listens, False
        if self._trusted:
            self._trusted = False
            await self._inbox.put(Heard(heard_to_ms=self._sent_ms, presumed=not listens))

    async def expect(self, terms: tuple[str, ...]) -> None:
        return

    async def keep_alive(self) -> None:
        return

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        heard = await self._inbox.get()
        if isinstance(heard, BaseException):
            raise heard
        return [heard]

    async def read(self) -> None:
        """The plugin's events into the inbox, until it hangs up."""
        with plugin_errors(self._name):
            async for event in self._stream:
                await self._inbox.put(self._heard(event))
        raise ProviderUnavailable(self._name, "the plugin hung up")

    def ended(self, reading: asyncio.Task[None]) -> None:
        """There is nothing more to read, and here is why."""
        if reading.cancelled() or (failure := reading.exception()) is None:
            return
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(failure)

    def _heard(self, event: SpeechEvent) -> Heard:
        if event.type is SpeechEventType.RECOGNITION_USAGE and event.recognition_usage is not None:
            told = event.recognition_usage  # By the plugin's own clock: no sign of life.
            return Heard(usage={"audio_ms": round(told.audio_duration * 1000)})
        self._trusted = True
        if event.type in (SpeechEventType.START_OF_SPEECH, SpeechEventType.INTERIM_TRANSCRIPT):
            self._listens = True
        elif event.type in (SpeechEventType.FINAL_TRANSCRIPT, SpeechEventType.END_OF_SPEECH):
            self._listens = False  # What came was of what is over, though it may have been flushed before.
        final = event.type is SpeechEventType.FINAL_TRANSCRIPT
        if not (final or event.type is SpeechEventType.INTERIM_TRANSCRIPT) or not event.alternatives:
            return Heard()  # A sign of life, and nothing more than that.
        best = event.alternatives[0]
        heard_to_ms = round(best.end_time * 1000) or None
        return Heard(
            text=best.text,
            frozen=final,
            answers=final and self._is_answer(heard_to_ms),
            confidence=best.confidence or 1.0,
            language=str(best.language or ""),
            word_ends_ms=_word_ends_ms(best),
            heard_to_ms=heard_to_ms,
            # Without a position what was sent until now has been heard: rather a word lost, should the
            # connection break in this moment, than a sentence heard twice.
            frozen_to_ms=(heard_to_ms or self._sent_ms) if final else None,
        )

    def _is_answer(self, heard_to_ms: int | None) -> bool:
        """A final after a flush is the answer to it, unless its position says that it is of before."""
        flushes, before = self._flushes_ms, len(self._flushes_ms)
        if heard_to_ms is None:
            if flushes:
                flushes.popleft()
        else:
            while flushes and flushes[0] - ANSWER_WITHIN_MS <= heard_to_ms:
                flushes.popleft()
        return len(flushes) < before


def _word_ends_ms(best: SpeechData) -> tuple[int, ...]:
    """Where the plugin dates all its words."""
    ends = [getattr(word, "end_time", None) for word in best.words or ()]
    dated = [round(end * 1000) for end in ends if isinstance(end, float | int)]
    return tuple(dated) if len(dated) == len(ends) else ()
