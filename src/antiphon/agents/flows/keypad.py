"""Keys instead of words: digits for numbers and dates, 1 and 2 for yes and no or for what was offered. What a
key means while no question is open is in the agent file's menus (`agents.menus`)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from antiphon.agents.extract import find_phone_numbers
from antiphon.agents.extract.values import DateRange, PersonName
from antiphon.agents.flows.model import Flow, SlotType
from antiphon.agents.flows.state import Asking, FlowState
from antiphon.agents.flows.understanding import Act, Candidate, Understanding

_LETTERS = re.compile(r"[2-9]{2,30}")  # Of a last name, on the keys that bear them.


def keyed(flow: Flow, keys: str, state: FlowState, now: datetime) -> Understanding:
    """What keys mean as an answer to the pending question. 0 alone asks for a person."""
    digits = keys.strip().rstrip("#")
    question = state.question
    if digits == "0":
        return Understanding(text=keys, acts=frozenset({Act.PERSON}))
    if digits in ("*", ""):
        return Understanding(text=keys, acts=frozenset({Act.REPEAT}))
    if question.asking in (Asking.CONFIRM, Asking.PERSON) and digits in ("1", "2"):
        return Understanding(text=keys, answer=digits == "1")
    if question.asking is Asking.OFFER and digits.isdigit():
        return Understanding(text=keys, ordinals=(int(digits),))
    if question.asking is Asking.SLOT and digits.isdigit():
        return _slot(flow, digits, question.name, now)
    return Understanding(text=keys)


def _slot(flow: Flow, digits: str, name: str, now: datetime) -> Understanding:
    slot = flow.slots[name]
    value: object = None
    if slot.type is SlotType.PHONE:
        numbers = find_phone_numbers(digits)
        value = numbers[0].value if numbers else None
    elif slot.type is SlotType.BIRTH_DATE:
        value = _birth_date(digits, now)
    elif slot.type is SlotType.NAME and _LETTERS.fullmatch(digits):
        value = PersonName(last=digits)
    elif slot.type is SlotType.DATE:
        value = _day(digits, now)
    elif slot.type is SlotType.YES_NO and digits in ("1", "2"):
        value = digits == "1"
    elif slot.type is SlotType.CHOICE and 1 <= int(digits) <= len(slot.choices):
        value = slot.choices[int(digits) - 1].value
    elif slot.type is SlotType.TEXT:
        value = digits
    if value is None:
        return Understanding(text=digits)
    return Understanding(
        text=digits, candidates=(Candidate(slot=name, value=value, text=digits, start=0, end=len(digits)),)
    )


def _day(digits: str, now: datetime) -> DateRange | None:
    """1 for the first there is, or MMDD: the next day of that date."""
    today = now.date()
    if digits == "1":
        return DateRange(start=today, end=today + timedelta(days=60), asap=True)
    if len(digits) != 4:
        return None
    for year in (today.year, today.year + 1):
        try:
            day = date(year, int(digits[:2]), int(digits[2:]))
        except ValueError:
            continue
        if day >= today:
            return DateRange(start=day, end=day)
    return None


def _birth_date(digits: str, now: datetime) -> date | None:
    """MMDDYYYY or MMDDYY, as American callers key it."""
    if len(digits) not in (6, 8):
        return None
    year = int(digits[4:])
    if len(digits) == 6:
        year += 2000 if year <= now.year % 100 else 1900
    try:
        born = date(year, int(digits[:2]), int(digits[2:4]))
    except ValueError:
        return None
    return born if born <= now.date() else None
