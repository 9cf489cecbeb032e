"""The tool a caller rates a call with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from antiphon.agents.ports import Effect, ToolContext
from antiphon.agents.tools.feedback import RATE, feedback_tools


def context() -> ToolContext:
    return ToolContext(call_id="c1", now=datetime(2026, 5, 28, tzinfo=UTC), idempotency_key="k")


@pytest.mark.parametrize("given", [1, 5, "4"])
async def test_a_rating_is_taken_as_a_number_said_or_a_key_pressed(given: object) -> None:
    (tool,) = feedback_tools()
    assert tool.name == RATE
    assert tool.effect is Effect.WRITE, "a draft rates nothing"
    result = await tool.run({"rating": given, "comment": "fine"}, context())
    assert (result.ok, result.value) == (True, {"rating": int(str(given))})


@pytest.mark.parametrize(
    "arguments", [{}, {"rating": 0}, {"rating": 6}, {"rating": "10"}, {"rating": 3, "x": 1}]
)
async def test_what_is_no_rating_is_refused(arguments: dict[str, Any]) -> None:
    (tool,) = feedback_tools()
    result = await tool.run(arguments, context())
    assert not result.ok and result.error.startswith("invalid_arguments")
