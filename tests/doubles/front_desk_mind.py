"""What a language model would do at the clinic's front desk: look, offer, ask who it is, confirm, book. It
knows nothing but what it is asked, so whatever an adapter loses on the way is missing here."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence

from tests.doubles.language_model import Asked, Called, Scripted, Thought, Turn

from antiphon.agents.ports import Completion, Message, Tool, ToolCall

LOOKING = "One moment, "
DAY = "2026-11-27"  # The Friday after `dialogue.NOW`.


def front_desk(asked: Asked) -> Scripted:
    """The next answer of the conversation so far."""
    last = asked.turns[-1]
    if is_half(asked):
        return _going_on(asked)
    if last.role == "tool":
        return _after(last)
    said = last.text.rpartition("\n")[2].lower()
    if "physical" in said:
        assert "Monday, November 23" in last.text, "it does not know the day"
        window = {"appointment_type": "physical", "from_date": DAY, "to_date": DAY, "limit": 2}
        look = Called(name="clinic_find_slots", arguments=json.dumps(window))
        return Scripted(parts=[Thought("Friday is the 27th."), LOOKING, "I'm looking.", look])
    if "first" in said:
        return Scripted(parts=["Gladly. ", "What is your name and date of birth?"])
    if "chen" in said:
        return Scripted(parts=["Thank you, Linda. ", f"Shall I book {_offered(last)[1]}?"])
    if "yes" in said:
        person = {"first_name": "Linda", "last_name": "Chen", "date_of_birth": "1979-04-08"}
        booking = {"slot_id": _offered(last)[0], "appointment_type": "physical", **person}
        return Scripted(parts=[Called(name="clinic_book", arguments=json.dumps(booking))])
    return Scripted(parts=["Goodbye.", Called(name="end_call")])


def is_half(asked: Asked) -> bool:
    """It is asked to go on behind an answer that broke off."""
    return "broke off" in asked.turns[-1].text


def beginning_again(asked: Asked) -> Scripted:
    """The same front desk, but it does not go on where its message broke off: it says all of it again."""
    if is_half(asked):
        return front_desk(dataclasses.replace(asked, turns=asked.turns[:-2]))
    return front_desk(asked)


def _going_on(asked: Asked) -> Scripted:
    """The rest of an answer of which the caller has heard the beginning."""
    heard = asked.turns[-2]
    assert heard.role == "assistant", "what broke off?"
    whole = front_desk(dataclasses.replace(asked, turns=asked.turns[:-2]))
    text = "".join(part for part in whole.parts if isinstance(part, str))
    assert text.startswith(heard.text), f"it never said {heard.text!r}"
    calls = [part for part in whole.parts if isinstance(part, Called)]
    return Scripted(parts=[text.removeprefix(heard.text).lstrip(), *calls])


def _after(result: Turn) -> Scripted:
    told = json.loads(result.text)
    assert told["ok"], told
    if result.answers == "clinic_find_slots":
        first, second = (slot["spoken"] for slot in told["value"]["slots"])
        return Scripted(parts=["I have ", f"{first}, or {second}."])
    if result.answers == "clinic_book":
        return Scripted(parts=["You're booked. ", "Anything else?"])
    return Scripted(parts=["Goodbye."])


def _offered(turn: Turn) -> tuple[str, str]:
    """The first slot, as the notes of an earlier tool call tell it: its id, and its words."""
    found = re.search(r'"slot_id": "([^"]+)".*?"spoken": "([^"]+)"', turn.text)
    assert found, f"it has forgotten what it found: {turn.text}"
    return found[1], found[2]


class FrontDeskModel:
    """`LanguageModel`: the same front desk, by text and without a network."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: object = None,
    ) -> Completion:
        half = messages[-2:] if "broke off" in messages[-1].content else []
        told = messages[: len(messages) - len(half)]
        last = next(message for message in reversed(messages) if message.role in ("user", "tool"))
        notes = "\n".join(message.content for message in told if message.role == "system")
        turn = Turn(role="user", text=f"{notes}\n{last.content}")
        if last.role == "tool":
            turn = Turn(role="tool", text=last.content, answers=last.tool_call_id)
        behind = [Turn(role=message.role, text=message.content) for message in half]
        answer = front_desk(Asked(model="", system="", turns=(turn, *behind), tools={}))
        text = "".join(part for part in answer.parts if isinstance(part, str))
        emit(text)
        calls = [part for part in answer.parts if isinstance(part, Called)]
        asked = tuple(ToolCall(id=call.name, name=call.name, arguments=call.arguments) for call in calls)
        return Completion(text=text, tool_calls=asked)
