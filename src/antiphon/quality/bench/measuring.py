"""One provider measured: how long to the first output, to the end, and what was used for it.

The first round is told apart: it opens the connection and loads what is loaded lazily, and no caller should
ever wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from antiphon.agents.ports import LanguageModel, Message
from antiphon.errors import ProviderError
from antiphon.speech.ports import (
    EndOfTurn,
    SessionEvent,
    SessionLost,
    SpeechSessionConfig,
    SpeechToSpeech,
    SpeechToText,
    SpokenAudio,
    SpokenEnded,
    SttConfig,
    SttEvent,
    TextToSpeech,
    Transcript,
    TtsAudio,
    TtsRequest,
)

BLOCK_MS = 20
QUIET_MS = 300  # What a recogniser hears before the onset and after the end.
FINAL_S = 10.0
ROUND_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request. `first_ms`: to the first byte, token or, for a recogniser, from the end of speech to the
    final transcript. `audio_ms`: of sound made or heard."""

    first_ms: int
    total_ms: int
    audio_ms: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Measured:
    """`connect_ms` is the first request's first output; `samples` are those after it."""

    role: str
    provider: str
    connect_ms: int | None = None
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    speech: bytes = field(default=b"", repr=False)  # What a voice said last, for the recognisers.


async def measure(
    role: str, provider: str, rounds: int, once: Callable[[int], Awaitable[Sample]]
) -> Measured:
    """`rounds` requests after a first one, one after the other. A provider that fails is measured too."""
    measured = Measured(role=role, provider=provider)
    for number in range(rounds + 1):
        try:
            async with asyncio.timeout(ROUND_S):
                sample = await once(number)
        except (ProviderError, TimeoutError) as error:
            measured.failures.append(str(error) or f"no end within {ROUND_S:.0f} s")
            continue
        if measured.connect_ms is None:
            measured.connect_ms = sample.first_ms
        else:
            measured.samples.append(sample)
    return measured


async def measure_tts(
    provider: str, tts: TextToSpeech, request: TtsRequest, texts: Sequence[str], rounds: int
) -> Measured:
    spoken = bytearray()

    async def once(number: int) -> Sample:
        spoken.clear()
        watch = Watch()

        def take(audio: TtsAudio) -> None:
            if audio.pcm:
                watch.first()
                spoken.extend(audio.pcm)

        asked = replace(request, text=texts[number % len(texts)])
        await tts.synthesize(asked, take)
        if not spoken:
            raise ProviderError(provider, "gave no audio")
        audio_ms = len(spoken) // 2 * 1000 // request.sample_rate_hz
        amounts = {"characters": len(asked.text), "audio_ms": audio_ms}
        return Sample(first_ms=watch.first_ms, total_ms=watch.now_ms, audio_ms=audio_ms, amounts=amounts)

    measured = await measure("tts", provider, rounds, once)
    measured.speech = bytes(spoken)
    return measured


