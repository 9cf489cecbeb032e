"""A provider's end of a trunk: asks for digest credentials and computes for itself whether they are right
(RFC 7616, 3.4.1, with MD5 as every trunk still has it)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable

from tests.sip.house import HOST

USER, PASSWORD, REALM, NONCE = "antiphon", "s3cret; with spaces", "provider.example", "b1946ac92492d2347c"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Trunk(asyncio.DatagramProtocol):
    """`async with Trunk() as trunk`. Registrations are taken; calls are busy.

    Attributes:
        right, wrong: Requests with credentials that are, or are not, ours.
        callers: From headers of calls whose credentials were right.
    """

    def __init__(self) -> None:
        self.right: list[str] = []
        self.wrong: list[str] = []
        self.callers: list[str] = []
        self.contacts: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def __aenter__(self) -> Trunk:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        method = text.partition(" ")[0]
        assert self._transport is not None
        if method in {"REGISTER", "INVITE"}:
            self._transport.sendto(self._answer(method, text).encode(), addr)

    def _answer(self, method: str, text: str) -> str:
        given = re.search(r"^(?:Proxy-)?Authorization: Digest (.*?)\r$", text, re.MULTILINE)
        if given is None:
            challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
            name, status = ("WWW", "401 Unauthorized") if method == "REGISTER" else ("Proxy", "407 Asked")
            return _reply(text, status, f"{name}-Authenticate: {challenge}\r\n")
        if not _is_right(method, given[1]):
            self.wrong.append(method)
            return _reply(text, "403 Forbidden", "")
        self.right.append(method)
        contact = re.search(r"^Contact: (.*?)\r$", text, re.MULTILINE)
        if method == "REGISTER":
            self.contacts.append(contact[1] if contact else "")
            return _reply(text, "200 OK", f"Contact: {self.contacts[-1]};expires=600\r\n")
        self.callers += re.findall(r"^From: (.*?)\r$", text, re.MULTILINE)
        return _reply(text, "486 Busy Here", "")


def _is_right(method: str, credentials: str) -> bool:
    field: Callable[[str], str] = dict(re.findall(r'(\w+)="?([^",]*)"?', credentials)).__getitem__
    owner = md5(f"{USER}:{REALM}:{PASSWORD}")
    action = md5(f"{method}:{field('uri')}")
    wanted = md5(f"{owner}:{NONCE}:{field('nc')}:{field('cnonce')}:{field('qop')}:{action}")
    return field("username") == USER and field("nonce") == NONCE and field("response") == wanted


def _reply(request: str, status: str, extra: str) -> str:
    kept = [line for line in request.split("\r\n") if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))]
    to = next(line for line in request.split("\r\n") if line.startswith("To:"))
    tagged = to if ";tag=" in to else f"{to};tag=provider"
    return "\r\n".join([f"SIP/2.0 {status}", *kept, tagged]) + f"\r\n{extra}Content-Length: 0\r\n\r\n"
