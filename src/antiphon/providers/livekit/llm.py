"""A plugin's language model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from livekit.agents import llm

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.providers.livekit.plugin import Plugin, once, plugin_errors
from antiphon.providers.openai_compatible.thoughts import SpokenText
from antiphon.providers.prompt import arrange
from antiphon.providers.streaming import Bounds, take_all


class LivekitModel:
    """A `LanguageModel`. Plugins never say that an answer is complete: one that ends without an error is."""

    def __init__(self, plugin: Plugin, bounds: Bounds | None = None) -> None:
        self._plugin = plugin
        self._bounds = bounds or Bounds()

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        """As `LanguageModel`."""
        bounds, answer = self._bounds, _Answer(self._plugin.name)

        def take(chunk: llm.ChatChunk) -> None:
            text = answer.take(chunk)
            if text:
                emit(text)
            if meter is not None:
                meter(answer.usage)

        with plugin_errors(self._plugin.name):
            async with asyncio.timeout(bounds.deadline_ms / 1000):
                stream = self._plugin.instance().chat(
                    chat_ctx=_context(messages, self._plugin.name),
                    tools=[_tool(tool) for tool in tools],
                    conn_options=once(bounds.stall_ms),
                )
                async with stream:
                    await take_all(aiter(stream), take, bounds.stall_ms)
        rest = answer.spoken.finish()
        if rest:
            emit(rest)
        return Completion(text=answer.text + rest, tool_calls=tuple(answer.calls), usage=answer.usage)

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """As `WarmsPrompts`: a connection, where the plugin can open one early."""
        model = self._plugin.instance()
        model.prewarm()
        # Nobody is told when it is done: a request that came before would open a second connection.
        opening = getattr(model, "_prewarm_task", None)
        if opening is not None:
            await asyncio.wait([opening], timeout=self._bounds.connect_ms / 1000)
        return Usage()

    async def aclose(self) -> None:
        """As the plugin's own."""
        await self._plugin.aclose()


class _Answer:
    """One answer while it streams."""

    def __init__(self, name: str) -> None:
        self.text = ""
        self.calls: list[ToolCall] = []
        self.usage = Usage()
        self.spoken = SpokenText()
        self._name = name

    def take(self, chunk: llm.ChatChunk) -> str:
        if chunk.usage is not None:
            told = chunk.usage
            self.usage = Usage(
                input_tokens=told.prompt_tokens,
                cached_tokens=max(told.prompt_cached_tokens, told.cache_read_tokens),
                output_tokens=told.completion_tokens,
                cache_write_tokens=told.cache_creation_tokens,
            )
        if chunk.delta is None:
            return ""
        for call in chunk.delta.tool_calls:
            opaque = f"{self._name}:{json.dumps(call.extra)}" if call.extra else ""
            self.calls.append(
                ToolCall(id=call.call_id, name=call.name, arguments=call.arguments or "{}", opaque=opaque)
            )
        text = self.spoken.feed(chunk.delta.content or "")
        self.text += text
        return text


def _context(messages: Sequence[Message], name: str) -> llm.ChatContext:
    prompt = arrange(messages)
    context = llm.ChatContext.empty()
    if prompt.system:
        context.add_message(role="system", content=prompt.system)
    names: dict[str, str] = {}
    for turn in prompt.turns:
        if turn.role == "tool":
            output = llm.FunctionCallOutput(
                name=names.get(turn.tool_call_id, ""),
                call_id=turn.tool_call_id,
                output=turn.content,
                is_error=False,
            )
            context.items.append(output)
            continue
        said = ""
        if turn.content.strip():
            role: llm.ChatRole = "assistant" if turn.role == "assistant" else "user"
            said = context.add_message(role=role, content=turn.content).id
        for call in turn.tool_calls:
            names[call.id] = call.name
            context.items.append(
                llm.FunctionCall(
                    call_id=call.id,
                    name=call.name,
                    arguments=call.arguments,
                    extra=_extra(call.opaque, name),
                    # One answer: else plugins send its words and its calls as two.
                    group_id=said or turn.tool_calls[0].id,
                )
            )
    return context


def _extra(opaque: str, name: str) -> dict[str, Any]:
    """What this very plugin gave us with a call: a signature, perhaps."""
    given: dict[str, Any] = json.loads(opaque[len(name) + 1 :]) if opaque.startswith(f"{name}:") else {}
    return given


def _tool(tool: Tool) -> Any:
    schema = {
        "name": tool.name,
        "description": tool.description,
        "parameters": {"type": "object", **tool.parameters},
    }
    return llm.function_tool(_never_run, raw_schema=schema)


async def _never_run(raw_arguments: dict[str, Any]) -> None:
    raise AssertionError("tools are run by the runtime, when the turn is confirmed")
