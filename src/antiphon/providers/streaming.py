"""What the clients of streaming models share: bounds in time, and connections that are open before they are
needed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

T = TypeVar("T")

# Callers think for longer than the transport's default of five seconds; vendors keep idle connections for
# about a minute.
KEEP_ALIVE_S = 55.0
CONNECTIONS_MAX = 200
KEPT_MAX = 50


_HELD: ContextVar[list[Any] | None] = ContextVar("held_responses", default=None)


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


async def stopped(task: asyncio.Task[None], closing_ms: int) -> None:
    """Cancel a connection's task. It has so long to say goodbye; then it is cancelled out of that too, for it
    waits for a vendor that may be gone, and ends on its own."""
    task.cancel()
    await asyncio.wait([task], timeout=closing_ms / 1000)
    if not task.done():
        task.cancel()
        await asyncio.sleep(0)


def transport() -> Any:
    """The HTTP library the vendors' SDKs bring; asked for by name, because it comes with them only."""
    return import_module("httpx2")


ANYIO = "anyio._backends._asyncio"  # What HTTP clients load with their first connection.


def load(*names: str) -> None:
    """Import now what a package would within its first request, while every call of the process waits: 20 ms.

    Modules of others' insides: one that is not there any more is not missed.
    """
    for name in names:
        with contextlib.suppress(ImportError):
            import_module(name)


class WarmPool:
    """The connections of this process to one vendor, shared by all calls and kept open between turns.

    Attributes:
        client: The `AsyncClient` to hand to the vendor's SDK.
    """

    def __init__(self, url: str, bounds: Bounds) -> None:
        http = transport()
        load(ANYIO)
        self._url = url
        self._timeout = http.Timeout(bounds.stall_ms / 1000, connect=bounds.connect_ms / 1000)
        self._used_s = -KEEP_ALIVE_S
        self.client: Any = http.AsyncClient(
            timeout=self._timeout,
            limits=http.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=KEPT_MAX,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
            follow_redirects=True,
            event_hooks={"request": [self._prepare], "response": [self._received]},
        )

    async def _prepare(self, request: Any) -> None:
        # Some SDKs send "no limit" with each request, which would leave connecting without one.
        request.extensions["timeout"] = self._timeout.as_dict()
        self._used_s = asyncio.get_running_loop().time()

    async def _received(self, response: Any) -> None:
        held = _HELD.get()
        if held is not None:
            held.append(response)

    @contextlib.asynccontextmanager
    async def closing(self) -> AsyncIterator[None]:
        """Whatever is received within, in this task, is closed when it ends: for an SDK that forgets to."""
        held: list[Any] = []
        token = _HELD.set(held)
        try:
            yield
        finally:
            _HELD.reset(token)
            for response in held:
                await response.aclose()

    async def open(self) -> None:
        """Have a connection ready. It costs no tokens, and a 404 is as good as any answer; that a vendor
        cannot be reached is found out by the first real request."""
        if asyncio.get_running_loop().time() - self._used_s < KEEP_ALIVE_S / 2:
            return
        with contextlib.suppress(transport().HTTPError):
            await self.client.head(self._url)

    async def aclose(self) -> None:
        await self.client.aclose()
