"""Streaming recognition by Riva over gRPC, on the stubs of NVIDIA's own client.

One connection a call, and on it one stream an utterance: closing a stream is the one way to be told the last
words that every Riva server knows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module

from antiphon.errors import ConfigError
from antiphon.providers.listening import Asked, Link, ListeningLimits, ListeningStream
from antiphon.providers.listening.utterances import UtteranceStreams
from antiphon.providers.riva import wire
from antiphon.providers.riva.streams import RivaCalls, RivaPlace
from antiphon.speech.ports import SttConfig, SttEvent, SttStream

_BLOCK_MS = 80  # A step of the streaming models.
_RATES_HZ = (8_000, 16_000)
_PORT = 50_051


@dataclass(frozen=True, slots=True, kw_only=True)
class RivaConfig:
    """Where Riva is, and what it is told.

    Attributes:
        url: "https://host:port" for TLS; "http://host:port" or "host:port" without.
        key, function_id: For NVIDIA's cloud, which finds the model by the latter. Sent as given: over a
            connection without TLS, leave them empty.
        ca_file: PEM of who vouches for a server of one's own.
        boost: Weight of the vocabulary.
        endpointing: Fields of `EndpointingConfig`, in ms and as a part of one; the model's own where not set.
    """

    url: str
    key: str = field(default="", repr=False)
    function_id: str = ""
    ca_file: str = ""
    boost: float = wire.BOOST
    endpointing: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_secure(self) -> bool:
        return self.url.startswith(("https://", "grpcs://"))

    @property
    def place(self) -> RivaPlace:
        address = self.url.rpartition("://")[2].rstrip("/")
        bearer = f"Bearer {self.key}" if self.key else ""
        shown = (("function-id", self.function_id), ("authorization", bearer))
        return RivaPlace(
            address=address if ":" in address else f"{address}:{_PORT}",
            secure=self.is_secure,
            ca_file=self.ca_file,
            metadata=tuple((name, value) for name, value in shown if value),
        )


class RivaStt:
    """A `SpeechToText`. `model` is the server's name of a model, or "default"."""

    def __init__(self, model: str, config: RivaConfig, limits: ListeningLimits | None = None) -> None:
        self._limits = limits or ListeningLimits()
        self._recogniser = _Riva(model, config)

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return ListeningStream(self._recogniser, config, emit, terms=wire.terms, limits=self._limits)


class _Riva:
    """`Recogniser` on `StreamingRecognize`."""

    name = wire.NAME
    block_ms = _BLOCK_MS
    keep_alive_ms = 0
    keep_alive_silence = False
    ends_turns = True

    def __init__(self, model: str, config: RivaConfig) -> None:
        try:
            import_module("riva.client")
        except ImportError:
            raise ConfigError(
                "NVIDIA's Riva client is not installed", fix="pip install 'antiphon[riva]'"
            ) from None
        self._config = config
        self._said = wire.Settings(
            model="" if model == wire.DEFAULT_MODEL else model,
            boost=config.boost,
            endpointing=config.endpointing,
        )

    def sample_rate_hz(self, line_hz: int) -> int:
        return line_hz if line_hz in _RATES_HZ else 16_000

    @asynccontextmanager
    async def connect(self, asked: Asked) -> AsyncIterator[Link]:
        calls = RivaCalls(self._config.place, self._said)
        link = UtteranceStreams(calls, asked)
        try:
            await calls.check()
            await link.begin()
            yield link
        finally:
            link.close()
            await calls.aclose()
