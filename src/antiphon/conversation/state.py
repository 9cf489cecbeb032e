"""Plain data of one conversation. Only the functions of this room change it, only inside `step`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from antiphon.conversation import echo
from antiphon.conversation.commands import CancelTimer, Command, SetTimer
from antiphon.conversation.policy import Policy


class Phase(Enum):
    """Whose floor it is. Exactly one holds at any time."""

    IDLE = "idle"  # The line is not up yet.
    SCREENING = "screening"  # Who answered is not known yet, or a machine has not let us speak yet.
    LISTENING = "listening"  # The caller has the floor.
    THINKING = "thinking"  # The turn is over; the reply is not audible yet.
    SPEAKING = "speaking"  # The agent is heard.
    HOLDING = "holding"  # A voice over ours: silent until we know what it was.
    AWAY = "away"  # The caller talks with a person.
    ENDED = "ended"


@dataclass(slots=True, kw_only=True)
class Chunk:
    """A clause or sentence of a reply. `duration_ms` is None until all its audio exists.

    Attributes:
        expected_ms: What its audio will probably last, at the pace of the voice so far.
        uninterruptible: Must be heard to its end; a voice over it is kept for after.
        filler: Covers a wait in the middle of the reply; not the reasoner's words.
        asked_at_ms: When the voice was given it.
        broke_off: The voice gave up in the middle; `text` are the whole words there are of it.
    """

    text: str
    asked_at_ms: int = 0
    expected_ms: int = 0
    duration_ms: int | None = None
    word_ends_ms: tuple[int, ...] = ()
    failed: bool = False
    uninterruptible: bool = False
    filler: bool = False
    broke_off: bool = False

    @property
    def lost(self) -> bool:
        """Its words, or the last of them, will not be heard."""
        return self.failed or self.broke_off


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the agent prepares for one turn; ends once, as spoken, cut, cancelled or failed.

    Attributes:
        source: The caller's words it answers, to compare with the final transcript when speculative.
        playing: `StartPlayout` was given.
        audible: Its first sample was sent.
        heard_ms: How much of it was proved heard; never moves back.
        position_ms, position_at_ms: Where playout stood at that moment; see `heard.position_ms`.
        again_from_ms: Where it last went on after a long gap, a little behind what was heard; -1 nowhere.
        given: Chunks the reasoner has given; fillers in between are ours.
        deferred: It stands still until the filler that covers its missing audio was heard.
        guarded: All of it is uninterruptible, even before its first sample.
        behind: It goes on behind one that broke off.
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
    deferred: bool = False
    paused_at_ms: int = 0
    finished: bool = False
    then: str = ""
    cause: str = ""
    summary: str = ""
    expects: str = "open"
    heard_ms: int = 0
    position_ms: int = 0
    position_at_ms: int = 0
    again_from_ms: int = -1
    given: int = 0
    guarded: bool = False
    behind: bool = False
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
        understood: Who drafts the reply finds the words whole as they are.
        urgent: They are an emergency.
        overdue: It is over (stop silence, vendor's word or release); only the final transcript is missing.
        lost: Some of it never reached a recogniser.
        retracted: Its words, as partials told them until they took them back.
        voiced_at_ms: When the VAD last began to hear the caller.
        partial_at_ms: When a partial last changed.
        claimed: The vendor has said something about this turn.
        told: The vendor's own word on what was said, where no transcript tells it.
        noted_text: Its words when the noise timer last looked, to see whether more come.
        held: We fell silent for it at least once.
        rest: It began as the turn before was taken, with a voice that went on.
        answers: It was said into a question of ours that ends the reply.
        may_answer: The model had not written so far that one could tell.
        into: The reply it was said into, when that voice began, and up to where he knew the reply then.
        over: Our own words that were heard while it was spoken; their echo is no part of it.
        over_ended: As `over`, of replies that have ended since.
        in_parts: Spoken with a pause in it: its end may be the caller's where its beginning was an echo.
        outlasts: It went on when no echo of ours could: if any of its words are the caller's, all are.
        own: What was recognised, `over`, and the caller's own words in it, as last compared.
        soon: It began so soon after the turn before that its caller may not have finished.
        words_before: How many words there were when a voice came back after a long pause.
        long_pauses: How often the caller went on after a pause that many would have ended their turn with.
        confidences: Of the finals with words, by segment.
    """

    onset_ms: int
    ended_ms: int
    voiced: bool = True
    segments: dict[int, str] = field(default_factory=dict)
    partials: dict[int, str] = field(default_factory=dict)
    finals_due: int = 0
    score: float | None = None
    understood: bool = False
    urgent: bool = False
    overdue: bool = False
    lost: bool = False
    retracted: str = ""
    voiced_at_ms: int = 0
    partial_at_ms: int = 0
    claimed: bool = False
    told: str = ""
    noted_text: str = ""
    held: bool = False
    rest: bool = False
    answers: bool = False
    may_answer: bool = False
    into: tuple[str, int, int] = ("", 0, 0)
    over: str = ""
    over_ended: str = ""
    in_parts: bool = False
    outlasts: bool = False
    own: tuple[str, str, str] = ("", "", "")
    soon: bool = False
    words_before: int | None = None
    long_pauses: int = 0
    confidences: dict[int, float] = field(default_factory=dict)

    def confidence(self) -> float:
        """Of its least certain words; 1 where no recogniser said otherwise."""
        return min(self.confidences.values(), default=1.0)

    def goes_on(self) -> None:
        """A voice again after a pause."""
        self.in_parts = True
        self.own = ("", "", "")

    def text(self) -> str:
        """Final words of each segment, or the partial that came after them, in order; without the echo of our
        own words."""
        text = self.raw_text()
        if not self.over:
            return text
        if self.own[:2] != (text, self.over):
            own = echo.without(text, self.over, in_parts=self.in_parts)
            self.own = (text, self.over, text if own and self.outlasts else own)
        return self.own[2]

    def raw_text(self) -> str:
        """As `text`, just as it was recognised."""
        texts = {**self.segments, **self.partials}
        return " ".join(texts[segment] for segment in sorted(texts) if texts[segment]) or self.told


