"""The front desk of `front_desk_mind` behind a speech-to-speech session: the same head, another mouth.

It knows what the session knows: what the caller said, what tools told, and (of an earlier connection) what
our log says of both. So whatever is lost on the way is missing here.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tests.doubles.front_desk_mind import front_desk
from tests.doubles.language_model import Asked, Called, Turn
from tests.doubles.openai_realtime import Memory, Spoken

from antiphon.agents.llm.spoken import ANSWER_LAST


def spoken_front_desk(memory: Memory) -> Spoken:
    """The next response, from what the session knows."""
    who, last = next(item for item in reversed(memory.items) if item[0] != "note")
    if half := re.search(r'as far as this: "(.*?)"\. Go on', last):
        return _going_on(memory, half[1])
    if last.endswith(ANSWER_LAST):
        return spoken_front_desk(_as_heard(memory))
    if who == "wish":
        return Spoken(text=f"({last[:60]})", items_ms=(500,))
    told = [text for kind, text in memory.items if kind == "tool" or "slot_id" in text]
    if who == "tool":
        turn = Turn(role="tool", text=last, answers=_asked(last))
    else:
        turn = Turn(role="user", text="\n".join([memory.instructions, *told, last]))
    answer = front_desk(Asked(model="", system=memory.instructions, turns=(turn,), tools={}))
    text = "".join(part for part in answer.parts if isinstance(part, str))
    calls = [(part.name, part.arguments) for part in answer.parts if isinstance(part, Called)]
    return Spoken(text=text, items_ms=(max(500, 50 * len(text) // 100 * 100),) if text else (), calls=calls)


def _going_on(memory: Memory, half: str) -> Spoken:
    """The rest of an answer of which the caller has heard the beginning."""
    whole = spoken_front_desk(_as_heard(memory))
    assert whole.text.startswith(half), f"it never said {half!r}"
    return replace(whole, text=whole.text.removeprefix(half).lstrip())


def _as_heard(memory: Memory) -> Memory:
    """As it was before the wish, up to what the caller said last."""
    known = memory.items[:-1]
    while known[-1][0] == "agent" and "slot_id" not in known[-1][1]:
        known = known[:-1]  # As far as our log tells it.
    return replace(memory, items=known)


def _asked(result: str) -> str:
    """Which tool told this."""
    if '"value": null' in result:
        return "end_call"
    return "clinic_find_slots" if '"slots"' in result else "clinic_book"
