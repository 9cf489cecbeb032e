"""Streaming recognition by Google Cloud, through the asyncio client of its SDK.

Google has no message for "give me what you have": only the end of a stream gives the final words. So every
utterance is a stream of its own on one connection that stays, which also keeps clear of the two ends Google
makes by itself, after ten seconds without audio and after five minutes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from antiphon.errors import ProviderError
from antiphon.providers.google import wire
from antiphon.providers.google.client import (
    NAME,
    GoogleChannels,
    GoogleConfig,
    connected,
    google_errors,
    google_failure,
)
from antiphon.providers.listening import Asked, Link, ListeningLimits, ListeningStream
from antiphon.providers.listening.utterances import UtteranceStreams
from antiphon.speech.ports import SttConfig, SttEvent, SttStream

_BLOCK_MS = 50  # 100 ms is recommended, as a compromise with the network; ours is a data centre's.
_QUIET_MS = 5_000  # Half of the ten seconds after which Google gives a stream up.
_REFUSAL_MS = 150
_RATES_HZ = (8_000, 16_000, 24_000, 44_100, 48_000)


class GoogleStt:
    """A `SpeechToText`. `model` is Google's name: "chirp_3", "chirp_2", "telephony", "latest_long", …"""

    def __init__(self, model: str, config: GoogleConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Speech(model, config)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


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
        channel, link = self._channels.open(), None
        try:
            with google_errors():
                await connected(channel)
                calls = _SpeechCalls(channel, self._model, self._config, self._channels.metadata)
            link = UtteranceStreams(calls, asked)
            await link.begin(_REFUSAL_MS)
            yield link
        finally:
            if link is not None:
                link.close()
            await channel.close()


class _SpeechCalls:
    """`UtteranceCalls` on a channel that is up."""

    name = NAME
    turn_a_stream = True

    def __init__(self, channel: Any, model: str, config: GoogleConfig, metadata: Any) -> None:
        from google.api_core.exceptions import GoogleAPIError
        from google.cloud import speech_v2
        from google.cloud.speech_v2.services.speech.transports import SpeechGrpcAsyncIOTransport

        self.errors: tuple[Any, ...] = (GoogleAPIError, import_module("grpc").RpcError)
        self.stream_max_ms = config.stream_ms
        self._client = speech_v2.SpeechAsyncClient(transport=SpeechGrpcAsyncIOTransport(channel=channel))
        self._request = speech_v2.StreamingRecognizeRequest
        self._model, self._config, self._metadata = model, config, metadata

    async def listen(self) -> Any:
        return await self._client.streaming_recognize(metadata=self._metadata)

    def opening(self, asked: Asked) -> Any:
        return self._request(wire.first_request(self._model, self._config, asked))

    def audio(self, pcm: bytes) -> Any:
        return self._request(audio=pcm)

    def words(self, asked: Asked, from_ms: int) -> wire.Results:
        return wire.Results(from_ms, ends_turns=asked.provider_turns)

    def failure(self, error: Any) -> ProviderError:
        return google_failure(error)
