"""What a finished call cost, by stage, and which part of it nobody ever heard. From the trace's notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from antiphon.runtime.records.lines import Entry, NoteEntry
from antiphon.runtime.records.story import CallStory

_NOT_AMOUNTS = frozenset({"role", "provider", "reply", "request", "estimated", "wasted", "cost_usd"})


@dataclass(slots=True, kw_only=True)
class StageCost:
    """One provider in one role. `unpriced`: requests without a price in the book; the sum is too low."""

    role: str
    provider: str
    requests: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal = Decimal(0)
    wasted_usd: Decimal = Decimal(0)
    wasted_requests: int = 0
    estimated: bool = False
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """Attributes: cached_phrases: Spoken from the cache, without a request to any voice."""

    stages: tuple[StageCost, ...]
    cached_phrases: int = 0

    @property
    def total_usd(self) -> Decimal:
        return sum((stage.cost_usd for stage in self.stages), Decimal(0))

    @property
    def wasted_usd(self) -> Decimal:
        return sum((stage.wasted_usd for stage in self.stages), Decimal(0))

    @property
    def is_complete(self) -> bool:
        """Every use had a price."""
        return not any(stage.unpriced for stage in self.stages)


def cost_of(entries: Iterable[Entry], story: CallStory) -> CallCost:
    """Waste is what lost a race, and everything that was made for a draft that was thrown away unheard."""
    stages: dict[tuple[str, str], StageCost] = {}
    cached = 0
    for entry in entries:
        cached += isinstance(entry, NoteEntry) and entry.type == "phrase_cached"
        if isinstance(entry, NoteEntry) and entry.type == "usage":
            key = (str(entry.fields.get("role", "")), str(entry.fields.get("provider", "")))
            stage = stages.setdefault(key, StageCost(role=key[0], provider=key[1]))
            _add(stage, entry.fields, story)
    return CallCost(stages=tuple(stages[key] for key in sorted(stages)), cached_phrases=cached)


def _add(stage: StageCost, fields: Mapping[str, Any], story: CallStory) -> None:
    stage.requests += 1
    for name, count in fields.items():
        if name not in _NOT_AMOUNTS and isinstance(count, int):
            stage.amounts[name] = stage.amounts.get(name, 0) + count
    stage.estimated = stage.estimated or bool(fields.get("estimated"))
    if fields.get("cost_usd") is None:
        stage.unpriced += 1
    cost = Decimal(fields.get("cost_usd") or 0)
    stage.cost_usd += cost
    reply = story.replies.get(str(fields.get("reply", "")))
    if fields.get("wasted") or (reply is not None and reply.discarded):
        stage.wasted_usd += cost
        stage.wasted_requests += 1


def cost_summary(cost: CallCost) -> dict[str, Any]:
    """JSON-able; sums are decimal text, because they are money."""
    return {
        "total_usd": format(cost.total_usd, "f"),
        "wasted_usd": format(cost.wasted_usd, "f"),
        "complete": cost.is_complete,
        "cached_phrases": cost.cached_phrases,
        "stages": [
            {
                "role": stage.role,
                "provider": stage.provider,
                "requests": stage.requests,
                "wasted_requests": stage.wasted_requests,
                "amounts": stage.amounts,
                "cost_usd": format(stage.cost_usd, "f"),
                "wasted_usd": format(stage.wasted_usd, "f"),
                "estimated": stage.estimated,
                "unpriced_requests": stage.unpriced,
            }
            for stage in cost.stages
        ],
    }
