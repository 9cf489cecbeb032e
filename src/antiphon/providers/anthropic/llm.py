"""Claude by the anthropic package: text as it comes, tool calls, and a prompt cache that is filled early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.anthropic import wire
from antiphon.providers.anthropic.wire import NAME
from antiphon.providers.refusals import refused
from antiphon.providers.streaming import Bounds, WarmPool, load, take_all, transport

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

URL = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnthropicConfig:
    model: str
    key: str = field(repr=False)
    url: str = ""  # "" is the vendor's own address.
    bounds: Bounds = field(default_factory=Bounds)


class AnthropicModel:
    """One model; shared by all calls, so that its connections stay warm.

    Raises:
        ConfigError: The anthropic package is not installed.
    """

    def __init__(self, config: AnthropicConfig) -> None:
        self._config = config
        url = config.url or URL
        self._pool = WarmPool(url, config.bounds)
        self._client = _client(url, config, self._pool.client)

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        """As `LanguageModel`. What the prompt costs is told before the first word."""
        bounds = self._config.bounds
        collecting = wire.Collecting()

        def take(event: Any) -> None:
            text = collecting.take(event)
            if text:
                emit(text)
            if meter is not None and event.type in {"message_start", "message_delta"} and collecting.usage:
                meter(collecting.usage)

        with _vendor_errors():
            async with asyncio.timeout(bounds.deadline_ms / 1000):
                # The SDK's overloads cannot be met by a mapping built at run time.
                stream: Any = await self._client.messages.create(
                    **wire.request(self._config.model, messages, tools)
                )
                async with stream:
                    await take_all(aiter(stream), take, bounds.stall_ms)
        return collecting.completion()

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """As `WarmsPrompts`: the vendor fills its cache and generates nothing."""
        collecting = wire.Collecting()
        with _vendor_errors():
            async with asyncio.timeout(self._config.bounds.stall_ms / 1000):
                answer: Any = await self._client.messages.create(
                    **wire.warming(self._config.model, messages, tools)
                )
                collecting.count(answer.usage)
        return collecting.usage or Usage()

    async def aclose(self) -> None:
        await self._client.close()


def _client(url: str, config: AnthropicConfig, http: Any) -> AsyncAnthropic:
    try:
        from anthropic import AsyncAnthropic
    except ImportError:
        raise ConfigError(
            "the anthropic package is not installed", fix="pip install 'antiphon[anthropic]'"
        ) from None
    load("opentelemetry.propagate")
    # No retries here: the caller is waiting, and the next way to reason is better than a second try.
    return AsyncAnthropic(base_url=url, api_key=config.key, max_retries=0, http_client=http)


@contextmanager
def _vendor_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Bodies are left out: they may repeat what the caller said."""
    import anthropic

    try:
        yield
    except anthropic.APIStatusError as error:
        if error.status_code < 400:
            raise wire.told_error(error.type) from error
        raise refused(NAME, error.status_code, error.response.headers) from error
    except (anthropic.APITimeoutError, TimeoutError) as error:
        raise ProviderUnavailable(NAME, "no answer in time") from error
    except anthropic.APIConnectionError as error:
        raise ProviderUnavailable(NAME, "cannot be reached") from error
    except transport().HTTPError as error:  # The SDK lets these through once a stream runs.
        raise ProviderUnavailable(NAME, "the connection broke") from error
    except (anthropic.AnthropicError, ValueError, AttributeError, TypeError) as error:
        raise ProviderProtocolError(
            NAME, f"an answer we do not understand ({type(error).__name__})"
        ) from error
