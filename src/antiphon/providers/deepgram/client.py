"""The SDK's client, made once an adapter: its key, its address, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.deepgram.wire import NAME
from antiphon.providers.failures import socket_errors
from antiphon.providers.refusals import answered_with, refused
from antiphon.providers.streaming import KEEP_ALIVE_S

if TYPE_CHECKING:
    from deepgram import AsyncDeepgramClient
    from deepgram.environment import DeepgramClientEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepgramConfig:
    """`url` is another address than Deepgram's own ("http://host:port"), or ""."""

    key: str
    url: str = ""


def deepgram_http() -> httpx.AsyncClient:
    return httpx.AsyncClient(limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_S))


def deepgram_client(config: DeepgramConfig, http: httpx.AsyncClient | None = None) -> AsyncDeepgramClient:
    """Imports the SDK, so this belongs to making an adapter and never to a call. `http` is for those who do
    something else with its connections besides.

    Raises:
        ConfigError: The extra is not installed.
    """
    try:
        from deepgram import AsyncDeepgramClient
    except ImportError:
        raise ConfigError(
            "the Deepgram SDK is not installed", fix="pip install 'antiphon[deepgram]'"
        ) from None
    return AsyncDeepgramClient(
        environment=deepgram_addresses(config),
        api_key=config.key,
        max_retries=0,  # The caller is waiting; the fallback is better than a second try.
        httpx_client=http or deepgram_http(),
    )


def deepgram_addresses(config: DeepgramConfig) -> DeepgramClientEnvironment:
    from deepgram.environment import DeepgramClientEnvironment

    if not config.url:
        return DeepgramClientEnvironment.PRODUCTION
    _, _, place = config.url.rstrip("/").partition("://")
    secure = "s" if config.url.startswith(("https://", "wss://")) else ""
    rest, socket = f"http{secure}://{place}", f"ws{secure}://{place}"
    return DeepgramClientEnvironment(base=rest, production=socket, agent=socket, agent_rest=rest)


@contextmanager
def deepgram_errors() -> Iterator[None]:
    """Raises ProviderUnavailable, ProviderRejected or ProviderProtocolError for what the SDK raises."""
    from deepgram.core.api_error import ApiError

    try:
        with socket_errors(NAME):
            yield
    except ApiError as error:  # Holds the request's headers, and so the key: not even as a cause.
        if error.status_code is None or error.status_code < 400:
            raise ProviderProtocolError(NAME, "an answer the SDK cannot read") from None
        # Of a refused socket it holds what we sent; what was answered is with the exception it stands for.
        answer = answered_with(error.__context__) or error.headers or {}
        raise refused(NAME, error.status_code, answer) from None
    except httpx.TimeoutException:
        raise ProviderUnavailable(NAME, "no answer in time") from None
    except httpx.HTTPError as error:
        raise ProviderUnavailable(NAME, f"cannot be reached ({type(error).__name__})") from None
