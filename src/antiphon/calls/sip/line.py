"""One SIP call in the media worker: the sink the media plane plays into. Knows no SIP, only `wire`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from antiphon.audio.ports import Encoding, LineFormat, MediaSource
from antiphon.calls.sip import wire
from antiphon.calls.sip.machine_ear import MachineEar
from antiphon.runtime.arrivals import Arrival

LEG_FORMAT = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
_NUMBER = re.compile(r"\+?([1-9][0-9]{6,14})")
LEG = "leg"  # In an arrival's metadata: whom a call we placed is for. As in `control.desk`.
LEAD_MS = 60  # The worker is next door: two of its ticks and one of ours.


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Of a call to a person: answered, answered by a machine, or `ended` with this cause."""

    machine: bool = False
    ended: str = ""


class Outbox(Protocol):
    """Toward the SIP worker, and what a line needs of its neighbours."""

    def say(self, leg: int, pcm: bytes) -> None: ...

    def tell(self, message: wire.FromMedia) -> None: ...

    def press_keys(self, line: SipLine, digits: str) -> None:
        """RFC 4733 events in their order; "w" is half a second without one."""

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
        called: User part of the address that was called, "" for a call we placed.
        forward: To whom the caller goes at once; no agent hears him.
        metadata: Goes with the call to the switchboard.
        news: Of a call to a person: who wants to know how it goes.
        keys: Held by whoever presses some at the far end.
        came_back: He was to be passed on, and nobody took him.
    """

    def __init__(self, leg: int, agent: str, caller: str, sip_call_id: str, outbox: Outbox) -> None:
        self.leg, self.agent, self.caller, self.sip_call_id = leg, agent, caller, sip_call_id
        self.call_id = self.called = self.forward = ""
        self.phase = Phase.SETTING_UP
        self.on_hold = self.came_back = False
        self.metadata: dict[str, str] = {}
        self.keys = asyncio.Lock()
        self.news: Callable[[News], None] | None = None
        self._machine_ear: MachineEar | None = None
        self._outbox = outbox
        self._source: MediaSource | None = None

    @property
    def caller_number(self) -> str:
        """E.164, or "" for what is none: an extension, a name, "anonymous"."""
        found = _NUMBER.fullmatch(self.caller)
        return f"+{found[1]}" if found is not None else ""

    def arrival(self) -> Arrival:
        known = {
            "carrier": "sip",
            "carrier_call": self.sip_call_id,
            "called": f"sip:{self.called}" if self.called else "",
            "called_number": self.called,
        }
        return Arrival(
            agent=self.agent,
            line="phone",
            line_format=LEG_FORMAT,
            caller_number=self.caller_number,
            lead_ms=LEAD_MS,
            metadata={name: value for name, value in known.items() if value} | self.metadata,
            outbound=self.leg < 0,
            press=self.press,
        )

    def tell(self, news: News) -> None:
        if self.news is not None:
            self.news(news)

    def listen_for_machine(self) -> None:
        """Whom a person's voicemail answers in his place hears it beep."""
        self._machine_ear = MachineEar(LEG_FORMAT.sample_rate_hz)

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

    def press(self, digits: str) -> None:
        if self.phase is Phase.UP:
            self._outbox.press_keys(self, digits)

    # From the caller.

    def hear(self, pcm: bytes, made_up_ms: int) -> None:
        if self._machine_ear is not None and self._machine_ear.hears_machine(pcm):
            self._machine_ear = None
            self.tell(News(machine=True))
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
            source.closed(cause)
