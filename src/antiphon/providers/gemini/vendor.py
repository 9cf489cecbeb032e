"""What Google offers as Gemini, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor

ACCOUNT = Account(
    vendor="gemini", sdk="google.genai", extra="google", keys=("GEMINI_API_KEY|GOOGLE_API_KEY",)
)
MODELS = ("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon")


def vendor(environment: Mapping[str, str]) -> Vendor:
    capabilities = Capabilities(tools=True, prompt_cache=True)
    offers = [Offer(role=Role.LLM, name=name, capabilities=capabilities, any_name=True) for name in MODELS]
    return cloud_vendor(ACCOUNT, environment, offers, llm=_language_model)


def _language_model(model: str, access: Access) -> LanguageModel:
    from antiphon.providers.gemini.llm import GeminiConfig, GeminiModel

    return GeminiModel(GeminiConfig(model=model, key=access.key, url=access.url))
