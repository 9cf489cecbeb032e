"""What comes next: answer pending facts, then find the first step that is not satisfied and take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from antiphon.agents.extract.values import PersonName, TimeWindow
from antiphon.agents.flows import offers, paths
from antiphon.agents.flows.draft import Draft, complete
from antiphon.agents.flows.model import Fact, Goal, Slot, SlotType, Step, Trouble, Verb
from antiphon.agents.flows.speaking import clock, openings
from antiphon.agents.flows.state import Asking, Purpose, Question, Result, ToolAsk
from antiphon.agents.ports import Expect, ToolResult

EXPECTED = {
    SlotType.DATE: Expect.DATE, SlotType.TIME: Expect.DATE, SlotType.NAME: Expect.NAME,
    SlotType.PHONE: Expect.DIGITS, SlotType.BIRTH_DATE: Expect.DATE, SlotType.YES_NO: Expect.YES_NO,
    SlotType.CHOICE: Expect.CHOICE, SlotType.TEXT: Expect.OPEN,
}  # fmt: skip
PHRASES_MAX = 24
REPEATED = "repeated"  # Counts "say that again?" in a row.
HALF_NAME_MAX = 2  # Asked this often for the other half of a name: a record may be found by what there is.


def proceed(draft: Draft) -> None:
    """Go on until a question is asked, a tool is needed or the call ends."""
    while not draft.closed:
        if draft.facts:
            _answer_fact(draft)
        elif draft.goal is None:
            ask_open(draft)
        else:
            step = first_open_step(draft, draft.goal)
            if step is None:
                draft.set(finished=(*draft.state.finished, draft.state.goal))
                _close_goal(draft, draft.goal)
            else:
                _take(draft, step)


def _close_goal(draft: Draft, goal: Goal) -> None:
    """The amendment needs to know what was done, so its values outlive the goal."""
    carried = {name: draft.look_up(path) for name, path in goal.amend_with.items()}
    draft.leave_goal()
    draft.set(values={**draft.state.values, **{f"amend_{name}": value for name, value in carried.items()}})


def first_open_step(draft: Draft, goal: Goal) -> Step | None:
    done = [index for index, step in enumerate(goal.steps) if step.name in draft.state.effects]
    for step in goal.steps[max(done, default=-1) + 1 :]:
        if paths.applies(step, draft.look_up) and not _satisfied(draft, step):
            return step
    return None


def _satisfied(draft: Draft, step: Step) -> bool:
    state = draft.state
    match step.verb:
        case Verb.ASK:
            slot = draft.flow.slots[step.target]
            return step.target in state.skipped or complete(slot, state.values.get(step.target))
        case Verb.RUN:
            result = state.results.get(step.name)
            return result is not None and result.asked_with == paths.fingerprint(_arguments(draft, step))
        case Verb.OFFER:
            return offers.chosen(step, draft.look_up(step.target), state.values.get(step.into))
        case Verb.CONFIRM:
            return state.agreed.get(step.name) == draft.words(step.target)
        case Verb.DO:
            return step.name in state.effects
        case Verb.SAY:
            return step.name in state.told


def _take(draft: Draft, step: Step) -> None:
    match step.verb:
        case Verb.ASK:
            ask_slot(draft, draft.flow.slots[step.target])
        case Verb.RUN | Verb.DO:
            draft.run(
                ToolAsk(
                    tool=step.target, arguments=_arguments(draft, step), purpose=Purpose.STEP, name=step.name
                )
            )
        case Verb.OFFER:
            offer(draft, step)
        case Verb.CONFIRM:
            words = draft.words(step.target)
            question = Question(
                asking=Asking.CONFIRM, name=step.name, text=words, uninterruptible=step.uninterruptible
            )
            draft.ask(question, Expect.YES_NO, ("yes", "no"))
        case Verb.SAY:
            draft.say(step.target, uninterruptible=step.uninterruptible)
            draft.set(told=draft.state.told | {step.name})
            if step.uninterruptible:
                draft.set(unproved={**draft.state.unproved, step.name: draft.words(step.target)})


def _arguments(draft: Draft, step: Step) -> dict[str, Any]:
    return paths.arguments(draft.flow, step.arguments, step.literals, draft.look_up)


def ask_open(draft: Draft) -> None:
    """Nothing is going on: ask what the caller wants."""
    more = bool(draft.state.finished or draft.state.question.asking is Asking.MORE)
    variants = draft.flow.phrases.more if more else draft.flow.phrases.open
    text = _variant(draft, "more" if more else "open", variants)
    draft.ask(Question(asking=Asking.MORE if more else Asking.OPEN, text=text), Expect.OPEN)


def ask_slot(draft: Draft, slot: Slot) -> None:
    value, phrases = draft.state.values.get(slot.name), draft.flow.phrases
    expect = EXPECTED[slot.type]
    if slot.type is SlotType.NAME and value is not None:
        tries = draft.count_up(f"half_{slot.name}")
        if tries >= HALF_NAME_MAX:
            part = value.only
            draft.fill(slot.name, PersonName(first=part, last=part, spelled=value.spelled))
            draft.say(phrases.as_heard)
            return
        text = phrases.last_name if value.first else phrases.first_name
        if tries:
            text, expect = phrases.spell_name, Expect.SPELLING
    else:
        asked = draft.count(slot.name)
        hard = draft.state.unclear >= 2 or draft.count(REPEATED) >= 3
        text = slot.narrow if hard and slot.narrow else _variant(draft, slot.name, slot.ask)
        if slot.type is SlotType.NAME and asked % max(1, len(slot.ask)):
            expect = Expect.SPELLING
    words = [choice_words for choice in slot.choices for choice_words in choice.phrases[:2]]
    vocabulary = tuple([*slot.vocabulary, *words][:PHRASES_MAX])
    draft.ask(Question(asking=Asking.SLOT, name=slot.name, text=draft.words(text)), expect, vocabulary)


def _variant(draft: Draft, key: str, variants: tuple[str, ...]) -> str:
    """The next way to ask the same thing."""
    return variants[draft.count_up(key) % len(variants)]


def offer(draft: Draft, step: Step) -> None:
    """Offer up to two or three of a list, or take the only one."""
    options = draft.look_up(step.target) or []
    refused = draft.state.offered.get(step.name, frozenset())
    fresh = [option for option in options if str(option.get(step.key)) not in refused]
    if not fresh:
        draft.say(draft.flow.phrases.last_one if options else "")
        _refine(draft, step)
        return
    if len(options) == 1 and (step.single or _asked_for_exactly(draft, step)):
        draft.fill(step.into, options[0])
        if not step.single and not draft.said:
            draft.say(chosen_words(draft, step))
        return
    offer_these(draft, step, offers.spread(fresh, step.start))


def _asked_for_exactly(draft: Draft, step: Step) -> bool:
    """The caller named this very time: offering it back would be a question too many."""
    wished = [draft.state.values.get(name) for name in step.refine]
    return any(isinstance(value, TimeWindow) and value.exact for value in wished)


def chosen_words(draft: Draft, step: Step) -> str:
    start = offers.start_of(draft.state.values[step.into], step.start)
    return f"Great, {clock(start)}." if start is not None else draft.flow.phrases.okay


def offer_these(draft: Draft, step: Step, options: Sequence[Mapping[str, Any]], words: str = "") -> None:
    """Say these options; `words` in place of the step's own."""
    starts = [offers.start_of(option, step.start) for option in options]
    said = openings([start for start in starts if start is not None])
    own = step.say if len(options) > 1 and step.say else draft.flow.phrases.alternatives
    text = draft.words((words or own).replace("{options}", said))
    vocabulary = tuple(offers.vocabulary(options, step.start))
    draft.ask(
        Question(asking=Asking.OFFER, name=step.name, text=text, options=tuple(options)),
        Expect.CHOICE,
        vocabulary,
    )


