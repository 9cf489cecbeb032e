"""What language models were asked, as a trace keeps it: a message once, a request by its messages' numbers.

Nearly all of a prompt was in the one before: a call's prompts are little more than what was said in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from antiphon.agents.ports import Message


class Prompts:
    """Of one call, in the order they were sent."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._requests = 0

    def taken(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Keys: request (from 1), prompt (numbers of its messages), said (those that are new, by number)."""
        self._requests += 1
        prompt: list[int] = []
        said: dict[str, dict[str, Any]] = {}
        for message in messages:
            told = told_message(message)
            key, number = msgspec.json.encode(told), len(self._numbers)
            if key not in self._numbers:
                self._numbers[key] = number
                said[str(number)] = told
            prompt.append(self._numbers[key])
        return {"request": self._requests, "prompt": prompt, "said": said}


def told_message(message: Message) -> dict[str, Any]:
    """JSON-able: role, content, and of tools their calls or the call that is answered. Where a prompt cache
    may end, and what only its own vendor reads, is no part of it."""
    told: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
        ]
    if message.tool_call_id:
        told["tool_call_id"] = message.tool_call_id
    return told


def prompts_of(notes: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, list[int]]]:
    """From the fields of a trace's prompt notes: all messages, and by request which of them it had, in order.

    A request with a message that the disk did not take is left out.
    """
    messages: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    prompts: dict[int, list[int]] = {}
    for fields in notes:
        for number, told in fields["said"].items():
            places[int(number)] = len(messages)
            messages.append(told)
        if all(number in places for number in fields["prompt"]):
            prompts[int(fields["request"])] = [places[number] for number in fields["prompt"]]
    return messages, prompts
