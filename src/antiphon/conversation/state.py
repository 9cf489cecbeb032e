"""Plain data of one conversation. Only the functions of this room change it, only inside `step`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from antiphon.conversation.commands import CancelTimer, Command, SetTimer
from antiphon.conversation.policy import Policy


class Phase(Enum):
    """Whose floor it is. Exactly one holds at any time."""

    IDLE = "idle"  # The line is not up yet.
    LISTENING = "listening"  # The caller has the floor.
    THINKING = "thinking"  # The turn is over; the reply is not audible yet.
    SPEAKING = "speaking"  # The agent is heard.
    HOLDING = "holding"  # A voice over ours: silent until we know what it was.
    ENDED = "ended"


@dataclass(slots=True, kw_only=True)
class Chunk:
    """A clause or sentence of a reply. `duration_ms` is None until all its audio exists."""

    text: str
    duration_ms: int | None = None
    word_ends_ms: tuple[int, ...] = ()
    failed: bool = False


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the agent prepares for one turn; ends once, as spoken, cut, cancelled or failed.

    Attributes:
        source: The caller's words it answers, to compare with the final transcript when speculative.
        playing: `StartPlayout` was given.
        audible: Its first sample was sent.
        then: What follows when it has been heard: "", "end" or "escalate".
    """

    id: str
    kind: str
    source: str = ""
    speculative: bool = False
    chunks: list[Chunk] = field(default_factory=list)
    playing: bool = False
    audible: bool = False
    paused: bool = False
    paused_at_ms: int = 0
    finished: bool = False
    then: str = ""
    cause: str = ""
    summary: str = ""
    expects: str = "open"
    heard_ms: int = 0
    wrote: bool = False  # A tool with an effect was started for it.
    held_tools: list[HeldTool] = field(default_factory=list)
    tools: set[str] = field(default_factory=set)  # Calls it waits for.


@dataclass(slots=True, kw_only=True)
class HeldTool:
    """A tool with an effect that waits for the turn to be confirmed."""

    tool_call_id: str
    name: str
    arguments: str


@dataclass(slots=True, kw_only=True)
class Turn:
    """The caller's contribution in progress. A value made per turn, never reset.

    Attributes:
        onset_ms: First speech sample.
        ended_ms: Last speech sample so far.
        voiced: The VAD hears the caller now.
        finals_due: Final transcripts asked for and not yet given.
        score: End-of-turn score of the pause that began at `ended_ms`, once known.
        overdue: The stop silence has passed; only the final transcript is missing.
        lost: Some of it never reached a recogniser.
    """

    onset_ms: int
    ended_ms: int
    voiced: bool = True
    segments: dict[int, str] = field(default_factory=dict)
    partials: dict[int, str] = field(default_factory=dict)
    finals_due: int = 0
    score: float | None = None
    overdue: bool = False
    lost: bool = False

    def text(self) -> str:
        """Final words of each segment, or the partial that came after them, in order."""
        texts = {**self.segments, **self.partials}
        return " ".join(texts[segment] for segment in sorted(texts) if texts[segment])


@dataclass(slots=True, kw_only=True)
class State:
    """Everything the core remembers of a call.

    Attributes:
        voiced_at_ms: Since when the VAD hears the caller, whether or not a turn is open for it.
        reply: The one reply being prepared or heard. A speculative one lives in `draft`.
        filler: A filler phrase that is being heard before `reply`.
        closing: Flushed replies whose `PlayoutFlushed` has not come yet.
        settled_segment: Transcripts of segments up to this one were used.
        leaving: Why the last goodbye was said; "" after the caller came back from it.
        effects: Tool calls with effects by intent, so that each runs at most once per turn.
        commands: Output of the step in progress.
    """

    policy: Policy
    call_id: str = ""
    now_ms: int = 0
    phase: Phase = Phase.IDLE
    turn: Turn | None = None
    turns: int = 0
    voiced_at_ms: int | None = None
    reply: Reply | None = None
    draft: Reply | None = None
    filler: Reply | None = None
    closing: dict[str, Reply] = field(default_factory=dict)
    replies: int = 0
    fillers: int = 0
    settled_segment: int = -1
    expects: str = "open"
    on_hold: bool = False
    reprompts: int = 0
    troubles: int = 0
    keys: str = ""
    leaving: str = ""
    effects: dict[str, str] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def emit(self, command: Command) -> None:
        self.commands.append(command)

    def set_timer(self, timer: str, due_ms: int) -> None:
        """(Re)arm a named timer; never in the past."""
        due_ms = max(due_ms, self.now_ms)
        if self.timers.get(timer) != due_ms:
            self.timers[timer] = due_ms
            self.emit(SetTimer(timer=timer, due_ms=due_ms))

    def cancel_timer(self, *timers: str) -> None:
        for timer in timers:
            if self.timers.pop(timer, None) is not None:
                self.emit(CancelTimer(timer=timer))
