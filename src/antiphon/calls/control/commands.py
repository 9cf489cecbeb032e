"""What the call control machine can ask for. One frozen value each, carried out in order."""

from __future__ import annotations

from typing import Literal

import msgspec

Result = Literal["busy", "no_answer", "voicemail", "declined", "failed", "lost", "cancelled"]


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to do now."""


class PlaceCall(Command, frozen=True, kw_only=True):
    """Dial the person; at most once for each transfer. Answered by `CallPlaced` or `PlacingFailed`."""


class HangUp(Command, frozen=True, kw_only=True):
    """End this call of ours, media and all; a failure is told by `HangUpFailed`."""

    call_id: str


class Brief(Command, frozen=True, kw_only=True):
    """Tell the person, and nobody else, who is calling and why, and how to take the call."""


class AskAgain(Command, frozen=True, kw_only=True):
    """Only how to take the call."""


class OpenBridge(Command, frozen=True, kw_only=True):
    """Caller and person hear each other; the agent is silent and listens."""


class CloseBridge(Command, frozen=True, kw_only=True):
    """They do not any more."""


class LeaveThem(Command, frozen=True, kw_only=True):
    """Both were heard: the agent neither hears nor speaks any more. The bridge stays."""


class ReturnCaller(Command, frozen=True, kw_only=True):
    """It came to nothing: the agent takes the caller back, with words."""

    result: Result


class EndCaller(Command, frozen=True, kw_only=True):
    """They have talked, and the person hung up: the caller's call is over."""


class LegOver(Command, frozen=True, kw_only=True):
    """The person's leg has ended, or never began. `certain` false: the carrier never confirmed it."""

    how: str
    certain: bool = True


class SetTimer(Command, frozen=True, kw_only=True):
    """Deliver `TimerFired(timer)` at `due_ms`; replaces a timer of the same name."""

    timer: str
    due_ms: int


class CancelTimer(Command, frozen=True, kw_only=True):
    timer: str


AnyCommand = (
    PlaceCall
    | HangUp
    | Brief
    | AskAgain
    | OpenBridge
    | CloseBridge
    | LeaveThem
    | ReturnCaller
    | EndCaller
    | LegOver
    | SetTimer
    | CancelTimer
)
