"""Plain data of one transfer. Only `leg` and `warm` change it, only inside `step`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from antiphon.calls.control.commands import CancelTimer, Command, SetTimer


class LegPhase(Enum):
    """Where the person's leg stands. Moves down this list only."""

    UNASKED = "unasked"
    ASKED = "asked"  # To the carrier; it has not answered, or nobody knows what it did.
    PLACED = "placed"
    ANSWERED = "answered"
    OVER = "over"


class Stage(Enum):
    """Where the transfer stands, as the caller lives it. Moves down this list only."""

    CALLING = "calling"
    BRIEFING = "briefing"
    BRIDGED = "bridged"
    PARTED = "parted"  # The agent has left.
    SETTLED = "settled"  # The caller is back with the agent, or gone. The leg may still be on its way out.


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each wait may last.

    Attributes:
        ring_ms: The person's phone; the carrier is told the same.
        ring_slack_ms: Past that the carrier's word is not waited for.
        unknown_ms: For a sign of a call whose request got no answer.
        media_ms: From answer to audio.
        brief_ms: For the briefing to be played.
        decide_ms: For the person to answer it, once more after being asked again.
        heard_ms: For the person to say a word on the bridge.
        gone_ms: For the carrier to confirm a hang-up, before it is told again.
        hang_ups_max: How often it is told.
    """

    ring_ms: int = 25_000
    ring_slack_ms: int = 10_000
    unknown_ms: int = 30_000
    media_ms: int = 10_000
    brief_ms: int = 60_000
    decide_ms: int = 10_000
    heard_ms: int = 20_000
    gone_ms: int = 10_000
    hang_ups_max: int = 3


@dataclass(slots=True, kw_only=True)
class Leg:
    """Attributes:
    doomed: It must go, and nothing it does matters any more.
    hung_up: Calls we have told the carrier to end. More than one only where it dialled twice.
    """

    phase: LegPhase = LegPhase.UNASKED
    call_id: str = ""
    doomed: bool = False
    hang_ups: int = 0
    hung_up: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class State:
    """Everything the machine remembers of a transfer."""

    patience: Patience
    now_ms: int = 0
    stage: Stage = Stage.CALLING
    leg: Leg = field(default_factory=Leg)
    asked_again: bool = False
    caller_heard: bool = False
    person_heard: bool = False
    timers: dict[str, int] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def emit(self, command: Command) -> None:
        self.commands.append(command)

    def set_timer(self, timer: str, after_ms: int) -> None:
        self.timers[timer] = self.now_ms + after_ms
        self.emit(SetTimer(timer=timer, due_ms=self.now_ms + after_ms))

    def cancel_timer(self, *timers: str) -> None:
        for timer in timers:
            if self.timers.pop(timer, None) is not None:
                self.emit(CancelTimer(timer=timer))
