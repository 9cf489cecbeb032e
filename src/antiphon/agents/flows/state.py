"""Where a conversation stands: one immutable value. What follows from it is computed, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from antiphon.agents.ports import Expect


class Asking(Enum):
    """What the pending question is about; it decides what "yes" or "the second" means."""

    OPEN = "open"
    MORE = "more"
    SLOT = "slot"
    OFFER = "offer"
    CONFIRM = "confirm"
    CHANGE = "change"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question the caller is to answer.

    Attributes:
        name: The slot, or the step's name for OFFER and CONFIRM.
        text: Its words as last asked.
        options: What was offered, in the order said.
        uninterruptible: A read-back that the caller hears to its end.
        heard: False when the reply was cut before its question reached the caller's ear.
    """

    asking: Asking
    name: str = ""
    text: str = ""
    options: tuple[Mapping[str, Any], ...] = ()
    heard: bool = True
    expect: Expect = Expect.OPEN
    phrases: tuple[str, ...] = ()
    uninterruptible: bool = False


def about_spelling(question: Question) -> bool:
    """Whether letters are likely in the answer."""
    return question.expect is Expect.SPELLING or "spell" in question.text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A tool's answer, and the arguments it belongs to. Other arguments make it void."""

    asked_with: str
    value: Any
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowState:
    """Attributes:
    values: Slot -> value, and the options chosen in offers.
    skipped: Optional slots the caller does not care about.
    results: Step name -> what its tool gave.
    agreed: Confirm step -> the very words that were agreed to.
    effects: DO steps that succeeded for this goal; what came before them is settled.
    trail: Slots and choices in the order they were filled, for going back.
    asked: Question key -> how often it was asked in a row.
    alone: How often the caller would rather go on with us than with a person.
    failures: Step name and error -> how often.
    offered: Keys of options already refused or passed over, by step.
    finished: Goals done in this call.
    answered: Facts given in this call.
    untold: Words about an effect that the caller has not heard yet.
    keyed: The caller answers by keys: every question says which.
    whispers: How many of an operator's whispers have been minded.
    unproved: Uninterruptible SAY step -> its words, until it is known whether they were heard.
    """

    goal: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    results: Mapping[str, Result] = field(default_factory=dict)
    agreed: Mapping[str, str] = field(default_factory=dict)
    effects: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    trail: tuple[str, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    offered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    question: Question = field(default_factory=lambda: Question(asking=Asking.OPEN))
    unclear: int = 0
    alone: int = 0
    finished: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    last_said: str = ""
    untold: str = ""
    unproved: Mapping[str, str] = field(default_factory=dict)
    caller_number: str = ""
    keyed: bool = False
    whispers: int = 0


class Purpose(Enum):
    """Why a tool runs; decides what its result means."""

    STEP = "step"
    FACT = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAsk:
    """A tool the flow needs before it can go on."""

    tool: str
    arguments: Mapping[str, Any]
    purpose: Purpose
    name: str  # The step or the fact.


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One stretch of a reply. With a `tool`, `resume` takes it further; without, the reply is complete."""

    state: FlowState
    say: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()  # Those parts of `say` that must be heard to their end.
    tool: ToolAsk | None = None
    facts: tuple[tuple[str, Mapping[str, Any]], ...] = ()  # Still to be answered in this reply.
    expect: Expect = Expect.OPEN
    phrases: tuple[str, ...] = ()
    end: str = ""
    escalate: str = ""
    summary: str = ""
    understood: bool = False  # The caller's words were an answer or a request, whole as they are.
