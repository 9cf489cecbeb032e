"""A conversation as most vendors want it: instructions apart, then turns that begin with the user."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.agents.ports import Message

# Many models and servers take a system message at the beginning only. A later one becomes a note within the
# user's turn, in a form nobody can speak.
NOTE, NOTE_END = "<note>", "</note>"
OPENING = "(The call begins.)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Instructions, and turns without a system message of which the first is the user's.

    Attributes:
        settled: How many turns, from the first, come again word for word in the next request.
    """

    system: str
    turns: tuple[Message, ...]
    system_is_settled: bool
    settled: int


def arrange(messages: Sequence[Message]) -> Prompt:
    """The first message as instructions if it is the system's, later ones as notes; empty ones left out, and
    neighbouring ones of the user as one, because some models' templates insist on turns by turn."""
    first = messages[0] if messages and messages[0].role == "system" else None
    kept: list[Message] = []
    for turn in map(_turn, messages[1 if first is not None else 0 :]):
        if not kept and turn.role != "user":
            kept.append(Message(role="user", content=OPENING))
        if kept and turn.role == kept[-1].role == "user" and not kept[-1].cache:
            kept[-1] = dataclasses.replace(
                turn, content="\n".join(filter(None, (kept[-1].content, turn.content)))
            )
        elif turn.content.strip() or turn.tool_calls or turn.role == "tool":
            kept.append(turn)
    if not kept:
        kept.append(Message(role="user", content=OPENING))
    marked = [number for number, turn in enumerate(kept, start=1) if turn.cache]
    return Prompt(
        system=first.content if first is not None else "",
        turns=tuple(kept),
        system_is_settled=first is not None and first.cache,
        settled=marked[-1] if marked else 0,
    )


def _turn(message: Message) -> Message:
    if message.role == "system":
        return dataclasses.replace(message, role="user", content=f"{NOTE}{message.content}{NOTE_END}")
    if message.role == "user":
        # What a caller says stays a caller's words, whatever a recogniser makes of it.
        return dataclasses.replace(message, content=message.content.replace("<", "‹"))
    return message
