"""A caller's own rating of the call, said or pressed: `tools: {feedback: {}}` in the agent file.

A language model is told by its prompt when to ask; a flow asks with a choice of 1 to 5, which a key answers
too. What is rated is on the call's trace, as every tool call is, and from there in the index of calls.
"""

from __future__ import annotations

from typing import Final

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.agents.tools.registry import function_tool

RATE: Final = "feedback.rate"
RATING_MIN: Final = 1
RATING_MAX: Final = 5


def feedback_tools() -> list[Tool]:
    return [
        function_tool(
            RATE,
            "Note how the caller rates this call, once he has said so or pressed a key. "
            "1 is very bad, 5 is very good. Never rate for him.",
            {
                "type": "object",
                "properties": {
                    "rating": {
                        "description": "1 to 5, as the caller said.",
                        "anyOf": [
                            {"type": "integer", "minimum": RATING_MIN, "maximum": RATING_MAX},
                            {"type": "string", "pattern": f"^[{RATING_MIN}-{RATING_MAX}]$"},
                        ],
                    },
                    "comment": {"type": "string", "maxLength": 1000, "description": "In his words."},
                },
                "required": ["rating"],
                "additionalProperties": False,
            },
            _rate,
            # A draft that is thrown away rates nothing.
            effect=Effect.WRITE,
        )
    ]


async def _rate(context: ToolContext, rating: int | str, comment: str = "") -> ToolResult:
    return ToolResult(ok=True, value={"rating": int(rating)})
