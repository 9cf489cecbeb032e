"""Voices behind one streamed HTTP answer a sentence, for vendors whose wire we speak ourselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from antiphon.errors import ProviderProtocolError, ProviderUnavailable
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.providers.refusals import refused
from antiphon.providers.streaming import ANYIO, CONNECTIONS_MAX, KEEP_ALIVE_S, KEPT_MAX, load


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechPost:
    """What a vendor is asked for one sentence; `headers` are beside those of the account."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]


class KeptOpen:
    """Has a connection of `client` to `url` open before it is needed."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        load(ANYIO)
        self._client, self._url = client, url
        self._used_s = -KEEP_ALIVE_S

    def used(self) -> None:
        """A request goes out now: its connection is the warm one for a while."""
        self._used_s = asyncio.get_running_loop().time()

    async def warm(self) -> None:
        """Nothing is asked for that costs anything, and a 404 is as good as any answer; that a vendor cannot
        be reached is found out by the first sentence."""
        if asyncio.get_running_loop().time() - self._used_s < KEEP_ALIVE_S / 2:
            return
        self.used()
        with suppress(httpx.HTTPError):
            await self._client.head(self._url)


class SpeechOverHttp:
    """The connections of this process to one vendor. `headers` hold the key and go with every request."""

    def __init__(self, vendor: str, url: str, headers: Mapping[str, str], limits: SpeakingLimits) -> None:
        self._vendor, self._url = vendor, url
        self._client = httpx.AsyncClient(
            headers=dict(headers),
            timeout=httpx.Timeout(limits.first_ms / 1000, connect=limits.connect_ms / 1000),
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=KEPT_MAX,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
        )
        self._open = KeptOpen(self._client, url)

    async def warm(self) -> None:
        """As `WarmsVoices`."""
        await self._open.warm()

    async def pieces(self, post: SpeechPost) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Closing the iterator hangs up, so that a vendor stops speaking to nobody.

        Raises:
            ProviderUnavailable, ProviderRejected, ProviderProtocolError.
        """
        self._open.used()
        with _http_errors(self._vendor):
            async with self._client.stream(
                "POST", self._url, json=dict(post.body), headers=dict(post.headers)
            ) as response:
                if response.status_code >= 400:
                    raise refused(self._vendor, response.status_code, response.headers)
                media_type = response.headers.get("content-type", "")
                if not response.is_success or media_type.startswith(("application/json", "text/")):
                    raise ProviderProtocolError(self._vendor, "an answer that is not audio")
                async for piece in response.aiter_raw():
                    yield piece


@contextmanager
def _http_errors(vendor: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException:
        raise ProviderUnavailable(vendor, "no answer in time") from None
    except httpx.HTTPError as error:  # Holds the request and its key: not even as a cause.
        raise ProviderUnavailable(vendor, f"cannot be reached ({type(error).__name__})") from None
