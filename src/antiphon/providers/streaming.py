"""What the clients of streaming models share: bounds in time, and connections that are open before they are
needed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")

# Callers think for longer than the transport's default of five seconds; vendors keep idle connections for
# about a minute.
KEEP_ALIVE_S = 55.0
CONNECTIONS_MAX = 200
KEPT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long an answer may take: to connect, between two pieces (and to the first), and as a whole."""

    connect_ms: int = 3_000
    stall_ms: int = 6_000
    deadline_ms: int = 20_000


async def take_all(pieces: AsyncIterator[T], take: Callable[[T], None], stall_ms: int) -> None:
    """Give every piece to `take`.

    The bound is between pieces and not between bytes: a vendor's pings would keep a dead answer alive.

    Raises:
        TimeoutError: No piece within `stall_ms`.
    """
    ended = False
    while not ended:
        async with asyncio.timeout(stall_ms / 1000):
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                ended = True
        if not ended:
            take(piece)


def transport() -> Any:
    """The HTTP library the vendors' SDKs bring; asked for by name, because it comes with them only."""
    return import_module("httpx2")


def pooled_client(bounds: Bounds) -> Any:
    """An `AsyncClient` for all calls of this process to one vendor: connections stay warm between turns."""
    http = transport()
    timeout = http.Timeout(bounds.stall_ms / 1000, connect=bounds.connect_ms / 1000)

    async def bound(request: Any) -> None:
        # Some SDKs send "no limit" with each request, which would leave connecting without one.
        request.extensions["timeout"] = timeout.as_dict()

    limits = http.Limits(
        max_connections=CONNECTIONS_MAX, max_keepalive_connections=KEPT_MAX, keepalive_expiry=KEEP_ALIVE_S
    )
    return http.AsyncClient(
        timeout=timeout, limits=limits, follow_redirects=True, event_hooks={"request": [bound]}
    )


async def open_connection(client: Any, url: str) -> None:
    """Leave one open connection in the pool. It costs no tokens, and a 404 is as good as any answer. That a
    vendor cannot be reached is found out by the first real request."""
    with contextlib.suppress(transport().HTTPError):
        await client.head(url)
