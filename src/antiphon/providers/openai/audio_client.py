"""The SDK's client for OpenAI's audio: key, address, and its errors as ours. Made once an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from antiphon.errors import ConfigError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.failures import socket_errors
from antiphon.providers.openai.transcription_wire import NAME
from antiphon.providers.refusals import refused, retry_after_ms
from antiphon.providers.streaming import Bounds, WarmPool

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_ADDRESS = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiAudioConfig:
    """`url` is another address than OpenAI's own, with its version ("http://host:port/v1"), or ""."""

    key: str
    url: str = ""


def audio_client(config: OpenAiAudioConfig, *, connect_ms: int, stall_ms: int) -> AsyncOpenAI:
    """Imports the SDK, so this belongs to making an adapter and never to a call.

    Raises:
        ConfigError: The extra is not installed.
    """
    return _client(config, Bounds(connect_ms=connect_ms, stall_ms=stall_ms), None)


def warm_audio_client(config: OpenAiAudioConfig, bounds: Bounds) -> tuple[AsyncOpenAI, WarmPool]:
    """As `audio_client`, on connections that can be opened before they are needed."""
    _sdk()
    pool = WarmPool(config.url or _ADDRESS, bounds)
    return _client(config, bounds, pool.client), pool


def _client(config: OpenAiAudioConfig, bounds: Bounds, http: Any) -> AsyncOpenAI:
    openai = _sdk()
    client: AsyncOpenAI = openai.AsyncOpenAI(
        api_key=config.key,
        base_url=config.url or None,
        timeout=openai.Timeout(bounds.stall_ms / 1000, connect=bounds.connect_ms / 1000),
        http_client=http,
        max_retries=0,  # The caller is waiting; the fallback is better than a second try.
    )
    return client


def _sdk() -> Any:
    try:
        return import_module("openai")
    except ImportError:
        raise ConfigError(
            "the openai package is not installed", fix="pip install 'antiphon[openai]'"
        ) from None


@contextmanager
def openai_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Bodies are left out: they may repeat what the caller said.

    Raises:
        ProviderUnavailable, ProviderRejected, ProviderProtocolError.
    """
    import openai

    transport = import_module("httpx2")  # The SDK lets its errors through once a stream runs.
    try:
        with socket_errors(NAME):
            yield
    except openai.RateLimitError as error:
        if error.code == "insufficient_quota":
            raise ProviderRejected(NAME, "the quota is used up") from None
        wait_ms = retry_after_ms(error.response.headers)
        raise ProviderUnavailable(NAME, "rate limited", retry_after_ms=wait_ms) from None
    except openai.APIStatusError as error:
        raise refused(NAME, error.status_code, error.response.headers) from None
    except openai.APITimeoutError:
        raise ProviderUnavailable(NAME, "no answer in time") from None
    except openai.APIConnectionError:
        raise ProviderUnavailable(NAME, "cannot be reached") from None
    except transport.HTTPError as error:
        raise ProviderUnavailable(NAME, f"the connection broke ({type(error).__name__})") from None
    except openai.OpenAIError as error:
        raise ProviderProtocolError(
            NAME, f"an answer we do not understand ({type(error).__name__})"
        ) from None
