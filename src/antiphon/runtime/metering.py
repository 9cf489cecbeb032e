"""What a call uses and what that costs: every request to a provider is a `usage` note of the trace.

Who pays is carried by the context, not by the ports: a provider is shared by all calls and must not know
them, and a request that was given up has nobody left to return its usage to. Work outside any call (phrases
rehearsed at start-up) has no payer and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from antiphon.agents.ports import Completion, LanguageModel, Message, Tool, Usage, WarmsPrompts
from antiphon.speech.ports import (
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

CHARS_PER_TOKEN = 4  # English, for requests that were cut before the vendor could tell.


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One request to one provider. `estimated`: the vendor could not be asked any more; `wasted`: nobody will
    ever hear anything of it."""

    role: str
    provider: str
    reply: str = ""
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
        self.note: Callable[..., None] = _nowhere  # Bound to the trace when the call begins.
        self.total_usd = Decimal(0)
        self.unpriced: set[str] = set()

    def take(self, use: Use) -> None:
        cost = self.prices.cost_usd(use.role, use.provider, use.amounts) if self.prices else None
        flags = {name: True for name in ("estimated", "wasted") if getattr(use, name)}
        self.note(
            "usage",
            role=use.role,
            provider=use.provider,
            reply=use.reply,
            **use.amounts,
            **flags,
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
    """Who pays for what is asked now. `lost` is set when another candidate answered first."""

    meter: Meter | None = None
    reply: str = ""
    lost: bool = False

    def another(self) -> Payer:
        """The same payer for one attempt of several."""
        return Payer(meter=self.meter, reply=self.reply)

    def take(self, role: str, provider: str, amounts: dict[str, int], *, estimated: bool = False) -> None:
        if self.meter is not None and any(amounts.values()):
            use = Use(
                role=role, provider=provider, reply=self.reply, amounts=amounts, estimated=estimated,
                wasted=self.lost,
            )  # fmt: skip
            self.meter.take(use)

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


class MeteredModel:
    """`LanguageModel`, and `WarmsPrompts` where the model is (see `metered_model`)."""

    def __init__(self, name: str, model: LanguageModel) -> None:
        self._name = name
        self._model = model

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        said = 0
        told: Usage | None = None

        def count(text: str) -> None:
            nonlocal said
            said += len(text)
            emit(text)

        def tell(usage: Usage) -> None:
            nonlocal told
            told = usage
            if meter is not None:
                meter(usage)

        try:
            completion = await self._model.complete(messages, tools, count, tell)
        except Exception:
            # What an error is charged for, vendors say only where words came before it.
            if said or told is not None:
                _take_estimate(self._name, messages, said, told)
            raise
        except BaseException:  # Cancelled: the vendor had the prompt, and has begun to answer.
            _take_estimate(self._name, messages, said, told)
            raise
        payer().take("llm", self._name, _tokens(completion.usage))
        return completion


class MeteredWarmModel(MeteredModel):
    def __init__(self, name: str, model: LanguageModel, warms: WarmsPrompts) -> None:
        super().__init__(name, model)
        self._warms = warms

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        usage = await self._warms.warm(messages, tools)
        payer().take("llm", self._name, _tokens(usage))
        return usage


def metered_model(name: str, model: LanguageModel) -> LanguageModel:
    return (
        MeteredWarmModel(name, model, model) if isinstance(model, WarmsPrompts) else MeteredModel(name, model)
    )


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
    }


def _take_estimate(name: str, messages: Sequence[Message], said: int, told: Usage | None) -> None:
    """By what the vendor told before the answer was cut, else by the words; of what came out, the larger."""
    asked = sum(len(message.content) for message in messages)
    known = told or Usage(input_tokens=-(-asked // CHARS_PER_TOKEN))
    usage = replace(known, output_tokens=max(known.output_tokens, -(-said // CHARS_PER_TOKEN)))
    payer().take("llm", name, _tokens(usage), estimated=True)


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
    """`SpeechToText`; who opens a stream pays for the audio it is given."""

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

    def _take(self) -> None:
        audio_ms = self._samples * 1000 // self.sample_rate_hz
        self._samples = 0
        self.paying.take("stt", self.name, {"audio_ms": audio_ms})
