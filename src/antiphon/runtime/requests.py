"""From the core's wish for a reply to all that a reasoner may know when it prepares one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from antiphon.agents.ports import BROKE_OFF, CallerTurn, Exchange, ReplyKind, ReplyRequest, ToolUsed
from antiphon.conversation import commands as cmd
from antiphon.runtime.history import History

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
    # What tools have done for it since stands behind the turn.
    place = len(history)
    while place and isinstance(history[place - 1], ToolUsed):
        place -= 1
    turn = history[place - 1] if place else None
    if not isinstance(turn, CallerTurn):
        return request
    return replace(request, text=turn.text, history=(*history[: place - 1], *history[place:]))


class LeftTools:
    """Tools of a session that was lost, which may still run, each to its deadline: whoever goes on with the
    call must know what they have done."""

    def __init__(self, tasks: Iterable[asyncio.Task[None]], history: History) -> None:
        self._tasks, self._history = set(tasks), history

    @property
    def running(self) -> bool:
        self._tasks = {task for task in self._tasks if not task.done()}
        return bool(self._tasks)

    async def known(self, request: ReplyRequest) -> ReplyRequest:
        """The request with their results."""
        while self.running:
            await asyncio.wait(self._tasks)
        history = self._history.so_far()
        if request.speculative:  # Its turn is not taken yet.
            return replace(request, history=history)
        return as_known(request, history)