@dataclass(slots=True, kw_only=True)
class LineState:
    """Attributes: poor: It stayed so. steps: Fallbacks taken since. causes: Of the last poor grade."""

    poor: bool = False
    steps: int = 0
    step_at_ms: int | None = None
    causes: str = ""


@dataclass(slots=True, kw_only=True)
class Answerer:
    """Who or what answered a call we placed.

    Attributes:
        verdict: The last one; "" until the first, "unknown" when its time was up.
        words: What was heard before we spoke, by segment.
        finals_due: Final transcripts of it that were asked for and have not come.
        greeted_ms: When we began to talk to him.
        awaits_beep: A message is to be left.
        messages: How often one was begun.
    """

    verdict: str = ""
    words: dict[int, str] = field(default_factory=dict)
    finals_due: int = 0
    greeted_ms: int | None = None
    awaits_beep: bool = False
    messages: int = 0


@dataclass(slots=True, kw_only=True)
class Rehearing:
    """Words of a taken turn that are heard anew.

    Attributes:
        turn: Whose words they are.
        unanswered: The caller had taken the floor from its answer; what he said then is heard again with it.
        texts: By segment, as far as they have come.
    """

    turn: int
    unanswered: bool = False
    half_heard: str = ""
    texts: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class State:
    """Everything the core remembers of a call.

    Attributes:
        doubtful: The voice heard last may be a crowd's, or sounds as ours did (`mirrored`).
        voiced: The VAD hears the caller, whether or not a turn is open for it.
        reply: The one reply being prepared or heard. A speculative one lives in `draft`.
        filler: A filler phrase that is being heard before `reply`.
        covered_by: The sound of the last filler, "" of a phrase.
        closing: Flushed replies whose `PlayoutFlushed` has not come yet.
        settled_segment: Transcripts of segments up to this one were used.
        early_segment: The last that had words before any voice of a turn: said softly, or while he waited.
        keys: Pressed keys not yet answered, since `keys_at_ms`; `keys_ended` is how they ended: "" (typing),
            "gap" or "key".
        typed: Text that must wait to be answered, since `typed_at_ms`, for the end of what must be heard.
        question: The last sentence of ours that asked or might have, heard to its end: what he answers.
        vendor_silent: The vendor that should end turns has let one pass without a word.
        answerer: Of a call we placed and listen to; None of any other.
        unified: The model that hears and speaks by itself is there; false after its session was lost.
        owed: Turns that were taken without words, and when; their words have not come yet.
        let_pass: A voice over ours was taken for noise by its length; its words may prove us wrong.
        broken: A reply that broke off; another goes on behind what was heard of it, once that is known.
        rehearing: Words of a taken turn that a recogniser hears anew, while they are missing.
        sorry_due: A reply failed while the caller spoke: he is told once he has stopped, if at all.
        rest_due: ... and it is gone on with: the words it answers.
        told: Words of the last turn that only the vendor's turn event told of; its final may still come.
        talking: The talk button is held down. `voice` is what the VAD says meanwhile.
        released_ms: When the last press was let go, while finals may still be of what was said into it; None
            from the next voice on. Turns until then were `released_turns`.
        leaving: Why the last goodbye is said, or will be once what must be heard was; "" after the caller
            came back from it.
        put_off: That goodbye is still to come, after what must be heard first.
        echoes: Evidence that the line gives our own voice back to us; see `floor.needs_words`.
        voice_ms, voice_weight: Audio made so far for text of that weight: the voice's pace.
        effects: Tool calls with effects by intent, so that each runs at most once per turn.
        under_way: Those of them that have no result yet, by tool and arguments: asked for again, in whatever
            turn, they are the same intent.
        pace: Log-odds added to every end-of-turn score: below 0 for a caller who pauses long.
        taken_ms: Where the last turn ended, to tell whether its caller had really finished.
        given_back: A caller was put through to somebody before, and came back.
        waits: How often a caller who waits for a person was comforted; `handover` decides while it is set.
        parked: He waits because an operator put him on hold; nobody is called.
        taken_over: An operator speaks with him himself.
        commands: Output of the step in progress.
    """

    policy: Policy
    call_id: str = ""
    now_ms: int = 0
    phase: Phase = Phase.IDLE
    turn: Turn | None = None
    turns: int = 0
    voiced: bool = False
    doubtful: bool = False
    mirrored: bool = False
    reply: Reply | None = None
    draft: Reply | None = None
    filler: Reply | None = None
    closing: dict[str, Reply] = field(default_factory=dict)
    replies: int = 0
    fillers: int = 0
    covered_by: str = ""
    settled_segment: int = -1
    early_segment: int = -1
    expects: str = "open"
    question: str = ""
    on_hold: bool = False
    reprompts: int = 0
    troubles: int = 0
    keys: str = ""
    keys_ended: str = ""
    keys_at_ms: int = 0
    typed: str = ""
    typed_at_ms: int = 0
    vendor_silent: bool = False
    unified: bool = False
    owed: dict[int, int] = field(default_factory=dict)
    let_pass: bool = False
    rehearing: Rehearing | None = None
    broken: str = ""
    sorry_due: bool = False
    rest_due: str = ""
    told: str = ""
    talking: bool = False
    voice: bool = False
    released_ms: int | None = None
    released_turns: int = 0
    leaving: str = ""
    put_off: bool = False
    echoes: int = 0
    voice_ms: int = 0
    voice_weight: int = 0
    pace: float = 0.0
    taken_ms: int | None = None
    effects: dict[str, str] = field(default_factory=dict)
    under_way: dict[tuple[str, str], str] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    answerer: Answerer | None = None
    waits: int | None = None
    parked: bool = False
    taken_over: bool = False
    given_back: bool = False
    line: LineState = field(default_factory=LineState)
    commands: list[Command] = field(default_factory=list)

    def sounding(self) -> list[Reply]:
        """What is being played, or would be if it were not paused; in playing order."""
        replies = (self.filler, self.reply)
        return [reply for reply in replies if reply is not None and reply.playing and not reply.deferred]

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
