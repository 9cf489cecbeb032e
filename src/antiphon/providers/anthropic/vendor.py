"""What Anthropic offers, and what it takes. It has no public speech-to-speech API: Claude runs pipelined."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor

ACCOUNT = Account(vendor="anthropic", sdk="anthropic", keys=("ANTHROPIC_API_KEY",))
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5")


def vendor(environment: Mapping[str, str]) -> Vendor:
    capabilities = Capabilities(tools=True, prompt_cache=True)
    offers = [Offer(role=Role.LLM, name=name, capabilities=capabilities, any_name=True) for name in MODELS]
    return cloud_vendor(ACCOUNT, environment, offers, llm=_language_model)


def _language_model(model: str, access: Access) -> LanguageModel:
    from antiphon.providers.anthropic.llm import AnthropicConfig, AnthropicModel

    return AnthropicModel(AnthropicConfig(model=model, key=access.key, url=access.url))
