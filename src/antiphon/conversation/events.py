"""What can happen in a call, as the conversation core sees it. One frozen value each.

`at_ms` is call time: integer milliseconds since the call began. Everything about a reply carries its
`reply_id`; an event for a reply that is no longer current changes nothing. Samples never enter the core.
"""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something that happened at `at_ms`."""

    at_ms: int


class CallStarted(Event, frozen=True, kw_only=True):
    """The line is up. Wall-clock time is stamped here, once per call. `screened`: we placed it, and somebody
    listens to who answers (`AnswererJudged`)."""

    call_id: str
    agent: str
    line: str
    wall_time_ms: int
    caller_number: str = ""
    screened: bool | msgspec.UnsetType = msgspec.UNSET  # Left out of the trace of any other call.


class AnswererJudged(Event, frozen=True, kw_only=True):
    """Who or what answered a call we placed. May come again when more is known.

    Attributes:
        verdict: "human", "machine", "fax", "ivr" (a menu, a queue, a screening service) or "silence".
        evidence: What it was decided by, the weightiest first, by commas.
        heard_ms: Voice heard until then.
        records: False of a machine that takes no message: an announcement, a full mailbox.
    """

    verdict: str
    evidence: str = ""
    heard_ms: int = 0
    records: bool = True


class BeepHeard(Event, frozen=True, kw_only=True):
    """A machine's tone, and silence after it: from `ended_ms` on it records."""

    ended_ms: int
    tone_hz: int = 0
    duration_ms: int = 0


class SpeechStarted(Event, frozen=True, kw_only=True):
    """The caller's voice. `onset_ms` dates the first speech sample, earlier than `at_ms`."""

    onset_ms: int


class SpeechStopped(Event, frozen=True, kw_only=True):
    """Silence again. `ended_ms` dates the last speech sample, earlier than `at_ms`."""

    ended_ms: int


class VoiceWeighed(Event, frozen=True, kw_only=True):
    """Whether the voice heard is somebody's at the telephone (taken for granted until told otherwise), or may
    be a crowd's behind him or our own come back (`echo`); told when that changes, before words of that
    voice."""

    sure: bool
    echo: bool = False


