"""TLS for sipp, which Debian builds without: it speaks UDP to this door, and the door TLS to the edge. What
sipp says of its own address and transport is put right on the way."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path
from typing import Any, Self

from tests.sip.house import HOST

_LENGTH = re.compile(rb"^(?:Content-Length|l): *(\d+)", re.MULTILINE | re.IGNORECASE)
_CONTACT = re.compile(rb"^Contact: <sip:([^@>]*)@[^>]*>", re.MULTILINE)


class TlsDoor(asyncio.DatagramProtocol):
    """`async with TlsDoor(edge.port, edge.certificate) as door`: sipp calls `door.address`; whoever connects
    to `door.port` by TLS speaks to the sipp that spoke last."""

    def __init__(self, edge_port: int, certificate: Path) -> None:
        self._edge_port, self._certificate = edge_port, certificate
        self._sipp = (HOST, 0)
        self._udp: Any
        self._out: asyncio.StreamWriter | None = None
        self._unsent: list[bytes] = []  # Until the edge is reached.
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def udp_port(self) -> int:
        return int(self._udp.get_extra_info("sockname")[1])

    @property
    def address(self) -> str:
        return f"{HOST}:{self.udp_port}"

    async def __aenter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        self._server = await asyncio.start_server(self._serve, HOST, 0, ssl=context)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(HOST, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._sipp = addr
        mine = b"Contact: <sip:\\1@%s:%d;transport=tls>" % (HOST.encode(), self.port)
        data = _CONTACT.sub(mine, data.replace(b"SIP/2.0/UDP %s" % HOST.encode(), b"SIP/2.0/TLS 127.0.0.1"))
        if self._out is not None:
            self._out.write(data)
            return
        self._unsent.append(data)
        if len(self._unsent) == 1:
            self._begin(self._connect())

    async def _connect(self) -> None:
        context = ssl.create_default_context(cafile=str(self._certificate.parent / "ca.pem"))
        context.check_hostname = False
        reader, self._out = await asyncio.open_connection(HOST, self._edge_port, ssl=context)
        self._out.writelines(self._unsent)
        self._unsent.clear()
        await self._pass_on(reader, self._out)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._out = writer
        await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self._udp.sendto(head.lstrip(b"\r\n") + body, self._sipp)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            if self._out is writer:
                self._out = None

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
