"""From the core's wish for a reply to all that a reasoner may know when it prepares one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from antiphon.agents.ports import BROKE_OFF, CallerTurn, Exchange, ReplyKind, ReplyRequest
from antiphon.conversation import commands as cmd

if TYPE_CHECKING:
    from antiphon.runtime.call import Call


def reply_request(
    call: Call, command: cmd.StartReply, now: datetime, history: Sequence[Exchange]
) -> ReplyRequest:
    return ReplyRequest(
        reply_id=command.reply_id,
        kind=ReplyKind(command.kind),
        text=command.text,
        now=now,
        history=_before(command, history),
        attempt=command.attempt,
        speculative=command.speculative,
        caller_number=call.parts.caller_number,
        reason=command.reason,
        whispers=tuple(call.whispers),
        whispers_before=call.whispered - len(call.whispers),
    )


def _before(command: cmd.StartReply, history: Sequence[Exchange]) -> Sequence[Exchange]:
    """A turn that was taken is in the history already; its words are told once."""
    last = history[-1] if history else None
    taken = command.kind == "turn" and not command.speculative
    told_twice = taken and isinstance(last, CallerTurn) and last.text == command.text
    return history[:-1] if told_twice else history


def as_known(request: ReplyRequest, history: Sequence[Exchange]) -> ReplyRequest:
    """With the caller's words where they have come since, and with all that was heard since."""
    if request.kind is not ReplyKind.TURN:
        return request
    if request.reason == BROKE_OFF:
        said = [item.text for item in history if isinstance(item, CallerTurn)]
        return replace(request, text=said[-1] if said else request.text, history=history)
    last = history[-1] if history else None
    return replace(request, text=last.text, history=history[:-1]) if isinstance(last, CallerTurn) else request
