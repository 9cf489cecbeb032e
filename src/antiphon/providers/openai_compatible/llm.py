"""Chat completions by the openai package: text as it comes, tool calls from pieces, one warm client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.openai_compatible import wire
from antiphon.providers.openai_compatible.host import ANY, Host
from antiphon.providers.refusals import refused
from antiphon.providers.streaming import Bounds, WarmPool, take_all, transport

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream

NO_KEY = "none"  # Local servers need no key, but the SDK insists on a text.


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiCompatibleConfig:
    """Where the model is, and how its host differs from others."""

    model: str
    url: str = ""  # "" is the host's own address.
    key: str = field(default=NO_KEY, repr=False)
    host: Host = ANY
    bounds: Bounds = field(default_factory=Bounds)


class OpenAiCompatibleModel:
    """One model of one host; shared by all calls, so that its connections stay warm.

    Raises:
        ConfigError: The openai package is not installed.
    """

    def __init__(self, config: OpenAiCompatibleConfig) -> None:
        self._config = config
        url = config.url or config.host.url
        self._pool = WarmPool(url, config.bounds)
        self._client = _client(url, config, self._pool.client)

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        """As `LanguageModel`. Hosts tell the usage at the end only: of a cut answer nothing is known."""
        bounds, host = self._config.bounds, self._config.host
        collecting = wire.Collecting(host)

        def take(chunk: Any) -> None:
            text = collecting.take(chunk)
            if text:
                emit(text)
            if meter is not None:
                meter(collecting.usage or Usage())

        with _vendor_errors(host.name):
            async with asyncio.timeout(bounds.deadline_ms / 1000):
                async with await self._stream(
                    wire.request(host, self._config.model, messages, tools)
                ) as stream:
                    await take_all(aiter(stream), take, bounds.stall_ms)
        return collecting.completion()

    async def _stream(self, asked: dict[str, Any]) -> AsyncStream[object]:
        """As `chat.completions.create`, but both ways it stays plain mappings (decision 0045)."""
        from openai import AsyncStream

        return await self._client.post(
            "/chat/completions",
            body=asked,
            options={"security": {"bearer_auth": True}},
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """As `WarmsPrompts` of a vendor whose cache fills itself: a connection is ready."""
        await self._pool.open()
        return Usage()

    async def aclose(self) -> None:
        await self._client.close()


def _client(url: str, config: OpenAiCompatibleConfig, http: Any) -> AsyncOpenAI:
    try:
        from openai import AsyncOpenAI
    except ImportError:
        raise ConfigError(
            f"{config.host.name} needs the openai package, which is not installed",
            fix="pip install 'antiphon[openai]'",
        ) from None
    return AsyncOpenAI(
        base_url=url,
        api_key=config.key,
        # No retries here: the caller is waiting, and the next way to reason is better than a second try.
        max_retries=0,
        http_client=http,
    )


@cache
def _transport_errors() -> tuple[type[Exception], ...]:
    """The SDK lets its transport's errors through once a stream runs."""
    errors: tuple[type[Exception], ...] = (transport().HTTPError,)
    return errors


@contextmanager
def _vendor_errors(name: str) -> Iterator[None]:
    """The SDK's exceptions as ours. Bodies are left out: they may repeat what the caller said."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        if error.code == "insufficient_quota":
            raise ProviderRejected(name, "the quota is used up") from error
        if wire.is_misused_tool(error.code):
            raise ProviderProtocolError(name, "the model wrote a tool call that is none") from error
        raise refused(name, error.status_code, error.response.headers) from error
    except (openai.APITimeoutError, TimeoutError) as error:
        raise ProviderUnavailable(name, "no answer in time") from error
    except openai.APIConnectionError as error:
        raise ProviderUnavailable(name, "cannot be reached") from error
    except _transport_errors() as error:
        raise ProviderUnavailable(name, "the connection broke") from error
    except openai.APIError as error:  # An error event inside the stream.
        raise ProviderUnavailable(name, "the server reported an error in the stream") from error
    except (openai.OpenAIError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise ProviderProtocolError(
            name, f"an answer we do not understand ({type(error).__name__})"
        ) from error
