"""Understanding without a language model: extraction, patterns and the sentence encoder.

The pending question decides how bare words are read: "ten thirty" is a time when a time is asked for, and
"March fifth" is a birthday when that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from antiphon.agents.extract import (
    DateRange,
    Found,
    PersonName,
    TimeWindow,
    find_birth_dates,
    find_choice,
    find_dates,
    find_digits,
    find_names,
    find_ordinals,
    find_phone_numbers,
    find_times,
    find_yes_no,
    words_to_digits,
)
from antiphon.agents.extract.words import FILLERS, split_words, word_set
from antiphon.agents.flows.acts import find_acts, normal
from antiphon.agents.flows.intents import IntentIndex
from antiphon.agents.flows.keypad import keyed
from antiphon.agents.flows.model import Flow, Slot, SlotType
from antiphon.agents.flows.state import Asking, FlowState, about_spelling
from antiphon.agents.flows.understanding import Act, Candidate, Match, Understanding
from antiphon.agents.keys import keys_alone

# Acts that go along with a value: "Thursday, thanks", "no, I said Lopez".
_PARTING = frozenset({Act.THANKS, Act.GOODBYE, Act.DONE, Act.NEVER_MIND})
PARTING_WORDS_MAX = 7
_FIRST = (SlotType.BIRTH_DATE, SlotType.PHONE)
_POLITE = frozenset({Act.GREETING, Act.THANKS, Act.CORRECTION, Act.WAIT, Act.GOODBYE, Act.DONE})
CHOICE_ACCEPT = 0.8  # Likeness of a choice's words, when it was asked for ...
CHOICE_VOLUNTEERED = 0.9  # ... and when it was not.
INTENT_WORDS_MIN = 2  # One word without a keyword says too little about a wish.
_CAPITALS = re.compile(r"\b(?!OK\b)[A-Z]{2,}\b")  # "CHEN" for "C, H, E, N", where letters are expected.
_SKIP = FILLERS | word_set("a an the at on in for to is it's its my that this i'd like i want yes no with of")


@dataclass(slots=True)
class RuleUnderstanding:
    """`Understands` by rules. One for all calls of an agent: it keeps nothing of them."""

    flow: Flow
    index: IntentIndex
    choice_index: IntentIndex | None = None
    _misheard: list[tuple[re.Pattern[str], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._misheard = [(re.compile(p, re.IGNORECASE), said) for p, said in self.flow.misheard.items()]

    async def understand(self, text: str, state: FlowState, now: datetime) -> Understanding:
        """As `Understands`."""
        if keys := keys_alone(text):
            return keyed(self.flow, keys, state, now)
        for pattern, said in self._misheard:
            text = pattern.sub(said, text)
        if about_spelling(state.question):
            text = _CAPITALS.sub(lambda found: " ".join(found.group()), text)
        plain = normal(text)
        if not plain:
            return Understanding(text=text)
        acts = find_acts(plain)
        # "Never mind" is not somebody's name: where the turn does something else, bare words are no values.
        bare = not (acts - _POLITE) and not self.index.by_keyword(plain)
        candidates = self._candidates(text, state, now, bare)
        candidates = await self._with_likely_choice(plain, state, candidates)
        covered = _covered(text, candidates)
        answer = find_yes_no(text)
        heard = Understanding(
            text=text,
            acts=acts,
            answer=None if answer is None else answer.value,
            ordinals=tuple(item.value for item in find_ordinals(text)),
            candidates=tuple(candidates),
            mentions=self._mentions(plain, state),
            digits=self._digits(text, state),
        )
        goal, fact = await self._intents(plain, state, heard, covered)
        return replace(heard, goal=goal, fact=fact)

    # --- values ---------------------------------------------------------------------------------------

    def _candidates(self, text: str, state: FlowState, now: datetime, bare: bool) -> list[Candidate]:
        asked = state.question.name if state.question.asking is Asking.SLOT else ""
        found: list[Candidate] = []
        births = [s for s in self.flow.slots.values() if s.type is SlotType.BIRTH_DATE]
        # Births and phone numbers first: their words are then no longer free to be a day or a time.
        for slot in sorted(self.flow.slots.values(), key=lambda slot: slot.type not in _FIRST):
            expects = bare and self._expects(slot, state)
            found += [c for c in self._of_slot(slot, text, expects, now) if not _overlaps(c, found, slot)]
        found = [c for c in found if not _is_chance_name(c, found, state, text)]
        if asked and asked in {slot.name for slot in births}:
            found = [c for c in found if self.flow.slots[c.slot].type not in (SlotType.DATE, SlotType.TIME)]
        elif asked and self.flow.slots[asked].type is SlotType.PHONE:
            found = [c for c in found if self.flow.slots[c.slot].type is not SlotType.TIME]
        return sorted(found, key=lambda c: c.start)

    def _expects(self, slot: Slot, state: FlowState) -> bool:
        """Whether bare words may be this slot's value: it was asked for, or is being put right."""
        question = state.question
        if question.asking in (Asking.CONFIRM, Asking.CHANGE) and slot.type is SlotType.NAME:
            return slot.name in state.values
        return question.asking is Asking.SLOT and question.name == slot.name

    def _of_slot(self, slot: Slot, text: str, is_asked: bool, now: datetime) -> list[Candidate]:
        if not slot.volunteer and not is_asked and slot.type in (SlotType.TEXT, SlotType.YES_NO):
            return []
        found: Sequence[Found[Any]] = self._found(slot, text, is_asked, now)
        kept = [item for item in found if not _ignored(slot, item, text)]
        if slot.type is SlotType.DATE and not kept:
            kept = [end for item in found for end in _range_end(item, now)]
        return [
            Candidate(slot=slot.name, value=item.value, text=item.text, start=item.start, end=item.end,
                      confidence=item.confidence)
            for item in kept
        ]  # fmt: skip

    def _found(self, slot: Slot, text: str, is_asked: bool, now: datetime) -> Sequence[Found[Any]]:
        today = now.date()
        match slot.type:
            case SlotType.DATE:
                return find_dates(text, today)
            case SlotType.TIME:
                return find_times(text)
            case SlotType.NAME:
                return [item for item in find_names(text, expected=is_asked) if _is_name(item, is_asked)]
            case SlotType.PHONE:
                return find_phone_numbers(text)
            case SlotType.BIRTH_DATE:
                return find_birth_dates(text, today)
            case SlotType.CHOICE:
                options = {choice.value: choice.phrases for choice in slot.choices}
                least = CHOICE_ACCEPT if is_asked else CHOICE_VOLUNTEERED
                return [item for item in find_choice(text, options) if item.confidence >= least]
            case SlotType.TEXT:
                return _cued(slot, text, is_asked)
            case SlotType.YES_NO:
                return []

    async def _with_likely_choice(
        self, plain: str, state: FlowState, candidates: list[Candidate]
    ) -> list[Candidate]:
        """ "My knee hurts" names no kind of visit, but it is like the examples of one."""
        if self.choice_index is None or len(plain.split()) < INTENT_WORDS_MIN:
            return candidates
        wanted = state.question.name if state.question.asking is Asking.SLOT else ""
        slot = self.flow.slots.get(wanted)
        if slot is None or slot.type is not SlotType.CHOICE or any(c.slot == wanted for c in candidates):
            return candidates
        among = [f"{wanted}={choice.value}" for choice in slot.choices if choice.examples]
        if not among or find_acts(plain) - {Act.THANKS, Act.CORRECTION, Act.GREETING}:
            return candidates
        match = await self.choice_index.by_likeness(plain, among)
        if match is None:
            return candidates
        value = match.name.partition("=")[2]
        likely = Candidate(slot=wanted, value=value, text=plain, start=0, end=0, confidence=0.6)
        return [*candidates, likely]

    def _digits(self, text: str, state: FlowState) -> str:
        asked = self.flow.slots.get(state.question.name) if state.question.asking is Asking.SLOT else None
        if asked is None or asked.type is not SlotType.PHONE:
            return ""
        rows = "".join(item.value for item in find_digits(text))
        if rows:
            return rows
        # The last two digits of a number may come alone; among other words they would mean something else.
        words = [word for word in split_words(words_to_digits(text)) if word.norm not in _SKIP]
        return "".join(word.norm for word in words) if all(word.is_digits for word in words) else ""

    def _mentions(self, plain: str, state: FlowState) -> tuple[str, ...]:
        goal = self.flow.goals.get(state.goal)
        names = goal.slots if goal is not None else ()
        slots = [self.flow.slots[name] for name in names if name in self.flow.slots]
        return tuple(
            slot.name for slot in slots if any(re.search(rf"\b{re.escape(w)}\b", plain) for w in slot.called)
        )

    # --- intents --------------------------------------------------------------------------------------

    async def _intents(
        self, plain: str, state: FlowState, heard: Understanding, covered: float
    ) -> tuple[Match | None, Match | None]:
        certain = self.index.by_keyword(plain)
        goals = [match for match in certain if match.name in self.flow.goals]
        facts = [match for match in certain if match.name in self.flow.facts]
        if goals or facts:
            return self._one(goals, state), facts[0] if facts else None
        if not self._worth_comparing(plain, state, heard, covered):
            return None, None
        match = await self.index.by_likeness(plain)
        if match is None:
            return None, None
        if match.name in self.flow.goals:
            return match, None
        return None, match

    def _one(self, goals: Sequence[Match], state: FlowState) -> Match | None:
        """Of several certain goals the one that is not going on: "cancel it, I don't want to book"."""
        other = [match for match in goals if match.name != state.goal]
        return next(iter(other or goals), None)

    def _worth_comparing(self, plain: str, state: FlowState, heard: Understanding, covered: float) -> bool:
        """A turn that answers the question is not searched for wishes: likeness would find some."""
        words = len(plain.split())
        if words < INTENT_WORDS_MIN or heard.acts & {Act.PERSON, Act.REPEAT, Act.WAIT}:
            return False
        if state.question.asking in (Asking.OPEN, Asking.MORE):
            # "No, thank you. Bye." is like a cancellation, to an encoder.
            parting = heard.answer is not None or heard.acts & _PARTING
            return not parting or words > PARTING_WORDS_MAX
        if covered >= 0.5 or heard.candidate(state.question.name) is not None:
            return False
        return not heard.acts - {Act.GREETING} and heard.answer is None


