"""A vendor's gRPC service on a real local socket, with the faults of `faults.py`.

A vendor's own double gives `serve` (its side of one request, in the SDK's own message types). Requests come
through a relay of plain TCP, so that a connection can be refused and cut as a network does it, which a gRPC
server cannot.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from tests.doubles.faults import Fault, Faulty
from tests.doubles.socket_vendor import pause

# What a refusal would be over HTTP, so that all doubles keep their books alike.
_HTTP = {Fault.AUTH: 401, Fault.RATE_LIMIT: 429}
_UNREADABLE = b"\xff\xff\xff\xff"


@dataclass(slots=True, kw_only=True)
class Peer:
    """One connection as the vendor sees it.

    Attributes:
        received: Every message so far, of all requests on it.
        sent: How many messages the vendor has sent.
        gone: Set when the connection is over, whoever ended it.
    """

    fault: Fault
    faulty: Faulty
    transport: asyncio.WriteTransport
    received: list[Any] = field(default_factory=list, repr=False)
    sent: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[Peer], bool]) -> None:
        """Returns when `condition` holds; looked at again with every message. Bound it with a timeout."""
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()


@dataclass(slots=True, kw_only=True)
class Request:
    """One request: `messages` of the client, `send` to it."""

    method: str
    peer: Peer
    fault: Fault
    context: Any = field(repr=False)
    incoming: Any = field(repr=False)
    vendor: GrpcVendor = field(repr=False)
    sent: int = 0

    async def messages(self) -> AsyncIterator[Any]:
        async for message in self.incoming:
            self.peer.received.append(message)
            self.peer.changed.set()
            yield message

    async def send(self, message: Any) -> None:
        if self._fault is Fault.HANG:
            return
        if self._fault is Fault.SLOW_FIRST_BYTE and not self.sent:
            await pause(self.peer.faulty.delay_ms)
        if self._fault is Fault.DROP_MID_STREAM and self._already >= self.peer.faulty.after:
            self.peer.transport.abort()
            await asyncio.Event().wait()
        self.sent += 1
        self.peer.sent += 1
        await self.context.write(message)

    @property
    def _already(self) -> int:
        return self.sent if self.vendor.per_request else self.peer.sent

    @property
    def _fault(self) -> Fault:
        """A test may change a connection's while it lasts."""
        return self.fault if self.vendor.per_request else self.peer.fault

    async def end(self) -> None:
        """Returns when the request may be over for the client."""
        if self._fault is Fault.HANG:
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How messages are read and written, and the vendor's side of a request. `streams`: both ways."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]
    serve: Callable[[Request], Awaitable[None]]
    streams: bool = True


