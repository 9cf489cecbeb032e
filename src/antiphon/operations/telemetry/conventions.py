"""Names of attributes: GenAI semantic conventions, and what vendors read besides.

Sources, read 2026-11: opentelemetry semantic-conventions-genai (gen_ai.*); Langfuse, "OpenTelemetry",
property mapping; LangSmith, "Trace with OpenTelemetry", attribute mapping; Datadog, "OpenTelemetry
Instrumentation" (GenAI conventions from 1.37 on).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from antiphon.operations.telemetry.spans import Value

OPERATION: Final = "gen_ai.operation.name"
CONVERSATION: Final = "gen_ai.conversation.id"
AGENT_NAME: Final = "gen_ai.agent.name"
AGENT_VERSION: Final = "gen_ai.agent.version"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
LANGFUSE_TYPE: Final = "langfuse.observation.type"
LANGFUSE_INPUT: Final = "langfuse.observation.input"
LANGFUSE_OUTPUT: Final = "langfuse.observation.output"
LANGSMITH_KIND: Final = "langsmith.span.kind"

# Our vendors' names where the registry of the conventions has another.
_PROVIDERS: Final = {
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "azure": "azure.ai.openai",
    "xai": "x_ai",
    "mistral": "mistral_ai",
}
# Ours, the convention's, and Langfuse's name in its usage details.
_TOKENS: Final = (
    ("input_tokens", "gen_ai.usage.input_tokens", "input"),
    ("output_tokens", "gen_ai.usage.output_tokens", "output"),
    ("cached_tokens", "gen_ai.usage.cache_read.input_tokens", "input_cached_tokens"),
    ("cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens", "input_cache_creation"),
)


def kinds(langfuse: str, langsmith: str) -> dict[str, Value]:
    """What sort of step it is, in the words of those who do not read the operation's name."""
    return {LANGFUSE_TYPE: langfuse, LANGSMITH_KIND: langsmith}


def model_of(provider: str) -> dict[str, Value]:
    """Of `openai/gpt-5-mini`."""
    vendor, _, model = provider.partition("/")
    named = _PROVIDERS.get(vendor, vendor)
    # LangSmith reads the name the provider had before 1.37.
    return {
        "gen_ai.provider.name": named,
        "gen_ai.system": named,
        "gen_ai.request.model": model or vendor,
    }


def usage_of(amounts: Mapping[str, int]) -> dict[str, Value]:
    """Tokens; Langfuse adds up what it is told, so of it the cached ones are no part of the others."""
    told: dict[str, Value] = {
        name: amounts[ours] for ours, name, _ in _TOKENS if amounts.get(ours) is not None
    }
    if "input_tokens" not in amounts:
        return told
    details = {short: amounts[ours] for ours, _, short in _TOKENS if amounts.get(ours)}
    details["input"] = amounts["input_tokens"] - sum(
        amounts.get(part, 0) for part in ("cached_tokens", "cache_write_tokens")
    )
    return told | {"langfuse.observation.usage_details": json.dumps(details)}


def cost_of_usd(cost_usd: Decimal | None) -> dict[str, Value]:
    """Nothing where nobody knows the price: zero would be a lie."""
    if cost_usd is None:
        return {}
    total = float(cost_usd)
    return {
        "gen_ai.usage.cost": total,
        "langfuse.observation.cost_details": json.dumps({"total": total}),
    }


def messages(role: str, text: str) -> str:
    """One message as the conventions have them (JSON of role and parts)."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
