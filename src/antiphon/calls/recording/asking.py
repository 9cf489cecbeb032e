"""The two tools by which an agent that asks its callers reaches the recording of the call it is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from antiphon.agents.ports import Effect, Tool, ToolContext, ToolResult
from antiphon.agents.recording import ANSWER, MUST_ASK
from antiphon.trust.jurisdictions import Asking


class Asked(Protocol):
    """One call's recording, as far as its caller is asked."""

    def must_ask(self, caller_number: str) -> Asking:
        """Is this caller to be asked, or only told?"""

    def answered(self, words: str, *, agreed: bool) -> bool:
        """The caller's answer; whether he is recorded from now on."""


def consent_tools(recording_of: Callable[[str], Asked | None]) -> dict[str, Tool]:
    """By name. `recording_of`: a call's, by its id; None where it is not recorded, or over."""

    async def ask(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        recording = recording_of(context.call_id)
        if recording is None:
            return ToolResult(ok=False, error="this call is not recorded")
        asking = recording.must_ask(str(arguments["caller_number"]))
        return ToolResult(ok=True, value={"ask": asking.needed, "why": asking.why})

    async def answer(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        recording = recording_of(context.call_id)
        if recording is None:
            return ToolResult(ok=False, error="this call is not recorded")
        agreed = bool(arguments["agreed"])
        return ToolResult(
            ok=True, value={"recorded": recording.answered(str(arguments["words"]), agreed=agreed)}
        )

    asks = {"caller_number": {"type": "string"}}
    answers = {"agreed": {"type": "boolean"}, "words": {"type": "string"}}
    return {
        MUST_ASK: _tool(MUST_ASK, "Must this caller be asked?", asks, Effect.NONE, ask),
        ANSWER: _tool(ANSWER, "The caller's answer.", answers, Effect.WRITE, answer),
    }


def _tool(name: str, told: str, properties: Mapping[str, Any], effect: Effect, run: Any) -> Tool:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool(name=name, description=told, parameters=parameters, effect=effect, run=run)
