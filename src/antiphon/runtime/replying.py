"""Preparing replies: runs the reasoner, turns its text into speakable chunks, carries tool requests to the
core and the results back. A reply that was given up goes silent here, whatever the reasoner says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from antiphon.agents.ports import Expect, Reasoner, ReplyRequest, Tool, ToolResult
from antiphon.conversation.events import (
    AnswerExpected,
    Event,
    ReplyFailed,
    ReplyFinished,
    ReplyText,
    ToolRequested,
    TurnUnderstood,
)
from antiphon.errors import AntiphonError
from antiphon.runtime.metering import Meter, Payer, paid_by
from antiphon.speech.chunks import Chunker

_log = structlog.get_logger(__name__)

# A reply that was cut may finish its bookkeeping (an effect is under way), but not for ever.
CUT_GRACE_S = 15.0


class ReplyInProgress:
    """One reply being prepared; implements `agents.ports.Replying` for the reasoner.

    Args:
        post: Gives an event to the core.
        now_ms: Call time.
        after: The reply whose state this one builds on; it is waited for.
        meter: Pays for what the reply uses.
        known: Waits for what must be known before it is prepared, and gives the request with that.
    """

    def __init__(
        self,
        *,
        request: ReplyRequest,
        reasoner: Reasoner,
        tools: Mapping[str, Tool],
        post: Callable[[Event], None],
        now_ms: Callable[[], int],
        after: ReplyInProgress | None,
        meter: Meter | None = None,
        known: Callable[[ReplyRequest], Awaitable[ReplyRequest]] | None = None,
    ) -> None:
        self.id = request.reply_id
        self.confirmed = not request.speculative
        self.phrases: Sequence[str] = ()
        self._request = request
        self._reasoner = reasoner
        self._tools = tools
        self._post = post
        self._now_ms = now_ms
        self._after = after
        self._known = known
        self._payer = Payer(meter=meter, reply=request.reply_id)
        self._chunker = Chunker()
        self._index = 0
        self._uninterruptible = False
        self.tool_calls = 0
        self._muted = False
        self._then = ("", "", "")
        self._results: dict[str, asyncio.Future[ToolResult]] = {}
        self._task: asyncio.Task[None] | None = asyncio.get_running_loop().create_task(
            self._run(), name=f"reply {self.id}"
        )
        self._task.add_done_callback(self._ended)

    @property
    def done(self) -> bool:
        return self._task is None

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None  # A task that was cancelled holds its frames: we would hold each other.
        if task.cancelled():  # Unless we did it, and are silent, somebody below has given up his own work.
            self._fail("CancelledError")

    def confirm(self) -> None:
        self.confirmed = True
        self._reasoner.confirm(self.id)

    def give_up(self) -> asyncio.Task[None] | None:
        """Nothing more of it will be heard. A confirmed reply finishes its bookkeeping in silence; gives the
        work of another, if that has not ended."""
        self._muted = True
        if not self.confirmed:
            self._reasoner.discard(self.id)
            return self.cancel()
        if self._task is not None:
            handle = asyncio.get_running_loop().call_later(CUT_GRACE_S, self._task.cancel)
            self._task.add_done_callback(lambda _: handle.cancel())
        return None

    def cancel(self) -> asyncio.Task[None] | None:
        """Gives its work, if that has not ended."""
        self._muted = True
        if self._task is not None:
            self._task.cancel()
        return self._task

    def tool_finished(self, tool_call_id: str, result: ToolResult) -> None:
        future = self._results.pop(tool_call_id, None)
        if future is not None and not future.done():
            future.set_result(result)

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        if uninterruptible != self._uninterruptible:
            self._give(self._chunker.cut())  # A chunk is one or the other.
            self._uninterruptible = uninterruptible
        self._give(self._chunker.feed(text))

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        tool = self._tools.get(name)
        if tool is None:
            return ToolResult(ok=False, error=f"there is no tool {name!r}")
        if self._muted:
            # The caller has moved on; an effect asked for only now would be nobody's wish any more.
            return ToolResult(ok=False, error="the reply was given up")
        self.tool_calls += 1
        tool_call_id = f"{self.id}.t{self.tool_calls}"
        future: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()
        self._results[tool_call_id] = future
        self._post(
            ToolRequested(
                at_ms=self._now_ms(),
                reply_id=self.id,
                tool_call_id=tool_call_id,
                name=name,
                arguments=msgspec.json.encode(dict(arguments), order="deterministic").decode(),
                effect=tool.effect.value,
            )
        )
        return await future

    def expect(self, kind: Expect, phrases: Sequence[str] = ()) -> None:
        self.phrases = tuple(phrases)
        self._emit(AnswerExpected(at_ms=self._now_ms(), reply_id=self.id, kind=kind.value))

    def understood(self, *, urgent: bool = False) -> None:
        self._emit(TurnUnderstood(at_ms=self._now_ms(), reply_id=self.id, urgent=urgent))

    def end_call(self, cause: str) -> None:
        self._then = ("end", cause, "")

    def escalate(self, reason: str, summary: str) -> None:
        self._then = ("escalate", reason, summary)

    async def _run(self) -> None:
        try:
            before, self._after = self._after, None  # Or a long call would keep every reply it ever gave.
            if before is not None and before._task is not None:
                await asyncio.wait([before._task])
            if self._known is not None:
                self._request = await self._known(self._request)
                self._known = None  # It knows the call.
            with paid_by(self._payer):
                await self._reasoner.reply(self._request, self)
        except AntiphonError as error:
            self._fail(str(error))
            return
        except Exception as error:  # The owner of a job: one broken reply is an apology, not a lost call.
            _log.error("reply_broke", reply=self.id, error=type(error).__name__, exc_info=True)
            self._fail(f"{type(error).__name__}: {error}")
            return
        self._give(self._chunker.finish())
        then, cause, summary = self._then
        self._emit(
            ReplyFinished(at_ms=self._now_ms(), reply_id=self.id, then=then, cause=cause, summary=summary)
        )

    def _fail(self, reason: str) -> None:
        self._emit(ReplyFailed(at_ms=self._now_ms(), reply_id=self.id, reason=reason))

    def _give(self, chunks: Sequence[str]) -> None:
        for text in chunks:
            self._emit(
                ReplyText(
                    at_ms=self._now_ms(),
                    reply_id=self.id,
                    index=self._index,
                    text=text,
                    uninterruptible=self._uninterruptible,
                )
            )
            self._index += 1

    def _emit(self, event: Event) -> None:
        if not self._muted:
            self._post(event)