def _refine(draft: Draft, step: Step) -> None:
    """Nothing (more) to offer: ask again for what narrowed the list down."""
    draft.clear(step.into, *step.refine)
    root = step.target.split(".")[0]
    draft.set(
        offered={key: value for key, value in draft.state.offered.items() if key != step.name},
        results={key: value for key, value in draft.state.results.items() if key != root},
    )
    if step.refine:
        ask_slot(draft, draft.flow.slots[step.refine[0]])
    else:
        abandon(draft)


def abandon(draft: Draft) -> None:
    """Give the goal up, with an honest word about where that leaves things."""
    goal = draft.goal
    if goal is not None:
        draft.say(goal.abandon)
    draft.leave_goal()
    draft.set(question=Question(asking=Asking.MORE))


def _answer_fact(draft: Draft) -> None:
    (name, known), *rest = draft.facts
    draft.facts = tuple(rest)
    fact = draft.flow.facts[name]
    if not fact.tool:
        say_fact(draft, fact, {})
        return
    look_up = paths.data(draft.flow, draft.state, {**known, "said": known})
    arguments = paths.arguments(draft.flow, fact.arguments, {}, look_up)
    draft.run(ToolAsk(tool=fact.tool, arguments=arguments, purpose=Purpose.FACT, name=name))


