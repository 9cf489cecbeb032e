"""The operator's own endpoint, from the environment only: ANTIPHON_LLM_URL, _KEY, _MODEL."""

from __future__ import annotations

import os
from collections.abc import Mapping

from antiphon.errors import ConfigError
from antiphon.providers.openai_compatible.host import ANY
from antiphon.providers.openai_compatible.llm import NO_KEY, OpenAiCompatibleConfig, OpenAiCompatibleModel


def config_from_environment(environment: Mapping[str, str] | None = None) -> OpenAiCompatibleConfig | None:
    """The operator's endpoint, or None when none is set.

    Raises:
        ConfigError: Half of it is set, or the address is none.
    """
    env = os.environ if environment is None else environment
    url, model = env.get("ANTIPHON_LLM_URL", "").strip(), env.get("ANTIPHON_LLM_MODEL", "").strip()
    key = env.get("ANTIPHON_LLM_KEY", "").strip()
    if not url and not model:
        return None
    if not url or not model:
        missing = "ANTIPHON_LLM_MODEL" if url else "ANTIPHON_LLM_URL"
        raise ConfigError(
            f"{missing} is not set", fix="set both ANTIPHON_LLM_URL and ANTIPHON_LLM_MODEL, or neither"
        )
    if not url.startswith(("http://", "https://")):
        raise ConfigError(
            f"ANTIPHON_LLM_URL is not an address: {url!r}", fix="write it like http://localhost:11434/v1"
        )
    return OpenAiCompatibleConfig(url=url, model=model, key=key or NO_KEY)


def language_model_from_environment(
    name: str = ANY.name, environment: Mapping[str, str] | None = None
) -> OpenAiCompatibleModel | None:
    """The model an agent file calls "openai-compatible" or "openai-compatible/MODEL"; None if none is set.

    Raises:
        ConfigError: The settings are wrong, or the SDK is not installed.
    """
    config = config_from_environment(environment)
    if config is None:
        return None
    chosen = name.partition("/")[2]
    if chosen:
        config = OpenAiCompatibleConfig(url=config.url, model=chosen, key=config.key)
    return OpenAiCompatibleModel(config)
