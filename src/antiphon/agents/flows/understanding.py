"""What a caller's turn means to a flow, as a value. Rules and the sentence encoder make one today
(`rules.py`); a language model may make the same value, and the engine cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from antiphon.agents.flows.state import FlowState


class Act(Enum):
    """What a turn does, apart from giving values."""

    REPEAT = "repeat"
    BACK = "back"
    RESTART = "restart"
    NEVER_MIND = "never_mind"
    PERSON = "person"
    GOODBYE = "goodbye"
    DONE = "done"  # "that's all"
    ROBOT = "robot"
    THANKS = "thanks"
    GREETING = "greeting"
    WAIT = "wait"
    ANY = "any"  # "whichever", "I don't mind"
    DONT_KNOW = "dont_know"
    EARLIER = "earlier"  # "anything earlier?"
    LATER = "later"
    EARLIEST = "earliest"  # "the earlier one"
    LATEST = "latest"
    NONE = "none"  # "none of those"
    CORRECTION = "correction"  # "no, I said", "actually"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A value for a slot, and the words it was made of."""

    slot: str
    value: Any
    text: str
    start: int
    end: int
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An intent. `certain` matches come from keywords and may interrupt what is going on."""

    name: str
    score: float
    certain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """Attributes:
    answer: Yes, no or neither.
    ordinals: Positions named, 1 for the first, -1 for the last.
    mentions: Slots named by a word for them ("change the day").
    digits: Digits that are no whole number yet, when a number was asked for.
    keyed: By keys, not by words.
    """

    text: str
    acts: frozenset[Act] = frozenset()
    answer: bool | None = None
    ordinals: tuple[int, ...] = ()
    goal: Match | None = None
    fact: Match | None = None
    candidates: tuple[Candidate, ...] = ()
    mentions: tuple[str, ...] = ()
    digits: str = ""
    keyed: bool = False

    def candidate(self, slot: str) -> Candidate | None:
        """The last value given for a slot: people correct themselves forward."""
        return next((item for item in reversed(self.candidates) if item.slot == slot), None)


class Understands(Protocol):
    """Whatever turns words into an `Understanding`."""

    async def understand(self, text: str, state: FlowState, now: datetime) -> Understanding:
        """Never raises for odd words; an empty understanding means: not understood."""
