"""Language models, metered: what a call asked them, word for word, and what that cost it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.agents.ports import Completion, LanguageModel, Message, Tool, Usage, WarmsPrompts
from antiphon.runtime.metering import payer

CHARS_PER_TOKEN = 4  # English, for requests that were cut before the vendor could tell.


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
        request = payer().asked(self._name, messages, tools)
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
            # What an error is charged for, vendors say only where some of the answer came before it.
            if said or told is not None:
                self._estimated(request, messages, said, told)
            raise
        except BaseException:  # Cancelled: the vendor had the prompt, and has begun to answer.
            self._estimated(request, messages, said, told)
            raise
        if any((counted := _tokens(completion.usage)).values()):
            payer().take("llm", self._name, counted, request=request)
        else:  # Some servers count nothing, and are paid all the same.
            self._estimated(request, messages, said, told)
        return completion

    def _estimated(self, request: int, messages: Sequence[Message], said: int, told: Usage | None) -> None:
        """By what the vendor told before the answer was cut, else by the words; of what came out, the
        larger."""
        asked = sum(len(message.content) for message in messages)
        known = told if told and told.input_tokens else Usage(input_tokens=-(-asked // CHARS_PER_TOKEN))
        usage = replace(known, output_tokens=max(known.output_tokens, -(-said // CHARS_PER_TOKEN)))
        payer().take("llm", self._name, _tokens(usage), request=request, estimated=True)


class MeteredWarmModel(MeteredModel):
    def __init__(self, name: str, model: LanguageModel, warms: WarmsPrompts) -> None:
        super().__init__(name, model)
        self._warms = warms

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        request = payer().asked(self._name, messages, tools)
        try:
            usage = await self._warms.warm(messages, tools)
        except asyncio.CancelledError:  # It had the prompt, and reads it to the end.
            self._estimated(request, messages, 0, None)
            raise
        payer().take("llm", self._name, _tokens(usage), request=request)
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
