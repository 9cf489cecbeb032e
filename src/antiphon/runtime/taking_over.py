"""An operator who speaks with a caller himself: his line and the caller's put together, and taken apart.

Whoever leaves first, nobody is left alone: the operator's line that goes gives the caller back to the agent,
a call that ends closes the operator's line.
"""

from __future__ import annotations

from collections.abc import Callable

from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import LineFormat, MediaSink, MediaSource
from antiphon.conversation import events as ev
from antiphon.conversation.handover import why_not_taken_over
from antiphon.errors import CallFailed
from antiphon.runtime.call import Call
from antiphon.runtime.media.bridge import Bridge
from antiphon.runtime.media.ports import Line, LineListener

Attach = Callable[[LineFormat, MediaSink, LineListener, int], tuple[MediaSource, Line]]


def why_not(call: Call) -> str:
    """Why an operator cannot speak with this caller himself, "" if he can."""
    return "the call has ended" if call.cause else why_not_taken_over(call.state)


def take_over(
    call: Call, attach: Attach, line_format: LineFormat, sink: MediaSink, lead_ms: int
) -> MediaSource:
    """Put an operator's line and a call together; gives where his audio goes.

    Raises:
        CallFailed: It cannot be done to this call, or not now.
    """
    if reason := why_not(call):
        raise CallFailed(reason)
    leg = OperatorLeg(call)
    source, line = attach(line_format, sink, leg, lead_ms)
    call.note("operator_took_over")
    call.post(ev.OperatorTakesOver(at_ms=call.line.now_ms))
    leg.begin(line)
    return source


class OperatorLeg:
    """Implements `LineListener`: only its end means anything."""

    def __init__(self, call: Call) -> None:
        self._call: Call | None = call
        self._line: Line | None = None
        self._bridge: Bridge | None = None

    def begin(self, line: Line) -> None:
        assert self._call is not None, "just made"
        self._line = line
        self._bridge = Bridge(self._call.line, line)
        self._call.when_over = self._call_ended

    def line_closed(self, reason: str) -> None:
        call, self._call = self._call, None
        if call is None or self._bridge is None:
            return
        self._bridge.close()
        call.note("operator_gave_back", reason=reason)
        call.post(ev.OperatorGivesBack(at_ms=call.line.now_ms))

    def _call_ended(self) -> None:
        call, line = self._call, self._line
        self._call = self._line = None
        if call is not None and line is not None and self._bridge is not None:
            self._bridge.close()
            line.close()

    def speech_started(self, onset_ms: int) -> None: ...
    def speech_stopped(self, ended_ms: int) -> None: ...
    def caller_audio(self, pcm: bytes) -> None: ...
    def line_measured(self, second: LineSecond) -> None: ...
    def playout_started(self, reply_id: str) -> None: ...
    def playout_mark(self, reply_id: str, heard_ms: int) -> None: ...
    def playout_finished(self, reply_id: str, heard_ms: int) -> None: ...
    def dtmf(self, digit: str) -> None: ...
    def talk(self, pressed: bool) -> None: ...
    def picture(self, image: bytes, media_type: str) -> None: ...
    def typed(self, text: str) -> None: ...
    def stop_asked(self) -> None: ...