async def measure_stt(
    provider: str, stt: SpeechToText, config: SttConfig, speech: bytes, rounds: int
) -> Measured:
    """`speech` is said in real time, as a caller would: a recogniser that works while it listens is not to be
    measured by a file thrown at it."""

    async def once(number: int) -> Sample:
        final: asyncio.Future[Transcript] = asyncio.get_running_loop().create_future()

        def hear(event: SttEvent) -> None:
            if isinstance(event, Transcript) and event.final and not final.done():
                final.set_result(event)

        stream = stt.open(config, hear)
        try:
            rate_hz = config.sample_rate_hz
            await _say(bytes(rate_hz * 2 * QUIET_MS // 1000), rate_hz, stream.push)
            stream.speech_started()
            await _say(speech, rate_hz, stream.push)
            watch = Watch()
            stream.speech_stopped()
            async with asyncio.timeout(FINAL_S):
                transcript = await final
        finally:
            await stream.aclose()
        if transcript.lost:
            raise ProviderError(provider, "lost what was said")
        audio_ms = len(speech) // 2 * 1000 // config.sample_rate_hz
        took_ms = watch.now_ms
        amounts = {"audio_ms": audio_ms + QUIET_MS}
        return Sample(
            first_ms=took_ms, total_ms=took_ms, audio_ms=audio_ms, amounts=amounts, text=transcript.text
        )

    return await measure("stt", provider, rounds, once)


async def measure_llm(
    provider: str, model: LanguageModel, messages: Sequence[Message], rounds: int
) -> Measured:
    async def once(number: int) -> Sample:
        watch = Watch()
        completion = await model.complete(messages, (), lambda text: watch.first())
        if not completion.text.strip():
            raise ProviderError(provider, "gave no words")
        usage = completion.usage
        amounts = {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "output_tokens": usage.output_tokens,
        }
        return Sample(first_ms=watch.first_ms, total_ms=watch.now_ms, amounts=amounts, text=completion.text)

    return await measure("llm", provider, rounds, once)


async def measure_s2s(
    provider: str, model: SpeechToSpeech, config: SpeechSessionConfig, speech: bytes, rounds: int
) -> Measured:
    """`speech` is said in real time, on a session of its own each round; from its end, told by us, to the
    first sound of the reply."""

    async def once(number: int) -> Sample:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[SpokenEnded] = loop.create_future()
        watch = Watch()
        spoken = bytearray()

        def hear(event: SessionEvent) -> None:
            if isinstance(event, SpokenAudio) and event.pcm:
                watch.first()
                spoken.extend(event.pcm)
            elif isinstance(event, SpokenEnded) and not ended.done():
                ended.set_result(event)
            elif isinstance(event, SessionLost) and not ended.done():
                ended.set_exception(ProviderError(provider, event.reason))

        session = model.open(config, hear)
        try:
            quiet = bytes(config.sample_rate_hz * 2 * QUIET_MS // 1000)
            await _say(quiet + speech, config.sample_rate_hz, session.push)
            watch.restart()
            session.commit_turn()
            reply = await ended
        finally:
            await session.aclose()
        if reply.status != "completed" or not spoken:
            raise ProviderError(provider, "gave no audio")
        audio_ms = len(spoken) // 2 * 1000 // config.sample_rate_hz
        return Sample(
            first_ms=watch.first_ms, total_ms=watch.now_ms, audio_ms=audio_ms, amounts=dict(reply.usage)
        )

    return await measure("s2s", provider, rounds, once)


async def measure_eot(
    provider: str, end_of_turn: EndOfTurn, speech: bytes, sample_rate_hz: int, rounds: int
) -> Measured:
    async def once(number: int) -> Sample:
        watch = Watch()
        await end_of_turn.score(speech, sample_rate_hz)
        return Sample(first_ms=watch.now_ms, total_ms=watch.now_ms)

    return await measure("eot", provider, rounds, once)


class Watch:
    """Milliseconds since it was made, on the loop's clock."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun_s = self._loop.time()
        self._first_ms: int | None = None

    @property
    def now_ms(self) -> int:
        return round((self._loop.time() - self._begun_s) * 1000)

    def restart(self) -> None:
        self._begun_s, self._first_ms = self._loop.time(), None

    def first(self) -> None:
        if self._first_ms is None:
            self._first_ms = self.now_ms

    @property
    def first_ms(self) -> int:
        return self.now_ms if self._first_ms is None else self._first_ms


async def _say(pcm: bytes, sample_rate_hz: int, push: Callable[[bytes], None]) -> None:
    """In blocks of 20 ms against absolute moments, so that a late block does not delay all that follow."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    block = sample_rate_hz * 2 * BLOCK_MS // 1000
    for number, at in enumerate(range(0, len(pcm), block), start=1):
        push(pcm[at : at + block])
        await asyncio.sleep(max(0.0, begun_s + number * BLOCK_MS / 1000 - loop.time()))
