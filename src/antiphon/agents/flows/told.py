"""What an operator's whisper does to a flow: words to be said, a value, another wish, a person.

A whisper is understood as a caller's words are, but it can never stand for the caller: it answers no question
of his, chooses nothing he was offered, agrees to nothing. So whatever it gives is still read back to him
before anything is done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from antiphon.agents.flows.answers import accept, start_goal
from antiphon.agents.flows.draft import Draft
from antiphon.agents.flows.model import Flow
from antiphon.agents.flows.state import FlowState, Outcome
from antiphon.agents.flows.understanding import Act, Understanding, Understands

SURE = 0.7
_SAY = re.compile(r"^\s*say\s*:\s*", re.IGNORECASE)
# An operator speaks of the caller; the understanding knows what callers say of themselves.
_HIM = re.compile(r"\b(?:him|her|them|(?:the|this) caller)\b", re.IGNORECASE)
_HE = re.compile(r"\b(?:he|she|they)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`say`: to be said before anything else. `person`: put the caller through instead of answering him."""

    state: FlowState
    say: tuple[str, ...] = ()
    person: bool = False


async def take_whispers(
    flow: Flow, state: FlowState, whispers: Sequence[str], understanding: Understands, now: datetime
) -> Told:
    """The state after these whispers, oldest first."""
    told = Told(state=state)
    for words in whispers:
        dictated = _SAY.match(words)
        if dictated is not None:
            told = replace(told, say=(*told.say, words[dictated.end() :].strip()))
            continue
        heard = await understanding.understand(_HE.sub("I", _HIM.sub("me", words)), told.state, now)
        told = replace(
            told,
            state=_taken(flow, told.state, heard, now),
            person=told.person or Act.PERSON in heard.acts,
        )
    return told


def put_through(flow: Flow, state: FlowState, now: datetime) -> Outcome:
    """To a person, because an operator says so."""
    draft = Draft(flow=flow, state=state, now=now)
    draft.escalate(flow.phrases.person, "operator")
    return draft.outcome()


def _taken(flow: Flow, state: FlowState, heard: Understanding, now: datetime) -> FlowState:
    draft = Draft(flow=flow, state=state, now=now)
    goal = heard.goal
    if goal is not None and goal.certain and goal.name != state.goal:
        if draft.goal is not None:
            draft.leave_goal()
        start_goal(draft, flow.goals[goal.name])
    for item in heard.candidates:
        if item.confidence >= SURE and heard.candidate(item.slot) is item:
            accept(draft, flow.slots[item.slot], item.value)
    return draft.state
