"""Language models on Groq. Source: console.groq.com/docs, "Reasoning", "Errors", "Models", read 2026-11."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from antiphon.providers.openai_compatible.host import (
    ANSWER_TOKENS_MAX,
    TEMPERATURE,
    THINKING_TOKENS_MAX,
    Fields,
    Host,
)
from antiphon.providers.openai_compatible.vendor import hosted
from antiphon.providers.roles import Vendor

MODELS = ("openai/gpt-oss-120b", "openai/gpt-oss-20b")


def _fields(model: str, system: str) -> Fields:
    fields: dict[str, Any] = {"temperature": TEMPERATURE, "max_completion_tokens": ANSWER_TOKENS_MAX}
    if model.startswith("openai/gpt-oss"):
        # This family has a switch of its own where the others have a format.
        fields |= {"reasoning_effort": "low", "include_reasoning": False}
        fields["max_completion_tokens"] = THINKING_TOKENS_MAX
    elif model.startswith("qwen/"):
        fields |= {"reasoning_effort": "none", "reasoning_format": "hidden"}
    return fields


HOST = Host(name="groq", url="https://api.groq.com/openai/v1", fields=_fields)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return hosted(HOST, environment, "GROQ_API_KEY", MODELS)
