"""Tools that the client runs: asked for over the socket, answered by a `function_call_output` item."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema
import msgspec

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.calls.realtime.wire import Refused
from antiphon.conversation.commands import RunTool

TIMEOUT_MS = 20_000  # A client may ask a person; the caller hears a filler meanwhile.
OUTPUT_MAX = 64_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTool:
    """`parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def shown(self) -> dict[str, Any]:
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }


def function_tool(entry: Any, param: str, taken: frozenset[str]) -> FunctionTool:
    """One of `session.tools`.

    Raises:
        Refused: Names the field.
    """
    if not isinstance(entry, Mapping):
        raise Refused("invalid_value", "a tool is an object", param)
    if entry.get("type", "function") != "function":
        raise Refused("unsupported_value", "only functions; give MCP servers to the agent", f"{param}.type")
    name, description = entry.get("name"), entry.get("description") or ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("invalid_value", "letters, digits, _ and -, at most 64", f"{param}.name")
    if name in taken:
        raise Refused("invalid_value", "the agent has a tool of that name", f"{param}.name")
    if not isinstance(description, str):
        raise Refused("invalid_value", "a description is text", f"{param}.description")
    parameters = entry.get("parameters") or {"type": "object", "properties": {}}
    try:
        jsonschema.Draft202012Validator.check_schema(parameters)
    except (jsonschema.SchemaError, RecursionError):
        raise Refused("invalid_value", "not a JSON schema", f"{param}.parameters") from None
    if not isinstance(parameters, Mapping):
        raise Refused("invalid_value", "not a JSON schema of an object", f"{param}.parameters")
    return FunctionTool(name=name, description=description, parameters=parameters)


class ClientTools:
    """What one call has asked its client, and waits for."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[ToolResult]] = {}  # By idempotency key.
        self._keys: dict[str, str] = {}  # Of calls, as the client knows them.

    def tool(self, spec: FunctionTool) -> Tool:
        """What it changes we cannot know: it is asked once, and only when the turn is certain."""
        return Tool(
            name=spec.name,
            description=spec.description,
            parameters=spec.parameters,
            effect=Effect.WRITE,
            run=self._run,
            timeout_ms=TIMEOUT_MS,
        )

    def asked(self, command: RunTool) -> str:
        """The core has the tool run; gives the call's id for the client."""
        future: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()
        self._asked[command.idempotency_key] = future
        call_id = f"call_{command.tool_call_id.replace('.', '_')}"
        self._keys[call_id] = command.idempotency_key
        return call_id

    def answer(self, call_id: str, output: str) -> None:
        """Raises: Refused: Nobody waits for it, or not any more."""
        if len(output) > OUTPUT_MAX:
            raise Refused("invalid_value", f"at most {OUTPUT_MAX} characters", "item.output")
        future = self._asked.get(self._keys.pop(call_id, ""))
        if future is None or future.done():
            raise Refused("invalid_value", "no function call of this id is waiting", "item.call_id")
        try:
            value = msgspec.json.decode(output)
        except (msgspec.DecodeError, RecursionError):
            value = output
        future.set_result(ToolResult(ok=True, value=value))

    def close(self) -> None:
        """The client is gone: what it was asked will not be answered."""
        for future in self._asked.values():
            if not future.done():
                future.set_result(ToolResult(ok=False, error="the client is gone"))
        self._keys.clear()

    async def _run(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        try:
            return await self._asked[context.idempotency_key]
        finally:
            self._asked.pop(context.idempotency_key, None)
