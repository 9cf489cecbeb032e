"""What a turn changes: the answer to the pending question, wishes, values, corrections. Nothing is asked
here."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from antiphon.agents.extract import find_phone_numbers
from antiphon.agents.extract.values import DateRange, PersonName, TimeWindow
from antiphon.agents.flows import offers, paths
from antiphon.agents.flows.draft import Draft
from antiphon.agents.flows.model import Goal, Slot, SlotType, Step, Verb
from antiphon.agents.flows.naming import merge_names, restates, settle_spelling, take_introduction
from antiphon.agents.flows.proceeding import (
    abandon,
    ask_slot,
    ask_slot_anew,
    chosen_words,
    fact_slots,
    offer_these,
    proceed,
)
from antiphon.agents.flows.state import Asking, Question, about_spelling
from antiphon.agents.flows.understanding import Act, Candidate, Understanding
from antiphon.agents.ports import Expect

ALONE_MAX = 3  # Whoever declines a person this often is going round in circles with us.
ANY_TIME = {SlotType.DATE, SlotType.TIME}


def take_answer(draft: Draft, heard: Understanding) -> bool:
    """Apply what the turn says. False when it says nothing we can use."""
    if heard.fact is not None and not heard.fact.certain and _implied(draft, replace(heard, fact=None)):
        heard = replace(heard, fact=None)  # What the words name outweighs what the sentence is like.
    switched = _take_goal(draft, heard)
    asked_fact = _take_fact(draft, heard)
    answered = False
    if not switched:
        answered = _answer_question(draft, heard)
    if draft.closed:
        return True
    taken = _take_values(draft, heard, answered or asked_fact)
    return switched or asked_fact or answered or taken


# --- wishes -----------------------------------------------------------------------------------------------


def _take_goal(draft: Draft, heard: Understanding) -> bool:
    state, goal = draft.state, draft.goal
    if _amends(draft, heard):
        return True
    implied = _implied(draft, heard)
    sure = heard.goal is not None and heard.goal.certain
    # What the words name outweighs what the sentence is like.
    name = heard.goal.name if heard.goal is not None and (sure or not implied) else implied
    if not name or (
        heard.fact is not None and heard.goal is not None and heard.fact.score > heard.goal.score
    ):
        return False
    if goal is None:
        start_goal(draft, draft.flow.goals[name])
        return True
    certain = heard.goal is not None and heard.goal.certain
    if name == goal.name:
        return (
            certain and state.question.asking is Asking.SLOT and heard.answer is None and not heard.candidates
        )
    if not certain or (
        state.question.asking is Asking.CONFIRM and heard.answer is not None and not _switches(heard)
    ):
        return False  # A weak likeness must not throw away what was gathered.
    draft.leave_goal()
    start_goal(draft, draft.flow.goals[name])
    return True


def _switches(heard: Understanding) -> bool:
    return Act.CORRECTION in heard.acts or "instead" in heard.text.lower()


def start_goal(draft: Draft, goal: Goal) -> None:
    carried = {name: value for name, value in draft.state.values.items() if not name.startswith("amend_")}
    draft.set(goal=goal.name, values=carried, unclear=0)
    draft.say(goal.begin)


def _implied(draft: Draft, heard: Understanding) -> str:
    """ "I need a check-up" names no goal, but only one makes sense of it."""
    if draft.goal is not None or heard.fact is not None:
        return ""
    given = {item.slot for item in heard.candidates if item.confidence >= 0.7}
    return next((g.name for g in draft.flow.goals.values() if given & set(g.implied_by)), "")


def _amends(draft: Draft, heard: Understanding) -> bool:
    """ "No, make it Friday", after it was booked: the goal that changes it, with what was booked."""
    state = draft.state
    if draft.goal is not None or not state.finished or (heard.goal is not None and heard.goal.certain):
        return False
    done = draft.flow.goals[state.finished[-1]]
    if not done.amend:
        return False
    goal = draft.flow.goals[done.amend]
    given = [item for item in heard.candidates if item.slot in goal.slots and item.slot not in state.values]
    if not given or heard.fact is not None or not (Act.CORRECTION in heard.acts or heard.answer is False):
        return False
    carried = {name: state.values.get(f"amend_{name}") for name in done.amend_with}
    start_goal(draft, goal)
    draft.set(values={**draft.state.values, **{k: v for k, v in carried.items() if v is not None}})
    return True


def _take_fact(draft: Draft, heard: Understanding) -> bool:
    if heard.fact is None:
        return False
    fact = draft.flow.facts[heard.fact.name]
    known = {item.slot: item.value for item in heard.candidates if item.slot in fact_slots(fact)}
    if not heard.fact.certain and heard.goal is not None and heard.goal.score >= heard.fact.score:
        return False
    draft.facts = (*draft.facts, (fact.name, known))
    return True


# --- the pending question ---------------------------------------------------------------------------------


def _answer_question(draft: Draft, heard: Understanding) -> bool:
    match draft.state.question.asking:
        case Asking.MORE | Asking.OPEN:
            return _answer_open(draft, heard)
        case Asking.SLOT:
            return _answer_slot(draft, heard)
        case Asking.OFFER:
            return _answer_offer(draft, heard)
        case Asking.CONFIRM:
            return _answer_confirm(draft, heard)
        case Asking.CHANGE:
            return _answer_change(draft, heard)
        case Asking.PERSON:
            return _answer_person(draft, heard)


def _answer_open(draft: Draft, heard: Understanding) -> bool:
    if heard.fact is not None or draft.goal is not None:
        return False
    more = draft.state.question.asking is Asking.MORE
    done = heard.answer is False or heard.acts & {Act.THANKS, Act.DONE}
    if more and done and heard.goal is None and Act.CORRECTION not in heard.acts:
        draft.finish(draft.flow.phrases.farewell, draft.end_cause)
        return True
    if take_introduction(draft, heard):
        return True
    if heard.answer is True and not heard.candidates and len(heard.text.split()) <= 4:
        draft.ask(Question(asking=Asking.OPEN, text=draft.flow.phrases.open[-1]), Expect.OPEN)
        return True
    return False


def _answer_slot(draft: Draft, heard: Understanding) -> bool:
    slot = draft.flow.slots[draft.state.question.name]
    given = heard.candidate(slot.name)
    if given is not None:
        if _is_for_fact(draft, given):
            return False
        accept(draft, slot, given.value)
        return True
    if slot.type is SlotType.PHONE and heard.digits:
        return _more_digits(draft, slot, heard.digits)
    if slot.type is SlotType.YES_NO and heard.answer is not None:
        accept(draft, slot, heard.answer)
        return True
    indifferent = {Act.ANY, Act.DONT_KNOW} & heard.acts
    if slot.optional and (indifferent or (heard.answer is False and not heard.candidates)):
        draft.set(skipped=draft.state.skipped | {slot.name})
        draft.say(draft.flow.phrases.okay)
        return True
    if slot.type in ANY_TIME and (Act.ANY in heard.acts or Act.EARLIER in heard.acts):
        accept(draft, slot, _whenever(draft, slot))
        return True
    return False


def _more_digits(draft: Draft, slot: Slot, digits: str) -> bool:
    """A number that comes in pieces, with pauses that ended the turn."""
    part = f"part_{slot.name}"
    together = str(draft.state.values.get(part, "")) + digits
    numbers = find_phone_numbers(together)
    if numbers:
        draft.clear(part)
        accept(draft, slot, numbers[0].value)
    elif len(together) < 10:
        draft.set(values={**draft.state.values, part: together}, unclear=0)
        draft.say(draft.flow.phrases.go_on)
        draft.wait(draft.state.question)
    else:
        draft.clear(part)
        return False
    return True


def _whenever(draft: Draft, slot: Slot) -> DateRange | TimeWindow:
    if slot.type is SlotType.TIME:
        return TimeWindow(start=time(0, 0), end=time(23, 59), relation="between")
    today = draft.now.date()
    return DateRange(start=today, end=today + timedelta(days=60), asap=True)


def _answer_offer(draft: Draft, heard: Understanding) -> bool:
    step = draft.pending_step
    if step is None:
        return False
    listed = draft.look_up(step.target) or []
    choice = offers.choose(heard, draft.state.question.options, listed, step.start)
    if choice.option is not None:
        draft.fill(step.into, choice.option)
        draft.set(unclear=0)
        draft.say(chosen_words(draft, step))
        return True
    if choice.among == draft.state.question.options:
        return _which_of_all(draft, step, heard)
    if choice.among or choice.instead:
        _pass_over(draft, step)
        proceed_facts_first(draft)
        if not draft.closed:
            which = draft.flow.phrases.which if choice.among else ""
            offer_these(draft, step, choice.among or choice.instead, which)
        return True
    if choice.refused or choice.exhausted:
        _pass_over(draft, step)
        if choice.exhausted:
            draft.say(draft.flow.phrases.last_one)
            draft.set(
                results={k: v for k, v in draft.state.results.items() if k != step.target.split(".")[0]}
            )
            draft.clear(*step.refine)
            if step.refine:
                ask_slot(draft, draft.flow.slots[step.refine[0]])
        else:
            draft.say(draft.flow.phrases.okay)
        return True
    return False


def _which_of_all(draft: Draft, step: Step, heard: Understanding) -> bool:
    """ "Yes" to two options, or "in the morning" to two mornings: ask which, once, then take the first; it is
    confirmed before anything is done."""
    options = draft.state.question.options
    if draft.count_up(f"which:{[str(option.get(step.key)) for option in options]}"):
        draft.fill(step.into, options[0])
        draft.say(draft.flow.phrases.take_first)
        return True
    proceed_facts_first(draft)
    if not draft.closed:
        if heard.answer is None:
            draft.say(draft.flow.phrases.all_of_them)
        offer_these(draft, step, options, draft.flow.phrases.which)
    return True


def proceed_facts_first(draft: Draft) -> None:
    """A fact asked in the same breath is answered before the offer is made again."""
    if draft.facts:
        proceed(draft)


def _pass_over(draft: Draft, step: Step) -> None:
    passed = {str(option.get(step.key)) for option in draft.state.question.options}
    known = draft.state.offered.get(step.name, frozenset())
    draft.set(offered={**draft.state.offered, step.name: known | passed})


def _answer_confirm(draft: Draft, heard: Understanding) -> bool:
    changed = [item for item in heard.candidates if _changes(draft, item)]
    if heard.fact is not None and heard.answer is None:
        return False
    if (heard.answer is True or restates(draft, heard)) and not changed and draft.state.question.heard:
        agreed = {**draft.state.agreed, draft.state.question.name: draft.state.question.text}
        draft.set(agreed=agreed, unclear=0)
        return True
    if heard.answer is True and not changed:
        return True  # Agreed to words never heard: the same question follows, in full.
    if changed:
        return False  # The new values are taken next, and the question is asked anew.
    if heard.mentions:
        return _change(draft, heard)
    step = draft.pending_step
    if heard.answer is False and step is not None and step.refine:
        draft.say(draft.flow.phrases.sorry)
        ask_slot_anew(draft, draft.flow.slots[step.refine[0]])
        return True
    if heard.answer is False:
        draft.ask(Question(asking=Asking.CHANGE, text=draft.flow.phrases.what_instead), Expect.OPEN)
        return True
    return False


def _changes(draft: Draft, item: Candidate) -> bool:
    known = draft.state.values.get(item.slot)
    if draft.goal is None or item.slot not in draft.goal.slots:
        return False
    if item.slot in draft.state.values and known == item.value:
        return False
    if isinstance(item.value, PersonName) and isinstance(known, PersonName):
        new = merge_names(draft, draft.flow.slots[item.slot], item.value)
        return (new.first.lower(), new.last.lower()) != (known.first.lower(), known.last.lower())
    return not _matches_choice(draft, item)


def _matches_choice(draft: Draft, item: Candidate) -> bool:
    """A date or time that the chosen option already has is agreement, not change."""
    if draft.goal is None or not isinstance(item.value, DateRange | TimeWindow):
        return False
    probe = Understanding(text="", candidates=(item,))
    for step in draft.goal.steps:
        value = draft.state.values.get(step.into) if step.into else None
        if step.verb is Verb.OFFER and item.slot in step.refine and value is not None:
            return offers.choose(probe, (value, value), (), step.start).among != ()
    return False


def _answer_change(draft: Draft, heard: Understanding) -> bool:
    if heard.mentions and not heard.candidates:
        return _change(draft, heard)
    if Act.DONT_KNOW in heard.acts or (heard.answer is False and not heard.candidates):
        draft.say(draft.flow.phrases.okay)
        abandon(draft)
        return True
    return False


def _change(draft: Draft, heard: Understanding) -> bool:
    """ "The time, please": clear it and ask again."""
    draft.say(draft.flow.phrases.okay)
    name = heard.mentions[0]
    _drop_choices(draft, name)
    draft.clear(name)
    # Optional things are not asked for by the steps, so ask here.
    ask_slot(draft, draft.flow.slots[name])
    return True


def _answer_person(draft: Draft, heard: Understanding) -> bool:
    if heard.answer is True:
        draft.escalate(draft.flow.phrases.person, "asked_for_person")
        return True
    if heard.answer is False:
        alone = draft.state.alone + 1
        draft.set(unclear=0, failures={}, asked={}, alone=alone)
        if alone >= ALONE_MAX:
            draft.finish(draft.flow.phrases.give_up, "gave_up")
        else:
            draft.say(draft.flow.phrases.no_person)
        return True
    return False


# --- values -----------------------------------------------------------------------------------------------


def _take_values(draft: Draft, heard: Understanding, answered: bool) -> bool:
    """Everything else that was said, whether or not it was asked for."""
    goal, taken = draft.goal, False
    if goal is None or draft.end or draft.escalation:
        return False
    asked = draft.state.question.name if draft.state.question.asking is Asking.SLOT else ""
    for item in heard.candidates:
        slot = draft.flow.slots[item.slot]
        if (item.slot == asked and answered) or _is_for_fact(draft, item):
            continue
        if item.slot not in goal.slots or heard.candidate(item.slot) is not item:
            continue
        known = draft.state.values.get(item.slot)
        if known == item.value or (known is not None and _matches_choice(draft, item)):
            taken = True
            continue
        if _may_take(draft, slot, item, known):
            accept(draft, slot, item.value, correcting=known is not None)
            settle_spelling(draft, item)
            taken = True
    return taken


def _may_take(draft: Draft, slot: Slot, item: Candidate, known: Any) -> bool:
    if known is not None and slot.keep:
        # Who is calling is not changed by a chance likeness.
        spelled = isinstance(item.value, PersonName) and item.value.spelled
        put_right = draft.state.question.asking in (Asking.CONFIRM, Asking.CHANGE)
        least = 0.7 if about_spelling(draft.state.question) else 0.9
        return item.confidence >= least and (put_right or spelled)
    if draft.state.question.asking is Asking.OFFER and _answered_offer(draft):
        return False
    return slot.volunteer or draft.state.question.asking in (Asking.CHANGE, Asking.CONFIRM)


def _answered_offer(draft: Draft) -> bool:
    """The words that chose an option are used up."""
    step = draft.pending_step
    return step is not None and offers.chosen(
        step, draft.look_up(step.target), draft.state.values.get(step.into)
    )


def _is_for_fact(draft: Draft, item: Candidate) -> bool:
    return any(item.slot in known for _, known in draft.facts)


def accept(draft: Draft, slot: Slot, value: Any, *, correcting: bool = False) -> None:
    """Take a value and say so in as few words as possible."""
    if slot.type is SlotType.NAME:
        value = merge_names(draft, slot, value)
    _drop_choices(draft, slot.name)
    draft.fill(slot.name, value)
    draft.set(unclear=0)
    shown = {"value": paths.say_choice(draft.flow, slot.name, value)}
    if correcting:
        draft.say(draft.flow.phrases.changed, shown)
    elif not draft.said:  # One acknowledgement is enough.
        draft.say(slot.ack, shown)


def _drop_choices(draft: Draft, name: str) -> None:
    """An option chosen from a list that this slot narrowed is no longer chosen."""
    if draft.goal is None:
        return
    stale = [step.into for step in draft.goal.steps if step.verb is Verb.OFFER and name in step.refine]
    if stale:
        draft.clear(*stale)
        draft.set(offered={})
