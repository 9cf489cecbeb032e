"""When one way to reason fails, the next one takes over, in the same reply, behind what was said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from antiphon.agents.llm.continuing import Continuation, heard_half
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
from antiphon.speech.chunks import Chunker

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class FallbackReasoner:
    """Tries each reasoner in order until one gives a reply.

    Text is let out in the pieces it will be spoken in. If one fails, a piece that was not whole yet is taken
    back, and the next one begins its own reply behind the last whole one; where it says the same again, it is
    not heard again. One that has run a tool with an effect when it fails is not followed by another in the
    same reply: two appointments would be made. The error goes up, and the core says that there is trouble. A
    tool that only reads may be run again.
    All of them hear of confirmations, so a flow that steps in knows where things stand as far as it can.

    Attributes:
        effects: Names of the tools that change the world.
    """

    reasoners: Sequence[Reasoner]
    first_word_ms: int = 4000
    effects: frozenset[str] = frozenset()

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        if request.kind is ReplyKind.GREETING:  # Declared words, which nothing has to be asked for.
            await self.reasoners[0].reply(request, act)
            return
        half = heard_half(request)
        said = [half] if half else []
        for reasoner in self.reasoners[:-1]:
            watched = _Watched(act, self.effects, said)
            try:
                await _within_first_word(reasoner, request, watched, self.first_word_ms)
                watched.finish()
                return
            except (ProviderError, DeadlineExceeded) as error:
                log.warning("reasoner_fell_back", error=type(error).__name__, spoke=bool(said))
                reasoner.discard(request.reply_id)
                if watched.bound:
                    raise
        last = self.reasoners[-1]
        if not said:
            await last.reply(request, act)
            return
        watched = _Watched(act, self.effects, said)
        await last.reply(request, watched)
        watched.finish()

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`; whoever is asked first is warmed first."""
        for reasoner in self.reasoners:
            if isinstance(reasoner, WarmsReplies):
                await reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`. Before a reply has an owner, whoever may yet become it must hear of it."""
        for reasoner in self.reasoners:
            reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        for reasoner in self.reasoners:
            reasoner.discard(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`."""
        for reasoner in self.reasoners:
            reasoner.heard(reply_id, text, complete)


async def _within_first_word(
    reasoner: Reasoner, request: ReplyRequest, act: _Watched, first_word_ms: int
) -> None:
    """Run the reply; give it up if it has neither spoken nor acted by the deadline."""
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
    """`Replying` that lets out whole pieces only, and knows whether anything came of the reply yet (`acted`),
    and whether anything did that cannot be taken back (`bound`).

    Args:
        said: What the caller hears of this reply, by whomever; grows with every piece.
    """

    def __init__(self, act: Replying, effects: frozenset[str], said: list[str]) -> None:
        self._act = act
        self._effects = effects
        self._said = said
        self._behind = Continuation(said)
        self._chunker = Chunker()
        self.acted = asyncio.Event()
        self.bound = False

    def _bind(self) -> None:
        self.bound = True
        self.acted.set()

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        if text.strip():
            self.acted.set()
        if uninterruptible:  # A piece is one or the other, and what must be heard is said whatever was said.
            self.finish()
            self._said.append(text)
            self._act.say(text, uninterruptible=True)
        else:
            self._let_out(self._chunker.feed(self._behind.feed(text)))

    def finish(self) -> None:
        """What there is makes a piece, whatever its marks."""
        self._let_out([*self._chunker.feed(self._behind.finish()), *self._chunker.cut()])

    def _let_out(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self._said.append(piece)
            # A line's end cuts where we have cut, so that the reader's own cutting waits for nothing more.
            self._act.say(f"{piece}\n")

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
