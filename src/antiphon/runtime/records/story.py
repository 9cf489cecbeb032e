"""One pass over a trace: what became of every turn, reply, tool and interruption, with their moments.

Everything else about a finished call (transcript, waterfall, counts) is computed from this. Moments are call
time in ms and None where the thing never happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from antiphon.conversation import commands as c
from antiphon.conversation import events as e
from antiphon.conversation.markup import without_markup
from antiphon.runtime.records.lines import CommandEntry, Entry, EventEntry, NoteEntry


@dataclass(slots=True, kw_only=True)
class TurnStory:
    """A turn of the caller. `ended_ms` is the last speech sample; `heard_as` is what was understood."""

    number: int
    heard_as: str
    onset_ms: int | None
    ended_ms: int
    committed_at_ms: int
    speech_stopped_at_ms: int | None = None
    final_at_ms: int | None = None
    reply_id: str | None = None


@dataclass(slots=True, kw_only=True)
class ReplyStory:
    """A reply of the agent, from the wish for it to its end."""

    id: str
    kind: str = ""
    speculative: bool = False
    started_at_ms: int | None = None
    confirmed_at_ms: int | None = None
    first_text_at_ms: int | None = None
    synthesize_at_ms: int | None = None
    first_audio_at_ms: int | None = None
    play_at_ms: int | None = None
    audible_at_ms: int | None = None
    ended_at_ms: int | None = None
    chunks: list[str] = field(default_factory=list)
    heard: str = ""
    heard_ms: int = 0
    complete: bool = False
    protected: str = ""
    discarded: bool = False

    @property
    def said(self) -> str:
        """All that was prepared, heard or not."""
        return " ".join(chunk for chunk in self.chunks if chunk)


@dataclass(slots=True, kw_only=True)
class ToolStory:
    id: str
    name: str
    arguments: str
    effect: str
    requested_at_ms: int
    run_at_ms: int | None = None
    finished_at_ms: int | None = None
    ok: bool | None = None
    result: str = ""
    took_ms: int = 0
    reused_from: str = ""


@dataclass(slots=True, kw_only=True)
class InterruptionStory:
    """A voice over the agent's. `silent_after_ms` counts from the caller's onset to silence on the line."""

    at_ms: int
    reply_id: str
    barge_in: bool
    silent_after_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class Trouble:
    at_ms: int
    what: str
    detail: str


@dataclass(slots=True, kw_only=True)
class CallStory:
    """`notes` are utterances that took no turn: (at_ms, "backchannel" or "noise", text)."""

    turns: list[TurnStory] = field(default_factory=list)
    replies: dict[str, ReplyStory] = field(default_factory=dict)
    tools: dict[str, ToolStory] = field(default_factory=dict)
    interruptions: list[InterruptionStory] = field(default_factory=list)
    notes: list[tuple[int, str, str]] = field(default_factory=list)
    line: list[e.LineGraded] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    errors: list[Trouble] = field(default_factory=list)
    escalation: tuple[str, str] | None = None
    end: tuple[int, str, str] | None = None  # at_ms, cause, detail

    @property
    def outcome(self) -> str:
        """Why the call ended, or "unfinished" when the trace does not say."""
        return self.end[1] if self.end else "unfinished"

    def reply(self, reply_id: str) -> ReplyStory:
        return self.replies.setdefault(reply_id, ReplyStory(id=reply_id))


def tell(entries: Iterable[Entry]) -> CallStory:
    """The story of a call from its trace, also of one that was cut short."""
    teller = _Teller()
    for entry in entries:
        match entry:
            case EventEntry():
                teller.event(entry.event)
            case CommandEntry():
                teller.command(entry.at_ms, entry.command)
            case NoteEntry():
                teller.note(entry)
    return teller.story


class _Teller:
    """Keeps what the next line may refer to."""

    def __init__(self) -> None:
        self.story = CallStory()
        self._cause: e.Event | None = None
        self._onset_ms: int | None = None
        self._turn_onset_ms: int | None = None
        self._stopped: dict[int, int] = {}  # ended_ms -> when we were told
        self._final_at_ms: int | None = None
        self._paused: dict[str, InterruptionStory] = {}
        self._unanswered: TurnStory | None = None

    def event(self, event: e.Event) -> None:
        self._cause = event
        at_ms = event.at_ms
        match event:
            case e.SpeechStarted():
                self._onset_ms = event.onset_ms
                if self._turn_onset_ms is None:
                    self._turn_onset_ms = event.onset_ms
            case e.SpeechStopped():
                self._stopped[event.ended_ms] = at_ms
            case e.TalkPressed():
                self._onset_ms = self._turn_onset_ms = at_ms
            case e.TalkReleased() | e.TextTyped():
                self._stopped[at_ms] = at_ms
            case e.TranscriptFinal():
                self._final_at_ms = at_ms
            case e.LineGraded():
                self.story.line.append(event)
            case e.DtmfReceived():
                self.story.keys.append((at_ms, event.digit))
            case e.ToolRequested() | e.ToolFinished():
                self._tool_event(event)
            case e.ReplyFailed():
                self._failed(at_ms, "reply_failed", f"{event.reply_id}: {event.reason}")
            case e.SessionLost():
                self._failed(at_ms, "session_lost", event.reason)
            case e.SynthesisFailed():
                self._failed(at_ms, "synthesis_failed", f"{event.reply_id}: {event.reason}")
            case e.LineFailed():
                self._failed(at_ms, "line_failed", event.reason)
            case _:
                self._reply_event(event)

    def _reply_event(self, event: e.Event) -> None:
        at_ms = event.at_ms
        match event:
            case e.ReplyText():
                reply = self.story.reply(event.reply_id)
                if reply.first_text_at_ms is None:
                    reply.first_text_at_ms = at_ms
            case e.ChunkSynthesized(index=0):
                reply = self.story.reply(event.reply_id)
                asked_at_ms = reply.synthesize_at_ms
                known = event.ttfb_ms and asked_at_ms is not None
                reply.first_audio_at_ms = (asked_at_ms or 0) + event.ttfb_ms if known else at_ms
            case e.PlayoutStarted():
                reply = self.story.reply(event.reply_id)
                if reply.audible_at_ms is None:
                    reply.audible_at_ms = at_ms
            case e.PlayoutPaused() | e.PlayoutFlushed():
                self._silent(event)
            case e.PlayoutMark() | e.PlayoutFinished():
                reply = self.story.reply(event.reply_id)
                reply.heard_ms = max(reply.heard_ms, event.heard_ms)
            case _:
                return

    def command(self, at_ms: int, command: c.Command) -> None:
        match command:
            case c.CommitTurn():
                self._commit(at_ms, command)
            case c.AmendTurn():
                self._amend(command)
            case c.NoteUtterance():
                self.story.notes.append((at_ms, command.kind, command.text))
                self._turn_onset_ms = None
            case c.RunTool() | c.ReuseToolResult():
                self._tool_command(at_ms, command)
            case c.Escalate():
                self.story.escalation = (command.reason, command.summary)
            case c.EndCall():
                self.story.end = (at_ms, command.cause, command.detail)
            case c.StartReply() | c.ConfirmReply() | c.CancelReply() | c.Synthesize() | c.ReportHeard():
                self._reply_command(at_ms, command)
            case c.StartPlayout() | c.PausePlayout() | c.ResumePlayout() | c.FlushPlayout():
                self._playout_command(at_ms, command)
            case _:
                return

    def note(self, note: NoteEntry) -> None:
        if note.type == "error" or note.type.endswith("_failed"):
            detail = ", ".join(f"{key}={value}" for key, value in note.fields.items())
            self._failed(note.at_ms, note.type, detail)
        elif note.type == "trace_cut":
            self._failed(note.at_ms, "trace_cut", f"{note.fields.get('dropped', '?')} lines were lost here")

    def _commit(self, at_ms: int, command: c.CommitTurn) -> None:
        turn = TurnStory(
            number=command.turn,
            heard_as=command.text,
            onset_ms=self._turn_onset_ms,
            ended_ms=command.ended_ms,
            committed_at_ms=at_ms,
            speech_stopped_at_ms=self._stopped.get(command.ended_ms),
        )
        if self._final_at_ms is not None and self._final_at_ms >= command.ended_ms:
            turn.final_at_ms = self._final_at_ms
        self.story.turns.append(turn)
        self._turn_onset_ms, self._unanswered = None, turn

    def _amend(self, command: c.AmendTurn) -> None:
        for turn in self.story.turns:
            if turn.number == command.turn:
                turn.heard_as = f"{turn.heard_as} {command.text}".strip()

    def _reply_command(
        self,
        at_ms: int,
        command: c.StartReply | c.ConfirmReply | c.CancelReply | c.Synthesize | c.ReportHeard,
    ) -> None:
        reply = self.story.reply(command.reply_id)
        match command:
            case c.StartReply():
                reply.kind, reply.speculative, reply.started_at_ms = command.kind, command.speculative, at_ms
                if command.kind == "turn" and not command.speculative:
                    self._answer(reply)
            case c.ConfirmReply():
                reply.confirmed_at_ms = at_ms
                self._answer(reply)
            case c.CancelReply():
                reply.discarded = reply.audible_at_ms is None
                reply.ended_at_ms = at_ms
            case c.Synthesize():
                words = without_markup(command.text)
                reply.chunks.append(f"({command.sound} sound)" if command.sound else words)
                if reply.synthesize_at_ms is None:
                    reply.synthesize_at_ms = at_ms
            case c.ReportHeard():
                reply.heard, reply.complete, reply.ended_at_ms = command.text, command.complete, at_ms
                reply.protected = command.protected

    def _playout_command(
        self, at_ms: int, command: c.StartPlayout | c.PausePlayout | c.ResumePlayout | c.FlushPlayout
    ) -> None:
        reply = self.story.reply(command.reply_id)
        match command:
            case c.StartPlayout():
                if reply.play_at_ms is None:
                    reply.play_at_ms = at_ms
            case c.PausePlayout():
                self._interrupted(at_ms, reply.id, barge_in=False)
            case c.ResumePlayout():
                self._paused.pop(reply.id, None)
            case c.FlushPlayout():
                self._flushed(at_ms, reply)

    def _interrupted(self, at_ms: int, reply_id: str, *, barge_in: bool) -> None:
        interruption = InterruptionStory(at_ms=at_ms, reply_id=reply_id, barge_in=barge_in)
        self._paused[reply_id] = interruption
        self.story.interruptions.append(interruption)

    def _flushed(self, at_ms: int, reply: ReplyStory) -> None:
        # A flush because the line went away, or because we end the call, interrupts nobody.
        by_caller = isinstance(
            self._cause,
            e.SpeechStarted
            | e.SpeechStopped
            | e.VoiceWeighed
            | e.TranscriptPartial
            | e.TranscriptFinal
            | e.DtmfReceived
            | e.TalkPressed
            | e.TurnSignalled,
        )
        paused = self._paused.get(reply.id)
        if paused is not None:
            paused.barge_in = by_caller or isinstance(self._cause, e.TimerFired | e.EndOfTurnScored)
        elif by_caller and reply.audible_at_ms is not None:
            self._interrupted(at_ms, reply.id, barge_in=True)

    def _silent(self, event: e.PlayoutPaused | e.PlayoutFlushed) -> None:
        reply = self.story.reply(event.reply_id)
        reply.heard_ms = max(reply.heard_ms, event.heard_ms)
        interruption = self._paused.get(event.reply_id)
        if interruption and interruption.silent_after_ms is None and self._onset_ms is not None:
            interruption.silent_after_ms = event.at_ms - self._onset_ms

    def _answer(self, reply: ReplyStory) -> None:
        if self._unanswered is not None:
            self._unanswered.reply_id, self._unanswered = reply.id, None

    def _tool_event(self, event: e.ToolRequested | e.ToolFinished) -> None:
        if isinstance(event, e.ToolRequested):
            self.story.tools[event.tool_call_id] = ToolStory(
                id=event.tool_call_id,
                name=event.name,
                arguments=event.arguments,
                effect=event.effect,
                requested_at_ms=event.at_ms,
            )
            return
        tool = self.story.tools.get(event.tool_call_id)
        if tool is not None and tool.finished_at_ms is None:  # Told twice, it came the first time.
            tool.finished_at_ms, tool.ok = event.at_ms, event.ok
            tool.result, tool.took_ms = event.result, event.took_ms
        if not event.ok:
            name = tool.name if tool is not None else event.tool_call_id
            self._failed(event.at_ms, "tool_failed", f"{name}: {event.result}")

    def _tool_command(self, at_ms: int, command: c.RunTool | c.ReuseToolResult) -> None:
        tool = self.story.tools.get(command.tool_call_id)
        if tool is None:
            return
        if isinstance(command, c.RunTool):
            tool.run_at_ms = at_ms
        else:
            tool.reused_from = command.source_id

    def _failed(self, at_ms: int, what: str, detail: str) -> None:
        self.story.errors.append(Trouble(at_ms=at_ms, what=what, detail=detail))
