"""Attributes that hold what was said, or do not: by what the operator lets out."""

from __future__ import annotations

from antiphon.operations.telemetry import conventions as names
from antiphon.operations.telemetry.redacting import redacted
from antiphon.operations.telemetry.settings import Content
from antiphon.operations.telemetry.spans import Value


class Words:
    """One per call. Everything with words goes through here."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def exchange(self, asked: str, answered: str) -> dict[str, Value]:
        """What a caller said and what he heard."""
        told: dict[str, Value] = {}
        if asked and (text := self._let_out(asked)):
            told |= {names.INPUT_MESSAGES: names.messages("user", text), names.LANGFUSE_INPUT: text}
        if answered and (text := self._let_out(answered)):
            told |= {
                names.OUTPUT_MESSAGES: names.messages("assistant", text),
                names.LANGFUSE_OUTPUT: text,
            }
        return told

    def tool(self, arguments: str, result: str) -> dict[str, Value]:
        """Arguments and results are full of names and numbers: they go out only with everything."""
        if self._content is not Content.FULL:
            return {}
        told = {
            "gen_ai.tool.call.arguments": arguments,
            "gen_ai.tool.call.result": result,
            names.LANGFUSE_INPUT: arguments,
            names.LANGFUSE_OUTPUT: result,
        }
        return {name: value for name, value in told.items() if value}

    def reason(self, text: str) -> str:
        """Of a failure. Vendors put into it what they like."""
        return self._let_out(text)

    def _let_out(self, text: str) -> str:
        match self._content:
            case Content.NONE:
                return ""
            case Content.REDACTED:
                return redacted(text)
            case Content.FULL:
                return text
