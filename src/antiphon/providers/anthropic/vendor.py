"""What Anthropic offers, and what it takes. It has no public speech-to-speech API: Claude runs pipelined."""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.agents.ports import LanguageModel
from antiphon.errors import ConfigError
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToSpeech

ACCOUNT = Account(vendor="anthropic", sdk="anthropic", keys=("ANTHROPIC_API_KEY",))
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-4-5")


_SESSIONS = Offer(
    role=Role.SPEECH_TO_SPEECH,
    name="*",
    instead="Anthropic has no public speech-to-speech API (2026-11); name the model without `unified:`",
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    capabilities = Capabilities(tools=True, prompt_cache=True)
    models = [Offer(role=Role.LLM, name=name, capabilities=capabilities, any_name=True) for name in MODELS]
    offers = [*models, _SESSIONS]
    return cloud_vendor(ACCOUNT, environment, offers, llm=_language_model, speech_to_speech=_no_session)


def _no_session(model: str, access: Access) -> SpeechToSpeech:
    raise ConfigError(f"{model} cannot be spoken to", fix=_SESSIONS.instead)


def _language_model(model: str, access: Access) -> LanguageModel:
    from antiphon.providers.anthropic.llm import AnthropicConfig, AnthropicModel

    return AnthropicModel(AnthropicConfig(model=model, key=access.key, url=access.url))
