"""The table of language model adapters. A later vendor is one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.doubles.anthropic_messages import AnthropicMessages
from tests.doubles.gemini_generate import GeminiGenerate
from tests.doubles.language_model import KEY, Dialect
from tests.doubles.openai_chat import OpenAiChat

from antiphon.providers.anthropic.llm import AnthropicConfig, AnthropicModel
from antiphon.providers.cerebras import HOST as CEREBRAS
from antiphon.providers.deepseek import HOST as DEEPSEEK
from antiphon.providers.gemini.llm import GeminiConfig, GeminiModel
from antiphon.providers.groq import HOST as GROQ
from antiphon.providers.livekit.llm import LivekitModel
from antiphon.providers.livekit.plugin import load
from antiphon.providers.openai.llm import HOST as OPENAI
from antiphon.providers.openai_compatible import Host, OpenAiCompatibleConfig, OpenAiCompatibleModel
from antiphon.providers.openai_compatible.host import ANY
from antiphon.providers.streaming import Bounds

CEREBRAS_REFUSES = frozenset(
    {"frequency_penalty", "logit_bias", "presence_penalty", "parallel_tool_calls", "service_tier"}
)


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One row.

    Attributes:
        make: The adapter for a double's address.
        name: The vendor's registry name with a model. key: Its key's variable.
        counts_writes: The vendor says what went into its cache. counts_early: And what an answer costs before
            it is complete. counts_when: And when it may be asked again after too much.
        tells_end: It knows an answer that was cut from one that is complete, and nonsense from a broken line.
        by_registry: The registry makes it from a key and an address.
    """

    name: str
    key: str
    dialect: Dialect
    make: Callable[[str, Bounds], Any]
    path: str = ""
    counts_writes: bool = True
    counts_early: bool = False
    counts_when: bool = True
    tells_end: bool = True
    by_registry: bool = True

    @property
    def vendor(self) -> str:
        return self.name.partition("/")[0]

    @property
    def model(self) -> str:
        """What the vendor is asked for."""
        return self.name.partition("/")[2].rpartition(":")[2]


def _hosted(host: Host, model: str, key: str, **dialect: Any) -> Adapter:
    path = urlsplit(host.url or "http://host/v1").path

    def make(url: str, bounds: Bounds) -> OpenAiCompatibleModel:
        config = OpenAiCompatibleConfig(host=host, model=model, key=KEY, url=url + path, bounds=bounds)
        return OpenAiCompatibleModel(config)

    return Adapter(
        name=f"{host.name}/{model}",
        key=key,
        dialect=OpenAiChat(path=f"{path}/chat/completions", **dialect),
        make=make,
        path=path,
        counts_writes=dialect.get("usage") != "deepseek",
    )


def _livekit(url: str, bounds: Bounds) -> LivekitModel:
    settings = {"api_key": KEY, "base_url": f"{url}/v1"}
    return LivekitModel(load("openai.LLM:gpt-6-luna", "LLM", settings), bounds)


ADAPTERS = [
    Adapter(
        name="anthropic/claude-haiku-5-5",
        key="ANTHROPIC_API_KEY",
        dialect=AnthropicMessages(),
        make=lambda url, bounds: AnthropicModel(
            AnthropicConfig(model="claude-haiku-5-5", key=KEY, url=url, bounds=bounds)
        ),
        counts_early=True,
    ),
    Adapter(
        name="anthropic/claude-sonnet-5-5",
        key="ANTHROPIC_API_KEY",
        dialect=AnthropicMessages(),
        make=lambda url, bounds: AnthropicModel(
            AnthropicConfig(model="claude-sonnet-5-5", key=KEY, url=url, bounds=bounds)
        ),
        counts_early=True,
    ),
    Adapter(
        name="gemini/gemini-3.8-flash",
        key="GEMINI_API_KEY",
        dialect=GeminiGenerate(),
        make=lambda url, bounds: GeminiModel(
            GeminiConfig(model="gemini-3.8-flash", key=KEY, url=url, bounds=bounds)
        ),
        counts_writes=False,
        counts_early=True,
    ),
    _hosted(OPENAI, "gpt-6-luna", "OPENAI_API_KEY"),
    _hosted(
        DEEPSEEK, "deepseek-v4-flash", "DEEPSEEK_API_KEY", usage="deepseek", extra=frozenset({"thinking"})
    ),
    _hosted(
        CEREBRAS,
        "gpt-oss-120b",
        "CEREBRAS_API_KEY",
        thoughts="reasoning",
        extra=frozenset({"reasoning_format"}),
        refused=CEREBRAS_REFUSES,
    ),
    _hosted(
        GROQ,
        "openai/gpt-oss-120b",
        "GROQ_API_KEY",
        thoughts="reasoning",
        usage="groq",
        extra=frozenset({"include_reasoning"}),
    ),
    _hosted(ANY, "qwen3", "ANTIPHON_LLM_KEY", thoughts="think", indexed=False),
    Adapter(
        name="livekit/openai.LLM:gpt-6-luna",
        key="OPENAI_API_KEY",
        dialect=OpenAiChat(),
        make=_livekit,
        path="/v1",
        counts_when=False,
        tells_end=False,
        by_registry=False,
    ),
]
