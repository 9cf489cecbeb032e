"""How one host of chat completions differs from another: each vendor's own file fills in a `Host`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Spoken replies are two short sentences. A model that cannot help thinking spends tokens before it speaks.
ANSWER_TOKENS_MAX = 400
THINKING_TOKENS_MAX = 1_500
TEMPERATURE = 0.3

Fields = Mapping[str, Any]


def _plain(model: str, system: str) -> Fields:
    return {"temperature": TEMPERATURE, "max_tokens": ANSWER_TOKENS_MAX}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Attributes:
    name: As in agent files and errors.
    url: Where it is, unless the operator says otherwise.
    fields: What a request has beside model, messages and tools, for a model and its instructions.
    thoughts_back: Field in which it wants the thoughts of a message with tool calls back.
    """

    name: str
    url: str = ""
    fields: Callable[[str, str], Fields] = _plain
    thoughts_back: str = ""


# Any server the operator names: Ollama, vLLM, llama.cpp. The oldest fields are the ones they all know.
ANY = Host(name="openai-compatible")
