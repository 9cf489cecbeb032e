"""When one way to reason fails, the next one takes over, within the same reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from antiphon.agents.ports import (
    Exchange,
    Expect,
    Reasoner,
    Replying,
    ReplyKind,
    ReplyRequest,
    ToolResult,
    WarmsReplies,
)
from antiphon.errors import DeadlineExceeded, ProviderError

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class FallbackReasoner:
    """Tries each reasoner in order until one gives a reply.

    One that has already said something, or run a tool with an effect, when it fails is not followed by
    another in the same reply: the caller would hear two answers, or two appointments would be made. The error
    goes up, and the core says that there is trouble. A tool that only reads may be run again.
    All of them hear of confirmations, so a flow that steps in knows where things stand as far as it can.

    Attributes:
        effects: Names of the tools that change the world.
    """

    reasoners: Sequence[Reasoner]
    first_word_ms: int = 4000
    effects: frozenset[str] = frozenset()
    _answered: dict[str, Reasoner] = field(default_factory=dict)

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        for reasoner in self.reasoners[:-1]:
            watched = _Watched(act, self.effects)
            self._answered[request.reply_id] = reasoner
            try:
                await _within_first_word(reasoner, request, watched, self.first_word_ms)
                return
            except (ProviderError, DeadlineExceeded) as error:
                log.warning("reasoner_fell_back", error=type(error).__name__, spoke=watched.bound)
                reasoner.discard(request.reply_id)
                if watched.bound:
                    raise
        self._answered[request.reply_id] = self.reasoners[-1]
        await self.reasoners[-1].reply(request, act)

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`; whoever is asked first is warmed first."""
        for reasoner in self.reasoners:
            if isinstance(reasoner, WarmsReplies):
                await reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`."""
        for reasoner in self._holders(reply_id):
            reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        for reasoner in self._holders(reply_id):
            reasoner.discard(reply_id)
        self._answered.pop(reply_id, None)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`."""
        for reasoner in self._holders(reply_id):
            reasoner.heard(reply_id, text, complete)
        self._answered.pop(reply_id, None)

    def _holders(self, reply_id: str) -> Sequence[Reasoner]:
        """Before a reply has an owner, whoever may yet become it must hear of the confirmation."""
        return self.reasoners


async def _within_first_word(
    reasoner: Reasoner, request: ReplyRequest, act: _Watched, first_word_ms: int
) -> None:
    """Run the reply; give it up if it has neither spoken nor acted by the deadline."""
    if request.kind is ReplyKind.GREETING:
        await reasoner.reply(request, act)
        return
    replying = asyncio.ensure_future(reasoner.reply(request, act))
    acting = asyncio.ensure_future(act.acted.wait())
    try:
        await asyncio.wait(
            {replying, acting}, timeout=first_word_ms / 1000, return_when=asyncio.FIRST_COMPLETED
        )
        if not replying.done() and not act.acted.is_set():
            raise DeadlineExceeded(f"no first word within {first_word_ms} ms")
        await replying
    finally:
        for task in (replying, acting):
            if not task.done():
                task.cancel()
        await asyncio.gather(replying, acting, return_exceptions=True)


class _Watched:
    """`Replying` that knows whether anything came of the reply yet (`acted`), and whether anything did that
    cannot be taken back (`bound`)."""

    def __init__(self, act: Replying, effects: frozenset[str]) -> None:
        self._act = act
        self._effects = effects
        self.acted = asyncio.Event()
        self.bound = False

    def _bind(self) -> None:
        self.bound = True
        self.acted.set()

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        if text.strip():
            self._bind()
        self._act.say(text, uninterruptible=uninterruptible)

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.acted.set()
        if name in self._effects:
            self._bind()
        return await self._act.run_tool(name, arguments)

    def expect(self, kind: Expect, phrases: Sequence[str] = ()) -> None:
        self._act.expect(kind, phrases)

    def understood(self, *, urgent: bool = False) -> None:
        self._act.understood(urgent=urgent)

    def end_call(self, cause: str) -> None:
        self._bind()
        self._act.end_call(cause)

    def escalate(self, reason: str, summary: str) -> None:
        self._bind()
        self._act.escalate(reason, summary)