def say_fact(draft: Draft, fact: Fact, extra: Mapping[str, Any]) -> None:
    look_up = paths.data(draft.flow, draft.state, extra)
    saying = next((case for case in fact.says if paths.holds(case.when, look_up)), None)
    if saying is not None:
        draft.say(saying.say, extra)
    draft.set(answered=(*draft.state.answered, fact.name))
    if draft.goal is None:
        draft.set(question=replace(draft.state.question, asking=Asking.MORE))


def fact_slots(fact: Fact) -> tuple[str, ...]:
    """Slots whose values in the question belong to the question, not to the goal."""
    return tuple(path.removeprefix("said.").split(".")[0] for path in fact.arguments.values())


# --- tool results -----------------------------------------------------------------------------------------


def take_result(draft: Draft, ask: ToolAsk, result: ToolResult) -> None:
    """Fold a tool's answer into the state. Words about an effect are said only if it happened."""
    if ask.purpose is Purpose.FACT:
        fact = draft.flow.facts[ask.name]
        if result.ok:
            say_fact(draft, fact, {"result": result.value})
        else:
            draft.say(fact.when_missing, {"value": result.value})
        return
    goal = draft.goal
    assert goal is not None, "a step's tool belongs to the current goal"
    step = next(step for step in goal.steps if step.name == ask.name)
    if not result.ok:
        _trouble(draft, step, result.error or "failed", result.value)
    elif step.verb is Verb.DO:
        _effect_happened(draft, step, result)
    else:
        _found(draft, step, ask, result)


def _effect_happened(draft: Draft, step: Step, result: ToolResult) -> None:
    stored = Result(asked_with="", value=result.value)
    # Everything read before the effect may be out of date now; what this goal still says may need it.
    draft.set(results={**draft.state.results, step.name: stored}, effects=draft.state.effects | {step.name})
    before = len(draft.said)
    draft.say(step.say, uninterruptible=step.uninterruptible)
    draft.set(untold=" ".join(draft.said[before:]))


def _found(draft: Draft, step: Step, ask: ToolAsk, result: ToolResult) -> None:
    """Keep what was read. An empty list is trouble, named by the tool's own reason where it gives one."""
    stored = Result(asked_with=paths.fingerprint(_arguments(draft, step)), value=result.value)
    found = paths.data(draft.flow, draft.state, {"result": result.value})
    if step.empty and not found(f"result.{step.empty}"):
        reason = str(found("result.reason") or "none")
        _trouble(draft, step, reason if reason in step.troubles else "none", result.value)
        return
    draft.set(results={**draft.state.results, step.name: stored}, offered={})
    draft.say(step.say, uninterruptible=step.uninterruptible)


