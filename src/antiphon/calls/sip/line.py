"""One SIP call in the media worker: the sink the media plane plays into. Knows no SIP, only `wire`."""

from __future__ import annotations

import re
from enum import Enum
from typing import Protocol

from antiphon.audio.ports import Encoding, LineFormat, MediaSource
from antiphon.calls.sip import wire

LEG_FORMAT = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
_NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})")
LEAD_MS = 60  # The worker is next door: two of its ticks and one of ours.


class Outbox(Protocol):
    """Toward the SIP worker, and what a line needs of its neighbours."""

    def say(self, leg: int, pcm: bytes) -> None: ...

    def tell(self, message: wire.FromMedia) -> None: ...

    def depart(self, line: SipLine) -> None:
        """The agent is done: hang up, or pass the caller on."""


class Phase(Enum):
    SETTING_UP = "setting up"
    UP = "up"
    OVER = "over"


class SipLine:
    """Implements `MediaSink`.

    Attributes:
        call_id: The switchboard's name for the call, "" before it is up.
        sip_call_id: SIP's.
        called: The user part that was called, "" where we called.
        forward: To whom the caller goes at once; no agent hears him.
    """

    def __init__(self, leg: int, agent: str, caller: str, sip_call_id: str, outbox: Outbox) -> None:
        self.leg, self.agent, self.caller, self.sip_call_id = leg, agent, caller, sip_call_id
        self.call_id = self.called = self.forward = ""
        self.phase = Phase.SETTING_UP
        self.on_hold = False
        self._outbox = outbox
        self._source: MediaSource | None = None

    @property
    def caller_number(self) -> str:
        """E.164, or "" for what is none: an extension, a name, "anonymous"."""
        found = _NUMBER.fullmatch(self.caller)
        return f"+{found[1]}" if found is not None else ""

    def connect(self, call_id: str, source: MediaSource) -> None:
        """The switchboard's answer; the call may already be over again."""
        self.call_id = call_id
        if self.phase is Phase.UP:
            self._source = source

    # Toward the caller: `MediaSink`.

    def send(self, payload: bytes) -> None:
        if self.phase is Phase.UP:
            self._outbox.say(self.leg, payload)

    def mark(self, name: str) -> None:
        if self.phase is Phase.UP:
            self._outbox.tell(wire.Mark(leg=self.leg, name=name))

    def clear(self) -> None:
        if self.phase is Phase.UP:
            self._outbox.tell(wire.Clear(leg=self.leg))

    def end(self) -> None:
        if self.phase is Phase.UP:
            self.phase, self._source = Phase.OVER, None
            self._outbox.depart(self)

    # From the caller.

    def hear(self, pcm: bytes, made_up_ms: int) -> None:
        if self._source is not None:
            self._source.receive(pcm)
            if made_up_ms:
                self._source.concealed(made_up_ms)

    def reached(self, mark: str) -> None:
        if self._source is not None:
            self._source.played(mark)

    def pressed(self, digit: str) -> None:
        if self._source is not None:
            self._source.dtmf(digit)

    def over(self, cause: str) -> None:
        """The far end, the network or the worker ended it."""
        source, self._source = self._source, None
        self.phase = Phase.OVER
        if source is not None:
            source.closed("hangup" if cause in {"hangup", "transferred"} else cause)