@dataclass(kw_only=True)
class GrpcVendor:
    """Serves `methods` on 127.0.0.1.

    Attributes:
        methods: By full name ("/package.Service/Method").
        per_request: A fault belongs to a request and not to a connection.
        failing: The status of `Fault.CLOSE_CODE`.
        requests: First messages of the requests that were let in.
        connections: How many have been opened.
        waiting: Set while an answer is withheld. gone: Set when a client left before its answer ended.
    """

    methods: Mapping[
        str, tuple[bool, Callable[[bytes], Any], Callable[[Any], bytes], Callable[[Request], Awaitable[None]]]
    ]
    key: str
    faulty: Faulty = field(default_factory=Faulty)
    per_request: bool = False
    failing: grpc.StatusCode = grpc.StatusCode.INTERNAL
    peers: list[Peer] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    connections: int = 0
    joined: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _by_port: dict[int, Peer] = field(default_factory=dict)
    _relays: set[asyncio.Task[None]] = field(default_factory=set)
    _upstream: int = 0
    _server: Any = None
    _listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server()
        for name, method in self.methods.items():
            service, _, short = name.strip("/").partition("/")
            generic = grpc.method_handlers_generic_handler(service, {short: self._handler(name, method)})
            self._server.add_generic_rpc_handlers((generic,))
        self._upstream = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self._listener = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        if self.faulty.fault is Fault.REFUSE and self.faulty.times is None:
            self._listener.close()
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        await self._server.stop(None)
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection without a word, as a network does."""
        for peer in self._by_port.values():
            if not peer.gone.is_set():
                peer.transport.abort()

    async def peer(self, number: int = 0) -> Peer:
        """The connection of this number, when it is there. Bound it with a timeout."""
        while len(self.peers) <= number:
            self.joined.clear()
            await self.joined.wait()
        return self.peers[number]

    # ---- the relay

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        self.connections += 1
        fault = Fault.NONE if self.per_request else self.faulty.next()
        if fault is Fault.REFUSE:
            writer.transport.abort()
            return
        peer = Peer(fault=fault, faulty=self.faulty, transport=writer.transport)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._by_port[inner_writer.get_extra_info("sockname")[1]] = peer
        pumps = [
            asyncio.ensure_future(_pump(reader, inner_writer)),
            asyncio.ensure_future(_pump(inner_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            inner_writer.transport.abort()
            writer.transport.abort()
            peer.gone.set()
            peer.changed.set()
            self.gone.set()

    # ---- requests

    def _handler(self, name: str, method: Method) -> Any:
        kind = (
            grpc.stream_stream_rpc_method_handler if method.streams else grpc.unary_unary_rpc_method_handler
        )
        return kind(
            self._streaming(name, method.serve) if method.streams else self._unary(name, method.serve),
            request_deserializer=method.read,
            # What is bytes already is meant to be broken.
            response_serializer=lambda message: (
                message if isinstance(message, bytes) else method.write(message)
            ),
        )

    def _streaming(self, name: str, serve: Callable[[Request], Awaitable[None]]) -> Any:
        async def handle(incoming: Any, context: Any) -> None:
            await self._play(name, incoming, context, serve)

        return handle

    def _unary(self, name: str, serve: Callable[[Request], Awaitable[None]]) -> Any:
        async def handle(message: Any, context: Any) -> Any:
            answers: list[Any] = []

            class Kept:
                """Writes of a request that has one answer."""

                async def write(self, answer: Any) -> None:
                    answers.append(answer)

                def __getattr__(self, attribute: str) -> Any:
                    return getattr(context, attribute)

            async def once() -> AsyncIterator[Any]:
                yield message

            await self._play(name, once(), Kept(), serve)
            return answers[0]

        return handle

    async def _play(
        self, name: str, incoming: Any, context: Any, serve: Callable[[Request], Awaitable[None]]
    ) -> None:
        peer = self._by_port[int(context.peer().rpartition(":")[2])]
        fault = self.faulty.next() if self.per_request else peer.fault
        metadata = dict(context.invocation_metadata())
        if metadata.get("x-goog-api-key") != self.key:
            fault = Fault.AUTH
        if fault in _HTTP:
            await anext(aiter(incoming), None)  # It has come: a refusal takes its time through a network.
            await self._refuse(context, fault)
        if fault is Fault.REFUSE:
            peer.transport.abort()
        if peer not in self.peers:
            self.peers.append(peer)
            self.joined.set()
        if fault is Fault.CLOSE_CODE:
            await context.abort(self.failing, "no")
        request = Request(
            method=name, peer=peer, fault=fault, context=context, incoming=incoming, vendor=self
        )
        if fault is Fault.MALFORMED:
            await context.write(_UNREADABLE)
        if fault is Fault.HANG:
            self.waiting.set()
        else:
            await context.send_initial_metadata(())
        try:
            await serve(request)
            await request.end()
        except AssertionError as error:
            self.complaints.append(f"{name}: {error}")
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the double does not take this")
        except asyncio.CancelledError:
            self.gone.set()
            raise

    async def _refuse(self, context: Any, fault: Fault) -> None:
        self.refused.append(_HTTP[fault])
        if fault is Fault.AUTH:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        wait = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=self.faulty.retry_after_s))
        detail = AnyMessage()
        detail.Pack(wait)
        status = status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message="no", details=[detail])
        await context.abort_with_status(rpc_status.to_status(status))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
