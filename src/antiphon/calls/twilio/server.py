"""The WebSocket listener for Media Streams, in the media worker.

One listener and one timer for all streams; a stream is a `TwilioSession` and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import unquote

import picows
import structlog

from antiphon.calls.twilio.media import CloseCode, TwilioSession
from antiphon.calls.twilio.tokens import StreamGrant, StreamTokens
from antiphon.errors import ConfigError, Denied
from antiphon.runtime.arrivals import Switchboard

log = structlog.get_logger(__name__)

HEALTH_PATH = "/calls/twilio/health"
_MESSAGE_MAX_BYTES = 64 * 1024  # A second of audio is 11 KB; Twilio's own messages are under 1 KB.
_READ_BUFFER_BYTES = 4096
_CHECK_S = 1.0
_CLOSE_GRACE_S = 2.0
_REASON_MAX_BYTES = 123  # RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code.


class TwilioServer:
    """Takes streams at `/calls/twilio/{agent}/media`, or `…/media/{token}`.

    Args:
        tokens: Without it anybody who can reach the port can talk to an agent: for private networks only.
        knows_agent: Refuses a socket for an unknown agent with 404 before it is one; the switchboard refuses
            it at `start` in any case.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        tokens: StreamTokens | None,
        *,
        knows_agent: Callable[[str], bool] = lambda agent: True,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._switchboard, self._tokens, self._knows_agent, self._clock = (
            switchboard,
            tokens,
            knows_agent,
            clock,
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
                max_frame_size=_MESSAGE_MAX_BYTES,
                read_buffer_init_size=_READ_BUFFER_BYTES,
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
        if path == HEALTH_PATH:
            return _plain(
                picows.WSUpgradeResponse.create_ok_response(f"{self.live_streams} streams\n".encode())
            )
        match path.strip("/").split("/"):
            case ["calls", "twilio", agent, "media", *token] if agent and len(token) <= 1:
                return self._listener(unquote(agent), unquote(token[0]) if token else "")
        return _plain(picows.WSUpgradeResponse.create_error_response(404))

    def _listener(self, agent: str, token: str) -> picows.WSListener | picows.WSUpgradeResponseWithListener:
        if not self._knows_agent(agent):
            self.counted["refused"] += 1
            log.warning("twilio_stream_refused", reason="no such agent")
            return _plain(picows.WSUpgradeResponse.create_error_response(404, b"no such agent\n"))
        grant: StreamGrant | None = None
        if token and self._tokens is not None:
            try:
                grant = self._tokens.redeem(token)
            except Denied as error:
                self.counted["refused"] += 1
                log.warning("twilio_stream_refused", reason=str(error))
                return _plain(picows.WSUpgradeResponse.create_error_response(403, b"forbidden\n"))
        return _Stream(self, agent, grant)

    def _session(self, stream: _Stream, agent: str, grant: StreamGrant | None) -> TwilioSession:
        return TwilioSession(
            stream,
            self._switchboard,
            agent,
            clock=self._clock,
            counted=self.counted,
            redeem=self._tokens.redeem if self._tokens is not None else None,
            grant=grant,
        )


class _Stream(picows.WSListener):
    """The socket of one stream: frames in, and `media.Wire` out."""

    def __init__(self, server: TwilioServer, agent: str, grant: StreamGrant | None) -> None:
        super().__init__()
        self._server = server
        self._transport: picows.WSTransport | None = None
        self.session = server._session(self, agent, grant)

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._server._streams.add(self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.TEXT and frame.fin:
            self.session.message(frame.get_payload_as_memoryview())
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            self.session.disconnected()
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type not in (picows.WSMsgType.PING, picows.WSMsgType.PONG):
            self._server.counted["bad_message"] += 1  # Binary, or in pieces: Twilio sends neither.

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        self._server._streams.discard(self)
        self.session.disconnected()

    def send(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.send(picows.WSMsgType.TEXT, message)

    def close(self, code: CloseCode, reason: str) -> None:
        if self._transport is None:
            return
        said = reason.encode()[:_REASON_MAX_BYTES]
        self._transport.send_close(picows.WSCloseCode(code.value), said)
        # Twilio answers the close; who does not is cut off.
        asyncio.get_running_loop().call_later(_CLOSE_GRACE_S, self._transport.disconnect)


def _plain(response: picows.WSUpgradeResponse) -> picows.WSUpgradeResponseWithListener:
    return picows.WSUpgradeResponseWithListener(response, None)