class TranscriptPartial(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Words so far. A `guess` is for who reads along: nothing is decided by words hardly believed."""

    segment: int
    text: str
    guess: bool = False


class TranscriptFinal(Event, frozen=True, kw_only=True):
    """Replaces what the same segment said before. An empty text means no words were there; with `lost` it
    means that whatever was said never reached a recogniser, and its `segment` means nothing."""

    segment: int
    text: str
    confidence: float = 1.0
    took_ms: int = 0
    lost: bool = False


class EndOfTurnScored(Event, frozen=True, kw_only=True):
    """Answer to `ScoreEndOfTurn` for the pause that began at `ended_ms`."""

    ended_ms: int
    score: float
    took_ms: int = 0


class TurnSignalled(Event, frozen=True, kw_only=True):
    """The recogniser's own word on the turn: moment is a value of `speech.ports.TurnMoment`; `text` is the
    whole turn so far where the vendor gives it."""

    moment: str
    text: str = ""


class TalkPressed(Event, frozen=True, kw_only=True):
    """The caller holds the talk button down: what he says is for us."""


class TalkReleased(Event, frozen=True, kw_only=True):
    """The caller let the talk button go: his turn is over."""


class TextTyped(Event, frozen=True, kw_only=True):
    """Words of the caller that need no recogniser: he typed them. A whole turn."""

    text: str


class StopAsked(Event, frozen=True, kw_only=True):
    """The caller pressed stop: this reply is not wanted any more, and he says nothing instead."""


class ReplyText(Event, frozen=True, kw_only=True):
    """The next speakable chunk (clause or sentence) of a reply; `index` counts from 0. An `uninterruptible`
    one must be heard to its end: what the caller says over it is kept for after."""

    reply_id: str
    index: int
    text: str
    uninterruptible: bool = False


class TurnUnderstood(Event, frozen=True, kw_only=True):
    """Who drafts the reply finds the caller's words whole: a request, an answer. `urgent` ones (an emergency)
    wait for nothing."""

    reply_id: str
    urgent: bool = False


class AnswerExpected(Event, frozen=True, kw_only=True):
    """The reply asks for this kind of answer (values of `agents.ports.Expect`)."""

    reply_id: str
    kind: str


class ReplyFinished(Event, frozen=True, kw_only=True):
    """Every chunk of the reply has been given. `then` is "", "end" or "escalate"; `cause` says why."""

    reply_id: str
    then: str = ""
    cause: str = ""
    summary: str = ""


class ReplyOverruled(Event, frozen=True, kw_only=True):
    """What the caller of a taken turn said, known only now, wants another answer than the one under way: an
    emergency. `text` is his words."""

    text: str


class SessionLost(Event, frozen=True, kw_only=True):
    """The model that heard and spoke by itself is gone for good; a recogniser and a voice go on.

    `half_heard`: his last words were not told, and the recogniser hears them again; as far as the model had
    come with them. Left out where nothing is missing.
    """

    reason: str
    half_heard: str | msgspec.UnsetType = msgspec.UNSET


class ReplyFailed(Event, frozen=True, kw_only=True):
    """No (more) text can be had for this reply. `goes_on`: what was heard of it is known, and another can go
    on behind that; left out where nobody can."""

    reply_id: str
    reason: str
    goes_on: bool | msgspec.UnsetType = msgspec.UNSET


class ChunkSynthesized(Event, frozen=True, kw_only=True):
    """All audio of one chunk exists. `word_ends_ms` date the words within the chunk where the voice knows."""

    reply_id: str
    index: int
    duration_ms: int
    ttfb_ms: int = 0
    word_ends_ms: tuple[int, ...] = ()


class ChunkCut(Event, frozen=True, kw_only=True):
    """Synthesis of a chunk was stopped half-way: this much audio exists, with these words timed."""

    reply_id: str
    index: int
    audio_ms: int
    word_ends_ms: tuple[int, ...] = ()


class SynthesisFailed(Event, frozen=True, kw_only=True):
    """No (more) audio of this chunk can be had. Where the voice broke off in the middle, `audio_ms` of it
    exist, with these words timed."""

    reply_id: str
    index: int
    reason: str
    audio_ms: int = 0
    word_ends_ms: tuple[int, ...] = ()


class PlayoutStarted(Event, frozen=True, kw_only=True):
    """First sample of the reply left for the caller's ear at `at_ms`."""

    reply_id: str


class PlayoutMark(Event, frozen=True, kw_only=True):
    """The caller has heard `heard_ms` of this reply."""

    reply_id: str
    heard_ms: int


class PlayoutPaused(Event, frozen=True, kw_only=True):
    """Answers `PausePlayout`: the line is silent, the samples are kept."""

    reply_id: str
    heard_ms: int


class PlayoutFlushed(Event, frozen=True, kw_only=True):
    """Answers `FlushPlayout` exactly once: the line is silent and stays so for this reply."""

    reply_id: str
    heard_ms: int


class PlayoutFinished(Event, frozen=True, kw_only=True):
    """The last sample of everything given for this reply was played, and no more will come."""

    reply_id: str
    heard_ms: int


class ToolRequested(Event, frozen=True, kw_only=True):
    """The reasoner asks for a tool while preparing `reply_id`. `arguments` is canonical JSON."""

    reply_id: str
    tool_call_id: str
    name: str
    arguments: str
    effect: str  # "none" or "write"


class ToolFinished(Event, frozen=True, kw_only=True):
    """Carries the tool call's id, not the reply's: an effect that happened must be told even if the reply
    that asked for it is gone."""

    tool_call_id: str
    ok: bool
    result: str = ""  # JSON
    took_ms: int = 0


class DtmfReceived(Event, frozen=True, kw_only=True):
    digit: str


class TimerFired(Event, frozen=True, kw_only=True):
    timer: str


PASSED_ON = "transferred"


class CallerHungUp(Event, frozen=True, kw_only=True):
    """`PASSED_ON`: his line took him to the person he was to talk with."""

    reason: str = "hangup"


class OperatorEnded(Event, frozen=True, kw_only=True):
    """An operator or a shutting-down worker asks for the end; polite unless `now`."""

    now: bool = False


class OperatorTransfers(Event, frozen=True, kw_only=True):
    """An operator wants this caller put through to a person."""


class OperatorHolds(Event, frozen=True, kw_only=True):
    """An operator puts this caller on hold: music, until he is brought back."""


class OperatorResumes(Event, frozen=True, kw_only=True):
    """A caller on hold is the agent's again."""


class OperatorTakesOver(Event, frozen=True, kw_only=True):
    """An operator speaks with this caller himself, on a line of his own."""


class OperatorGivesBack(Event, frozen=True, kw_only=True):
    """He has done so: the caller is the agent's again."""


class PersonJoined(Event, frozen=True, kw_only=True):
    """A person took the escalated call: the two hear each other, and we say nothing."""


class HandedOver(Event, frozen=True, kw_only=True):
    """Both were heard: we are not needed any more."""


class HandoverFailed(Event, frozen=True, kw_only=True):
    """No person, or one who is gone before they had talked: the caller is ours again. `result` says why."""

    result: str


class PersonLeft(Event, frozen=True, kw_only=True):
    """They have talked, and the person hung up."""


class CostReached(Event, frozen=True, kw_only=True):
    """What the call has cost so far, as metered."""

    cost_usd: float


class LineGraded(Event, frozen=True, kw_only=True):
    """The line became poor, or good again, by the last seconds of it. Given on change only.

    Attributes:
        causes: Of a poor one, "lost", "noisy", "quiet", "clipped" and "muffled", by commas, the worst first.
        level_dbfs, snr_db, clipped_pct, lost_pct, bandwidth_hz: What was measured, smoothed.
    """

    poor: bool
    causes: str = ""
    level_dbfs: float = 0.0
    snr_db: float = 0.0
    clipped_pct: float = 0.0
    lost_pct: float = 0.0
    bandwidth_hz: int = 0


class LineFailed(Event, frozen=True, kw_only=True):
    reason: str


AnyEvent = (
    CallStarted
    | AnswererJudged
    | BeepHeard
    | SpeechStarted
    | SpeechStopped
    | VoiceWeighed
    | TranscriptPartial
    | TranscriptFinal
    | EndOfTurnScored
    | TurnSignalled
    | TalkPressed
    | TalkReleased
    | TextTyped
    | StopAsked
    | ReplyText
    | AnswerExpected
    | TurnUnderstood
    | ReplyFinished
    | ReplyOverruled
    | SessionLost
    | ReplyFailed
    | ChunkSynthesized
    | ChunkCut
    | SynthesisFailed
    | PlayoutStarted
    | PlayoutMark
    | PlayoutPaused
    | PlayoutFlushed
    | PlayoutFinished
    | ToolRequested
    | ToolFinished
    | DtmfReceived
    | TimerFired
    | CallerHungUp
    | OperatorEnded
    | OperatorTransfers
    | OperatorHolds
    | OperatorResumes
    | OperatorTakesOver
    | OperatorGivesBack
    | PersonJoined
    | HandedOver
    | HandoverFailed
    | PersonLeft
    | CostReached
    | LineGraded
    | LineFailed
)
