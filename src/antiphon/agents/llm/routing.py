"""Which model answers a turn: the fast one, unless the file's policy says that the turn is difficult."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from antiphon.agents.definition.values import Routing
from antiphon.agents.flows.intents import IntentIndex
from antiphon.agents.flows.model import Intent
from antiphon.agents.ports import Message, SentenceEncoder

EASY, DIFFICULT = "easy", "difficult"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSeen:
    """What the policy looks at. `class_` is what the classifier said, "" when none is sure."""

    text: str
    tool_failures: int = 0
    class_: str = ""
    spent_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`reason` is for the trace: which rule decided, with its numbers, never the caller's words."""

    frontier: bool
    reason: str


def decide(routing: Routing, turn: TurnSeen) -> Choice:
    """Pure. The budget goes before every reason to escalate; the first such reason is told."""
    reason = _difficulty(routing, turn)
    if not reason:
        return Choice(frontier=False, reason="nothing difficult")
    if routing.budget_usd is not None and turn.spent_usd >= routing.budget_usd:
        return Choice(frontier=False, reason=f"{reason}, but the call has spent {turn.spent_usd:f} USD")
    return Choice(frontier=True, reason=reason)


def _difficulty(routing: Routing, turn: TurnSeen) -> str:
    words = len(turn.text.split())
    if routing.tool_failures and turn.tool_failures >= routing.tool_failures:
        return f"{turn.tool_failures} tools failed"
    for number, pattern in enumerate(routing.patterns, start=1):
        if re.search(pattern, turn.text, re.IGNORECASE):
            return f"pattern {number}"
    if routing.words_min and words >= routing.words_min:
        return f"{words} words"
    return "classified as difficult" if turn.class_ == DIFFICULT else ""


class TurnRouter:
    """Shared by all calls of an agent."""

    def __init__(self, routing: Routing, encoder: SentenceEncoder | None) -> None:
        self._routing = routing
        self._index: IntentIndex | None = None
        if routing.difficult:
            classes = {EASY: Intent(examples=routing.easy), DIFFICULT: Intent(examples=routing.difficult)}
            self._index = IntentIndex(classes, encoder)

    async def warm(self) -> None:
        """Encode the classifier's examples before the first call needs them."""
        if self._index is not None:
            await self._index.warm()

    async def choose(self, messages: Sequence[Message], spent_usd: Decimal) -> Choice:
        text, failures = turn_of(messages)
        class_ = ""
        if self._index is not None and text:
            match = await self._index.by_likeness(text)
            class_ = match.name if match is not None else ""
        seen = TurnSeen(text=text, tool_failures=failures, class_=class_, spent_usd=spent_usd)
        return decide(self._routing, seen)


def turn_of(messages: Sequence[Message]) -> tuple[str, int]:
    """The caller's last words, and how many tools have failed since."""
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        return "", 0
    results = [message.content for message in messages[last:] if message.role == "tool"]
    return messages[last].content, sum(content.startswith('{"ok": false') for content in results)
