"""What can happen around a call that is passed to a person. One frozen value each; `at_ms` is milliseconds
since the caller was promised somebody.

What a carrier tells comes in any order, twice, late or never; every word of it names the carrier's call.
"""

from __future__ import annotations

import msgspec

from antiphon.calls.ports import CallEnd


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something that happened at `at_ms`."""

    at_ms: int


class TransferAsked(Event, frozen=True, kw_only=True):
    """The conversation wants a person for its caller; first of all events."""


class CallPlaced(Event, frozen=True, kw_only=True):
    """The carrier took the request to dial."""

    call_id: str


class PlacingFailed(Event, frozen=True, kw_only=True):
    """No. `certain` false: no answer came, and it may be ringing all the same."""

    reason: str
    certain: bool


class PersonRinging(Event, frozen=True, kw_only=True):
    call_id: str


class PersonAnswered(Event, frozen=True, kw_only=True):
    """Somebody, or by the carrier's own judgement a machine, picked up."""

    call_id: str
    machine: bool = False


class PersonEnded(Event, frozen=True, kw_only=True):
    """The carrier's last word on a call."""

    call_id: str
    how: CallEnd


class PersonMediaStarted(Event, frozen=True, kw_only=True):
    """We hear that end of the line."""

    call_id: str


class PersonMediaStopped(Event, frozen=True, kw_only=True):
    call_id: str


class BriefHeard(Event, frozen=True, kw_only=True):
    """Everything we had to say to the person was played."""


class PersonAccepted(Event, frozen=True, kw_only=True):
    """By a key or by a word."""


class PersonDeclined(Event, frozen=True, kw_only=True):
    pass


class MachineHeard(Event, frozen=True, kw_only=True):
    """Our own ears: that is no person."""


class VoiceHeard(Event, frozen=True, kw_only=True):
    """Somebody spoke on the bridge. `caller` false: the person."""

    caller: bool


class CallerLeft(Event, frozen=True, kw_only=True):
    """The caller's call is over, by hanging up or otherwise."""


class TransferCancelled(Event, frozen=True, kw_only=True):
    """An operator wants the caller back with the agent."""


class HangUpFailed(Event, frozen=True, kw_only=True):
    call_id: str


class TimerFired(Event, frozen=True, kw_only=True):
    timer: str


AnyEvent = (
    TransferAsked
    | CallPlaced
    | PlacingFailed
    | PersonRinging
    | PersonAnswered
    | PersonEnded
    | PersonMediaStarted
    | PersonMediaStopped
    | BriefHeard
    | PersonAccepted
    | PersonDeclined
    | MachineHeard
    | VoiceHeard
    | CallerLeft
    | TransferCancelled
    | HangUpFailed
    | TimerFired
)
