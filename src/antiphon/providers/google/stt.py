"""Streaming recognition by Google Cloud, through the asyncio client of its SDK.

Google has no message for "give me what you have": only the end of a stream gives the final words. So every
utterance is a stream of its own on one connection that stays, which also keeps clear of the two ends Google
makes by itself, after ten seconds without audio and after five minutes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

from antiphon.errors import ProviderUnavailable
from antiphon.providers.google import wire
from antiphon.providers.google.client import NAME, GoogleChannels, GoogleConfig, connected, google_errors
from antiphon.providers.listening import Asked, Heard, Link, ListeningLimits, ListeningStream
from antiphon.speech.ports import SttConfig, SttEvent, SttStream, TurnEvent, TurnMoment

_BLOCK_MS = 50  # 100 ms is recommended, as a compromise with the network; ours is a data centre's.
_QUIET_MS = 5_000  # Half of the ten seconds after which Google gives a stream up.
_PAUSES_MS = 15_000  # Time without audio that an old stream may have had besides: Google counts it too.
_REFUSAL_MS = 150
_BLOCKS_WAITING_MAX = 100
_CANCELLED = object()
_RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)


class GoogleStt:
    """A `SpeechToText`. `model` is Google's name: "chirp_3", "chirp_2", "telephony", "latest_long", …"""

    def __init__(self, model: str, config: GoogleConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Speech(model, config)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(
            self._recogniser,
            config,
            emit,
            terms=lambda expected: wire.terms(config.vocabulary, expected),
            limits=self._limits,
        )


class _Speech:
    """`Recogniser` on `Speech.StreamingRecognize` of v2."""

    name = NAME
    block_ms = _BLOCK_MS
    keep_alive_ms = _QUIET_MS
    keep_alive_silence = False
    ends_turns = True

    def __init__(self, model: str, config: GoogleConfig) -> None:
        self._model, self._config = model, config
        self._channels = GoogleChannels(config, wire.host(wire.location(model, config)))

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in _RATES_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        from google.cloud import speech_v2
        from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport

        channel, link = self._channels.open(), None
        try:
            with google_errors():
                await connected(channel)
                client = speech_v2.SpeechAsyncClient(transport=SpeechGrpcAsyncIOTransport(channel=channel))

            async def stream(first: Asked, audio: AsyncIterator[bytes]) -> Any:
                return await client.streaming_recognize(
                    requests=self._requests(speech_v2.StreamingRecognizeRequest, first, audio),
                    metadata=self._channels.metadata,
                )

            link = _SpeechLink(stream, asked, self._config.stream_ms)
            await link.begin()
            yield link
        finally:
            if link is not None:
                link.close()
            await channel.close()

    async def _requests(self, kind: Any, asked: Asked, audio: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        yield kind(wire.first_request(self._model, self._config, asked))
        async for pcm in audio:
            yield kind(audio=pcm)


class _Utterance:
    """One stream. Attributes: sent_ms: audio; asked: Its end was asked for; dropped: Nobody wants it."""

    def __init__(self, base_ms: int, *, ends_turns: bool) -> None:
        self.base_ms, self.sent_ms = base_ms, 0
        self.closed = self.asked = self.dropped = False
        self.opened_s = asyncio.get_running_loop().time()
        self.results = wire.Results(base_ms, ends_turns=ends_turns)
        self.call: Any = None
        self._audio: asyncio.Queue[bytes | None] = asyncio.Queue(_BLOCKS_WAITING_MAX)

    async def audio(self) -> AsyncIterator[bytes]:
        while (pcm := await self._audio.get()) is not None:
            yield pcm

    async def send(self, pcm: bytes, duration_ms: int) -> None:
        await self._audio.put(pcm)
        self.sent_ms += duration_ms

    async def close(self) -> None:
        self.closed = True
        await self._audio.put(None)


class _SpeechLink:
    """Streams one after another: the last takes audio, the first is listened to until it has ended."""

    def __init__(self, stream: Callable[..., Any], asked: Asked, stream_ms: int) -> None:
        self._stream, self._asked, self._stream_ms = stream, asked, stream_ms
        self._utterances: deque[_Utterance] = deque()
        self._sent_ms = 0
        self._more = asyncio.Event()
        self._end = import_module("grpc.aio").EOF

    async def begin(self) -> None:
        """The first stream is opened before anybody speaks, and given the time to be refused: gRPC forgets
        why, when it is in the middle of sending audio."""
        utterance = await self._open()
        told = [
            asyncio.ensure_future(utterance.call.code()),
            asyncio.ensure_future(utterance.call.initial_metadata()),
        ]
        await asyncio.wait(told, timeout=_REFUSAL_MS / 1000, return_when=asyncio.FIRST_COMPLETED)
        for each in told:
            each.cancel()

    def close(self) -> None:
        """The library keeps a connection for as long as anybody still holds a stream of it."""
        for utterance in self._utterances:
            self._drop(utterance)
            utterance.call = None
        self._utterances.clear()

    async def send(self, pcm: bytes) -> None:
        current = self._current
        if current is not None and self._age_ms(current) >= self._stream_ms:
            await current.close()
        if current is None or current.closed:
            current = await self._open()
        duration_ms = len(pcm) * 500 // self._asked.sample_rate_hz
        await current.send(pcm, duration_ms)
        self._sent_ms += duration_ms

    async def finish(self) -> None:
        current = self._current or await self._open()
        current.asked = True
        await current.close()

    async def expect(self, terms: tuple[str, ...]) -> None:
        """From the next stream on; one that has heard something already stays as it is."""
        self._asked = replace(self._asked, terms=terms)
        if (current := self._current) is not None and current.sent_ms:
            return
        self._drop(current)
        await self._open()

    async def keep_alive(self) -> None:
        """Nobody speaks: rather no stream than one that ends by itself."""
        current = self._current
        if current is not None and current.sent_ms:
            await current.close()
        else:
            self._drop(current)

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        while not self._utterances:
            self._more.clear()
            await self._more.wait()
        first = self._utterances[0]
        with google_errors():
            response = await _read(first)
        if response is _CANCELLED:
            if not first.dropped or _is_cancelled():
                raise asyncio.CancelledError
            self._utterances.remove(first)
            return ()
        if response is self._end:
            return self._ended(first)
        heard = first.results.heard(response)
        if any(isinstance(each, TurnEvent) and each.moment is TurnMoment.ENDED for each in heard):
            await first.close()  # The next turn has a stream of its own.
        return heard

    def _ended(self, utterance: _Utterance) -> Sequence[Heard | TurnEvent]:
        if not utterance.closed:
            raise ProviderUnavailable(NAME, "the stream ended by itself")
        self._utterances.popleft()
        heard_to_ms = utterance.base_ms + utterance.sent_ms
        return (utterance.results.ended(heard_to_ms, answers=utterance.asked),)

    async def _open(self) -> _Utterance:
        utterance = _Utterance(self._sent_ms, ends_turns=self._asked.provider_turns)
        with google_errors():
            utterance.call = await self._stream(self._asked, utterance.audio())
        self._utterances.append(utterance)
        self._more.set()
        return utterance

    def _drop(self, utterance: _Utterance | None) -> None:
        if utterance is not None:
            utterance.dropped = utterance.closed = True
            utterance.call.cancel()

    @property
    def _current(self) -> _Utterance | None:
        """The stream that takes audio, if there is one."""
        last = self._utterances[-1] if self._utterances else None
        return None if last is None or last.closed else last

    @staticmethod
    def _age_ms(utterance: _Utterance) -> float:
        open_ms = (asyncio.get_running_loop().time() - utterance.opened_s) * 1000
        return max(utterance.sent_ms, open_ms - _PAUSES_MS)


async def _read(utterance: _Utterance) -> Any:
    """The next response, or _CANCELLED: as an exception it would hold the stream in its traceback, and the
    stream its connection."""
    try:
        return await utterance.call.read()
    except asyncio.CancelledError:
        return _CANCELLED


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
