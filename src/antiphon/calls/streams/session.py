"""One carrier's media stream: its order of messages, its refusals, and the sink the media plane plays into.

Knows no socket (`Wire` is three functions) and no carrier (`Dialect` does). One bad message costs itself, a
bad stream costs itself, and no other call ever notices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog

from antiphon.audio.ports import MediaSource
from antiphon.calls.messages import FLOODED, MessageBound
from antiphon.calls.streams.dialect import (
    BadMessage,
    CloseCode,
    Dialect,
    Dtmf,
    Event,
    Frame,
    Mark,
    Start,
    Stop,
    UnknownEvent,
    Unsupported,
    Wire,
)
from antiphon.calls.streams.tokens import StreamGrant
from antiphon.errors import CallFailed, ConfigError, Denied
from antiphon.runtime.arrivals import Arrival, Switchboard

log = structlog.get_logger(__name__)

START_WITHIN_NS = 10_000_000_000  # The start comes at once; who only holds a socket is shut out.
STALLED_AFTER_NS = 30_000_000_000  # Carriers send 50 messages a second for as long as the call is up.
_BAD_MESSAGES_MAX = 100  # One is a glitch, a hundred are not this carrier.
_FLOODED = FLOODED.removeprefix("error: ")
_LINE = "phone"
_METADATA_MAX = 40
# Words of ours, worth nothing from anybody else.
_OWN_PARAMETERS = frozenset({"token", "caller_number", "leg", "carrier", "called_number"})


class _Gone:
    """The socket of a stream that has none any more."""

    def send(self, message: bytes) -> None: ...
    def send_binary(self, frame: bytes) -> None: ...
    def close(self, code: CloseCode, reason: str) -> None: ...


_GONE = _Gone()


class _Phase(Enum):
    CONNECTING = "connecting"
    STREAMING = "streaming"
    STOPPED = "stopped"  # By the carrier's own word: nothing may follow.
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What one listener lets in, the same for all its streams.

    Attributes:
        redeem: Turns the `token` parameter into a grant or raises `Denied`; None lets streams in without one.
        counted: Refusals and bad messages by reason.
    """

    switchboard: Switchboard
    clock: Callable[[], int]
    counted: Counter[str]
    redeem: Callable[[str], StreamGrant] | None


