"""Anthropic's Messages API: our messages as requests, its events as one answer. Pure.

Sources: the anthropic package's types (2.14); platform.claude.com/docs: streaming, tool use, prompt caching,
thinking and the migration guides of the 5.5 models. Read 2026-11.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.errors import (
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.prompt import OPENING, Prompt, arrange

NAME = "anthropic"
ANSWER_TOKENS_MAX = 400
THINKING_TOKENS_MAX = 1_500
CACHE = {"type": "ephemeral"}  # Five minutes, anew with every use: the pause between two turns.

Block = dict[str, Any]


def request(model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """Arguments of `messages.create`. Breakpoints, three of the four allowed: tools, instructions, settled
    history, in the order in which a vendor's prefix is built."""
    prompt = arrange(messages)
    return _request(model, prompt, _messages(prompt), tools) | {"stream": True}


def warming(model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """The beginning of the next request up to its last breakpoint, asking for no answer."""
    prompt = arrange(messages)
    sent = _messages(dataclasses.replace(prompt, turns=prompt.turns[: prompt.settled]))
    if not sent or sent[-1]["role"] != "user":  # These models do not go on with a turn of their own.
        sent.append({"role": "user", "content": [{"type": "text", "text": OPENING}]})
    return _request(model, prompt, sent, tools) | {"max_tokens": 0}


def _request(
    model: str, prompt: Prompt, messages: list[dict[str, Any]], tools: Sequence[Tool]
) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": model, "messages": messages, **_thinking(model)}
    if prompt.system:
        block: Block = {"type": "text", "text": prompt.system}
        asked["system"] = [block | {"cache_control": CACHE} if prompt.system_is_settled else block]
    if tools:
        asked["tools"] = [_tool(tool) for tool in tools]
        if prompt.system_is_settled:
            asked["tools"][-1]["cache_control"] = CACHE
    return asked


def _thinking(model: str) -> dict[str, Any]:
    """As little as the model can. Models of the fourth generation do not think unless asked to."""
    if model.startswith("claude-sonnet-5-5"):
        return {"thinking": {"type": "between_tools"}, "max_tokens": ANSWER_TOKENS_MAX}
    if model.startswith(("claude-opus-5-5", "claude-fable", "claude-mythos")):
        return {"output_config": {"effort": "low"}, "max_tokens": THINKING_TOKENS_MAX}
    if model.startswith(("claude-haiku-5", "claude-sonnet-5", "claude-opus-5")):
        return {"thinking": {"type": "disabled"}, "max_tokens": ANSWER_TOKENS_MAX}
    return {"max_tokens": ANSWER_TOKENS_MAX}


def _tool(tool: Tool) -> dict[str, Any]:
    schema = {"type": "object", **tool.parameters}
    return {"name": tool.name, "description": tool.description, "input_schema": schema}


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Neighbours of one role become one message: results of calls must come together, and first."""
    sent: list[dict[str, Any]] = []
    for number, turn in enumerate(prompt.turns, start=1):
        role = "assistant" if turn.role == "assistant" else "user"
        blocks = _blocks(turn)
        if sent and sent[-1]["role"] == role:
            sent[-1]["content"] += blocks
        else:
            sent.append({"role": role, "content": blocks})
        if number == prompt.settled:
            sent[-1]["content"][-1] = blocks[-1] | {"cache_control": CACHE}
    return sent


def _blocks(message: Message) -> list[Block]:
    if message.role == "tool":
        return [
            {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content or "-"}
        ]
    if message.tool_calls and message.tool_calls[0].opaque.startswith(f"{NAME}:"):
        given: list[Block] = json.loads(message.tool_calls[0].opaque.removeprefix(f"{NAME}:"))
        return given
    blocks: list[Block] = [{"type": "text", "text": message.content}] if message.content.strip() else []
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)}
        for call in message.tool_calls
    ]
    return blocks


def _input(arguments: str) -> dict[str, Any]:
    """Arguments that are no object were told to the model as an error already; here they only must be one."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        return {"malformed": arguments}
    return value if isinstance(value, dict) else {"malformed": arguments}


@dataclass(slots=True)
class Collecting:
    """One answer while it streams."""

    usage: Usage | None = None
    _blocks: list[Block] = field(default_factory=list)
    _stop_reason: str = ""
    _finished: bool = False

    def take(self, event: Any) -> str:
        """Fold one event in; gives its spoken text. Unknown events are left alone, as the vendor asks."""
        match event.type:
            case "message_start":
                self.count(event.message.usage)
            case "content_block_start":
                return self._open(event.content_block)
            case "content_block_delta":
                return self._grow(event.delta)
            case "message_delta":
                self._stop_reason = event.delta.stop_reason or self._stop_reason
                self.count(event.usage)
            case "message_stop":
                self._finished = True
        return ""

    def _open(self, block: Any) -> str:
        match block.type:
            case "text":
                self._blocks.append({"type": "text", "text": block.text})
                return str(block.text)
            case "tool_use":
                self._blocks.append({"type": "tool_use", "id": block.id, "name": block.name, "input": ""})
            case "thinking":
                thinking = {"type": "thinking", "thinking": block.thinking, "signature": block.signature}
                self._blocks.append(thinking)
            case "redacted_thinking":
                self._blocks.append({"type": "redacted_thinking", "data": block.data})
            case kind:
                self._blocks.append({"type": kind})
        return ""

    def _grow(self, delta: Any) -> str:
        if not self._blocks:
            raise ProviderProtocolError(NAME, "a piece of a block that never began")
        block = self._blocks[-1]
        match delta.type:
            case "text_delta":
                block["text"] += delta.text
                return str(delta.text)
            case "input_json_delta":
                block["input"] += delta.partial_json
            case "thinking_delta":
                block["thinking"] += delta.thinking
            case "signature_delta":
                block["signature"] += delta.signature
        return ""

    def count(self, told: Any) -> None:
        """Totals so far. A later message may leave out what an earlier one said."""
        before = self.usage or Usage()
        read = told.cache_read_input_tokens
        written = told.cache_creation_input_tokens
        read = before.cached_tokens if read is None else read
        written = before.cache_write_tokens if written is None else written
        fresh = told.input_tokens
        if fresh is None:
            fresh = before.input_tokens - before.cached_tokens - before.cache_write_tokens
        self.usage = Usage(
            # The vendor counts apart what it read from and wrote to its cache.
            input_tokens=fresh + read + written,
            cached_tokens=read,
            cache_write_tokens=written,
            output_tokens=told.output_tokens or 0,
        )

    def completion(self) -> Completion:
        """The whole answer.

        Raises:
            ProviderUnavailable: The stream was cut.
            ProviderProtocolError: The model declined.
        """
        if not self._finished:
            raise ProviderUnavailable(NAME, "the stream ended in the middle of the answer")
        if self._stop_reason == "refusal":
            raise ProviderProtocolError(NAME, "the model declined to answer")
        text = "".join(block["text"] for block in self._blocks if block["type"] == "text")
        return Completion(text=text, tool_calls=self._calls(), usage=self.usage or Usage())

    def _calls(self) -> tuple[ToolCall, ...]:
        opaque = self._opaque()
        used = [block for block in self._blocks if block["type"] == "tool_use"]
        return tuple(
            ToolCall(
                id=block["id"],
                name=block["name"],
                arguments=block["input"] or "{}",
                opaque="" if number else opaque,
            )
            for number, block in enumerate(used)
        )

    def _opaque(self) -> str:
        """Thoughts are signed and bound to their place: a message that has some goes back block by block."""
        if not any(block["type"].endswith("thinking") for block in self._blocks):
            return ""
        blocks = [
            block | {"input": _input(block["input"])} if block["type"] == "tool_use" else block
            for block in self._blocks
            if block.get("text", "-").strip()
        ]
        return f"{NAME}:{json.dumps(blocks)}"


# Of the vendor's error types those that pass; they also come inside a stream, where there is no status.
PASSING = frozenset({"overloaded_error", "api_error", "timeout_error", "rate_limit_error"})


def told_error(kind: str | None) -> ProviderError:
    """An error the vendor named inside a stream that began well."""
    if kind is None or kind in PASSING:
        return ProviderUnavailable(NAME, f"the stream ended with {kind or 'an error'}")
    return ProviderRejected(NAME, f"{kind}: check the key, the model and the quota")
