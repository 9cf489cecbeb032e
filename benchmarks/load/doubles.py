"""Vendors inside the media worker: they do what vendors do, at no cost to speak of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from benchmarks.load.script import PARTIAL_MS, REPLY, TOKENS, TRANSCRIPT, Pace, chunks_for, tone, words_after

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TtsAudio, TtsRequest


class HearingDouble:
    """Understands the phrase, whatever was said: partials while it lasts, a final when it ends."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> HearingStream:
        return HearingStream(self._pace, config.sample_rate_hz, emit)


class HearingStream:
    def __init__(self, pace: Pace, sample_rate_hz: int, emit: Callable[[SttEvent], None]) -> None:
        self._delay_s = pace.stt_ms / 1000
        self._bytes_per_ms = sample_rate_hz * 2 // 1000
        self._emit = emit
        self._segment = 0
        self._speech_ms = self._told_ms = 0
        self._speaking = False

    def push(self, pcm: bytes) -> None:
        if not self._speaking:
            return
        self._speech_ms += len(pcm) // self._bytes_per_ms
        if self._speech_ms - self._told_ms >= PARTIAL_MS:
            self._told_ms = self._speech_ms
            self._emit(Transcript(segment=self._segment, text=words_after(self._speech_ms), final=False))

    def speech_started(self) -> None:
        self._speaking, self._speech_ms, self._told_ms = True, 0, 0

    def speech_stopped(self) -> None:
        self._speaking = False
        final = Transcript(segment=self._segment, text=TRANSCRIPT, final=True)
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._emit, final)
        else:
            self._emit(final)

    def turn_committed(self) -> None:
        self._segment += 1

    def expect(self, phrases: Sequence[str]) -> None: ...

    async def aclose(self) -> None: ...


class ModelDouble:
    """Writes the reply token by token."""

    def __init__(self, pace: Pace) -> None:
        self._ttft_s = pace.llm_ttft_ms / 1000
        self._gap_s = 1 / pace.llm_tps if pace.llm_tps else 0.0

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool], emit: Callable[[str], None]
    ) -> Completion:
        if self._ttft_s:
            await asyncio.sleep(self._ttft_s)
        for number, token in enumerate(TOKENS):
            if number and self._gap_s:
                await asyncio.sleep(self._gap_s)
            emit(token)
        return Completion(text=REPLY, usage=Usage(output_tokens=len(TOKENS)))


class VoiceDouble:
    """A tone as long as the text would take to say, in 20 ms pieces, as fast as they are taken."""

    def __init__(self, pace: Pace) -> None:
        self._ttfb_s = pace.tts_ttfb_ms / 1000
        self._piece = TtsAudio(pcm=tone())

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if self._ttfb_s:
            await asyncio.sleep(self._ttfb_s)
        for _ in range(chunks_for(request.text)):
            emit(self._piece)
