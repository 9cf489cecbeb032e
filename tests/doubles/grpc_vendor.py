"""A vendor's gRPC service on a real local server, with the faults of `faults.py`.

The service itself is built on the SDK's own generated stubs by the vendor's double. The server stands behind
a relay of ours, because gRPC shows no connections: what a client opened, cut and closed is seen there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import KEY, pause

GARBAGE = b"\xff\xff\xff"  # No protobuf message begins like this.


@dataclass(slots=True, eq=False)
class GrpcPeer:
    """One connection as the vendor sees it.

    Attributes:
        received: Every message of every stream so far.
        sent: How many messages the vendor has sent.
        gone: Set when the connection is over, whoever ended it.
    """

    fault: Fault
    faulty: Faulty
    writer: asyncio.StreamWriter
    metadata: dict[str, str] = field(default_factory=dict)
    received: list[Any] = field(default_factory=list, repr=False)
    sent: int = 0
    streams: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: Any) -> None:
        self.received.append(message)
        self.changed.set()

    async def send(self, context: Any, message: Any) -> None:
        if self.fault is Fault.HANG:
            return
        if self.fault is Fault.SLOW_FIRST_BYTE and not self.sent:
            await pause(self.faulty.delay_ms)
        if self.fault is Fault.DROP_MID_STREAM and self.sent >= self.faulty.after:
            self.cut()
            return
        self.sent += 1
        await context.write(GARBAGE if self.fault is Fault.MALFORMED else message)

    def cut(self) -> None:
        """Without a word, as a network does."""
        self.writer.transport.abort()

    async def until(self, condition: Callable[[GrpcPeer], bool]) -> None:
        """Returns when `condition` holds; looked at again with every message. Bound it with a timeout."""
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()


@dataclass(kw_only=True)
class GrpcVendor:
    """Serves what `add` puts on a server, on 127.0.0.1.

    Attributes:
        add: Called with the server and this vendor. Methods begin with `admit`.
        authorised: Whether a call shows a good key the vendor's way, by its metadata.
        code: For `Fault.CLOSE_CODE`.
        connections: All that were opened, let in or not; `peers` are those that were let in.
        chain: PEM of a server's key and certificate, to serve TLS on `localhost`.
    """

    add: Callable[[Any, GrpcVendor], None]
    authorised: Callable[[dict[str, str]], bool] = lambda metadata: (
        metadata.get("authorization") == f"Bearer {KEY}"
    )
    faulty: Faulty = field(default_factory=Faulty)
    code: grpc.StatusCode = grpc.StatusCode.INTERNAL
    chain: bytes = b""
    peers: list[GrpcPeer] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)  # As HTTP would number them.
    complaints: list[str] = field(default_factory=list)
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    connections: dict[str, GrpcPeer] = field(default_factory=dict)
    _server: Any = None
    _relay: asyncio.Server | None = None
    _inner_port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.chain else f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(interceptors=[_Garbled()])
        self.add(self._server, self)
        if self.chain:
            shown = grpc.ssl_server_credentials([(self.chain, self.chain)])
            self._inner_port = self._server.add_secure_port("127.0.0.1:0", shown)
        else:
            self._inner_port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self._relay = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._relay.sockets[0].getsockname()[1]
        if self.faulty.fault is Fault.REFUSE and self.faulty.times is None:
            await self.stop_listening()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop_listening()
        await self._server.stop(None)

    async def stop_listening(self) -> None:
        """Nobody listens at the address from here on, and whoever was connected is cut off."""
        if self._relay is None:
            return
        self._relay.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._relay.wait_closed()
        self._relay = None

    def cut(self) -> None:
        for peer in self.connections.values():
            peer.cut()

    async def peer(self, number: int = 0) -> GrpcPeer:
        """The connection of this number, when it is there. Bound it with a timeout."""
        while len(self.peers) <= number:
            self.joined.clear()
            await self.joined.wait()
        return self.peers[number]

    async def admit(self, context: Any) -> GrpcPeer:
        """Whose call this is; ends the call for a bad key and for the faults of the door."""
        peer = self.connections[context.peer()]
        peer.metadata = {name: str(value) for name, value in context.invocation_metadata()}
        if peer.fault is Fault.AUTH or not self.authorised(peer.metadata):
            self.refused.append(401)
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such key")
        if peer.fault is Fault.RATE_LIMIT:
            self.refused.append(429)
            told = (("retry-after", str(peer.faulty.retry_after_s)),)
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down", told)
        if peer not in self.peers:
            self.peers.append(peer)
            self.joined.set()
        return peer

    async def begin_stream(self, context: Any) -> GrpcPeer:
        """As `admit`, with the fault of a stream that is let in and closed at once."""
        peer = await self.admit(context)
        peer.streams += 1
        if peer.fault is Fault.CLOSE_CODE:
            await context.abort(self.code, "something broke")
        return peer

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        peer = GrpcPeer(fault=self.faulty.next(), faulty=self.faulty, writer=writer)
        try:
            if peer.fault is Fault.REFUSE:
                writer.transport.abort()
                return
            inner, out = await asyncio.open_connection("127.0.0.1", self._inner_port)
            host, port = out.get_extra_info("sockname")[:2]
            self.connections[f"ipv4:{host}:{port}"] = peer
            both = [asyncio.ensure_future(_pump(reader, out)), asyncio.ensure_future(_pump(inner, writer))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for pump in both:
                pump.cancel()
            out.transport.abort()
        finally:
            writer.close()
            peer.gone.set()
            peer.changed.set()
            self._tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


class _Garbled(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets a service send bytes that are no message of its own."""

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        if handler is None or not handler.response_streaming:
            return handler
        serialise = handler.response_serializer
        return grpc.stream_stream_rpc_method_handler(
            handler.stream_stream,
            request_deserializer=handler.request_deserializer,
            response_serializer=lambda message: message if isinstance(message, bytes) else serialise(message),
        )
