"""One Media Stream: its order of messages, its refusals, and the sink the media plane plays into.

Knows no socket: `Wire` is two functions. One bad message costs itself, a bad stream costs itself, and no
other call ever notices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import structlog

from antiphon.audio.ports import PHONE, MediaSource
from antiphon.calls.twilio import wire
from antiphon.calls.twilio.tokens import StreamGrant
from antiphon.errors import CallFailed, ConfigError, Denied
from antiphon.runtime.arrivals import Arrival, Switchboard

log = structlog.get_logger(__name__)

START_WITHIN_NS = 10_000_000_000  # `connected` and `start` come at once; who only holds a socket is shut out.
STALLED_AFTER_NS = 30_000_000_000  # Twilio sends 50 messages a second for as long as the call is up.
_BAD_MESSAGES_MAX = 100  # One is a glitch, a hundred are not Twilio.
_LINE = "phone"
_METADATA_MAX = 40
_OWN_PARAMETERS = frozenset({"token", "caller_number"})


class CloseCode(Enum):
    """RFC 6455, 7.4.1."""

    DONE = 1000
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    POLICY = 1008
    BUSY = 1013


class Wire(Protocol):
    """The socket, as far as a stream needs one. Must not raise."""

    def send(self, message: bytes) -> None: ...
    def close(self, code: CloseCode, reason: str) -> None: ...


class _Gone:
    """The socket of a stream that has none any more."""

    def send(self, message: bytes) -> None: ...
    def close(self, code: CloseCode, reason: str) -> None: ...


_GONE = _Gone()


class _Phase(Enum):
    CONNECTING = "connecting"
    STREAMING = "streaming"
    CLOSED = "closed"


class TwilioSession:
    """Vendor's word: a session is one WebSocket of one stream. Implements `MediaSink`.

    Args:
        agent: From the socket's path.
        grant: From the path's token, where there was one.
        redeem: Turns the `token` parameter into a grant or raises `Denied`; None lets streams in without one.
        counted: Shared by all streams of a server: refusals and bad messages by reason.
    """

    def __init__(
        self,
        line: Wire,
        switchboard: Switchboard,
        agent: str,
        *,
        clock: Callable[[], int],
        counted: Counter[str],
        redeem: Callable[[str], StreamGrant] | None,
        grant: StreamGrant | None = None,
    ) -> None:
        self._line: Wire = line
        self._switchboard, self._agent = switchboard, agent
        self._clock, self._counted, self._redeem, self._grant = clock, counted, redeem, grant
        self._phase = _Phase.CONNECTING
        self._heard_ns = clock()
        self._bad_messages = 0
        self._source: MediaSource | None = None
        self._encoder = wire.Encoder("")
        self._stream_sid = ""
        self.call_id = ""

    # From Twilio.

    def message(self, frame: bytes | bytearray | memoryview) -> None:
        """One text frame; `frame` is not kept."""
        if self._phase is _Phase.CLOSED:
            return
        self._heard_ns = self._clock()
        try:
            event = wire.decode(frame)
        except wire.UnknownEvent:
            self._counted["unknown_event"] += 1  # Twilio may add some; they are none of our business.
            return
        except wire.BadMessage as error:
            self._bad(str(error))
            return
        if type(event) is wire.Media:  # 50 a second; everything else is rare.
            self._media(event)
            return
        match event:
            case wire.Mark(mark=mark) if self._source is not None:
                self._source.played(mark.name)
            case wire.Dtmf(dtmf=dtmf) if self._source is not None:
                self._source.dtmf(dtmf.digit)
            case wire.Start(start=start):
                self._start(start)
            case wire.Stop():
                self._over("hangup", CloseCode.DONE)
            case wire.Connected():
                pass
            case _:
                self._refuse(CloseCode.PROTOCOL, f"{type(event).__name__.lower()} before start")

    def disconnected(self) -> None:
        """The socket is gone, with or without a `stop`."""
        self._over("hangup", None)
        self._line = _GONE  # It knows us; both are freed at once when neither is known by the other.

    def check(self, now_ns: int) -> None:
        """Called about once a second: a stream that has gone quiet is dead, whatever TCP says."""
        silent_ns = now_ns - self._heard_ns
        if self._phase is _Phase.CONNECTING and silent_ns > START_WITHIN_NS:
            self._refuse(CloseCode.POLICY, "no start message")
        elif self._phase is _Phase.STREAMING and silent_ns > STALLED_AFTER_NS:
            self._counted["stalled"] += 1
            self._over("error: the stream stalled", CloseCode.PROTOCOL)

    # `MediaSink`, toward the caller.

    def send(self, payload: bytes) -> None:
        if self._phase is _Phase.STREAMING:
            self._line.send(self._encoder.media(payload))

    def mark(self, name: str) -> None:
        if self._phase is _Phase.STREAMING:
            self._line.send(self._encoder.mark(name))

    def clear(self) -> None:
        if self._phase is _Phase.STREAMING:
            self._line.send(self._encoder.clear())

    def end(self) -> None:
        """Closing the socket moves the call on to the TwiML after the stream."""
        if self._phase is not _Phase.CLOSED:
            self._phase, self._source = _Phase.CLOSED, None
            self._line.close(CloseCode.DONE, "")

    def _media(self, message: wire.Media) -> None:
        media = message.media
        if self._source is None:
            self._refuse(CloseCode.PROTOCOL, "media before start")
        elif message.stream_sid != self._stream_sid and message.stream_sid:
            self._bad("media of another stream")
        elif media.track == "inbound":
            self._source.receive(media.payload)

    def _start(self, start: wire.StartBody) -> None:
        if self._phase is _Phase.STREAMING:
            self._bad("a second start")
            return
        refusal = _unsupported(start)
        if refusal:
            self._refuse(CloseCode.UNSUPPORTED, refusal)
            return
        try:
            grant = self._admit(start)
            self._encoder, self._stream_sid = wire.Encoder(start.stream_sid), start.stream_sid
            self._phase = _Phase.STREAMING  # The greeting may be sent from inside `answer`.
            call_id, source = self._switchboard.answer(_arrival(self._agent, start, grant), self)
        except Denied as error:
            self._refuse(CloseCode.POLICY, str(error))
        except ConfigError:
            self._refuse(CloseCode.POLICY, "no such agent")
        except CallFailed:
            self._refuse(CloseCode.BUSY, "no capacity")
        else:
            self.call_id = call_id
            # `answer` may already have ended the call again.
            self._source = source if self._phase is _Phase.STREAMING else None

    def _admit(self, start: wire.StartBody) -> StreamGrant | None:
        """The grant for exactly this call.

        Raises:
            Denied: No ticket, a bad one, or one for another call or agent.
        """
        if self._redeem is None:
            return None
        grant = self._grant or self._redeem(start.custom_parameters.get("token", ""))
        if grant.agent != self._agent or grant.call_sid != start.call_sid:
            raise Denied("stream token is for another call")
        return grant

    def _bad(self, reason: str) -> None:
        self._counted["bad_message"] += 1
        self._bad_messages += 1
        if self._bad_messages == 1:
            log.warning("twilio_bad_message", call_id=self.call_id, reason=reason)
        if self._bad_messages >= _BAD_MESSAGES_MAX:
            self._refuse(CloseCode.PROTOCOL, "too many bad messages")

    def _refuse(self, code: CloseCode, reason: str) -> None:
        if self._phase is _Phase.CLOSED:
            return
        self._counted["refused"] += 1
        log.warning("twilio_stream_refused", agent=self._agent, call_id=self.call_id, reason=reason)
        self._over(f"error: {reason}", code, reason)

    def _over(self, why: str, code: CloseCode | None, reason: str = "") -> None:
        if self._phase is _Phase.CLOSED:
            return
        self._phase = _Phase.CLOSED
        source, self._source = self._source, None
        if source is not None:
            source.closed(why)
        if code is not None:
            self._line.close(code, reason)


def _unsupported(start: wire.StartBody) -> str:
    """Why we cannot carry this stream, or ""."""
    form = start.media_format
    if form.encoding != wire.MULAW or str(form.sample_rate) != "8000" or str(form.channels) != "1":
        return "only mono audio/x-mulaw at 8000 Hz"
    if start.tracks and start.tracks != ["inbound"]:
        return "only the inbound track: use <Connect><Stream>"
    return ""


def _arrival(agent: str, start: wire.StartBody, grant: StreamGrant | None) -> Arrival:
    parameters = dict(list(start.custom_parameters.items())[:_METADATA_MAX])
    # A number in a parameter is only as good as who sent it; the grant's was in a signed webhook.
    number = grant.caller_number if grant else parameters.get("caller_number", "")
    metadata = {name: value for name, value in parameters.items() if name not in _OWN_PARAMETERS}
    return Arrival(
        agent=agent,
        line=_LINE,
        line_format=PHONE,
        caller_number=number,
        metadata=metadata | {"carrier_call": start.call_sid, "carrier_stream": start.stream_sid},
    )
