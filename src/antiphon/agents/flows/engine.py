"""The flow engine: pure functions from a state and what was understood to the next state and what to say.

`advance` starts a reply, `resume` takes it on after each tool. Neither reads a clock nor runs anything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from antiphon.agents.flows.answers import take_answer
from antiphon.agents.flows.draft import Draft, complete
from antiphon.agents.flows.model import Flow
from antiphon.agents.flows.naming import leave_as_heard
from antiphon.agents.flows.proceeding import (
    REPEATED,
    abandon,
    ask_open,
    ask_slot,
    offer_person,
    offer_these,
    proceed,
    take_result,
)
from antiphon.agents.flows.state import Asking, FlowState, Outcome, Question
from antiphon.agents.flows.understanding import Act, Understanding
from antiphon.agents.ports import Expect, ToolResult

UNCLEAR_KEYS = 2  # Not understood this often in a row: offer the keys too.
UNCLEAR_PERSON = 3  # Not understood this often in a row: offer a person.
UNCLEAR_MAX = 5  # ... and this often: end politely.
UNCLEAR_SPELLING = 2  # A detail not agreed on after this many tries is left as it is.
REPEATS_MAX = 3  # "Say that again?" this often in a row: the words are not the trouble.


def greet(flow: Flow, state: FlowState, greeting: str, now: datetime) -> Outcome:
    """The first words. The greeting asks how we can help, or the flow does."""
    draft = Draft(flow=flow, state=state, now=now)
    if greeting.rstrip().endswith("?"):
        head, _, question = greeting.rstrip().rpartition(". ")
        if head:
            draft.said.append(f"{head}.")
        draft.ask(Question(asking=Asking.OPEN, text=question), Expect.OPEN)
    else:
        draft.said.append(greeting)
        ask_open(draft)
    return draft.outcome()


def advance(flow: Flow, state: FlowState, heard: Understanding, now: datetime) -> Outcome:
    """Answer one turn of the caller."""
    draft = Draft(flow=flow, state=replace(state, keyed=heard.keyed), now=now)
    if state.untold:
        # The effect happened while the caller spoke over the words that told of it.
        draft.said.append(state.untold)
        draft.set(untold="")
    if _take_act(draft, heard):
        draft.understood = Act.WAIT not in heard.acts
    elif take_answer(draft, heard):
        draft.understood = not _half_given(draft, state.question)
        draft.set(unclear=0, asked={k: n for k, n in draft.state.asked.items() if k != REPEATED})
    else:
        _not_understood(draft, heard)
    proceed(draft)
    return draft.outcome()


def _half_given(draft: Draft, question: Question) -> bool:
    """Asked for a name, the caller has said the first half of it so far."""
    slot = draft.flow.slots.get(question.name) if question.asking is Asking.SLOT else None
    value = draft.state.values.get(slot.name) if slot is not None else None
    return slot is not None and value is not None and not complete(slot, value)


def resume(flow: Flow, waiting: Outcome, result: ToolResult, now: datetime) -> Outcome:
    """Go on with a reply after its tool has answered."""
    assert waiting.tool is not None, "only a reply that waits for a tool is resumed"
    draft = Draft(flow=flow, state=waiting.state, now=now, facts=waiting.facts)
    take_result(draft, waiting.tool, result)
    proceed(draft)
    return draft.outcome()


def reprompt(flow: Flow, state: FlowState, attempt: int, now: datetime) -> Outcome:
    """The caller is silent: the same question in other words."""
    draft = Draft(flow=flow, state=state, now=now)
    if attempt >= 2:
        phrases = flow.phrases.still_there
        draft.say(phrases[(attempt - 2) % len(phrases)])
    _ask_again(draft)
    proceed(draft)  # What was asked often enough is no longer asked; then the next thing is.
    return draft.outcome()


def say_goodbye(flow: Flow, state: FlowState, reason: str, now: datetime) -> Outcome:
    """The call ends without the caller asking for it."""
    draft = Draft(flow=flow, state=state, now=now)
    if state.untold:
        draft.said.append(state.untold)
        draft.set(untold="")
    words = {"silence": flow.phrases.silence, "operator": flow.phrases.operator}
    draft.finish(words.get(reason, flow.phrases.time_limit), "gave_up" if reason == "silence" else reason)
    return draft.outcome()


def question_lost(state: FlowState) -> FlowState:
    """The reply was cut before its question was heard."""
    return replace(state, question=replace(state.question, heard=False))


def disclosures_heard(state: FlowState, lost: Collection[str]) -> FlowState:
    """The reply is over: of its uninterruptible SAY steps these were not heard, and are to be taken again."""
    return replace(state, told=state.told - set(lost), unproved={})


# --- whole-turn acts --------------------------------------------------------------------------------------


def _take_act(draft: Draft, heard: Understanding) -> bool:  # One branch per act, each a line or two.
    phrases, acts = draft.flow.phrases, heard.acts
    picks = heard.ordinals or acts & {Act.EARLIEST, Act.LATEST}
    says_more = bool(heard.candidates or heard.goal or heard.fact or picks)
    agrees = heard.answer is True and draft.state.question.asking in (Asking.CONFIRM, Asking.PERSON)
    if Act.PERSON in acts:
        draft.escalate(phrases.person, "asked_for_person")
    elif Act.ROBOT in acts:
        draft.say(phrases.robot)
        if not says_more:
            _ask_again(draft)
        return not says_more
    elif Act.WAIT in acts and not says_more:
        draft.say(phrases.wait)
        draft.wait(draft.state.question)
    elif Act.REPEAT in acts and not says_more:
        _repeat(draft)
    elif Act.RESTART in acts:
        _restart(draft)
    elif Act.NEVER_MIND in acts and not heard.candidates and draft.goal is not None and heard.goal is None:
        draft.say(phrases.never_mind)
        abandon(draft)
    elif Act.BACK in acts and not heard.candidates:
        _go_back(draft)
    elif Act.GOODBYE in acts and not says_more and not agrees:
        if draft.goal is not None:
            draft.say(draft.goal.abandon)
        draft.finish(phrases.farewell, draft.end_cause)
    elif (
        Act.THANKS in acts
        and not says_more
        and heard.answer is None
        and draft.state.question.asking is not Asking.MORE
    ):
        draft.say(phrases.welcome)
        _ask_again(draft)
    else:
        return False
    return True


def _repeat(draft: Draft) -> None:
    """The same words once, then other words, then a person."""
    before = draft.count_up(REPEATED)
    if before == 0:
        draft.said.append(draft.state.last_said or draft.state.question.text)
        draft.wait(replace(draft.state.question, heard=True))
    elif before < REPEATS_MAX:
        _ask_again(draft)
    else:
        offer_person(draft)


def _restart(draft: Draft) -> None:
    goal = draft.goal
    draft.set(values={}, results={}, finished=draft.state.finished)
    draft.leave_goal()
    draft.say(draft.flow.phrases.restart)
    draft.set(goal=goal.name if goal else "", question=Question(asking=Asking.OPEN), unclear=0)


def _go_back(draft: Draft) -> None:
    """Undo the last thing the caller gave."""
    draft.say(draft.flow.phrases.back)
    if draft.goal is None or not draft.state.trail:
        _ask_again(draft)
        return
    last = draft.state.trail[-1]
    draft.clear(last)
    draft.set(unclear=0, agreed={})
    if last in draft.flow.slots and draft.flow.slots[last].ask:
        ask_slot(draft, draft.flow.slots[last])


def _not_understood(draft: Draft, heard: Understanding) -> None:
    """Rephrase, then narrow, then offer a person, then give up."""
    phrases = draft.flow.phrases
    if not draft.state.question.heard:
        _ask_again(draft)  # They could not know what we asked; nothing went wrong on their side.
        return
    unclear = draft.state.unclear + 1
    draft.set(unclear=unclear)
    question = draft.state.question
    if question.asking is Asking.CONFIRM and unclear >= UNCLEAR_SPELLING and leave_as_heard(draft):
        return
    if unclear >= UNCLEAR_MAX:
        draft.finish(phrases.give_up, "gave_up")
    elif unclear >= UNCLEAR_PERSON or draft.state.question.asking is Asking.PERSON:
        offer_person(draft)
    else:
        draft.say(phrases.unclear[(unclear - 1) % len(phrases.unclear)])
        draft.keys_offered = unclear >= UNCLEAR_KEYS
        if question.asking is Asking.CONFIRM and unclear > 1:
            draft.say(phrases.yes_or_no)
        _ask_again(draft)


def _ask_again(draft: Draft) -> None:
    """The pending question once more, in other words where there are any."""
    question = draft.state.question
    if question.asking is Asking.SLOT:
        ask_slot(draft, draft.flow.slots[question.name])
    elif question.asking is Asking.OFFER and draft.goal is not None:
        step = next((step for step in draft.goal.steps if step.name == question.name), None)
        if step is not None:
            offer_these(draft, step, list(question.options))
    elif question.asking in (Asking.OPEN, Asking.MORE) and draft.goal is None:
        ask_open(draft)
    elif question.text:
        draft.ask(question, question.expect, question.phrases)
