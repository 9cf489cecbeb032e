"""Language models behind one failover, a call that pays for them, and what it heard."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.doubles.scripted_ports import ScriptedModel

from antiphon.agents.ports import Completion, Message
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.models import FailoverModel
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.metered_models import metered_model
from antiphon.runtime.metering import Meter, Payer, paid_by

DOWN = ProviderUnavailable("m", "down")
ASK = [Message(role="user", content="Hello?" * 10)]
FIRST = "Sure, I can do that for you today. "


class Table:
    """Models behind one failover, a call that pays for them, and what it heard."""

    def __init__(
        self, *models: ScriptedModel, hedge: bool = False, first_ms: int = 1000, backed: bool = False
    ) -> None:
        self.book = HealthBook()
        self.models = models
        self.said: list[str] = []
        self.notes: list[dict[str, Any]] = []
        self.meter = Meter()
        self.meter.note = lambda kind, **fields: self.notes.append({"type": kind, **fields})
        candidates = [
            Candidate(name=f"m{i}", port=metered_model(f"m{i}", model), health=self.book.of("llm", f"m{i}"))
            for i, model in enumerate(models)
        ]
        rules = RaceRules(note="model_failed", first_ms=first_ms, hedge=hedge, backed=backed)
        self.all_calls = FailoverModel(candidates, rules)
        self.another_call()

    def another_call(self) -> None:
        """From here on another call asks."""
        self.failover = self.all_calls.for_call()

    async def ask(self, messages: list[Message] = ASK) -> Completion:
        with paid_by(Payer(meter=self.meter, reply="r1")):
            return await self.failover.complete(messages, (), self.said.append)

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())

    def uses(self) -> list[tuple[str, bool, bool]]:
        return [
            (note["provider"], note.get("estimated", False), note.get("wasted", False))
            for note in self.notes
            if note["type"] == "usage"
        ]

    async def timed_ms(self) -> float:
        """How long an answer took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await self.ask()
        return (loop.time() - begun) * 1000
