"""Tools by name. Arguments are checked against the tool's JSON schema before anything runs, so a model's or a
flow's mistake becomes a clear result instead of an exception. Deadlines are the runtime's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.errors import AntiphonError, ConfigError

log = structlog.get_logger(__name__)

ToolFunction = Callable[..., Awaitable[ToolResult]]


class Toolbox:
    """The tools one agent may use.

    Raises:
        ConfigError: Two tools of one name, or parameters that are no JSON schema.
    """

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            self.add(tool)

    def add(self, tool: Tool) -> None:
        if tool.name in self._tools:
            raise ConfigError(f"tool {tool.name!r} is declared twice", fix="give one of them another name")
        self._tools[tool.name] = checked(tool)

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def names(self) -> list[str]:
        return sorted(self._tools)

    def select(self, names: Iterable[str]) -> list[Tool]:
        """The tools an agent file lists, in its order.

        Raises:
            ConfigError: A name nobody provides.
        """
        selected = []
        for name in names:
            if name not in self._tools:
                raise ConfigError(f"unknown tool {name!r}", fix=f"use one of: {', '.join(self.names())}")
            selected.append(self._tools[name])
        return selected

    async def run(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Run a tool; whatever goes wrong is told in the result, never raised."""
        tool = self._tools.get(name)
        if tool is None:
            return ToolResult(ok=False, error=f"unknown_tool: {name}")
        try:
            return await tool.run(arguments, context)
        except (AntiphonError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            log.warning("tool_failed", tool=name, error=type(error).__name__)
            return ToolResult(ok=False, error=f"tool_failed: {type(error).__name__}")


def function_tool(
    name: str,
    description: str,
    parameters: Mapping[str, Any],
    function: ToolFunction,
    *,
    effect: Effect = Effect.NONE,
    timeout_ms: int = 5000,
) -> Tool:
    """A tool from a coroutine function: called with the context first, then the arguments by keyword."""

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return await function(context, **arguments)

    tool = Tool(
        name=name,
        description=description,
        parameters=parameters,
        effect=effect,
        run=run,
        timeout_ms=timeout_ms,
    )
    return checked(tool)


def checked(tool: Tool) -> Tool:
    """The same tool, refusing arguments that do not fit its schema with error "invalid_arguments: …".

    Raises:
        ConfigError: The parameters are no JSON schema.
    """
    if getattr(tool.run, "checks_arguments", False):
        return tool
    try:
        Draft202012Validator.check_schema(dict(tool.parameters))
    except SchemaError as error:
        raise ConfigError(
            f"the parameters of tool {tool.name!r} are no JSON schema: {error.message}",
            fix="see https://json-schema.org/draft/2020-12",
        ) from error
    validator = Draft202012Validator(dict(tool.parameters), format_checker=FormatChecker())
    inner = tool.run

    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        problem = _first_problem(validator, arguments)
        if problem:
            return ToolResult(ok=False, error=f"invalid_arguments: {problem}")
        return await inner(arguments, context)

    run.checks_arguments = True  # type: ignore[attr-defined]  # so that wrapping twice checks once
    return replace(tool, run=run)


def _first_problem(validator: Draft202012Validator, arguments: Mapping[str, Any]) -> str:
    """One sentence about the first mistake, "" when there is none. Values are named by key, not repeated:
    they may be a caller's words."""
    errors = sorted(
        validator.iter_errors(dict(arguments)), key=lambda error: (list(map(str, error.path)), error.message)
    )
    return _explained(errors[0]) if errors else ""


def _explained(error: ValidationError) -> str:
    where = ".".join(str(part) for part in error.path)
    match error.validator:
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            return f"missing {', '.join(missing)}"
        case "additionalProperties":
            known = error.schema.get("properties", {})
            extra = sorted(key for key in error.instance if key not in known)
            return f"unknown argument {', '.join(extra)}; known: {', '.join(known)}"
        case "enum":
            return f"{where} must be one of {', '.join(map(str, error.validator_value))}"
        case "type":
            return f"{where or 'arguments'} must be of type {error.validator_value}"
        case "format":
            return f"{where} must be a {error.validator_value}"
        case _:
            return f"{where or 'arguments'} does not fit {error.validator} {error.validator_value}"
