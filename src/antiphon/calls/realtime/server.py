"""The WebSocket side of the Realtime endpoint, on the media worker's listener."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import picows
import structlog

from antiphon.calls.realtime.config import Offer
from antiphon.calls.realtime.intake import Later
from antiphon.calls.realtime.keys import PROTOCOL, Gate, from_here, offered_key
from antiphon.calls.realtime.session import Admission, RealtimeSession
from antiphon.calls.streams.dialect import CloseCode
from antiphon.errors import Denied
from antiphon.runtime.arrivals import Switchboard

log = structlog.get_logger(__name__)

PATH = "/v1/realtime"
MESSAGE_MAX_BYTES = 1 << 20
_UNSENT_MAX_BYTES = 2 << 20  # Half a minute of audio: who is that far behind hears nothing of use.
_CHECK_S = 1.0
_CLOSE_GRACE_S = 2.0
_REASON_MAX_BYTES = 123
_BETA = "the beta interface is gone: leave the OpenAI-Beta header out\n"


class RealtimeServer:
    """Sessions of all clients. `welcome` decides about a socket.

    Args:
        offers: What the agent of a name lets clients set; None where there is no such agent.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        gate: Gate,
        offers: Callable[[str], Offer | None],
        *,
        guarded: bool,
        clock: Callable[[], int] = time.monotonic_ns,
        later: Later | None = None,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._gate, self._offers, self._guarded = gate, offers, guarded
        self._admission = Admission(
            switchboard=switchboard, clock=clock, later=later or _call_later, counted=self.counted
        )
        self._sockets: set[_Socket] = set()
        self._checking: asyncio.TimerHandle | None = None

    @property
    def live_sessions(self) -> int:
        return len(self._sockets)

    async def start(self) -> None:
        self._checking = asyncio.get_running_loop().call_later(_CHECK_S, self._check_again)

    async def stop(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        for socket in list(self._sockets):
            socket.session.over("hangup", CloseCode.DONE, "shutting down")

    def check(self, now_ns: int) -> None:
        for socket in list(self._sockets):
            socket.session.check(now_ns)

    def _check_again(self) -> None:
        self.check(self._admission.clock())
        self._checking = asyncio.get_running_loop().call_later(_CHECK_S, self._check_again)

    def welcome(
        self, request: picows.WSUpgradeRequest
    ) -> picows.WSListener | picows.WSUpgradeResponseWithListener:
        """Decide about a socket by its address and headers."""
        headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
        url = urlsplit(request.path.decode("utf-8", "replace"))
        asked = parse_qs(url.query)
        agent = (asked.get("model") or [""])[0]
        if url.path.rstrip("/") != PATH:
            return self._refused(404, "not found\n", agent)
        if "realtime=v1" in headers.get("openai-beta", ""):
            return self._refused(400, _BETA, agent)
        try:
            if not self._guarded and not from_here(headers):
                raise Denied("without keys only this machine may connect")
            wished = self._gate.admit(offered_key(headers), agent)
        except Denied as error:
            return self._refused(401, f"{error}\n", agent)
        offer = self._offers(agent)
        if offer is None:
            return self._refused(404, "no such agent: name one with ?model=\n", agent)
        socket = _Socket(self, offer, wished)
        protocols = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
        # A browser closes the socket when none of the protocols it named is taken.
        taken = {"Sec-WebSocket-Protocol": PROTOCOL} if PROTOCOL in protocols else {}
        return picows.WSUpgradeResponseWithListener(
            picows.WSUpgradeResponse.create_101_response(taken), socket
        )

    def _refused(self, status: int, words: str, agent: str) -> picows.WSUpgradeResponseWithListener:
        self.counted["refused"] += 1
        log.warning("realtime_refused", status=status, agent=agent[:80], reason=words.strip())
        return picows.WSUpgradeResponseWithListener(
            picows.WSUpgradeResponse.create_error_response(status, words.encode()), None
        )


def _call_later(delay_s: float, happens: Callable[[], object]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(delay_s, happens)


class _Socket(picows.WSListener):
    """The socket of one session: frames in, and `session.Line` out."""

    def __init__(self, server: RealtimeServer, offer: Offer, wished: Mapping[str, Any]) -> None:
        super().__init__()
        self._server, self._offer, self._wished = server, offer, wished
        self._transport: picows.WSTransport | None = None
        self._pieces = b""
        self.session: RealtimeSession

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self.session = RealtimeSession(self, self._offer, self._server._admission, self._wished)
        self._server._sockets.add(self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind is picows.WSMsgType.TEXT and frame.fin:
            self.session.message(frame.get_payload_as_memoryview())
        elif kind in (picows.WSMsgType.TEXT, picows.WSMsgType.CONTINUATION):
            self._piece(frame)
        elif kind is picows.WSMsgType.BINARY:
            self.session.bad_message("a binary message: events are JSON text")
        elif kind is picows.WSMsgType.PING:
            if self.session.control() and self._transport is not None:
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind is picows.WSMsgType.PONG:
            if self.session.control():
                self.session.alive()
        elif kind is picows.WSMsgType.CLOSE:
            self.session.disconnected()
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._server._sockets.discard(self)
        self._transport = None
        self.session.disconnected()

    def _piece(self, frame: picows.WSFrame) -> None:
        """A message in several frames."""
        self._pieces += frame.get_payload_as_bytes()
        if len(self._pieces) > MESSAGE_MAX_BYTES:
            self.session.over("error: oversize", CloseCode.POLICY, f"over {MESSAGE_MAX_BYTES} bytes")
        elif frame.fin:
            whole, self._pieces = self._pieces, b""
            self.session.message(whole)

    def send(self, message: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        if transport.underlying_transport.get_write_buffer_size() > _UNSENT_MAX_BYTES:
            self._server.counted["too_slow"] += 1
            self._transport = None
            transport.disconnect(False)  # What is unsent is not waited for.
            return
        transport.send(picows.WSMsgType.TEXT, message)

    def ping(self) -> None:
        if self._transport is not None:
            self._transport.send_ping()

    def close(self, code: CloseCode, reason: str) -> None:
        transport = self._transport
        if transport is None:
            return
        transport.send_close(picows.WSCloseCode(code.value), reason.encode()[:_REASON_MAX_BYTES])
        if self.session.shut_out:
            # All that it still sends would be read before its answer. It has the time of grace to read why.
            self._transport = None
            transport.underlying_transport.pause_reading()
        asyncio.get_running_loop().call_later(_CLOSE_GRACE_S, transport.disconnect)
