"""From the core's wish for a reply to all that a reasoner may know when it prepares one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from antiphon.agents.ports import Exchange, ReplyKind, ReplyRequest
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
        history=history,
        attempt=command.attempt,
        speculative=command.speculative,
        caller_number=call.parts.caller_number,
        reason=command.reason,
        whispers=tuple(call.whispers),
        whispers_before=call.whispered - len(call.whispers),
    )
