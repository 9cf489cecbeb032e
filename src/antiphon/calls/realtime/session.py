"""One client of the Realtime endpoint: its socket's messages in order, its call, and the sink the plane plays
into.

The call begins with the first audio, text or `response.create`, or a moment after the client has said how it
wants its session, so that formats can still be chosen. One bad message costs itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import structlog

from antiphon.agents.ports import Additions
from antiphon.audio.ports import MediaSource
from antiphon.calls.realtime import wire
from antiphon.calls.realtime.asking import take
from antiphon.calls.realtime.config import CODECS, WIRE_BYTES_PER_MS, Offer, SessionConfig, updated
from antiphon.calls.realtime.intake import Cancellable, Intake, Later
from antiphon.calls.realtime.items import Items
from antiphon.calls.realtime.outgoing import Outgoing
from antiphon.calls.realtime.telling import Telling
from antiphon.calls.realtime.tools import ClientTools
from antiphon.calls.realtime.wire import Refused
from antiphon.calls.streams.codecs import Conversion
from antiphon.calls.streams.dialect import CloseCode, Frame
from antiphon.errors import AntiphonError, CallFailed
from antiphon.runtime.arrivals import Arrangement, Arrival, Switchboard

log = structlog.get_logger(__name__)

LEAD_MS = 200  # The open internet's jitter; what was sent too early is taken back when the caller speaks.
SETTLE_S = 0.1  # Clients that update their session in two messages send them together.
BEGIN_WITHIN_S = 1.0
HEARD_WITHIN_S = 0.06  # Three ticks of the plane: one to take the audio, two for its windows.
BAD_MESSAGES_MAX = 100
MESSAGES_PER_S_MAX = 200  # Other than audio: pings too, and audio there was no room for.
CRUMB_BYTES = 8  # A millisecond of G.711: less is no audio.
SILENT_AFTER_NS = 60_000_000_000


class Line(Protocol):
    """The socket, as far as a session needs one. Must not raise."""

    def send(self, message: bytes) -> None:
        """One text message."""

    def ping(self) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The same for all sessions of a listener."""

    switchboard: Switchboard
    clock: Callable[[], int]
    later: Later
    counted: Counter[str]


class _Phase(Enum):
    WAITING = "waiting"  # The call has not begun.
    UP = "up"
    CLOSED = "closed"


