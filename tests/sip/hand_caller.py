"""A caller who writes every SIP message by hand, in an order no telephone and no sipp scenario has, and who
sees where RTP really comes from."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from typing import Any, Self

from tests.sip.house import HOST, until

from antiphon.audio import g711

_CODE = re.compile(r"SIP/2\.0 (\d{3})")
_PACKET = bytes([0x80, 8])  # RTP version 2, A-law.
_EVENTS = 101
_TRIES, _AGAIN_S = 10, 1.0
# Never two alike: for 32 s the far end takes a call with a known Call-ID and branch for the old one, sent
# again (RFC 3261, 17.2), and answers whoever called then. An address in memory comes back sooner.
_NUMBERS = itertools.count(1)


class _Socket(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[tuple[bytes, tuple[str, int]]] = []
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append((data, addr))


class HandCaller:
    """`async with HandCaller(house.port) as caller`. Args: host: Whence its RTP comes."""

    def __init__(self, port: int, *, host: str = HOST) -> None:
        self._port, self._host = port, host
        self._number = self._keys = 0
        self._sent = 1000
        self._to_tag = ""
        self.call_id = f"by-hand-{next(_NUMBERS)}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        _, self._sip = await loop.create_datagram_endpoint(_Socket, local_addr=(HOST, 0))
        _, self._rtp = await loop.create_datagram_endpoint(_Socket, local_addr=(self._host, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sip.transport.close()
        self._rtp.transport.close()

    # SIP.

    def request(self, method: str, more: str = "", *, number: int = 0, sdp: bool = False) -> str:
        """The next of the dialog, or one of an earlier number. Sending is the test's."""
        if not number:
            self._number += 1
        number = number or self._number
        branch = f"z9hG4bK-{self.call_id}-{number}-{'INVITE' if method == 'CANCEL' else method}"
        body = self._offer() if sdp else ""
        told = "Content-Type: application/sdp\r\n" if sdp else ""
        return (
            f"{method} sip:clinic@{HOST}:{self._port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {HOST}:{self._sip.port};branch={branch}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:hand@{HOST}>;tag=hand\r\nTo: <sip:clinic@{HOST}:{self._port}>{self._to_tag}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:hand@{HOST}:{self._sip.port}>\r\n{more}{told}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def send(self, message: str) -> None:
        self._sip.transport.sendto(message.encode(), (HOST, self._port))

    def messages(self, start: str, about: str = "") -> list[str]:
        """What came and begins so, with this CSeq."""
        texts = (data.decode() for data, _ in self._sip.received)
        return [text for text in texts if text.startswith(start) and f"CSeq: {about}" in text]

    async def answer(self, code: int, about: str) -> str:
        """The response with this code to "2 BYE"."""
        start = f"SIP/2.0 {code} "
        await until(lambda: self.messages(start, about))
        return self.messages(start, about)[0]

    async def call(self) -> str:
        """Gives the answer's SDP. A datagram may be lost, so it is sent again (RFC 3261, 17)."""
        invite = self.request("INVITE", sdp=True)
        for _ in range(_TRIES):
            self.send(invite)
            with contextlib.suppress(TimeoutError):
                await until(lambda: self.messages("SIP/2.0 ", "1 INVITE"), within_s=_AGAIN_S)
                break
        answer = await self.answer(200, "1 INVITE")
        found = re.search(r"^To:.*?(;tag=[^\r;]+)", answer, re.MULTILINE)
        assert found is not None
        self._to_tag = found[1]
        self.send(self.request("ACK", number=1))
        return answer.partition("\r\n\r\n")[2]

    def reply(self, request: str, status: str = "200 OK") -> None:
        kept = [
            line
            for line in request.split("\r\n")
            if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        self.send("\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]))

    def _offer(self) -> str:
        return (
            f"v=0\r\no=- 1 {self._number} IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {self._rtp.port} RTP/AVP 8 {_EVENTS}\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:{_EVENTS} telephone-event/8000\r\n"
        )

    # RTP.

    def voices(self) -> set[tuple[str, int]]:
        """Where packets came from."""
        return {addr for data, addr in self._rtp.received if data[:1] == _PACKET[:1]}

    def speak(self, samples: Any, to_port: int) -> None:
        """8 kHz, sent all at once."""
        alaw = g711.encode(samples).tobytes().translate(g711.ALAW_OF_MULAW)
        for place in range(0, len(alaw), 160):
            count = place // 160
            head = _PACKET + count.to_bytes(2, "big") + place.to_bytes(4, "big") + b"hand"
            self._rtp.transport.sendto(head + alaw[place : place + 160], (HOST, to_port))

    def press(self, digit: str, to_port: int, packets: list[int]) -> None:
        """RFC 4733: a packet for each number, which says how many frames the key has lasted; below zero it is
        the end. All at once, in this order."""
        self._keys += 1
        for frames in packets:
            self._sent += 1
            head = bytes([0x80, _EVENTS]) + self._sent.to_bytes(2, "big")
            head += (self._keys * 8000).to_bytes(4, "big") + b"hand"
            said = bytes([int(digit), 0x8A if frames < 0 else 0x0A]) + (abs(frames) * 160).to_bytes(2, "big")
            self._rtp.transport.sendto(head + said, (HOST, to_port))
