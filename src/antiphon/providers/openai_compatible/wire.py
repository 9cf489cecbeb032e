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
    """Arguments of the SDK's `create`. What only this host knows goes into `extra_body`."""
    prompt = arrange(messages)
    sent = [_message(host, message) for message in prompt.turns]
    if prompt.system:
        sent.insert(0, {"role": "system", "content": prompt.system})
    asked: dict[str, Any] = {
        "model": model,
        "messages": sent,
        "stream": True,
        "stream_options": {"include_usage": True},
        "extra_body": dict(host.fields(model, prompt.system)),
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
        """Fold one chunk in; gives the text that can be spoken now."""
        self._count(chunk)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        delta = choice.delta
        self._thoughts += getattr(delta, "reasoning_content", None) or ""
        for position, piece in enumerate(delta.tool_calls or ()):
            self._tool_call(piece, position)
        text = self._spoken.feed(delta.content or "")
        if choice.finish_reason is not None:
            self._finished = True
            text += self._spoken.finish()
        self._text += text
        return text

    def _tool_call(self, piece: Any, position: int) -> None:
        index = piece.index if piece.index is not None else position  # Some servers leave it out.
        known = self._at.get(index)
        # Others count every call of an answer as the first: a new id is a new call.
        if known is None or (piece.id and self._parts[known].id not in {"", piece.id}):
            known = self._at[index] = len(self._parts)
            self._parts.append(_Part())
        part = self._parts[known]
        part.id = piece.id or part.id
        if piece.function is not None:
            part.name = piece.function.name or part.name
            part.arguments += piece.function.arguments or ""

    def _count(self, chunk: Any) -> None:
        """Usage comes in its own chunk, with the last one, or (Groq) in a field of the host's."""
        told = getattr(chunk, "usage", None) or _field(getattr(chunk, "x_groq", None), "usage")
        if told is None:
            return
        details = _field(told, "prompt_tokens_details")
        # DeepSeek counts what it found in its cache in a field of its own.
        cached = _field(details, "cached_tokens") or _field(told, "prompt_cache_hit_tokens")
        self.usage = Usage(
            input_tokens=_field(told, "prompt_tokens") or 0,
            cached_tokens=cached or 0,
            output_tokens=_field(told, "completion_tokens") or 0,
            cache_write_tokens=_field(details, "cache_write_tokens") or 0,
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


def _field(holder: Any, name: str) -> Any:
    """Of an SDK object, or of the plain mapping it makes of what it does not know."""
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def is_misused_tool(code: str | None) -> bool:
    """Groq answers 400 when its model wrote a tool call that is none: no fault of the request."""
    return code == "tool_use_failed"
