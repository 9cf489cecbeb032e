"""One reply in the making: the state as it changes, and what is said on the way. Lives for one `advance`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from antiphon.agents.extract.values import PersonName
from antiphon.agents.flows import paths
from antiphon.agents.flows.model import Flow, Goal, Slot, SlotType, Step
from antiphon.agents.flows.speaking import render
from antiphon.agents.flows.state import Asking, FlowState, Outcome, Question, ToolAsk
from antiphon.agents.ports import Expect

SAME_WORDS_MAX = 3  # A question is put no more often than this in the same words.
_ALWAYS_ASKED = (Asking.OPEN, Asking.MORE, Asking.PERSON)


@dataclass(slots=True, kw_only=True)
class Draft:
    """`closed` once nothing more may be added: a question was asked, a tool is wanted, or the call ends.
    `keys_offered`: the question also says how to answer it by keys."""

    flow: Flow
    state: FlowState
    now: datetime
    said: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)
    facts: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    tool: ToolAsk | None = None
    expect: Expect = Expect.OPEN
    phrases: tuple[str, ...] = ()
    end: str = ""
    escalation: str = ""
    closed: bool = False
    understood: bool = False
    keys_offered: bool = False

    @property
    def goal(self) -> Goal | None:
        return self.flow.goals.get(self.state.goal)

    @property
    def pending_step(self) -> Step | None:
        """The step whose question is open, if it is a step's."""
        if self.goal is None:
            return None
        return next((step for step in self.goal.steps if step.name == self.state.question.name), None)

    @property
    def end_cause(self) -> str:
        """How a call that the caller ends has gone."""
        return "goal_reached" if self.state.finished or self.state.answered else "caller_done"

    def set(self, **changes: Any) -> None:
        self.state = dataclasses.replace(self.state, **changes)

    def say(
        self, template: str, extra: Mapping[str, Any] | None = None, *, uninterruptible: bool = False
    ) -> None:
        words = render(template, paths.spoken(self.flow, self.state, extra))
        if words:
            self.said.append(words)
            if uninterruptible:
                self.protected.append(words)

    def words(self, template: str) -> str:
        return render(template, paths.spoken(self.flow, self.state))

    def look_up(self, path: str) -> Any:
        return paths.data(self.flow, self.state)(path)

    def ask(self, question: Question, expect: Expect, phrases: tuple[str, ...] = ()) -> None:
        """End the reply with a question. One that was put too often in the same words gives way to the offer
        of a person: a caller must never be caught in a loop."""
        if question.asking not in _ALWAYS_ASKED:
            if self.count(f"words:{question.text}") >= SAME_WORDS_MAX:
                text = self.flow.phrases.offer_person
                question, expect = Question(asking=Asking.PERSON, text=text), Expect.YES_NO
                phrases = ("yes", "no")
            else:
                self.count_up(f"words:{question.text}")
        self.said.append(question.text)
        if question.uninterruptible:
            self.protected.append(question.text)
        if self.state.keyed or self.keys_offered:
            self.said.append(self._keys_for(question))
        self.wait(dataclasses.replace(question, expect=expect, phrases=phrases, heard=True))

    def _keys_for(self, question: Question) -> str:
        """How to answer this by keys."""
        phrases = self.flow.phrases
        match question.asking:
            case Asking.SLOT:
                return self.flow.slots[question.name].keys
            case Asking.OFFER if len(question.options) > 1:
                return phrases.keys_offer
            case Asking.OPEN | Asking.MORE:
                return phrases.menu
            case Asking.CHANGE:
                return ""
        return phrases.keys_yes_no

    def count(self, key: str) -> int:
        """How often something was asked or tried."""
        return self.state.asked.get(key, 0)

    def count_up(self, key: str) -> int:
        """One more; gives how often it was before."""
        before = self.count(key)
        self.set(asked={**self.state.asked, key: before + 1})
        return before

    def wait(self, question: Question) -> None:
        """End the reply; the question stands without being said."""
        self.expect, self.phrases, self.closed = question.expect, question.phrases, True
        self.set(question=question)

    def run(self, tool: ToolAsk) -> None:
        self.tool, self.closed = tool, True

    def finish(self, words: str, cause: str) -> None:
        """End the call with these words."""
        self.say(words)
        self.end, self.closed = cause, True

    def escalate(self, words: str, reason: str) -> None:
        self.say(words)
        self.escalation, self.closed = reason, True

    def fill(self, slot: str, value: Any) -> None:
        """Give a slot its value. What depended on the old one is found unsatisfied later, by itself."""
        values = {**self.state.values, slot: value}
        trail = (*(name for name in self.state.trail if name != slot), slot)
        asked = {key: count for key, count in self.state.asked.items() if key != slot}
        self.set(values=values, trail=trail, asked=asked, skipped=self.state.skipped - {slot})

    def clear(self, *slots: str) -> None:
        self.set(
            values={name: value for name, value in self.state.values.items() if name not in slots},
            trail=tuple(name for name in self.state.trail if name not in slots),
            skipped=self.state.skipped - set(slots),
        )

    def leave_goal(self) -> None:
        """Forget what belonged to the goal; who is calling stays."""
        kept = {
            n: v for n, v in self.state.values.items() if n in self.flow.slots and self.flow.slots[n].keep
        }
        self.set(goal="", values=kept, skipped=frozenset(), agreed={}, effects=frozenset(), told=frozenset(),
                 trail=tuple(n for n in self.state.trail if n in kept), failures={}, offered={},
                 asked={}, results={})  # fmt: skip

    def outcome(self) -> Outcome:
        said = tuple(words for words in self.said if words)
        if said and self.tool is None:
            self.set(last_said=" ".join(said))
        return Outcome(
            state=self.state, say=said, protected=tuple(self.protected), tool=self.tool,
            facts=self.facts, expect=self.expect, phrases=self.phrases, end=self.end,
            escalate=self.escalation, summary=summary(self.flow, self.state), understood=self.understood,
        )  # fmt: skip


def complete(slot: Slot, value: Any) -> bool:
    """Whether a slot's value is all we need; half a name is not, but a last name by its keys is."""
    if value is None:
        return False
    if slot.type is SlotType.NAME and isinstance(value, PersonName):
        return bool(value.last and (value.first or value.last.isdigit()))
    return True


def summary(flow: Flow, state: FlowState) -> str:
    """One line for the person who takes over: the goal and what was gathered."""
    goal = state.goal or (f"after {state.finished[-1]}" if state.finished else "no goal yet")
    look_up = paths.spoken(flow, state)
    known = [f"{name}: {render('{' + name + '}', look_up)}" for name in state.values if name in flow.slots]
    return "; ".join([f"goal: {goal}", *known])
