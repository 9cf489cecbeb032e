"""Gemini's streamGenerateContent: our messages as contents, its pieces as one answer. Pure.

Sources: the google-genai package's types (3.6); ai.google.dev/gemini-api/docs: function calling, thinking,
thought signatures, errors. Read 2026-11.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.errors import (
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.prompt import arrange
from antiphon.providers.refusals import refused

NAME = "gemini"
ANSWER_TOKENS_MAX = 400
THINKING_TOKENS_MAX = 1_500
# For a call another vendor's model made: the vendor's documented word for "there is no signature".
NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()

Part = dict[str, Any]


def request(model: str, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    """Arguments of `generate_content_stream`, as plain mappings in the SDK's names."""
    prompt = arrange(messages)
    config: dict[str, Any] = {**_thinking(model), "automatic_function_calling": {"disable": True}}
    if prompt.system:
        config["system_instruction"] = prompt.system
    if tools:
        config["tools"] = [{"function_declarations": [_tool(tool) for tool in tools]}]
    return {"model": model, "contents": _contents(prompt.turns), "config": config}


def _thinking(model: str) -> dict[str, Any]:
    """As little as the model can, and never shown. From the third generation on a level, before a budget."""
    if model.startswith("gemini-2.5-pro"):
        thinking: dict[str, Any] = {"thinking_budget": 128}
    elif model.startswith("gemini-2.5"):
        return {"thinking_config": {"thinking_budget": 0}, "max_output_tokens": ANSWER_TOKENS_MAX}
    elif model.startswith(("gemini-3", "gemini-4")):
        thinking = {"thinking_level": "LOW"}  # The lowest that all of them take.
    else:
        thinking = {}
    # Thoughts count as output, also where they cannot be seen.
    thinking["include_thoughts"] = False
    return {"thinking_config": thinking, "max_output_tokens": THINKING_TOKENS_MAX}


def _tool(tool: Tool) -> dict[str, Any]:
    schema = {"type": "object", **tool.parameters}
    return {"name": tool.name, "description": tool.description, "parameters_json_schema": schema}


def _contents(turns: Sequence[Message]) -> list[dict[str, Any]]:
    """Neighbours of one role become one content: results of calls must come together, in their order."""
    names = {call.id: call.name for turn in turns for call in turn.tool_calls}
    sent: list[dict[str, Any]] = []
    for turn in turns:
        role = "model" if turn.role == "assistant" else "user"
        # A note after results stands apart: results answer calls one to one.
        apart = turn.role == "user" and sent and "function_response" in sent[-1]["parts"][-1]
        if sent and sent[-1]["role"] == role and not apart:
            sent[-1]["parts"] += _parts(turn, names)
        else:
            sent.append({"role": role, "parts": _parts(turn, names)})
    return sent


def _parts(message: Message, names: Mapping[str, str]) -> list[Part]:
    if message.role == "tool":
        name = names.get(message.tool_call_id, "unknown")
        return [{"function_response": {"name": name, "response": as_object(message.content)}}]
    parts: list[Part] = [{"text": message.content}] if message.content.strip() else []
    for number, call in enumerate(message.tool_calls):
        part: Part = {"function_call": {"name": call.name, "args": as_object(call.arguments)}}
        signature = _signature(call.opaque)
        # The first call of a message must be signed; of calls made together only it is.
        if signature or number == 0:
            part["thought_signature"] = signature or NO_SIGNATURE
        parts.append(part)
    return parts


def _signature(opaque: str) -> str:
    owner, _, signature = opaque.partition(":")
    return signature if owner == NAME else ""


def as_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {"result": text}
    return value if isinstance(value, dict) else {"result": value}


@dataclass(slots=True)
class Collecting:
    """One answer while it streams. A stream without a finish reason was cut."""

    usage: Usage | None = None
    _text: str = ""
    _calls: list[ToolCall] = field(default_factory=list)
    _finish: str = ""
    _blocked: str = ""

    def take(self, response: Any) -> str:
        """Fold one response in; gives its spoken text."""
        self._count(response.usage_metadata)
        if response.prompt_feedback is not None and response.prompt_feedback.block_reason is not None:
            self._blocked = _word(response.prompt_feedback.block_reason)
        if not response.candidates:
            return ""
        candidate = response.candidates[0]
        if candidate.finish_reason is not None:
            self._finish = _word(candidate.finish_reason)
        parts = candidate.content.parts if candidate.content is not None else None
        text = "".join(self._part(part) for part in parts or ())
        self._text += text
        return text

    def _part(self, part: Any) -> str:
        if part.function_call is not None:
            self._call(part)
            return ""
        return "" if part.thought else part.text or ""

    def _call(self, part: Any) -> None:
        call, signature = part.function_call, part.thought_signature
        if not call.name:
            raise ProviderProtocolError(NAME, "a tool call without a name")
        self._calls.append(
            ToolCall(
                id=call.id or f"call_{len(self._calls)}",
                name=call.name,
                arguments=json.dumps(call.args or {}, ensure_ascii=False),
                opaque=f"{NAME}:{base64.b64encode(signature).decode()}" if signature else "",
            )
        )

    def _count(self, told: Any) -> None:
        """Totals so far, with every piece."""
        if told is None:
            return
        self.usage = Usage(
            input_tokens=told.prompt_token_count or 0,
            cached_tokens=told.cached_content_token_count or 0,
            output_tokens=(told.candidates_token_count or 0) + (told.thoughts_token_count or 0),
        )

    def completion(self) -> Completion:
        """The whole answer.

        Raises:
            ProviderUnavailable: The stream was cut.
            ProviderProtocolError: The answer was withheld, or the model wrote a call that is none.
        """
        if self._blocked:
            raise ProviderProtocolError(NAME, f"the vendor withheld the answer ({self._blocked})")
        if not self._finish:
            raise ProviderUnavailable(NAME, "the stream ended in the middle of the answer")
        if self._finish not in {"STOP", "MAX_TOKENS"}:
            raise ProviderProtocolError(NAME, f"the answer ended with {self._finish}")
        return Completion(text=self._text, tool_calls=tuple(self._calls), usage=self.usage or Usage())


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))


def told_error(status: int, body: Any, headers: Mapping[str, str]) -> ProviderError:
    """The vendor's error. A key it does not know is a 400 with a reason; when to come again is a detail."""
    details = _details(body)
    if status < 400:
        return ProviderUnavailable(NAME, "the stream ended with an error")
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        return ProviderRejected(NAME, "the key is not valid")
    error = refused(NAME, status, headers)
    delays = [_seconds(str(detail["retryDelay"])) for detail in details if "retryDelay" in detail]
    if isinstance(error, ProviderUnavailable) and delays and delays[0] is not None:
        error.retry_after_ms = int(delays[0] * 1000)
    return error


def _details(body: Any) -> list[dict[str, Any]]:
    error = body.get("error", body) if isinstance(body, dict) else {}
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _seconds(duration: str) -> float | None:
    """Protobuf's JSON form of a duration: "3.5s"."""
    try:
        return float(duration.removesuffix("s"))
    except ValueError:
        return None
