"""Gemini by the google-genai package, over a connection pool of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.gemini import wire
from antiphon.providers.gemini.wire import NAME
from antiphon.providers.streaming import Bounds, WarmPool, take_all, transport

if TYPE_CHECKING:
    from google.genai import Client

URL = "https://generativelanguage.googleapis.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiConfig:
    model: str
    key: str = field(repr=False)
    url: str = ""  # "" is the vendor's own address.
    bounds: Bounds = field(default_factory=Bounds)


class GeminiModel:
    """One model; shared by all calls, so that its connections stay warm.

    Raises:
        ConfigError: The google-genai package is not installed.
    """

    def __init__(self, config: GeminiConfig) -> None:
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
        """As `LanguageModel`. The usage so far comes with every piece."""
        bounds = self._config.bounds
        collecting = wire.Collecting()

        def take(response: Any) -> None:
            text = collecting.take(response)
            if text:
                emit(text)
            if meter is not None and collecting.usage is not None:
                meter(collecting.usage)

        with _vendor_errors():
            # The SDK closes an answer that ends or is cancelled, and no other.
            async with asyncio.timeout(bounds.deadline_ms / 1000), self._pool.closing():
                pieces: Any = await self._client.aio.models.generate_content_stream(
                    **wire.request(self._config.model, messages, tools)
                )
                await take_all(pieces, take, bounds.stall_ms)
        return collecting.completion()

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """As `WarmsPrompts` of a vendor whose cache fills itself: a connection is ready."""
        await self._pool.open()
        return Usage()

    async def aclose(self) -> None:
        await self._client.aio.aclose()
        await self._pool.aclose()


def _client(url: str, config: GeminiConfig, http: Any) -> Client:
    try:
        from google.genai import Client
        from google.genai.types import HttpOptions
    except ImportError:
        raise ConfigError(
            "the google-genai package is not installed", fix="pip install 'antiphon[google]'"
        ) from None
    # With a client of ours the SDK neither picks another transport nor waits up to ten seconds to try again.
    options = HttpOptions(base_url=url, httpx_async_client=http)
    return Client(api_key=config.key, vertexai=False, http_options=options)


@contextmanager
def _vendor_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Bodies are left out: they may repeat what the caller said."""
    from google.genai import errors

    try:
        yield
    except errors.APIError as error:
        headers = getattr(error.response, "headers", None) or {}
        raise wire.told_error(int(error.code or 0), error.details, headers) from error
    except (TimeoutError, transport().TimeoutException) as error:
        raise ProviderUnavailable(NAME, "no answer in time") from error
    except transport().ConnectError as error:
        raise ProviderUnavailable(NAME, "cannot be reached") from error
    except transport().HTTPError as error:
        raise ProviderUnavailable(NAME, "the connection broke") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise ProviderProtocolError(
            NAME, f"an answer we do not understand ({type(error).__name__})"
        ) from error
