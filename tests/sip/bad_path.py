"""A network between a telephone and us that loses, delays, doubles and so reorders voice packets. SIP passes
through it only to have its SDP point at it (a port for a port of as many digits, so lengths stay true)."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass
from typing import Any

from tests.sip.house import HOST

_MEDIA = re.compile(rb"m=audio (\d{5}) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """`lost`, `doubled`: part of the packets. Each is late by up to `jitter_ms`."""

    lost: float = 0.0
    doubled: float = 0.0
    jitter_ms: int = 0
    seed: int = 1


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, path: BadPath, role: str) -> None:
        self._path, self._role = path, role
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # On 3.11 it does not say that it is a `DatagramTransport`.

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._path.passes(self._role, data, addr)


class BadPath:
    """`async with BadPath(house.port, impairment) as path`: call `path.port` instead.

    Attributes:
        sent, lost, doubled: Voice packets from the telephone.
    """

    def __init__(self, port: int, impairment: Impairment) -> None:
        self._impairment, self._random = impairment, random.Random(impairment.seed)
        self._ours = (HOST, port)
        self._sockets: dict[str, _Socket] = {}
        self._phone: tuple[str, int] = (HOST, 0)
        self._voice: dict[str, tuple[str, int]] = {}  # Where RTP for "phone" and for "us" goes.
        self.sent = self.lost = self.doubled = 0

    @property
    def port(self) -> int:
        return self._sockets["sip"].port

    async def __aenter__(self) -> BadPath:
        loop = asyncio.get_running_loop()
        for role in ("sip", "to_us", "to_phone"):
            _, protocol = await loop.create_datagram_endpoint(
                lambda role=role: _Socket(self, role), local_addr=(HOST, 0)
            )
            self._sockets[role] = protocol
        return self

    async def __aexit__(self, *_: object) -> None:
        for protocol in self._sockets.values():
            protocol.transport.close()

    def passes(self, role: str, data: bytes, addr: tuple[str, int]) -> None:
        match role:
            case "sip" if addr == self._ours:
                self._send("sip", self._point_at("to_us", data), self._phone)
            case "sip":
                self._phone = addr
                self._send("sip", self._point_at("to_phone", data), self._ours)
            case "to_phone" if "to_phone" in self._voice:
                self._send("to_us", data, self._voice["to_phone"])
            case "to_us" if "to_us" in self._voice:
                self._worsen(data)

    def _point_at(self, role: str, message: bytes) -> bytes:
        found = _MEDIA.search(message)
        if found is None:
            return message
        self._voice[role] = (HOST, int(found[1]))
        return _MEDIA.sub(b"m=audio %05d " % self._sockets[role].port, message)

    def _worsen(self, packet: bytes) -> None:
        """From the telephone, on the way to us."""
        self.sent += 1
        if self._random.random() < self._impairment.lost:
            self.lost += 1
            return
        copies = 1 + (self._random.random() < self._impairment.doubled)
        self.doubled += copies - 1
        for _ in range(copies):
            delay_s = self._random.uniform(0, self._impairment.jitter_ms) / 1000
            asyncio.get_running_loop().call_later(
                delay_s, self._send, "to_phone", packet, self._voice["to_us"]
            )

    def _send(self, role: str, data: bytes, to: tuple[str, int]) -> None:
        transport = self._sockets[role].transport
        if not transport.is_closing():
            transport.sendto(data, to)