class RealtimeSession:
    """Implements `MediaSink`. What a client asks for is in `asking.py`."""

    def __init__(
        self, line: Line, offer: Offer, admission: Admission, wished: Mapping[str, Any] | None = None
    ) -> None:
        self.offer, self.config = offer, SessionConfig(manual=offer.push_to_talk)
        self.items, self.tools = Items(), ClientTools()
        self.additions = Additions()
        self.telling = Telling(
            self.emit,
            self.items,
            self.tools,
            functions=lambda: frozenset(self.additions.tools),
            audio=lambda: self.config.shown_voice(offer),
            idle=self._idle,
        )
        self.pressed = self.committed = self.owed = False
        self.shut_out = False  # Nothing this client sends is worth reading any more.
        self.uncommitted_ms = 0
        self.typed: dict[str, str] = {}  # By item: answered with the next `response.create`.
        self.call_id = ""
        self.source: MediaSource | None = None
        self.intake: Intake | None = None
        self._line: Line = line
        self._admission = admission
        self._phase = _Phase.WAITING
        self._writer = wire.Writer()
        self._conversion = Conversion()
        self._bad_messages = 0
        self._heard_ns = self._second_ns = admission.clock()
        self._in_second = 0
        self.outgoing = self._outgoing()
        self._beginning: Cancellable | None = admission.later(BEGIN_WITHIN_S, self.begin)
        if wished:
            self.config, _ = updated(self.config, offer, wished, begun=False)
        self.emit("session.created", {"session": self.config.shown(offer)})
        self.emit(
            "conversation.created", {"conversation": {"id": "conv_1", "object": "realtime.conversation"}}
        )

    @property
    def is_up(self) -> bool:
        return self._phase is _Phase.UP

    # ---------------------------------------------------------------- toward the client

    def emit(self, kind: str, fields: Mapping[str, Any]) -> None:
        if self._phase is not _Phase.CLOSED:
            self._line.send(self._writer.event(kind, fields))

    def refuse(self, refused: Refused, event_id: str | None = None) -> None:
        """An error event; the session goes on."""
        self._admission.counted["refused_field"] += 1
        self.emit("error", {"error": wire.error(refused, event_id)})

    # ---------------------------------------------------------------- from the client

    def message(self, frame: Frame) -> None:
        """One text message; `frame` is not kept."""
        if self._phase is _Phase.CLOSED:
            return
        self._heard_ns = self._admission.clock()
        event: wire.AnyClientEvent | None = None
        try:
            event = wire.decode(frame)
            if not isinstance(event, wire.Append) or len(event.audio) < CRUMB_BYTES:
                self._not_too_many()
            take(self, event)
        except Refused as refused:
            self.refuse(refused, event.event_id if event is not None else None)
            if event is None:
                self._bad()
            elif isinstance(event, wire.Append):
                self.control()

    def bad_message(self, reason: str) -> None:
        """Something on the socket that is no message of this protocol."""
        if self._phase is not _Phase.CLOSED:
            self.refuse(Refused("invalid_message", reason))
            self._bad()

    def control(self) -> bool:
        """A ping, or its answer, or what costs as much; false: it is to be dropped."""
        if self._phase is _Phase.CLOSED:
            return False
        self._heard_ns = self._admission.clock()
        try:
            self._not_too_many()
        except Refused:
            return False
        return True

    def disconnected(self) -> None:
        """The socket is gone."""
        self.over("hangup", None)

    def check(self, now_ns: int) -> None:
        """Called about once a second: who answers no ping is gone, whatever TCP says."""
        silent_ns = now_ns - self._heard_ns
        if silent_ns > SILENT_AFTER_NS:
            self._admission.counted["stalled"] += 1
            self.over("error: the client is gone", CloseCode.PROTOCOL)
        elif silent_ns > SILENT_AFTER_NS // 3:
            self._line.ping()

    def alive(self) -> None:
        """The socket's other end answered a ping."""
        self._heard_ns = self._admission.clock()

    def _not_too_many(self) -> None:
        if self._heard_ns - self._second_ns > 1_000_000_000:
            self._second_ns, self._in_second = self._heard_ns, 0
        self._in_second += 1
        if self._in_second > MESSAGES_PER_S_MAX:
            self._bad()
            raise Refused("rate_limit_exceeded", f"more than {MESSAGES_PER_S_MAX} messages a second")

    def _bad(self) -> None:
        self._admission.counted["bad_message"] += 1
        self._bad_messages += 1
        if self._bad_messages >= BAD_MESSAGES_MAX:
            self.shut_out = True
            self.over("error: too many bad messages", CloseCode.POLICY, "too many bad messages")

    # ---------------------------------------------------------------- the call

    def configure(self, session: Mapping[str, Any], event_id: str | None) -> None:
        """`session.update`: what holds from now on, and an error for every field that does not."""
        self.config, refused = updated(self.config, self.offer, session, begun=self._phase is _Phase.UP)
        self._arrange()
        for one in refused:
            self.refuse(one, event_id)
        self.emit("session.updated", {"session": self.config.shown(self.offer)})
        if self._phase is _Phase.WAITING:
            self._begin_in(SETTLE_S)

    def _arrange(self) -> None:
        self.telling.turns.manual = self.config.manual
        self.telling.turns.transcribes = self.config.transcribes
        self.additions.instructions = self.config.instructions
        self.additions.tools.clear()
        self.additions.tools.update({spec.name: self.tools.tool(spec) for spec in self.config.tools})

    def _begin_in(self, delay_s: float) -> None:
        if self._beginning is not None:
            self._beginning.cancel()
        self._beginning = self._admission.later(delay_s, self.begin)

    def begin(self) -> bool:
        """Ring the agent, once; false when that was impossible and the session is over."""
        if self._phase is not _Phase.WAITING:
            return self._phase is _Phase.UP
        if self._beginning is not None:
            self._beginning.cancel()
            self._beginning = None
        self._arrange()
        config = self.config
        self._conversion = Conversion(CODECS[config.input_format], CODECS[config.output_format])
        self.outgoing = self._outgoing()
        self.intake = Intake(
            self._hear,
            bytes_per_ms=WIRE_BYTES_PER_MS[config.input_format],
            clock=self._admission.clock,
            later=self._admission.later,
        )
        arrival = Arrival(
            agent=self.offer.agent,
            line="realtime",
            line_format=CODECS[config.input_format].line_format,
            lead_ms=LEAD_MS,
            arrangement=Arrangement(
                additions=self.additions,
                push_to_talk=config.manual,
                stop_silence_ms=config.stop_silence_ms,
            ),
        )
        self._phase = _Phase.UP  # The greeting may be sent from inside `answer`.
        try:
            call_id, source = self._admission.switchboard.answer(arrival, self, self.telling)
        except AntiphonError as error:
            busy = isinstance(error, CallFailed)
            self.refuse(Refused("no_capacity" if busy else "no_such_agent", str(error), kind="server_error"))
            self.over("", CloseCode.BUSY if busy else CloseCode.POLICY, "the agent cannot be reached")
            return False
        self.call_id = call_id
        self.source = source if self.is_up else None
        return self.is_up

    def _outgoing(self) -> Outgoing:
        return Outgoing(
            self._conversion,
            self._played,
            bytes_per_ms=WIRE_BYTES_PER_MS[self.config.output_format],
            clock=self._admission.clock,
            later=self._admission.later,
        )

    def release(self) -> None:
        """The client's turn is over: once the plane has taken what was passed to it last."""
        self._admission.later(HEARD_WITHIN_S, self._let_go)

    def _let_go(self) -> None:
        if self.source is not None:
            self.source.talk(False)

    def _hear(self, audio: bytes) -> None:
        if self.source is not None:
            convert = self._conversion.inbound
            self.source.receive(convert(audio) if convert is not None else audio)

    def _idle(self) -> None:
        """The agent is done: what the client said into its words may pass now."""
        self.telling.client_cancelled = False
        if self.intake is not None and self.intake.held and self.source is not None:
            self.source.talk(True)
            self.intake.release()

    # ---------------------------------------------------------------- `MediaSink`, toward the caller

    def send(self, payload: bytes) -> None:
        if self.is_up:
            item = self.telling.sounds()
            self._line.send(self._writer.audio(item.place, self.outgoing.send(item, payload)))

    def mark(self, name: str) -> None:
        if self.is_up:
            self.outgoing.mark(name)

    def clear(self) -> None:
        if self.is_up:
            self.outgoing.clear()
            response = self.telling.response
            if response is not None:
                self.emit("output_audio_buffer.cleared", {"response_id": response.id})

    def end(self) -> None:
        """The agent hangs up."""
        if self.is_up:
            self.source = None
            self.over("", CloseCode.DONE)

    def _played(self, name: str) -> None:
        if self.source is not None:
            self.source.played(name)

    # ---------------------------------------------------------------- the end

    def over(self, why: str, code: CloseCode | None, reason: str = "") -> None:
        """Whoever ended it. `why` is what the call is told, "" when it knows; `code` None: there is no
        socket any more."""
        if self._phase is _Phase.CLOSED:
            return
        self._phase = _Phase.CLOSED
        source, self.source = self.source, None
        if self._beginning is not None:
            self._beginning.cancel()
            self._beginning = None
        self.outgoing.close()
        if self.intake is not None:
            self.intake.close()
        self.tools.close()
        if source is not None and why:
            source.closed(why)
        self.telling.closed()
        log.info(
            "realtime_session_closed", agent=self.offer.agent, call_id=self.call_id, reason=why or "agent"
        )
        if code is not None:
            self._line.close(code, reason)
