"""Language models on Cerebras. It refuses frequency_penalty, logit_bias, presence_penalty, service_tier and
parallel_tool_calls. Source: inference-docs.cerebras.ai, "Reasoning", "OpenAI compatibility", read 2026-11.
"""

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

MODELS = ("gpt-oss-120b", "qwen-3.8-27b")


def _fields(model: str, system: str) -> Fields:
    fields: dict[str, Any] = {"temperature": TEMPERATURE, "max_completion_tokens": ANSWER_TOKENS_MAX}
    if model.startswith("gpt-oss"):
        # It cannot be kept from thinking; "hidden" keeps the thoughts there.
        fields |= {"reasoning_effort": "low", "reasoning_format": "hidden"}
        fields["max_completion_tokens"] = THINKING_TOKENS_MAX
    elif model.startswith(("qwen", "zai-glm")):
        fields |= {"reasoning_effort": "none", "reasoning_format": "hidden"}
    return fields


HOST = Host(name="cerebras", url="https://api.cerebras.ai/v1", fields=_fields)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return hosted(HOST, environment, "CEREBRAS_API_KEY", MODELS)
