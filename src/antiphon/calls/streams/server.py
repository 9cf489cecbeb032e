"""The WebSocket listener for carriers' media streams, in the media worker.

One listener and one timer for all streams; a stream is a `StreamSession` with its dialect and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import picows
import structlog

from antiphon.calls.streams.dialect import CloseCode, MakeDialect
from antiphon.calls.streams.session import Admission, StreamSession
from antiphon.calls.streams.tokens import StreamGrant, StreamTokens
from antiphon.errors import ConfigError, Denied
from antiphon.runtime.arrivals import Switchboard

log = structlog.get_logger(__name__)

_TEXT = picows.WSMsgType.TEXT
_MESSAGE_MAX_BYTES = 64 * 1024  # A second of mu-law is 11 KB; carriers' own messages are under 2 KB.
_FRAME_MAX_BYTES = 1 << 20  # Of anybody on this listener.
_READ_BUFFER_BYTES = 4096
_CHECK_S = 1.0
_CLOSE_GRACE_S = 2.0
_REASON_MAX_BYTES = 123  # RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code.


Welcome = Callable[[picows.WSUpgradeRequest], picows.WSListener | picows.WSUpgradeResponseWithListener]


class StreamServer:
    """Takes streams at `/calls/{carrier}/{agent}/media`, or `…/media/{token}`.

    Args:
        carriers: Dialects by the name in the path; another name is not found.
        tokens: Without it anybody who can reach the port can talk to an agent: for private networks only.
        knows_agent: Refuses a socket for an unknown agent with 404 before it is one; the switchboard refuses
            it at `start` in any case.
        doors: Other lines on the same listener, by the first part of their path.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        tokens: StreamTokens | None,
        carriers: Mapping[str, MakeDialect],
        *,
        knows_agent: Callable[[str], bool] = lambda agent: True,
        doors: Mapping[str, Welcome] | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._carriers, self._tokens, self._knows_agent = carriers, tokens, knows_agent
        self._clock, self._doors = clock, doors or {}
        self._admission = Admission(
            switchboard=switchboard,
            clock=clock,
            counted=self.counted,
            redeem=tokens.redeem if tokens is not None else None,
        )
        self._streams: set[_Stream] = set()
        self._server: asyncio.Server | None = None
        self._check: asyncio.TimerHandle | None = None

    @property
    def live_streams(self) -> int:
        return len(self._streams)

    @property
    def port(self) -> int:
        assert self._server is not None, "started"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            ConfigError: The port is in use or not ours to take.
        """
        try:
            self._server = await picows.ws_create_server(
                self._welcome,
                host,
                port,
                max_frame_size=_FRAME_MAX_BYTES,
                read_buffer_init_size=_READ_BUFFER_BYTES,
                enable_auto_pong=False,  # Each listener answers as many as it lets pass.
                websocket_handshake_timeout=5,
            )
        except OSError as error:
            raise ConfigError(
                f"cannot listen for phone media on {host}:{port}: {error.strerror}",
                fix="stop what uses the port, or choose another",
            ) from error
        self._schedule_check()

    async def close(self) -> None:
        """End every stream and stop listening."""
        if self._check is not None:
            self._check.cancel()
        if self._server is not None:
            self._server.close()
        for stream in list(self._streams):
            stream.session.end()
            stream.session.disconnected()

    def check(self, now_ns: int) -> None:
        """Look for streams that have gone quiet."""
        for stream in list(self._streams):
            stream.session.check(now_ns)

    def _schedule_check(self) -> None:
        def run() -> None:
            self.check(self._clock())
            self._schedule_check()

        self._check = asyncio.get_running_loop().call_later(_CHECK_S, run)

    def _welcome(
        self, request: picows.WSUpgradeRequest
    ) -> picows.WSListener | picows.WSUpgradeResponseWithListener:
        """Decide about a socket by its path alone."""
        path = request.path.decode("utf-8", "replace").partition("?")[0]
        match path.strip("/").split("/"):
            case [first, *_] if first in self._doors:
                return self._doors[first](request)
            case ["calls", carrier, "health"] if carrier in self._carriers:
                return _plain(
                    picows.WSUpgradeResponse.create_ok_response(f"{self.live_streams} streams\n".encode())
                )
            case ["calls", carrier, agent, "media", *token] if agent and len(token) <= 1:
                if carrier in self._carriers:
                    return self._listener(carrier, unquote(agent), unquote(token[0]) if token else "")
        return _plain(picows.WSUpgradeResponse.create_error_response(404))

    def _listener(
        self, carrier: str, agent: str, token: str
    ) -> picows.WSListener | picows.WSUpgradeResponseWithListener:
        if not self._knows_agent(agent):
            self.counted["refused"] += 1
            log.warning("stream_refused", carrier=carrier, reason="no such agent")
            return _plain(picows.WSUpgradeResponse.create_error_response(404, b"no such agent\n"))
        grant: StreamGrant | None = None
        if token and self._tokens is not None:
            try:
                grant = self._tokens.redeem(token)
            except Denied as error:
                self.counted["refused"] += 1
                log.warning("stream_refused", carrier=carrier, reason=str(error))
                return _plain(picows.WSUpgradeResponse.create_error_response(403, b"forbidden\n"))
        return _Stream(self, carrier, agent, grant)


class _Stream(picows.WSListener):
    """The socket of one stream: frames in, and `dialect.Wire` out."""

    def __init__(self, server: StreamServer, carrier: str, agent: str, grant: StreamGrant | None) -> None:
        super().__init__()
        self._server = server
        self._transport: picows.WSTransport | None = None
        dialect = server._carriers[carrier](server.counted)
        self.session = StreamSession(self, dialect, agent, server._admission, grant)

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._server._streams.add(self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and frame.payload_size <= _MESSAGE_MAX_BYTES:  # 50 a second.
            self.session.message(frame.get_payload_as_memoryview())
        elif frame.payload_size > _MESSAGE_MAX_BYTES:
            self.session.too_big(frame.payload_size)
            transport.disconnect()
        elif kind is picows.WSMsgType.BINARY and frame.fin:
            self.session.binary(frame.get_payload_as_memoryview())
        elif kind is picows.WSMsgType.CLOSE:
            self.session.disconnected()
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif kind is picows.WSMsgType.PING:
            if self.session.passes() and self._transport is not None:
                transport.send_pong(frame.get_payload_as_bytes())
        elif kind is picows.WSMsgType.PONG:
            self.session.passes()
        else:
            self.session.in_pieces()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._server._streams.discard(self)
        self.session.disconnected()

    def send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(_TEXT, message)

    def send_binary(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.send(picows.WSMsgType.BINARY, frame)

    def close(self, code: CloseCode, reason: str) -> None:
        transport = self._transport
        if transport is None:
            return
        said = reason.encode()[:_REASON_MAX_BYTES]
        transport.send_close(picows.WSCloseCode(code.value), said)
        if self.session.flooded:
            # All that it still sends would be read before its answer. It has the time of grace to read why.
            self._transport = None
            transport.underlying_transport.pause_reading()
        # Carriers answer the close; who does not is cut off.
        asyncio.get_running_loop().call_later(_CLOSE_GRACE_S, transport.disconnect)


def _plain(response: picows.WSUpgradeResponse) -> picows.WSUpgradeResponseWithListener:
    return picows.WSUpgradeResponseWithListener(response, None)
