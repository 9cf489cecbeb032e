"""`LanguageModel` over any endpoint that speaks OpenAI's chat completions: a vendor, Ollama, vLLM, llama.cpp.

Streams text as it comes and collects tool calls from their deltas (API reference "Chat completions,
streaming", read 2026-11). Settings come from the environment only: ANTIPHON_LLM_URL, _KEY, _MODEL.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from antiphon.agents.ports import Completion, Message, Tool, ToolCall, Usage
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.roles import Capabilities, Role, Vendor

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NAME = "openai-compatible"
NO_KEY = "none"  # Local servers need no key, but the SDK insists on a text.


ACCOUNT = Account(
    vendor=NAME, sdk="openai", extra="openai", keys=("ANTIPHON_LLM_MODEL",), url="ANTIPHON_LLM_URL",
    needs_url=True,
)  # fmt: skip


def vendor(environment: Mapping[str, str]) -> Vendor:
    """The operator's endpoint: its own model by the bare name, any other it serves by "/MODEL"."""
    offer = Offer(role=Role.LLM, name="", capabilities=Capabilities(tools=True), any_name=True)
    return cloud_vendor(ACCOUNT, environment, [offer], llm=_language_model)


def _language_model(model: str, access: Access) -> OpenAiCompatibleModel:
    made = language_model_from_environment(f"{NAME}/{model}", access.environment)
    assert made is not None, "the address and the model are set, or it would not be made"
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiCompatibleConfig:
    """Where the model is. `deadline_ms` bounds a whole completion, `stall_ms` the wait between two pieces."""

    url: str
    model: str
    key: str = field(default=NO_KEY, repr=False)
    deadline_ms: int = 20_000
    stall_ms: int = 6_000
    temperature: float = 0.3
    max_tokens: int = 400


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
    name: str = NAME, environment: Mapping[str, str] | None = None
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


class OpenAiCompatibleModel:
    """One endpoint; shared by all calls, so that its connections stay warm.

    Raises:
        ConfigError: The openai package is not installed.
    """

    def __init__(self, config: OpenAiCompatibleConfig) -> None:
        self._config = config
        self._client = _client(config)

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool], emit: Callable[[str], None]
    ) -> Completion:
        """Stream text deltas to `emit`; return the whole answer. Cancel the task to stop the request.

        Raises:
            ProviderUnavailable: Network, overload, rate limit or deadline.
            ProviderRejected: Key, quota or model.
            ProviderProtocolError: An answer that is not one.
        """

        collecting = _Collecting()
        with _vendor_errors():
            async with asyncio.timeout(self._config.deadline_ms / 1000):
                # The SDK's overloads cannot be met by a mapping built at run time.
                stream: Any = await self._client.chat.completions.create(**self._request(messages, tools))
                async with stream:
                    async for chunk in stream:
                        text = collecting.take(chunk)
                        if text:
                            emit(text)
        return collecting.completion()

    def _request(self, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._config.model,
            "messages": [_message(message) for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": self._config.temperature,
            "max_tokens": self._config.max_tokens,
        }
        if tools:
            request["tools"] = [_tool(tool) for tool in tools]
        return request

    async def aclose(self) -> None:
        await self._client.close()


def _client(config: OpenAiCompatibleConfig) -> AsyncOpenAI:
    try:
        from openai import AsyncOpenAI, Timeout
    except ImportError:
        raise ConfigError(
            "ANTIPHON_LLM_URL is set, but the openai package is not installed",
            fix="pip install 'antiphon[openai]'",
        ) from None
    seconds = config.stall_ms / 1000
    timeout = Timeout(seconds, connect=min(3.0, seconds))
    # No retries here: the caller is waiting, and the next way to reason is better than a second try.
    return AsyncOpenAI(base_url=config.url, api_key=config.key, timeout=timeout, max_retries=0)


def _message(message: Message) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        sent["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


@dataclass(slots=True)
class _Part:
    """A tool call while its pieces arrive."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class _Collecting:
    """One answer while it streams. A stream without a finish reason was cut, whatever it said."""

    text: str = ""
    parts: dict[int, _Part] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    finished: bool = False

    def take(self, chunk: Any) -> str:
        """Fold one chunk in; gives its text."""
        if getattr(chunk, "usage", None) is not None:
            self._count(chunk.usage)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finished = self.finished or choice.finish_reason is not None
        delta = choice.delta
        for index, piece in enumerate(delta.tool_calls or ()):
            self._tool_call(piece, index)
        text = delta.content or ""
        self.text += text
        return text

    def _tool_call(self, piece: Any, position: int) -> None:
        index = piece.index if piece.index is not None else position  # Some servers leave it out.
        part = self.parts.setdefault(index, _Part())
        part.id = piece.id or part.id
        if piece.function is not None:
            part.name = piece.function.name or part.name
            part.arguments += piece.function.arguments or ""

    def _count(self, usage: Any) -> None:
        details = getattr(usage, "prompt_tokens_details", None)
        self.usage = Usage(
            input_tokens=usage.prompt_tokens or 0,
            cached_tokens=(getattr(details, "cached_tokens", 0) or 0) if details is not None else 0,
            output_tokens=usage.completion_tokens or 0,
        )

    def completion(self) -> Completion:
        if not self.finished:
            raise ProviderUnavailable(NAME, "the stream ended in the middle of the answer")
        calls = tuple(
            ToolCall(id=part.id or f"call_{index}", name=part.name, arguments=part.arguments)
            for index, part in sorted(self.parts.items())
        )
        if any(not call.name for call in calls):
            raise ProviderProtocolError(NAME, "a tool call without a name")
        return Completion(text=self.text, tool_calls=calls, usage=self.usage)


@cache
def _transport_errors() -> tuple[type[Exception], ...]:
    """The SDK has changed its transport between versions and lets its errors through once a stream runs."""
    names = [name for name in ("httpx", "httpx2") if find_spec(name) is not None]
    return tuple(import_module(name).HTTPError for name in names)


@contextmanager
def _vendor_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Bodies are left out: they may repeat what the caller said."""
    import openai

    try:
        yield
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError,
            openai.BadRequestError, openai.UnprocessableEntityError) as error:  # fmt: skip
        raise ProviderRejected(
            NAME, f"HTTP {error.status_code}: check the key, the model and the address"
        ) from error
    except openai.RateLimitError as error:
        if error.code == "insufficient_quota":
            raise ProviderRejected(NAME, "the quota is used up") from error
        raise ProviderUnavailable(NAME, "rate limited") from error
    except openai.APIStatusError as error:
        raise ProviderUnavailable(NAME, f"HTTP {error.status_code}") from error
    except (openai.APITimeoutError, TimeoutError) as error:
        raise ProviderUnavailable(NAME, "no answer in time") from error
    except openai.APIConnectionError as error:
        raise ProviderUnavailable(NAME, "cannot be reached") from error
    except _transport_errors() as error:  # The stream broke after its headers; the SDK lets these through.
        raise ProviderUnavailable(NAME, "the connection broke") from error
    except openai.APIError as error:  # An error event inside the stream.
        raise ProviderUnavailable(NAME, "the server reported an error in the stream") from error
    except (openai.OpenAIError, ValueError, AttributeError, TypeError) as error:
        raise ProviderProtocolError(
            NAME, f"an answer we do not understand ({type(error).__name__})"
        ) from error
