"""`LanguageModel` over any endpoint that speaks OpenAI's chat completions: OpenAI itself, the hosts that are
compatible with it, and any server the operator names (Ollama, vLLM, llama.cpp)."""

from antiphon.providers.openai_compatible.host import Host
from antiphon.providers.openai_compatible.llm import OpenAiCompatibleConfig, OpenAiCompatibleModel
from antiphon.providers.openai_compatible.settings import (
    config_from_environment,
    language_model_from_environment,
)

__all__ = [
    "Host",
    "OpenAiCompatibleConfig",
    "OpenAiCompatibleModel",
    "config_from_environment",
    "language_model_from_environment",
]
