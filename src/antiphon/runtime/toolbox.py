"""Running tools: intent durable before the effect, a deadline, and always a result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import structlog

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.conversation.commands import RunTool
from antiphon.conversation.events import ToolFinished
from antiphon.runtime.ending import cancelled_from_outside

_log = structlog.get_logger(__name__)


class Toolbox:
    """The tools of one call.

    Args:
        make_durable: Flushes the trace, with the intent in it, to disk; an effect waits for it.
        finished: Told the outcome with its time in ms.
    """

    def __init__(
        self,
        *,
        call_id: str,
        tools: Mapping[str, Tool],
        now: Callable[[], datetime],
        make_durable: Callable[[], asyncio.Future[bool]],
        finished: Callable[[str, ToolResult, int], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._call_id = call_id
        self._tools = tools
        self._now = now
        self._make_durable = make_durable
        self._finished = finished
        self._now_ns = now_ns
        self._results: dict[str, ToolResult] = {}
        self._waiting: dict[str, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, command: RunTool) -> None:
        task = asyncio.get_running_loop().create_task(self._run(command), name=f"tool {command.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def under_way(self) -> frozenset[asyncio.Task[None]]:
        return frozenset(self._tasks)

    def reuse(self, tool_call_id: str, source_id: str) -> None:
        """Give the result of an intent that already ran, or as soon as it has."""
        result = self._results.get(source_id)
        if result is None:
            self._waiting.setdefault(source_id, []).append(tool_call_id)
        else:
            self._finished(tool_call_id, result, 0)

    async def drain(self, timeout_s: float) -> None:
        """Effects under way are finished even if the caller has gone."""
        try:
            if self._tasks:
                await asyncio.wait(list(self._tasks), timeout=timeout_s)
        finally:
            for task in list(self._tasks):
                task.cancel()

    async def _run(self, command: RunTool) -> None:
        begun_ns = self._now_ns()
        try:
            result = await self._result(command)
        except asyncio.CancelledError:  # Whoever asked is told, and so is the trace.
            self._tell(command, ToolResult(ok=False, error="cut off: it may have been done"), begun_ns)
            raise
        self._tell(command, result, begun_ns)

    def _tell(self, command: RunTool, result: ToolResult, begun_ns: int) -> None:
        took_ms = (self._now_ns() - begun_ns) // 1_000_000
        self._results[command.tool_call_id] = result
        self._finished(command.tool_call_id, result, took_ms)
        for tool_call_id in self._waiting.pop(command.tool_call_id, []):
            self._finished(tool_call_id, result, took_ms)

    async def _is_durable(self, within_ms: int) -> bool:
        """A disk that hangs is one that refuses: an effect nobody waits for any more must not come later."""
        try:
            async with asyncio.timeout(within_ms / 1000):
                return await self._make_durable()
        except TimeoutError:
            return False

    async def _result(self, command: RunTool) -> ToolResult:
        tool = self._tools[command.name]
        if tool.effect is Effect.WRITE and not await self._is_durable(tool.timeout_ms):
            _log.error("effect_without_durable_intent", tool=command.name)
            return ToolResult(ok=False, error="the intent could not be stored, so nothing was done")
        context = ToolContext(call_id=self._call_id, idempotency_key=command.idempotency_key, now=self._now())
        arguments: dict[str, Any] = msgspec.json.decode(command.arguments)
        try:
            async with asyncio.timeout(tool.timeout_ms / 1000):
                return _tellable(await tool.run(arguments, context))
        except TimeoutError:
            return ToolResult(ok=False, error="timeout")
        except asyncio.CancelledError:
            if cancelled_from_outside():
                raise
            return ToolResult(ok=False, error="CancelledError")  # Of something of its own.
        except (Exception, SystemExit) as error:
            # The owner of a job: a broken tool is a failed tool, not a lost call, nor everybody's.
            _log.error("tool_broke", tool=command.name, error=type(error).__name__, exc_info=True)
            return ToolResult(ok=False, error=type(error).__name__)


def _tellable(result: ToolResult) -> ToolResult:
    """With a value that is JSON: what was done is known, whatever else a tool has to say of it."""
    try:
        msgspec.json.encode(result.value)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        try:  # As near as it gets: half a character is "?", what is no JSON at all is its name.
            text = json.dumps(result.value, default=str, skipkeys=True, ensure_ascii=False)
            return replace(result, value=json.loads(text.encode(errors="replace")))
        except (TypeError, ValueError, RecursionError):
            return replace(result, value=None)
    return result


def finished_event(at_ms: int, tool_call_id: str, result: ToolResult, took_ms: int) -> ToolFinished:
    """What the core is told of a tool's end."""
    answer = {"value": result.value} if result.ok else {"error": result.error, "value": result.value}
    return ToolFinished(
        at_ms=at_ms,
        tool_call_id=tool_call_id,
        ok=result.ok,
        result=msgspec.json.encode(answer).decode(),
        took_ms=took_ms,
    )
