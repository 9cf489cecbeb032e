"""A vendor behind real local HTTP/1.1: keep-alive, streamed answers, TLS with a CA made on the spot, and
every fault of `faults.py`. What is said over it is a `Wire`'s business: one per vendor's format.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from tests.doubles.faults import Fault, Faulty


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """What goes back. Each of `pieces` is one chunk on the wire.

    Attributes:
        stall_after: Stop after this many pieces and keep the connection open.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    stall_after: int | None = None


def event_stream(pieces: Sequence[bytes], *, stall_after: int | None = None) -> HttpAnswer:
    return HttpAnswer(headers={"content-type": "text/event-stream"}, pieces=pieces, stall_after=stall_after)


def json_answer(status: int, body: object, headers: dict[str, str] | None = None) -> HttpAnswer:
    sent = {"content-type": "application/json", **(headers or {})}
    return HttpAnswer(status=status, headers=sent, pieces=[json.dumps(body).encode()])


def later(answer: HttpAnswer, faulty: Faulty) -> HttpAnswer:
    """With the time after which it may be asked again."""
    return replace(answer, headers={**answer.headers, "retry-after": str(faulty.retry_after_s)})


class Wire(Protocol):
    """One vendor's format. `answer` raises AssertionError for a request the vendor would not have taken."""

    def answer(self, request: HttpRequest) -> HttpAnswer: ...

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        """The vendor's own words for RATE_LIMIT, AUTH, CLOSE_CODE and NO_RESULT."""

    def malformed(self) -> bytes:
        """A piece that is not the documented format."""


@dataclass
class HttpVendor:
    """`async with` it; then `url` is where it listens.

    Attributes:
        faulty: What goes wrong; a test changes it between requests.
        requests: All that came, but for HEAD and GET, which only open a connection.
        faults: What was played to each of them.
        connections: How many were opened. opened: Requests that only wanted one to be open.
        answers_get: GET is a request like any other, for vendors that are asked again and again.
        ponders_ms: How long it keeps its answer to itself, having done what was asked.
        complaints: Why requests were not taken; leaving the context fails with them.
        waiting: Set while an answer is withheld. gone: Set when a client left before its answer ended.
    """

    wire: Wire
    faulty: Faulty = field(default_factory=Faulty)
    tls: ssl.SSLContext | None = None
    answers_get: bool = False
    ponders_ms: int = 0
    requests: list[HttpRequest] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    connections: int = 0
    opened: int = 0
    complaints: list[str] = field(default_factory=list)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _server: asyncio.Server | None = None
    _open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://localhost:{port}"
        if self.faulty.fault is Fault.REFUSE:
            await self.stop_listening()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop_listening()
        assert not self.complaints, "\n".join(self.complaints)

    async def stop_listening(self) -> None:
        """Nobody answers any more; what is open is cut."""
        if self._server is None:
            return
        self._server.close()
        serving = dict(self._open)
        for writer in serving.values():
            writer.transport.abort()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        try:
            while (request := await _read(reader)) is not None:
                if not await self._exchange(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            self._open.pop(task)
            writer.close()

    async def _exchange(
        self, request: HttpRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is not to be used again."""
        if request.method == "HEAD" or (request.method == "GET" and not self.answers_get):
            self.opened += 1
            await _send_head(writer, 404, {"content-length": "0"})
            return True
        self.requests.append(request)
        fault = self.faulty.next()
        self.faults.append(fault)
        if fault is Fault.REFUSE:
            writer.transport.abort()
            return False
        if fault is Fault.HANG:
            return await self._withhold(reader)
        if fault is Fault.SLOW_FIRST_BYTE:
            await self._delay(self.faulty.delay_ms)
        answer = self._chosen(request, fault)
        if self.ponders_ms:
            await self._delay(self.ponders_ms)
        return await self._answer(answer, fault, reader, writer)

    def _chosen(self, request: HttpRequest, fault: Fault) -> HttpAnswer:
        if fault in {Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE, Fault.NO_RESULT}:
            return self.wire.refusal(fault, self.faulty)
        try:
            return self.wire.answer(request)
        except AssertionError as error:
            self.complaints.append(f"{request.method} {request.path}: {error}")
            return json_answer(400, {"error": {"message": "the double does not take this"}})

    async def _answer(
        self,
        answer: HttpAnswer,
        fault: Fault,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if answer.status == 204:  # RFC 9110, 15.3.5: it has no content, and no length of one.
            await _send_head(writer, answer.status, dict(answer.headers))
            return True
        await _send_head(writer, answer.status, {**answer.headers, "transfer-encoding": "chunked"})
        broken = fault in {Fault.DROP_MID_STREAM, Fault.MALFORMED}
        for number, piece in enumerate(answer.pieces):
            if number == answer.stall_after:
                return await self._withhold(reader)
            if broken and number == self.faulty.after:
                break
            await _send_chunk(writer, piece)
        if fault is Fault.DROP_MID_STREAM:
            writer.transport.abort()
            return False
        if fault is Fault.MALFORMED:
            await _send_chunk(writer, self.wire.malformed())
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _withhold(self, reader: asyncio.StreamReader) -> bool:
        self.waiting.set()
        await reader.read(1)  # Returns when the client hangs up.
        self.gone.set()
        return False

    async def _delay(self, delay_ms: int) -> None:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(delay_ms / 1000, over.set)
        await over.wait()


async def _read(reader: asyncio.StreamReader) -> HttpRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None  # Hung up between requests, as anybody may.
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return HttpRequest(method=method, path=parts.path, query=query, headers=headers, body=body)


async def _send_head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()


async def _send_chunk(writer: asyncio.StreamWriter, piece: bytes) -> None:
    writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    await writer.drain()
