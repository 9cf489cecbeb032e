"""What the Gemini Live double hears, knows, says and charges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.doubles.openai_realtime import Script, Spoken

if TYPE_CHECKING:
    from tests.doubles.gemini_live import LiveConnection

USAGE = {
    "promptTokenCount": 120,
    "responseTokenCount": 60,
    "thoughtsTokenCount": 10,
    "totalTokenCount": 190,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 40},
        {"modality": "AUDIO", "tokenCount": 80},
    ],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 60}],
}
Said = list[tuple[str, str]]


@dataclass
class Known:
    """What the session knows: (who, text), where who is "caller", "agent", "tool", "wish" (text that is
    answered) or "note" (text that is not)."""

    instructions: str = ""
    items: Said = field(default_factory=list)


@dataclass
class LiveScript(Script):
    """What the vendor hears and says.

    Attributes:
        answering: Makes the answers from what is known, instead of `answers`.
        hears: What the caller says, turn by turn, instead of `heard` again and again.
        sessions: Every connection that was set up, in order.
        kept: What each handle stands for.
    """

    answering: Callable[[Known], Spoken] | None = None
    hears: Sequence[str] = ()
    sessions: list[LiveConnection] = field(default_factory=list)
    kept: dict[str, Said] = field(default_factory=dict)
    given: int = 0  # Answers so far, whatever the connection.
    turns: int = 0  # Of the caller.

    def answer(self, known: Known) -> Spoken:
        given, self.given = self.given, self.given + 1
        return self.answering(known) if self.answering else self.answers[min(given, len(self.answers) - 1)]

    def hear(self) -> str:
        turn, self.turns = self.turns, self.turns + 1
        return self.hears[min(turn, len(self.hears) - 1)] if self.hears else self.heard
