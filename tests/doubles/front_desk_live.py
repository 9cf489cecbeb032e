"""The front desk of `front_desk_mind` behind a Gemini Live session: the same head, another mouth.

    LiveScript(hears=(...), answering=live_front_desk)

It knows what the session knows: what the caller said, what tools told, and (of an earlier connection) what
our log says of both. So whatever an adapter loses on the way is missing here.
"""

from __future__ import annotations

from tests.doubles.front_desk_mind import front_desk
from tests.doubles.gemini_live_script import Known
from tests.doubles.language_model import Asked, Called, Turn
from tests.doubles.openai_realtime import Spoken

SPEECH_MS = 50  # For a character; rounded to the double's deltas.


def live_front_desk(known: Known) -> Spoken:
    """The next answer."""
    who, last = next(item for item in reversed(known.items) if item[0] != "note")
    if who == "wish":
        return _spoken("Thank you for calling. How can I help?", [])
    told = [text for kind, text in known.items if kind == "tool" or "slot_id" in text]
    if who == "tool":
        tool = "clinic_find_slots" if '"slots"' in last else "clinic_book"
        tool = "end_call" if '"value": null' in last else tool
        turn = Turn(role="tool", text=last, answers=tool)
    else:
        turn = Turn(role="user", text="\n".join([known.instructions, *told, last]))
    answer = front_desk(Asked(model="", system=known.instructions, turns=(turn,), tools={}))
    text = "".join(part for part in answer.parts if isinstance(part, str))
    return _spoken(text, [(part.name, part.arguments) for part in answer.parts if isinstance(part, Called)])


def _spoken(text: str, calls: list[tuple[str, str]]) -> Spoken:
    return Spoken(text=text, items_ms=(max(100, SPEECH_MS * len(text)),) if text else (), calls=calls)