def _covered(text: str, candidates: Sequence[Candidate]) -> float:
    words = [word for word in split_words(text) if word.norm not in _SKIP]
    inside = [w for w in words if any(c.start <= w.start and w.end <= c.end for c in candidates)]
    return len(inside) / len(words) if words else 0.0


def _overlaps(candidate: Candidate, found: Sequence[Candidate], slot: Slot) -> bool:
    """Two slots may not be made of the same words, except names of slots of one type."""
    if slot.type not in (SlotType.DATE, SlotType.TIME, SlotType.PHONE):
        return False
    if isinstance(candidate.value, TimeWindow) and candidate.value.relation == "part":
        found = [
            other for other in found if not isinstance(other.value, DateRange)
        ]  # "This afternoon" is both.
    return any(candidate.start < other.end and other.start < candidate.end for other in found)


def _is_chance_name(candidate: Candidate, found: Sequence[Candidate], state: FlowState, text: str) -> bool:
    """A name made of words that are something else; or, while words are confirmed, one neither spelled nor
    introduced ("my name is")."""
    name = candidate.value
    if not isinstance(name, PersonName):
        return False
    asking = state.question.asking
    if asking is Asking.CONFIRM and not name.spelled:
        if about_spelling(state.question) and name == state.values.get(candidate.slot):
            return False  # The same name once more.
        return all(item.start != candidate.start for item in find_names(text))
    # A caller may well be called like one of the doctors; but not while something is put right.
    blind = PersonName if asking is Asking.CHANGE else PersonName | str
    others = [other for other in found if not isinstance(other.value, blind)]
    return any(candidate.start < other.end and other.start < candidate.end for other in others)


