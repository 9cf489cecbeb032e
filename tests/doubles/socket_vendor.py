"""A vendor's WebSocket on a real local socket, with the faults of `faults.py`; TLS by `tls.py`.

A vendor's own double gives `talk` (its side of one connection, in the documented wire format) and
`authorised` (how that vendor is shown a key); everything that can go wrong is played here, once for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.doubles.faults import Fault, Faulty
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConcurrencyError, ConnectionClosed
from websockets.http11 import Request, Response

KEY = "test-key"  # What every double takes for a good key.


async def pause(duration_ms: int) -> None:
    """A vendor that takes its time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(duration_ms / 1000):
            await asyncio.Event().wait()


@dataclass(slots=True)
class Peer:
    """One connection as the vendor sees it.

    Attributes:
        query: Each parameter with all its values.
        received: Every message so far; text is parsed where it is JSON.
        sent: How many messages the vendor has sent.
        gone: Set when the connection is over, whoever ended it.
    """

    path: str
    query: Mapping[str, list[str]]
    headers: Headers
    fault: Fault
    faulty: Faulty
    socket: ServerConnection
    received: list[Any] = field(default_factory=list, repr=False)
    sent: int = 0
    close_code: int | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def messages(self) -> AsyncIterator[Any]:
        """bytes as they are, text as parsed JSON, or as str where it is none."""
        async for message in self.socket:
            yield self._take(message)

    def _take(self, message: bytes | str) -> Any:
        parsed: Any = message
        if isinstance(message, str):
            with contextlib.suppress(ValueError):
                parsed = json.loads(message)
        self.received.append(parsed)
        self.changed.set()
        return parsed

    async def send(self, message: Mapping[str, Any] | bytes | str) -> None:
        if self.fault is Fault.HANG:
            return
        if self.fault is Fault.SLOW_FIRST_BYTE and not self.sent:
            await pause(self.faulty.delay_ms)
        if self.fault is Fault.DROP_MID_STREAM and self.sent >= self.faulty.after:
            await self._take_the_rest()
            self.socket.transport.abort()
            return
        self.sent += 1
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def _take_the_rest(self) -> None:
        """What a client had sent before it could know has been taken, and is charged."""
        with contextlib.suppress(TimeoutError, ConnectionClosed, ConcurrencyError):
            async with asyncio.timeout(0.02):
                while True:
                    self._take(await self.socket.recv())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self.socket.close(code, reason)

    def of_type(self, name: str, key: str = "type") -> list[Any]:
        """Text messages received whose `key` is `name`."""
        return [
            message for message in self.received if isinstance(message, dict) and message.get(key) == name
        ]

    @property
    def audio(self) -> bytes:
        """Every binary message received, joined."""
        return b"".join(message for message in self.received if isinstance(message, bytes))

    async def until(self, condition: Callable[[Peer], bool]) -> None:
        """Returns when `condition` holds; looked at again with every message. Bound it with a timeout."""
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()


def _no_check(peer: Peer) -> None:
    """Any request is in order."""


@dataclass(kw_only=True)
class SocketVendor:
    """Serves `talk` on 127.0.0.1.

    Attributes:
        talk: The vendor's side of one connection; returning closes it with 1000.
        authorised: Whether the handshake shows a good key the vendor's way.
        check: Asserts on path, query and headers of a request that was let in; a failure is kept in
            `complaints` (and the connection refused), so that a test can show it.
        close_code: With its reason, for `Fault.CLOSE_CODE`.
        malformed: What `Fault.MALFORMED` sends first.
        on_auth: How a bad key is refused after the handshake, by vendors that accept it first.
        on_rate_limit: The same for `Fault.RATE_LIMIT`.
        tls: Serve wss.
    """

    talk: Callable[[Peer], Awaitable[None]]
    authorised: Callable[[Headers, Mapping[str, list[str]]], bool]
    check: Callable[[Peer], None] = _no_check
    faulty: Faulty = field(default_factory=Faulty)
    close_code: tuple[int, str] = (1011, "internal error")
    malformed: str = '{"type": '
    on_auth: Callable[[Peer], Awaitable[None]] | None = None
    on_rate_limit: Callable[[Peer], Awaitable[None]] | None = None
    tls: ssl.SSLContext | None = None
    peers: list[Peer] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)  # HTTP statuses given instead of a connection.
    complaints: list[str] = field(default_factory=list)
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _server: Server | None = None

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://localhost:{self.port}"

    @property
    def http_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    async def __aenter__(self) -> SocketVendor:
        self._server = await serve(
            self._converse,
            "127.0.0.1",
            0,
            ssl=self.tls,
            process_request=self._admit,
            close_timeout=0.2,
            max_size=None,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        if self.faulty.fault is Fault.REFUSE and self.faulty.times is None:
            await self.stop()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Nobody listens at the address from here on, and whoever was connected is cut off."""
        if self._server is None:
            return
        for peer in self.peers:
            peer.socket.transport.abort()
        self._server.close()
        await self._server.wait_closed()
        self._server = None

    async def peer(self, number: int = 0) -> Peer:
        """The connection of this number, when it is there. Bound it with a timeout."""
        while len(self.peers) <= number:
            self.joined.clear()
            await self.joined.wait()
        return self.peers[number]

    def cut(self) -> None:
        """Break every connection without a word, as a network does."""
        for peer in self.peers:
            if not peer.gone.is_set():
                peer.socket.transport.abort()

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        peer = Peer(
            path=parts.path,
            query=query,
            headers=request.headers,
            fault=self.faulty.next(),
            faulty=self.faulty,
            socket=socket,
        )
        socket.antiphon_peer = peer  # type: ignore[attr-defined]  # Travels to `_converse` with its socket.
        if peer.fault is Fault.REFUSE:
            socket.transport.abort()
            return None
        good = self.authorised(request.headers, query) and peer.fault is not Fault.AUTH
        if not good and self.on_auth is None:
            return self._refuse(socket, HTTPStatus.UNAUTHORIZED)
        if peer.fault is Fault.RATE_LIMIT and self.on_rate_limit is None:
            response = self._refuse(socket, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = str(self.faulty.retry_after_s)
            return response
        if not good:
            peer.fault = Fault.AUTH
            return None
        try:
            self.check(peer)
        except AssertionError as error:
            self.complaints.append(f"{request.path}: {error}")
            return self._refuse(socket, HTTPStatus.BAD_REQUEST)
        return None

    def _refuse(self, socket: ServerConnection, status: HTTPStatus) -> Response:
        self.refused.append(int(status))
        return socket.respond(status, json.dumps({"error": status.phrase}))

    async def _converse(self, socket: ServerConnection) -> None:
        peer: Peer = socket.antiphon_peer  # type: ignore[attr-defined]
        self.peers.append(peer)
        self.joined.set()
        try:
            await self._play(peer)
        except ConnectionClosed as closed:
            peer.close_code = closed.rcvd.code if closed.rcvd is not None else None
        except AssertionError as error:
            self.complaints.append(f"{peer.path}: {error}")
            raise
        finally:
            peer.gone.set()
            peer.changed.set()

    async def _play(self, peer: Peer) -> None:
        match peer.fault:
            case Fault.CLOSE_CODE:
                await peer.close(*self.close_code)
                return
            case Fault.AUTH:
                assert self.on_auth is not None
                await self.on_auth(peer)
                return
            case Fault.RATE_LIMIT:
                assert self.on_rate_limit is not None
                await self.on_rate_limit(peer)
                return
            case Fault.MALFORMED:
                await peer.send(self.malformed)
        await self.talk(peer)
