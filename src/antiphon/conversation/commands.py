"""What the conversation core can ask for. One frozen value each; the runtime carries them out in order."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to do now."""


class FinalizeTranscript(Command, frozen=True, kw_only=True):
    """The caller paused: have the recogniser finish; answered by one `TranscriptFinal`. Where the vendor ends
    turns, its own endpointing goes on undisturbed."""


class ScoreEndOfTurn(Command, frozen=True, kw_only=True):
    """Judge the pause that began at `ended_ms`; answered by `EndOfTurnScored`."""

    ended_ms: int


class CommitTurn(Command, frozen=True, kw_only=True):
    """The caller's turn is over and this is what it was. The recogniser starts a new segment."""

    turn: int
    text: str
    ended_ms: int


class AmendTurn(Command, frozen=True, kw_only=True):
    """These words, or these too, were said in a turn that was taken without them. Where a recogniser hears,
    it starts a new segment."""

    turn: int
    text: str


class NoteUtterance(Command, frozen=True, kw_only=True):
    """Speech that took no turn: kind is "backchannel", "noise", "late" (too late to be answered), "echo" (of
    our own voice), "lost" (nobody could hear it), "misheard" (over a line too poor to trust the words),
    "answered" (what was heard of whoever answered our call before we spoke) or "waiting" (said while a person
    is called for him, or to that person). All but "late" settle the words: what follows is a new segment."""

    kind: str
    text: str


class StartReply(Command, frozen=True, kw_only=True):
    """Have the reasoner prepare a reply; kind as `agents.ports.ReplyKind` values, or "trouble"."""

    reply_id: str
    kind: str
    text: str = ""
    speculative: bool = False
    attempt: int = 0
    reason: str = ""


class ConfirmReply(Command, frozen=True, kw_only=True):
    """The speculative reply answers what the caller really said; its state may be adopted."""

    reply_id: str


class CancelReply(Command, frozen=True, kw_only=True):
    """Stop preparing this reply. If it was never confirmed it leaves no trace in the context."""

    reply_id: str


class Synthesize(Command, frozen=True, kw_only=True):
    """Turn one chunk into audio now. Nothing of it is played before `StartPlayout`. With a `sound` it is not
    speech: "thinking" and "still_thinking" are the soft tones that cover a wait, "hold" the music of a long
    one."""

    reply_id: str
    index: int
    text: str
    sound: str = ""


class StartPlayout(Command, frozen=True, kw_only=True):
    """From now on audio of this reply may be heard, in chunk order, as it exists."""

    reply_id: str


class DeferPlayout(Command, frozen=True, kw_only=True):
    """Nothing of this reply sounds now: let nothing (more) of it be heard until the next `StartPlayout`, so
    that what covers the wait can go first. Its audio is made and kept meanwhile."""

    reply_id: str


class FinishPlayout(Command, frozen=True, kw_only=True):
    """No chunk follows `chunks`-1; answered by `PlayoutFinished` when the last sample was played."""

    reply_id: str
    chunks: int


class PausePlayout(Command, frozen=True, kw_only=True):
    """Silence at once, keep the samples; answered by `PlayoutPaused`."""

    reply_id: str


class ResumePlayout(Command, frozen=True, kw_only=True):
    """Go on exactly where the caller's ear stopped, or `rewind_ms` before it after a long gap: at the start
    of the clause or the word that was cut."""

    reply_id: str
    rewind_ms: int = 0


class FlushPlayout(Command, frozen=True, kw_only=True):
    """Drop every sample of this reply not yet heard; answered by exactly one `PlayoutFlushed`."""

    reply_id: str
    fade_ms: int = 20  # A hard cut clicks on a narrowband line; one faded frame does not.


class ReportHeard(Command, frozen=True, kw_only=True):
    """The reply is over; this much of it reached the caller. Context and transcript are made of this.
    `protected` tells of its uninterruptible words: "heard" to their very end, or "cut"; "" if it has none."""

    reply_id: str
    text: str
    complete: bool
    protected: str = ""


class SetTimer(Command, frozen=True, kw_only=True):
    """Deliver `TimerFired(timer)` at call time `due_ms`; replaces a timer of the same name."""

    timer: str
    due_ms: int


class CancelTimer(Command, frozen=True, kw_only=True):
    timer: str


class RunTool(Command, frozen=True, kw_only=True):
    """Run the tool; the key is durable before the effect. Answered by one `ToolFinished`."""

    tool_call_id: str
    name: str
    arguments: str
    idempotency_key: str


class ReuseToolResult(Command, frozen=True, kw_only=True):
    """The same intent already ran in this turn as `source_id`: give its result, do not run it again."""

    tool_call_id: str
    source_id: str


class Escalate(Command, frozen=True, kw_only=True):
    """Hand the caller to a person. The call's media ends with `EndCall` right after, unless the policy has a
    `handover`: then the caller waits, and `PersonJoined` or `HandoverFailed` follows."""

    reason: str
    summary: str


class CallOff(Command, frozen=True, kw_only=True):
    """The caller has waited long enough: the person is not to be called, or spoken to, any more."""


class StepAside(Command, frozen=True, kw_only=True):
    """The caller talks with a person: hear nothing more of it."""


class EndCall(Command, frozen=True, kw_only=True):
    """The conversation is over; close the line. cause: "agent", "caller_hangup", "silence", "time_limit",
    "cost_limit", "operator", "escalated", "error"; of calls we placed also "message_left", "machine", "fax",
    "ivr" and "no_answer"."""

    cause: str
    detail: str = ""


AnyCommand = (
    FinalizeTranscript
    | ScoreEndOfTurn
    | CommitTurn
    | AmendTurn
    | NoteUtterance
    | StartReply
    | ConfirmReply
    | CancelReply
    | Synthesize
    | StartPlayout
    | DeferPlayout
    | FinishPlayout
    | PausePlayout
    | ResumePlayout
    | FlushPlayout
    | ReportHeard
    | SetTimer
    | CancelTimer
    | RunTool
    | ReuseToolResult
    | Escalate
    | CallOff
    | StepAside
    | EndCall
)
