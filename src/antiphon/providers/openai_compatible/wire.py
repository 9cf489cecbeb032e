"""Messages and chunks of chat completions, as OpenAI and the hosts compatible with it speak them. Pure.

Sources: API reference "Chat completions, streaming"; api-docs.deepseek.com (context caching, thinking mode);
console.groq.com/docs (reasoning, tool use); inference-docs.cerebras.ai (reasoning). Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.errors import ProviderProtocolError, ProviderUnavailable
from antiphon.providers.openai_compatible.host import Host
from antiphon.providers.openai_compatible.thoughts import SpokenText
from antiphon.providers.prompt import arrange


def request(host: Host, model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """The body of a request."""
    prompt = arrange(messages)
    sent = [_message(host, message) for message in prompt.turns]
    if prompt.system:
        sent.insert(0, {"role": "system", "content": prompt.system})
    asked: dict[str, Any] = {
        "model": model,
        "messages": sent,
        "stream": True,
        "stream_options": {"include_usage": True},
        **host.fields(model, prompt.system),
    }
    if tools:
        asked["tools"] = [_tool(tool) for tool in tools]
    return asked


def _message(host: Host, message: Message) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        thoughts = _own(host, message.tool_calls[0].opaque)
        if thoughts:
            sent[host.thoughts_back] = thoughts
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _own(host: Host, opaque: str) -> str:
    """Thoughts this very host gave us; those of another mean nothing to it."""
    owner, _, thoughts = opaque.partition(":")
    return thoughts if host.thoughts_back and owner == host.name else ""


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


@dataclass(slots=True)
class _Part:
    """A tool call while its pieces arrive."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Collecting:
    """One answer while it streams. A stream without a finish reason was cut, whatever it said."""

    host: Host
    usage: Usage | None = None
    _text: str = ""
    _thoughts: str = ""
    _parts: list[_Part] = field(default_factory=list)
    _at: dict[int, int] = field(default_factory=dict)
    _spoken: SpokenText = field(default_factory=SpokenText)
    _finished: bool = False

    def take(self, chunk: Any) -> str:
        """Fold one chunk in; gives the text that can be spoken now.

        Raises:
            AttributeError, LookupError, TypeError: It is no chunk.
        """
        self._count(chunk)
        if not (choices := chunk.get("choices")):
            return ""
        choice = choices[0]
        delta = choice.get("delta") or {}
        self._thoughts += delta.get("reasoning_content") or ""
        for position, piece in enumerate(delta.get("tool_calls") or ()):
            self._tool_call(piece, position)
        text = self._spoken.feed(delta.get("content") or "")
        if choice.get("finish_reason") is not None:
            self._finished = True
            text += self._spoken.finish()
        self._text += text
        return text

    def _tool_call(self, piece: Any, position: int) -> None:
        index, call_id = piece.get("index"), piece.get("id") or ""
        index = position if index is None else index  # Some servers leave it out.
        known = self._at.get(index)
        # Others count every call of an answer as the first: a new id is a new call.
        if known is None or (call_id and self._parts[known].id not in {"", call_id}):
            known = self._at[index] = len(self._parts)
            self._parts.append(_Part())
        part = self._parts[known]
        part.id = call_id or part.id
        if (function := piece.get("function")) is not None:
            part.name = function.get("name") or part.name
            part.arguments += function.get("arguments") or ""

    def _count(self, chunk: Any) -> None:
        """Usage comes in its own chunk, with the last one, or (Groq) in a field of the host's."""
        told = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        if told is None:
            return
        details = told.get("prompt_tokens_details") or {}
        # DeepSeek counts what it found in its cache in a field of its own.
        cached = details.get("cached_tokens") or told.get("prompt_cache_hit_tokens")
        self.usage = Usage(
            input_tokens=told.get("prompt_tokens") or 0,
            cached_tokens=cached or 0,
            output_tokens=told.get("completion_tokens") or 0,
            cache_write_tokens=details.get("cache_write_tokens") or 0,
        )

    def completion(self) -> Completion:
        """The whole answer.

        Raises:
            ProviderUnavailable: The stream was cut.
            ProviderProtocolError: A tool call without a name.
        """
        if not self._finished:
            raise ProviderUnavailable(self.host.name, "the stream ended in the middle of the answer")
        if any(not part.name for part in self._parts):
            raise ProviderProtocolError(self.host.name, "a tool call without a name")
        opaque = f"{self.host.name}:{self._thoughts}" if self.host.thoughts_back and self._thoughts else ""
        calls = tuple(
            ToolCall(
                id=part.id or f"call_{number}",
                name=part.name,
                arguments=part.arguments or "{}",
                opaque="" if number else opaque,
            )
            for number, part in enumerate(self._parts)
        )
        return Completion(text=self._text, tool_calls=calls, usage=self.usage or Usage())


def is_misused_tool(code: str | None) -> bool:
    """Groq answers 400 when its model wrote a tool call that is none: no fault of the request."""
    return code == "tool_use_failed"
