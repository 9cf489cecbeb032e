"""What a call uses and what that costs: every request to a provider is a `usage` note of the trace.

Who pays is carried by the context, not by the ports: a provider is shared by all calls and must not know
them, and a request that was given up has nobody left to return its usage to. Work outside any call (phrases
rehearsed at start-up) has no payer and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from antiphon.agents.ports import Message, Tool
from antiphon.runtime.prompts import Prompts
from antiphon.speech.ports import (
    CountsAudio,
    CountsCharacters,
    SpeechToText,
    SttConfig,
    SttEvent,
    SttStream,
    TextToSpeech,
    TtsAudio,
    TtsRequest,
    WarmsVoices,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One request to one provider. `request`: the number of its prompt, 0 without one. `estimated`: the
    vendor could not be asked any more; `wasted`: nobody will ever hear anything of it."""

    role: str
    provider: str
    reply: str = ""
    request: int = 0
    amounts: dict[str, int]
    estimated: bool = False
    wasted: bool = False


class Prices(Protocol):
    def cost_usd(self, role: str, provider: str, amounts: dict[str, int]) -> Decimal | None:
        """Exact; None when there is no price for this provider."""


class Meter:
    """One call's.

    Args:
        prices: None leaves every cost unknown.
        spent: Told the call's total so far after every use that cost something.
    """

    def __init__(self, prices: Prices | None = None, spent: Callable[[Decimal], None] | None = None) -> None:
        self.prices = prices
        self.spent = spent
        self.prompts = Prompts()
        self.note: Callable[..., None] = _nowhere  # Bound to the trace when the call begins.
        self.total_usd = Decimal(0)
        self.unpriced: set[str] = set()

    def take(self, use: Use) -> None:
        cost = self.prices.cost_usd(use.role, use.provider, use.amounts) if self.prices else None
        told = {name: value for name in ("request", "estimated", "wasted") if (value := getattr(use, name))}
        self.note(
            "usage",
            role=use.role,
            provider=use.provider,
            reply=use.reply,
            **use.amounts,
            **told,
            # Text, because a float is not what the price book says.
            cost_usd=None if cost is None else format(cost, "f"),
        )
        if cost is None:
            self.unpriced.add(use.provider)
        elif cost:
            self.total_usd += cost
            if self.spent is not None:
                self.spent(self.total_usd)

    def close(self) -> None:
        """The call is over and must not be kept alive by whoever still counts for it."""
        self.note, self.spent = _nowhere, None


def _nowhere(type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
    """A meter whose call has not begun."""


@dataclass(slots=True, kw_only=True, eq=False)
class Payer:
    """Who pays for what is asked now. `lost` is set when another candidate answered first, `spared` when
    what was asked for was at hand: no provider had a part in it."""

    meter: Meter | None = None
    reply: str = ""
    lost: bool = False
    spared: bool = False

    def another(self) -> Payer:
        """The same payer for one attempt of several."""
        return Payer(meter=self.meter, reply=self.reply)

    def take(self, role: str, provider: str, amounts: dict[str, int], **told: Any) -> None:
        """`told`: request, estimated."""
        if self.meter is not None and any(amounts.values()):
            use = Use(
                role=role, provider=provider, reply=self.reply, amounts=amounts, wasted=self.lost, **told
            )
            self.meter.take(use)

    def spare(self, provider: str, characters: int) -> None:
        self.spared = True
        self.note("phrase_cached", provider=provider, characters=characters)

    def asked(self, provider: str, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """A model is asked that now: word for word into the trace. Gives the number of the request."""
        if self.meter is None:
            return 0
        told = self.meter.prompts.taken(messages)
        self.meter.note(
            "prompt", provider=provider, reply=self.reply, tools=[tool.name for tool in tools], **told
        )
        return int(told["request"])

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
        if self.meter is not None:
            self.meter.note(type, **fields)


_NOBODY = Payer()
_PAYER: ContextVar[Payer] = ContextVar("payer", default=_NOBODY)


def payer() -> Payer:
    return _PAYER.get()


@contextmanager
def paid_by(who: Payer) -> Iterator[None]:
    token = _PAYER.set(who)
    try:
        yield
    finally:
        _PAYER.reset(token)


class MeteredTts:
    """`TextToSpeech`; vendors charge for the characters they were sent, however much was heard."""

    def __init__(self, name: str, tts: TextToSpeech) -> None:
        self._name = name
        self._tts = tts

    async def warm(self, request: TtsRequest) -> None:
        if isinstance(self._tts, WarmsVoices):
            await self._tts.warm(request)

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        samples = 0

        def count(audio: TtsAudio) -> None:
            nonlocal samples
            samples += len(audio.pcm) // 2
            emit(audio)

        failed = False
        try:
            await self._tts.synthesize(request, count)
        except Exception:
            failed = not samples  # Refused: nothing was made and nothing is charged.
            raise
        finally:
            if not failed:
                audio_ms = samples * 1000 // request.sample_rate_hz
                payer().take("tts", self._name, {"characters": self._charged(request), "audio_ms": audio_ms})

    def _charged(self, request: TtsRequest) -> int:
        if isinstance(self._tts, CountsCharacters):
            return self._tts.characters(request)
        return len(request.text)


class MeteredStt:
    """`SpeechToText`; who opens a stream pays for the audio that is sent: to a vendor that is away nothing
    is, and one that broke off is sent it again."""

    def __init__(self, name: str, stt: SpeechToText) -> None:
        self._name = name
        self._stt = stt

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SttStream:
        return _MeteredStream(self._name, self._stt.open(config, emit), config.sample_rate_hz, payer())


@dataclass(slots=True)
class _MeteredStream:
    """Takes stock at the end of every turn, so that the running total lags by one turn at most."""

    name: str
    stream: SttStream
    sample_rate_hz: int
    paying: Payer
    _samples: int = field(default=0, init=False)
    _taken_ms: int = field(default=0, init=False)

    def push(self, pcm: bytes) -> None:
        self._samples += len(pcm) // 2
        self.stream.push(pcm)

    def speech_started(self) -> None:
        self.stream.speech_started()

    def speech_stopped(self) -> None:
        self.stream.speech_stopped()

    def turn_committed(self) -> None:
        self._take()
        self.stream.turn_committed()

    def expect(self, phrases: Sequence[str]) -> None:
        self.stream.expect(phrases)

    async def aclose(self) -> None:
        self._take()
        await self.stream.aclose()
        self._take()  # What was on its way when the call ended.

    def _take(self) -> None:
        given_ms = self._samples * 1000 // self.sample_rate_hz
        sent_ms = self.stream.sent_ms if isinstance(self.stream, CountsAudio) else given_ms
        self.paying.take("stt", self.name, {"audio_ms": sent_ms - self._taken_ms})
        self._taken_ms = sent_ms
