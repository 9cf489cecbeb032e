"""The account, a socket of the Speech service, and its errors as ours.

Its protocol is spoken here and not by the SDK, whose native library can take the process with it
(`docs/decisions/0019-azure-speech.md`).
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import uuid4

from antiphon import __version__
from antiphon.errors import ConfigError
from antiphon.providers.failures import REJECTED_CLOSES, socket_errors

NAME = "azure"
TICKS_PER_MS = 10_000  # Offsets and durations count 100 ns.
# "Error handling" of the protocol: 1002 and 1007 are our own faults, and 1007 a bad language or format too.
_REJECTED = REJECTED_CLOSES | {1002, 1007}
_CLOSE_S = 0.03  # A goodbye is waited for no longer than a call may wait for silence.
_MESSAGE_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureConfig:
    """Attributes:
    region: Of the account ("westeurope").
    url: Another address than the region's own ("ws://host:port"), or "".
    """

    key: str = field(repr=False)
    region: str = ""
    url: str = ""

    def address(self, service: str) -> str:
        """`service` is "stt" or "tts". China and the US government have clouds of their own
        (`ConnectionFactoryBase.ts` of the JavaScript SDK)."""
        if self.url:
            _, _, place = self.url.rstrip("/").partition("://")
            secure = "s" if self.url.startswith(("https://", "wss://")) else ""
            return f"ws{secure}://{place}"
        region = self.region.lower()
        domain = "azure.cn" if region.startswith("china") else "microsoft.com"
        domain = "azure.us" if region.startswith("usgov") else domain
        return f"wss://{region}.{service}.speech.{domain}"


class AzureSockets:
    """Opens connections; imports their library, so this belongs to making an adapter.

    Raises:
        ConfigError: The extra is not installed.
    """

    def __init__(self, config: AzureConfig) -> None:
        try:
            self._connect = import_module("websockets.asyncio.client").connect
        except ImportError:
            raise ConfigError(
                "the websockets package is not installed", fix="pip install 'antiphon[azure]'"
            ) from None
        self._config = config

    async def open(self, service: str, path: str) -> Any:
        """Raises what `azure_errors` understands. Bound it with a timeout."""
        return await self._connect(
            self._config.address(service) + path,
            additional_headers={
                "Ocp-Apim-Subscription-Key": self._config.key,
                "X-ConnectionId": uuid4().hex,
            },
            subprotocols=["USP"],
            compression=None,
            open_timeout=None,
            close_timeout=_CLOSE_S,
            max_size=_MESSAGE_BYTES_MAX,
        )


async def goodbye(socket: Any) -> None:
    """Says goodbye and waits for no answer that does not come."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await socket.close()
    finally:
        socket.transport.abort()


def about() -> dict[str, Any]:
    """The body of `speech.config`, which opens a connection."""
    return {
        "context": {
            "system": {"name": "antiphon", "version": __version__, "build": "Python", "lang": "Python"},
            "os": {"platform": platform.system(), "name": platform.system(), "version": platform.release()},
        }
    }


@contextmanager
def azure_errors() -> Iterator[None]:
    """Raises:
    ProviderUnavailable, ProviderRejected, ProviderProtocolError.
    """
    with socket_errors(NAME, _REJECTED):
        yield
