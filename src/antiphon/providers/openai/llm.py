"""OpenAI's language models by chat completions. Sources: the openai package's types (3.54) and the API
reference, read 2026-11."""

from __future__ import annotations

import hashlib
from typing import Any

from antiphon.providers.openai_compatible.host import (
    ANSWER_TOKENS_MAX,
    TEMPERATURE,
    THINKING_TOKENS_MAX,
    Fields,
    Host,
)

MODELS = ("gpt-5.4-mini", "gpt-5.6-luna", "gpt-6-luna")


def _fields(model: str, system: str) -> Fields:
    fields: dict[str, Any] = {
        "max_completion_tokens": ANSWER_TOKENS_MAX,
        # Prompts of one agent are kept together, so that they meet in one cache.
        "prompt_cache_key": "antiphon-" + hashlib.sha256(system.encode()).hexdigest()[:24],
    }
    effort = _effort(model)
    if effort is None:
        fields["temperature"] = TEMPERATURE
    elif effort == "none":
        # From GPT-5.4 on, chat completions take tools only of a model that does not think.
        fields["reasoning_effort"] = effort
    else:
        fields |= {"reasoning_effort": effort, "max_completion_tokens": THINKING_TOKENS_MAX}
    return fields


def _effort(model: str) -> str | None:
    """The least a model can think; None for those that know nothing of it."""
    if model.startswith(("gpt-6-astra", "gpt-6.1-sol", "o1", "o3", "o4")) or "-pro" in model:
        return "low"
    if model == "gpt-5" or model.startswith(("gpt-5-mini", "gpt-5-nano", "gpt-5-2025")):
        return "minimal"
    return "none" if model.startswith(("gpt-5.", "gpt-6")) and "-chat" not in model else None


HOST = Host(name="openai", url="https://api.openai.com/v1", fields=_fields)
