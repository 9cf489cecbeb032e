"""The replies of one call that are being made, and those that were cut while their tools still run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from antiphon.agents.ports import ToolResult
from antiphon.runtime.ending import Ending
from antiphon.runtime.replying import ReplyInProgress
from antiphon.runtime.unified import UnifiedReply


class Replies:
    """By their ids.

    Attributes:
        latest: The one confirmed last, whose state the next builds on.
    """

    def __init__(self) -> None:
        self._all: dict[str, ReplyInProgress | UnifiedReply] = {}
        self.latest: ReplyInProgress | None = None
        self._left: dict[str, ReplyInProgress | UnifiedReply] = {}  # Others go on with theirs.
        self._ending = Ending()

    def add(self, reply: ReplyInProgress | UnifiedReply) -> None:
        """Or another goes on with it: a tool asked for before still answers to whoever asked."""
        before = self._all.get(reply.id)
        if before is not None:
            self._left[reply.id], reply.tool_calls = before, before.tool_calls
        self._all[reply.id] = reply
        if isinstance(reply, ReplyInProgress) and reply.confirmed:
            self._confirmed(reply)

    def confirm(self, reply_id: str) -> None:
        """A reply that was made on a guess is wanted."""
        reply = self._all[reply_id]
        assert isinstance(reply, ReplyInProgress), "nothing else speculates"
        self._confirmed(reply)

    def give_up(self, reply_id: str) -> None:
        """It is cut. A confirmed one stays: its tools may still answer."""
        reply = self._all.get(reply_id)
        if reply is None:
            return
        self._ending.add(reply.give_up())
        if not reply.confirmed:
            del self._all[reply_id]

    def phrases(self, reply_id: str) -> Sequence[str] | None:
        """What may be answered to it, None where nobody knows such a reply."""
        reply = self._all.get(reply_id)
        return None if reply is None else reply.phrases

    def tool_finished(self, tool_call_id: str, result: ToolResult) -> None:
        """Told to whoever asked for it."""
        reply_id = tool_call_id.split(".", 1)[0]
        for reply in (self._all.get(reply_id), self._left.get(reply_id)):
            if reply is not None:
                reply.tool_finished(tool_call_id, result)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Stop all of them; gives what is still ending, what was given up before among it."""
        for reply in self._all.values():
            self._ending.add(reply.cancel())
        return self._ending.tasks()

    def let_go(self) -> None:
        self._all.clear()
        self._left.clear()
        self.latest = None

    def _confirmed(self, reply: ReplyInProgress) -> None:
        reply.confirm()
        self.latest = reply