def _range_end(item: Found[Any], now: datetime) -> list[Found[Any]]:
    """ "My appointment on Thursday to Monday" is no range: only the end is a wish."""
    head, to, tail = item.text.rpartition(" to ")
    start = item.start + len(head) + len(to)
    return [
        Found(value=end.value, start=start + end.start, end=start + end.end, text=end.text)
        for end in (find_dates(tail, now.date()) if to else ())
    ]


def _ignored(slot: Slot, item: Found[Any], text: str) -> bool:
    said = re.escape(item.text.lower())
    return any(re.search(pattern.replace("{}", said), text.lower()) for pattern in slot.ignore)


def _is_name(item: Found[PersonName], is_asked: bool) -> bool:
    return is_asked or item.confidence >= 0.7


def _cued(slot: Slot, text: str, is_asked: bool) -> list[Found[Any]]:
    for cue in slot.cues:
        found = re.search(cue, text, re.IGNORECASE)
        if found and found.group("value"):
            start, end = found.span("value")
            value = found.group("value").strip(" .,?!")
            return [Found(value=value, start=start, end=end, text=text[start:end], confidence=0.9)]
    if is_asked and text.strip():
        return [Found(value=text.strip(" .,?!"), start=0, end=len(text), text=text, confidence=0.6)]
    return []