class StreamSession:
    """Vendors' word: a session is one WebSocket of one stream. Implements `MediaSink`.

    Args:
        agent: From the socket's path.
        grant: From the path's token, where there was one.
    """

    def __init__(
        self,
        line: Wire,
        dialect: Dialect,
        agent: str,
        admission: Admission,
        grant: StreamGrant | None = None,
    ) -> None:
        self._line: Wire = line
        self._dialect, self._agent, self._admission, self._grant = dialect, agent, admission, grant
        self._phase = _Phase.CONNECTING
        self._clock = admission.clock
        self._heard_ns = self._clock()
        self._bad_messages = 0
        self._messages = MessageBound(self._heard_ns)
        self._source: MediaSource | None = None
        self.call_id = ""

    # From the carrier.

    def message(self, frame: Frame) -> None:
        """One text frame; `frame` is not kept."""
        if self._phase is not _Phase.STREAMING and self._is_over():
            return
        self._heard_ns = self._clock()
        try:
            event = self._dialect.decode(frame)
        except UnknownEvent:
            self._admission.counted["unknown_event"] += 1  # Carriers may add some; none of our business.
            self.passes()
            return
        except BadMessage as error:
            self._bad(str(error))
            return
        except Unsupported as error:
            if self._phase is _Phase.STREAMING:
                self._bad("a second start")
            else:
                self._refuse(CloseCode.UNSUPPORTED, str(error))
            return
        if type(event) is bytes:  # 50 a second; everything else is rare.
            if self._source is not None:
                self._source.receive(event)
            else:
                self._refuse(CloseCode.PROTOCOL, "media before start")
        elif self.passes() and event is not None:
            self._rare(event)

    def passes(self) -> bool:
        """One more message of another kind than audio, a ping too; false: it is nobody's. Whoever sends them
        without end is shut out."""
        if self._messages.passes(self._clock(), self._dialect.carrier, self.call_id):
            return True
        if self.flooded and self._phase in (_Phase.CONNECTING, _Phase.STREAMING):
            self._refuse(CloseCode.POLICY, _FLOODED)
        elif self.flooded:
            self._line.close(CloseCode.POLICY, _FLOODED)
        return False

    @property
    def flooded(self) -> bool:
        """Nothing this far end sends is worth reading any more."""
        return self._messages.flooded

    def in_pieces(self) -> None:
        """A message in several frames: no carrier sends any."""
        if self._phase is not _Phase.CLOSED:
            self._bad("a message in pieces")

    def binary(self, frame: Frame) -> None:
        """One binary frame; `frame` is not kept."""
        if self._phase is not _Phase.STREAMING and self._is_over():
            return
        self._heard_ns = self._clock()
        try:
            audio = self._dialect.decode_binary(frame)
        except BadMessage as error:
            self._bad(str(error))
            return
        if self._source is not None:
            self._source.receive(audio)
        else:
            self._refuse(CloseCode.PROTOCOL, "media before start")

    def too_big(self, size_bytes: int) -> None:
        """A message nobody will read; no carrier sends such, so nothing after it is trusted either."""
        self._refuse(CloseCode.TOO_BIG, f"a message of {size_bytes} bytes")

    def disconnected(self) -> None:
        """The socket is gone, with or without a stop message."""
        self._over("hangup", None)
        self._line = _GONE  # It knows us; both are freed at once when neither is known by the other.

    def check(self, now_ns: int) -> None:
        """Called about once a second: a stream that has gone quiet is dead, whatever TCP says."""
        silent_ns = now_ns - self._heard_ns
        if self._phase is _Phase.CONNECTING and silent_ns > START_WITHIN_NS:
            self._refuse(CloseCode.POLICY, "no start message")
        elif self._phase is _Phase.STREAMING and silent_ns > STALLED_AFTER_NS:
            self._admission.counted["stalled"] += 1
            log.warning("stream_stalled", carrier=self._dialect.carrier, call_id=self.call_id)
            self._over("error: the stream stalled", CloseCode.PROTOCOL)

    # `MediaSink`, toward the caller.

    def send(self, payload: bytes) -> None:
        if self._phase is _Phase.STREAMING:
            self._dialect.send(self._line, payload)

    def mark(self, name: str) -> None:
        if self._phase is _Phase.STREAMING:
            self._dialect.mark(self._line, name)

    def clear(self) -> None:
        if self._phase is _Phase.STREAMING:
            self._dialect.clear(self._line)

    def end(self) -> None:
        """Closing the socket moves the call on to what the carrier was told comes after the stream."""
        if self._phase in (_Phase.CONNECTING, _Phase.STREAMING):
            self._phase, self._source = _Phase.CLOSED, None
            self._line.close(CloseCode.DONE, "")

    def _is_over(self) -> bool:
        """What still comes is nobody's; after our own hang-up some always does, after a stop none should."""
        if self._phase is _Phase.STOPPED:
            self._bad("a message after the stop")
        if self._phase is _Phase.CONNECTING:
            return False
        self.passes()
        return True

    def _rare(self, event: Event) -> None:
        match event:
            case Mark(name=name) if self._source is not None:
                self._source.played(name)
            case Dtmf(digit=digit) if self._source is not None:
                self._source.dtmf(digit)
            case Start():
                self._start(event)
            case Stop():
                self._over("hangup", CloseCode.DONE)
                self._phase = _Phase.STOPPED
            case _:
                self._refuse(CloseCode.PROTOCOL, f"{type(event).__name__.lower()} before start")

    def _start(self, start: Start) -> None:
        if self._phase is _Phase.STREAMING:
            self._bad("a second start")
            return
        try:
            grant = self._admit(start)
            self._dialect.begin(start)
            self._phase = _Phase.STREAMING  # The greeting may be sent from inside `answer`.
            arrival = _arrival(self._agent, self._dialect.carrier, start, grant)
            call_id, source = self._admission.switchboard.answer(arrival, self)
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

    def _admit(self, start: Start) -> StreamGrant | None:
        """The grant for exactly this call.

        Raises:
            Denied: No ticket, a bad one, or one for another call, agent or carrier.
        """
        if self._admission.redeem is None:
            return None
        grant = self._grant or self._admission.redeem(start.parameters.get("token", ""))
        if (grant.carrier, grant.agent, grant.call_sid) != (
            self._dialect.carrier,
            self._agent,
            start.call_id,
        ):
            raise Denied("stream token is for another call")
        return grant

    def _bad(self, reason: str) -> None:
        self._admission.counted["bad_message"] += 1
        self._bad_messages += 1
        if self._bad_messages == 1:
            log.warning(
                "stream_bad_message", carrier=self._dialect.carrier, call_id=self.call_id, reason=reason
            )
        if self._bad_messages >= _BAD_MESSAGES_MAX:
            self._refuse(CloseCode.PROTOCOL, "too many bad messages")

    def _refuse(self, code: CloseCode, reason: str) -> None:
        if self._phase in (_Phase.STOPPED, _Phase.CLOSED):
            return
        self._admission.counted["refused"] += 1
        log.warning(
            "stream_refused",
            carrier=self._dialect.carrier,
            agent=self._agent,
            call_id=self.call_id,
            reason=reason,
        )
        self._over(f"error: {reason}", code, reason)

    def _over(self, why: str, code: CloseCode | None, reason: str = "") -> None:
        if self._phase in (_Phase.STOPPED, _Phase.CLOSED):
            return
        self._phase = _Phase.CLOSED
        source, self._source = self._source, None
        if source is not None:
            source.closed(why)
        if code is not None:
            self._line.close(code, reason)


def _arrival(agent: str, carrier: str, start: Start, grant: StreamGrant | None) -> Arrival:
    parameters = dict(list(start.parameters.items())[:_METADATA_MAX])
    # A number in a parameter is only as good as who sent it; the grant's was in a signed webhook.
    number = grant.caller_number if grant else parameters.get("caller_number", "")
    metadata = {name: value for name, value in parameters.items() if name not in _OWN_PARAMETERS}
    metadata |= {"carrier_call": start.call_id, "carrier_stream": start.stream_id, "carrier": carrier}
    if grant is not None:
        granted = {"leg": grant.leg, "called_number": grant.called_number}
        metadata |= {name: value for name, value in granted.items() if value}
    return Arrival(
        agent=agent,
        line=_LINE,
        line_format=start.line_format,
        caller_number=number,
        metadata=metadata,
        outbound=grant is not None and grant.outbound,
    )
