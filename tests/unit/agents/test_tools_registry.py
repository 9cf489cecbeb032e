"""Tools by name: argument checks and failures become results."""

from __future__ import annotations

from datetime import datetime

import pytest

from antiphon.agents.ports import Effect, ToolContext, ToolResult
from antiphon.agents.tools import Toolbox, function_tool
from antiphon.errors import ConfigError, ProviderUnavailable

CONTEXT = ToolContext(call_id="c", idempotency_key="k", now=datetime(2026, 11, 23, 10, 0))
SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1},
        "unit": {"enum": ["c", "f"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}


async def weather(context: ToolContext, *, city: str, days: int = 1, unit: str = "c") -> ToolResult:
    if city == "Atlantis":
        raise ProviderUnavailable("weather", "under water")
    if city == "Nowhere":
        raise KeyError(city)
    return ToolResult(
        ok=True, value={"city": city, "days": days, "unit": unit, "key": context.idempotency_key}
    )


def box() -> Toolbox:
    return Toolbox([function_tool("weather", "Forecast.", SCHEMA, weather, effect=Effect.NONE)])


async def test_a_tool_gets_its_arguments_and_context() -> None:
    result = await box().run("weather", {"city": "Boston", "days": 2}, CONTEXT)
    assert result == ToolResult(ok=True, value={"city": "Boston", "days": 2, "unit": "c", "key": "k"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "invalid_arguments: missing city"),
        ({"city": 5}, "invalid_arguments: city must be of type string"),
        ({"city": "Boston", "days": "two"}, "invalid_arguments: days must be of type integer"),
        ({"city": "Boston", "days": 0}, "invalid_arguments: days does not fit minimum 1"),
        ({"city": "Boston", "unit": "k"}, "invalid_arguments: unit must be one of c, f"),
        (
            {"city": "Boston", "town": "x"},
            "invalid_arguments: unknown argument town; known: city, days, unit",
        ),
    ],
)
async def test_wrong_arguments_are_explained_not_raised(arguments: dict, words: str) -> None:
    result = await box().run("weather", arguments, CONTEXT)
    assert (result.ok, result.error) == (False, words)


async def test_failures_and_unknown_names_are_results() -> None:
    assert (await box().run("wether", {}, CONTEXT)).error == "unknown_tool: wether"
    assert (
        await box().run("weather", {"city": "Atlantis"}, CONTEXT)
    ).error == "tool_failed: ProviderUnavailable"
    assert (await box().run("weather", {"city": "Nowhere"}, CONTEXT)).error == "tool_failed: KeyError"


def test_a_bad_schema_and_a_second_name_refuse_to_start() -> None:
    with pytest.raises(ConfigError, match="no JSON schema"):
        function_tool("t", "d", {"type": "wrong"}, weather)
    tools = box()
    with pytest.raises(ConfigError, match="declared twice"):
        tools.add(function_tool("weather", "Forecast.", SCHEMA, weather))


def test_selecting_keeps_the_order_and_names_what_is_missing() -> None:
    tools = box()
    tools.add(function_tool("another", "d", SCHEMA, weather))
    assert [tool.name for tool in tools.select(["weather", "another"])] == ["weather", "another"]
    with pytest.raises(ConfigError, match="use one of: another, weather"):
        tools.select(["wether"])