def _trouble(draft: Draft, step: Step, error: str, value: Any) -> None:
    error = error.partition(":")[0]  # "invalid_arguments: ..." has the details for the log.
    trouble = step.troubles.get(error) or step.troubles.get("other")
    key = f"{step.name}:{error}"
    count = draft.state.failures.get(key, 0)
    draft.set(failures={**draft.state.failures, key: count + 1})
    if trouble is None:
        draft.say(draft.flow.phrases.trouble)
        offer_person(draft, draft.flow.phrases.offer_colleague)
        return
    draft.say(trouble.say, {"value": value})
    _after_trouble(draft, step, trouble, value, count)


def _after_trouble(draft: Draft, step: Step, trouble: Trouble, value: Any, count: int) -> None:
    if trouble.options and _offer_alternatives(draft, step, trouble, value):
        return
    match trouble.leads:
        case "skip":
            result = Result(asked_with=paths.fingerprint(_arguments(draft, step)), value=None, failed=True)
            draft.set(results={**draft.state.results, step.name: result})
        case "end":
            abandon(draft)
        case "person":
            offer_person(draft, draft.flow.phrases.offer_colleague)
        case _ if count < len(trouble.again):
            _ask_again(draft, step, trouble.again[count])
        case _:
            offer_person(draft, draft.flow.phrases.offer_colleague)


def _ask_again(draft: Draft, step: Step, name: str) -> None:
    """Clear one value and everything agreed on it; the first unsatisfied step asks for it."""
    slot = draft.flow.slots.get(name)
    draft.set(agreed={}, results={k: v for k, v in draft.state.results.items() if k != step.name})
    if slot is not None and slot.type is SlotType.NAME and len(slot.ask) > 1:
        ask_slot_anew(draft, slot)
        return
    draft.clear(name)


def ask_slot_anew(draft: Draft, slot: Slot) -> None:
    """Ask for a slot whose old value stays in reach, so that a spelled surname completes it."""
    old = draft.state.values.get(slot.name)
    draft.clear(slot.name)
    # The first variant has been asked; the next ones are for what was misheard.
    draft.set(asked={**draft.state.asked, slot.name: draft.state.asked.get(slot.name, 0) or 1})
    ask_slot(draft, slot)
    if old is not None:
        draft.set(values={**draft.state.values, f"old_{slot.name}": old})


def _offer_alternatives(draft: Draft, step: Step, trouble: Trouble, value: Any) -> bool:
    """Put the tool's own alternatives in place of the list that was offered before."""
    goal = draft.goal
    options = paths.data(draft.flow, draft.state, {"value": value})(trouble.options)
    found = _offer_behind(goal, step) if goal else None
    if found is None or not options or goal is None:
        return False
    root, _, leaf = found.target.partition(".")
    source = next(each for each in goal.steps if each.name == root)
    stored = Result(asked_with=paths.fingerprint(_arguments(draft, source)), value={leaf: options})
    draft.clear(found.into)
    draft.set(results={**draft.state.results, root: stored}, agreed={}, offered={})
    offer_these(draft, found, offers.spread(options, found.start), draft.flow.phrases.alternatives)
    return True


def _offer_behind(goal: Goal, step: Step) -> Step | None:
    """The offer that shows this step's list, or whose choice this step takes."""
    roots = {path.split(".")[0] for path in step.arguments.values()}
    offers_ = [each for each in goal.steps if each.verb is Verb.OFFER]
    return next(
        (each for each in offers_ if each.target.split(".")[0] == step.name or each.into in roots), None
    )


def offer_person(draft: Draft, words: str = "") -> None:
    text = words or draft.flow.phrases.offer_person
    draft.ask(Question(asking=Asking.PERSON, text=text), Expect.YES_NO, ("yes", "no"))
