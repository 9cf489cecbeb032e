"""A flow as a `Reasoner`: drafts from the committed state, of which at most one is adopted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from antiphon.agents import disclosures
from antiphon.agents.flows import engine
from antiphon.agents.flows.model import Flow
from antiphon.agents.flows.state import FlowState, Outcome
from antiphon.agents.flows.told import Told, put_through, take_whispers
from antiphon.agents.flows.understanding import Understands
from antiphon.agents.keys import keys_alone
from antiphon.agents.ports import Replying, ReplyKind, ReplyRequest

TOOLS_MAX = 12  # Tool runs within one reply; a flow that needs more goes round in circles.


@dataclass(slots=True, kw_only=True)
class Draft:
    """A prepared reply. `confirmed` may come first; then it is adopted when it is complete."""

    state: FlowState | None = None
    text: str = ""
    question: str = ""
    confirmed: bool = False


@dataclass(slots=True)
class FlowReasoner:
    """`Reasoner` for one call. `greeting` are the first words, disclosures included; `protected` are texts
    that are uninterruptible wherever they are said."""

    flow: Flow
    understanding: Understands
    greeting: str = ""
    protected: tuple[str, ...] = ()
    _state: FlowState = field(default_factory=FlowState)
    _drafts: dict[str, Draft] = field(default_factory=dict)

    @property
    def state(self) -> FlowState:
        """What the call has committed to so far."""
        return self._state

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        draft = self._drafts.setdefault(request.reply_id, Draft())
        outcome = await self._first(request)
        if outcome.understood:
            act.understood()
        try:
            outcome = await self._speak(request, outcome, act, draft)
        finally:
            # A reply cut down while its tool ran was confirmed all the same: what the caller agreed to
            # stays agreed, and the next reply takes the open step again.
            draft.state = outcome.state
            if draft.confirmed:
                self._adopt(request.reply_id)

    async def _first(self, request: ReplyRequest) -> Outcome:
        state, now = self._state, request.now
        if request.caller_number and not state.caller_number:
            state = replace(state, caller_number=request.caller_number)
        match request.kind:
            case ReplyKind.GREETING:
                return engine.greet(self.flow, state, self.greeting, now)
            case ReplyKind.REPROMPT:
                told = await self._minded(request, state)
                outcome = engine.reprompt(self.flow, told.state, request.attempt, now)
            case ReplyKind.GOODBYE:
                return engine.say_goodbye(self.flow, state, request.reason, now)
            case ReplyKind.TURN:
                told = await self._minded(request, state)
                heard = await self.understanding.understand(request.text, told.state, now)
                keyed = request.keyed or bool(keys_alone(request.text))
                heard = replace(heard, keyed=keyed)
                outcome = engine.advance(self.flow, told.state, heard, now)
        if told.person:
            outcome = put_through(self.flow, told.state, now)
        return replace(outcome, say=(*told.say, *outcome.say))

    async def _minded(self, request: ReplyRequest, state: FlowState) -> Told:
        """What an operator has told since the last reply that was heard of."""
        count = request.whispers_before + len(request.whispers)
        new = request.whispers[max(0, state.whispers - request.whispers_before) :]
        state = replace(state, whispers=count)
        return await take_whispers(self.flow, state, new, self.understanding, request.now)

    async def _speak(self, request: ReplyRequest, outcome: Outcome, act: Replying, draft: Draft) -> Outcome:
        for _ in range(TOOLS_MAX):
            self._say(outcome, act, draft)
            if outcome.tool is None:
                break
            draft.state = outcome.state
            result = await act.run_tool(outcome.tool.tool, outcome.tool.arguments)
            outcome = engine.resume(self.flow, outcome, result, self._now(request))
        else:
            raise AssertionError(f"the flow {self.flow.name} ran {TOOLS_MAX} tools in one reply")
        _close(outcome, act, draft)
        return replace(
            outcome, state=replace(outcome.state, last_said=draft.text.strip() or outcome.state.last_said)
        )

    def _say(self, outcome: Outcome, act: Replying, draft: Draft) -> None:
        text = "".join(f"{words} " for words in outcome.say)
        disclosures.say(act, text, (*self.protected, *outcome.protected))
        draft.text += text

    def _now(self, request: ReplyRequest) -> datetime:
        return request.now

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`."""
        draft = self._drafts.setdefault(reply_id, Draft())
        draft.confirmed = True
        if draft.state is not None:
            self._adopt(reply_id)

    def _adopt(self, reply_id: str) -> None:
        draft = self._drafts[reply_id]
        assert draft.state is not None, "only a prepared state can be adopted"
        self._state = draft.state

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        self._drafts.pop(reply_id, None)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`. A question that was not heard is put again; an effect not told of is told."""
        draft = self._drafts.pop(reply_id, None)
        if draft is None or not draft.confirmed:
            return
        unproved = self._state.unproved
        if unproved:
            lost = [step for step, words in unproved.items() if not disclosures.contains(text, words)]
            self._state = engine.disclosures_heard(self._state, lost)
        if self._state.untold and (complete or disclosures.contains(text, self._state.untold)):
            self._state = replace(self._state, untold="")
        if not complete and draft.question and not _mostly_heard(text, draft.question):
            self._state = engine.question_lost(self._state)


def _close(outcome: Outcome, act: Replying, draft: Draft) -> None:
    draft.question = outcome.state.question.text
    if outcome.escalate:
        act.escalate(outcome.escalate, outcome.summary)
    elif outcome.end:
        act.end_call(outcome.end)
    else:
        act.expect(outcome.expect, outcome.phrases)


def _mostly_heard(text: str, question: str) -> bool:
    """Whether the caller heard enough of the question to know it: all but its last two words."""
    words = question.split()
    return disclosures.contains(text, " ".join(words[: max(1, len(words) - 2)]))
