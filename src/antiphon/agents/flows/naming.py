"""Who is calling: introductions, names put together from pieces, spellings put right."""

from __future__ import annotations

from antiphon.agents.extract.choices import likeness
from antiphon.agents.extract.values import PersonName
from antiphon.agents.flows.draft import Draft
from antiphon.agents.flows.model import Slot
from antiphon.agents.flows.proceeding import ask_slot_anew
from antiphon.agents.flows.state import Asking, Question, about_spelling
from antiphon.agents.flows.understanding import Act, Candidate, Understanding
from antiphon.agents.ports import Expect

INTRODUCED = 0.8  # A name less sure than this was not said as one's own.
GREETING_WORDS_MAX = 5


def take_introduction(draft: Draft, heard: Understanding) -> bool:
    """ "Hello, this is Grace Martin." or only "Hello?": said back, and who is calling is kept for later."""
    kept = {
        item.slot: item.value
        for item in heard.candidates
        if draft.flow.slots[item.slot].keep and item.confidence >= INTRODUCED
    }
    greeted = Act.GREETING in heard.acts and len(heard.text.split()) <= GREETING_WORDS_MAX
    if heard.goal is not None or not (kept or greeted):
        return False
    draft.set(values={**draft.state.values, **kept}, unclear=0)
    first = next((value.first for value in kept.values() if isinstance(value, PersonName)), "")
    draft.say(draft.flow.phrases.hello, {"name": first})
    open_ = draft.flow.phrases.open[0]
    draft.ask(Question(asking=Asking.OPEN, text=open_), Expect.OPEN)
    return True


def leave_as_heard(draft: Draft) -> bool:
    """Give a spelling up that cannot be settled, and say so; who it is, is asked anew. False for the rest:
    what is done needs a clear yes."""
    step = draft.pending_step
    if step is None or not step.refine:
        return False
    if not about_spelling(draft.state.question):
        ask_slot_anew(draft, draft.flow.slots[step.refine[0]])
        return True
    agreed = {**draft.state.agreed, draft.state.question.name: draft.state.question.text}
    draft.set(agreed=agreed, unclear=0)
    draft.say(draft.flow.phrases.as_heard)
    return True


def restates(draft: Draft, heard: Understanding) -> bool:
    """ "L, O, P, E, Z" to "is it spelled L, O, P, E, Z?" is a yes, even after a "no": the letters came across
    wrong, and now they are the same."""
    spelling = about_spelling(draft.state.question)
    names = [item for item in heard.candidates if isinstance(item.value, PersonName)]
    said = any(item.value.spelled or spelling for item in names)
    return said and (heard.answer is None or spelling)


def settle_spelling(draft: Draft, item: Candidate) -> None:
    """Who spelled the name himself is not asked whether it is spelled so."""
    step, question = draft.pending_step, draft.state.question
    if step is None or question.asking is not Asking.CONFIRM or not about_spelling(question):
        return
    if isinstance(item.value, PersonName) and item.value.spelled:
        draft.set(agreed={**draft.state.agreed, step.name: draft.words(step.target)})


def merge_names(draft: Draft, slot: Slot, value: PersonName) -> PersonName:
    """ "Lopez" after "Maria", or a surname spelled after it was misheard, completes what we have."""
    question = draft.state.question
    old = draft.state.values.get(slot.name) or draft.state.values.get(f"old_{slot.name}")
    read_back = question.asking is Asking.CONFIRM and about_spelling(question)
    if isinstance(old, PersonName) and read_back and value.spelled and value.last:
        # The question was about the last name alone; words before the letters are the way to them.
        return PersonName(first=old.first, last=_whole(value.last, old.last), spelled=True)
    if not isinstance(old, PersonName) or (value.first and value.last):
        return value
    if value.spelled or (old.first and not old.last):
        if old.first.lower() == value.only.lower() and value.spelled:
            return PersonName(first=value.only, last=old.last, spelled=True)
        return PersonName(first=old.first, last=value.only, spelled=value.spelled)
    if old.last and not old.first:
        return PersonName(first=value.only, last=old.last, spelled=value.spelled)
    if likeness(value.only.lower(), old.first.lower()) > likeness(value.only.lower(), old.last.lower()):
        return PersonName(first=value.only, last=old.last, spelled=value.spelled)
    return PersonName(first=old.first, last=value.only, spelled=value.spelled)


def _whole(letters: str, known: str) -> str:
    """ "No, it's M, I, L, L, E, R" is often heard without its first letter, which runs into "it's"."""
    lost = len(known) - len(letters)
    return known if 0 < lost <= 1 and known.lower().endswith(letters.lower()) else letters
