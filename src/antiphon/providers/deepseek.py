"""DeepSeek's language models. Source: api-docs.deepseek.com, "Thinking Mode", "Context Caching" and "Models &
Pricing", read 2026-11-25. `deepseek-v4-flash` is an older name, served by what `deepseek-flash` is."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.providers.openai_compatible.host import ANSWER_TOKENS_MAX, TEMPERATURE, Fields, Host
from antiphon.providers.openai_compatible.vendor import hosted
from antiphon.providers.roles import Vendor

MODELS = ("deepseek-flash", "deepseek-v4-flash", "deepseek-v4-pro")


def _fields(model: str, system: str) -> Fields:
    # It thinks unless told not to, and hard.
    return {
        "thinking": {"type": "disabled"},
        "temperature": TEMPERATURE,
        "max_tokens": ANSWER_TOKENS_MAX,
    }


HOST = Host(
    name="deepseek", url="https://api.deepseek.com", fields=_fields, thoughts_back="reasoning_content"
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return hosted(HOST, environment, "DEEPSEEK_API_KEY", MODELS)
