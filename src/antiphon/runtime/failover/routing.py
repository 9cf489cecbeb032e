"""The fast model and the frontier model as one, each with all the others behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from antiphon.agents.llm.routing import Choice, TurnRouter
from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.runtime.failover.models import FailoverModel
from antiphon.runtime.metering import payer


class RoutedModel:
    """`LanguageModel`. What was chosen for a reply, and why, is a `model_chosen` note of the trace.

    Args:
        fast, frontier: (name, model) pairs; the name is that of the model asked first.
    """

    def __init__(
        self, router: TurnRouter, fast: tuple[str, FailoverModel], frontier: tuple[str, FailoverModel]
    ) -> None:
        self._router = router
        self._fast = fast
        self._frontier = frontier

    def for_call(self) -> RoutedModel:
        """As `LearnsInCalls`: a model that hung as the one is not asked first as the other."""
        hung: dict[str, int] = {}
        (fast, one), (frontier, other) = self._fast, self._frontier
        return RoutedModel(self._router, (fast, one.for_call(hung)), (frontier, other.for_call(hung)))

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        paying = payer()
        spent = paying.meter.total_usd if paying.meter is not None else Decimal(0)
        choice: Choice = await self._router.choose(messages, spent)
        name, model = self._frontier if choice.frontier else self._fast
        paying.note("model_chosen", reply=paying.reply, provider=name, reason=choice.reason)
        return await model.complete(messages, tools, emit, meter)

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """The fast one: most turns are its."""
        return await self._fast[1].warm(messages, tools)
