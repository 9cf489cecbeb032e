"""Run recorded events through the same core again and compare what it decides."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from antiphon.conversation.commands import Command
from antiphon.conversation.conversation import Conversation
from antiphon.conversation.events import AnyEvent
from antiphon.conversation.policy import Policy


def replay(policy: Policy, events: Iterable[AnyEvent]) -> list[tuple[AnyEvent, list[Command]]]:
    """Each event with the commands the core answers it with."""
    conversation = Conversation(policy)
    return [(event, conversation.step(event)) for event in events]


def first_difference(recorded: Iterable[Command], replayed: Iterable[Command]) -> tuple[int, str, str] | None:
    """Index and both texts of the first command that differs, byte for byte; None when all agree."""
    left, right = list(recorded), list(replayed)
    for index in range(max(len(left), len(right))):
        one = msgspec.json.encode(left[index]).decode() if index < len(left) else "(nothing)"
        other = msgspec.json.encode(right[index]).decode() if index < len(right) else "(nothing)"
        if one != other:
            return index, one, other
    return None
