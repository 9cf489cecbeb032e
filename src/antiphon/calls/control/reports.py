"""What carriers tell of a call we placed, in our words. Pure; each carrier's reading is in its folder."""

from __future__ import annotations

from typing import Literal

import msgspec

from antiphon.calls.control import events as ev
from antiphon.calls.ports import CallEnd


class LegReport(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook. `state` "placed" is news of nothing but the call's id; `how` goes with "ended"."""

    call_id: str
    state: Literal["placed", "ringing", "answered", "ended"]
    how: CallEnd = "completed"
    machine: bool = False

    def event(self, at_ms: int) -> ev.AnyEvent:
        match self.state:
            case "ringing":
                return ev.PersonRinging(at_ms=at_ms, call_id=self.call_id)
            case "answered":
                return ev.PersonAnswered(at_ms=at_ms, call_id=self.call_id, machine=self.machine)
            case "ended":
                return ev.PersonEnded(at_ms=at_ms, call_id=self.call_id, how=self.how)
        return ev.CallPlaced(at_ms=at_ms, call_id=self.call_id)
