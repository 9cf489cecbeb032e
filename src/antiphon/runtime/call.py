"""The driver of one call: binds a conversation to its line, recogniser, voices, reasoner and tools.

Events from all sides go through `post`, one at a time and in order; the commands the core answers with are
carried out here, and both are lines of the trace.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import structlog

from antiphon.agents.ports import BROKE_OFF, ReplyRequest, ToolResult
from antiphon.audio.line_quality import LineSecond
from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import Phase, State
from antiphon.runtime.attending import guarded, watched_by
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.ending import all_of, closed, ended_well, let_end, put_away
from antiphon.runtime.hearing import Hearing
from antiphon.runtime.history import History
from antiphon.runtime.line_grading import LineGrading
from antiphon.runtime.listening import hear_missing, listen
from antiphon.runtime.media.ports import Line
from antiphon.runtime.recorded import NOT_RECORDED, CallRecording
from antiphon.runtime.records.lines import BROKE, command_line, event_line, note_line
from antiphon.runtime.replies import Replies
from antiphon.runtime.replying import ReplyInProgress
from antiphon.runtime.requests import LeftTools, as_known, reply_request
from antiphon.runtime.scoring import score_pause
from antiphon.runtime.screening import Screened, ScreeningRequest
from antiphon.runtime.speaking import Speaker
from antiphon.runtime.timers import Timers
from antiphon.runtime.toolbox import Toolbox, finished_event
from antiphon.runtime.transfers import WaitingCaller, Waits
from antiphon.runtime.unified import UnifiedSpeech
from antiphon.runtime.views import watching
from antiphon.runtime.warming import ReplyWarming
from antiphon.speech.ports import SpeechToText

_log = structlog.get_logger(__name__)

TOOL_DRAIN_S = 10.0
_TRANSCRIPTS = (ev.TranscriptPartial, ev.TranscriptFinal)  # A union is made anew each time it is named.
_SYNTHESES = (ev.ChunkSynthesized, ev.SynthesisFailed)
CUT_WAIT_S = 1.0  # A vendor that does not let go of a cancelled request holds nobody up for longer.
CLOSING_S = 5.0  # Nor does one that does not let itself be closed.


class Call:
    """One call, from the moment its line is up until everything about it is on disk."""

    def __init__(self, parts: CallParts) -> None:
        self.parts = parts
        self.id = parts.call_id
        self.cause = ""
        self.escalation: cmd.Escalate | None = None
        self.target = ""  # An operator's choice of whom to pass the caller on to.
        self.whispers: deque[str] = deque(maxlen=10)  # What an operator told the agent.
        self.whispered = 0
        self._conversation = Conversation(parts.policy)
        self._attendant = guarded(parts.attendant)
        self._screen = watched_by(watching(parts.view), self._attendant)
        self._queue: deque[ev.AnyEvent] = deque()
        self._stepping = False
        self._timers = Timers(parts.clock, self._timer_fired)
        self._history = History()
        self._unified: UnifiedSpeech | None = None
        self._replies = Replies()
        self._left_tools = LeftTools((), self._history)
        self._orphan: ReplyRequest | None = None  # Nobody knows yet what it is to answer.
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_ms = 0
        self._limit_spent = False
        self.recording: CallRecording = NOT_RECORDED
        self._grading = LineGrading(parts.policy.line, self.post)
        self._warming = ReplyWarming(parts.reasoner, parts.meter)
        self._screened = Screened()
        self._waits = Waits(parts.transfer)
        self._over = asyncio.Event()
        self.when_over: Callable[[], None] = lambda: None

    def begin(self, line: Line) -> None:
        """The line is attached: open the recogniser and greet."""
        parts = self.parts
        self._line = line
        parts.meter.note = self.note
        parts.meter.spent = self.spent
        self._speaker = Speaker(line, parts.voices, parts.shape, self.post, self.note, meter=parts.meter)
        self._toolbox = Toolbox(
            call_id=self.id,
            tools=parts.tools,
            now=self._now,
            make_durable=lambda: asyncio.wrap_future(parts.trace.sync()),
            finished=self._tool_finished,
            now_ns=parts.clock.now_ns,
        )
        recognisers = list(parts.recognisers)
        if parts.unified is not None:
            self._unified = UnifiedSpeech(
                parts.unified,
                self._speaker,
                self._history,
                meter=parts.meter,
                now=parts.started_at,
                caller_number=parts.caller_number,
                clock=parts.clock,
                lost=self._go_on_without_session,
            )
            recognisers.insert(0, (parts.unified.name, self._unified.ears))
        self._hearing = self._listen(recognisers)
        self._spawn(self._speaker.warm(), "warm voice")
        request = ScreeningRequest(
            sample_rate_hz=line.sample_rate_hz, language=parts.language, post=self.post
        )
        self._screened.begin(parts.opens_screening, request)
        self.post(parts.started(line.now_ms))
        if parts.policy.unified and not self.speaks_itself:
            self.post(ev.SessionLost(at_ms=line.now_ms, reason="it could not be opened"))

    def _listen(self, recognisers: Sequence[tuple[str, SpeechToText]]) -> Hearing:
        return listen(self.parts, self._line, recognisers, self.post, self.note)

    @property
    def speaks_itself(self) -> bool:
        return self._unified is not None and self._unified.live

    async def wait_ended(self) -> None:
        """Return when the call has ended and its trace is closed, or left to a disk that hangs."""
        await self._over.wait()

    def end(self, *, now: bool) -> None:
        """An operator, or a draining worker, wants the call to end."""
        self.post(ev.OperatorEnded(at_ms=self._line.now_ms, now=now))

    @property
    def state(self) -> State:
        return self._conversation.state

    @property
    def line(self) -> Line:
        return self._line

    def spent(self, total_usd: Decimal) -> None:
        """Metering: the call has cost so much so far. Past its limit it says goodbye."""
        limit_usd = self.parts.policy.silence.call_cost_max_usd
        if limit_usd and total_usd >= limit_usd and not self._limit_spent:
            self._limit_spent = True
            self.post(ev.CostReached(at_ms=self._line.now_ms, cost_usd=float(total_usd)))

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
        self.parts.trace.write(note_line(self._last_ms, type, **fields))
        self._screen.note(type, fields)

    # ------------------------------------------------------------------ events in

    def post(self, event: ev.Event) -> None:
        """Give one event to the core; re-entrant calls wait their turn."""
        self._queue.append(event)  # type: ignore[arg-type]  # Every Event subclass is in AnyEvent.
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._queue:
                self._step(self._queue.popleft())
        except Exception as error:  # The owner of a call: it ends with what can be saved, others go on.
            kind, reason = type(error).__name__, f"{type(error).__name__}: {error}"
            _log.error("call_broke", call=self.id, error=kind, exc_info=True)
            self._queue.clear()
            all_of(
                lambda: self.note(BROKE, reason=reason),
                lambda: self._account(kind),
                lambda: self._close("error"),
            )
        finally:
            self._stepping = False

    def _step(self, event: ev.AnyEvent) -> None:
        if self._over.is_set() or self.cause:
            self.parts.trace.write(
                event_line(msgspec.structs.replace(event, at_ms=self._forward(event.at_ms)))
            )
            return
        if (at_ms := self._forward(event.at_ms)) != event.at_ms:
            event = msgspec.structs.replace(event, at_ms=at_ms)
        self.parts.trace.write(event_line(event))
        self._screen.event(event)
        if isinstance(event, _TRANSCRIPTS):
            self.recording.said(event.text, at_ms)
        for command in (commands := self._conversation.step(event)):
            self.parts.trace.write(command_line(at_ms, command))
        for command in commands:
            self._screen.command(at_ms, command)
            _CARRY_OUT[type(command)](self, command)
        if self._unified is not None and isinstance(event, _SYNTHESES):
            self._unified.made(event)
        self._screened.take(event)
        self._screen.phase(self._conversation.phase.value)

    def _forward(self, at_ms: int) -> int:
        self._last_ms = max(self._last_ms, at_ms)
        return self._last_ms

    # ------------------------------------------------------------------ LineListener

    def speech_started(self, onset_ms: int) -> None:
        self._hearing.speech_started()
        self._waits.caller_spoke()
        self._warm_reply()
        self._spawn(self._speaker.warm(), "warm voice")
        self.post(ev.SpeechStarted(at_ms=self._line.now_ms, onset_ms=onset_ms))

    def speech_stopped(self, ended_ms: int) -> None:
        self.post(ev.SpeechStopped(at_ms=self._line.now_ms, ended_ms=ended_ms))

    def caller_audio(self, pcm: bytes) -> None:
        # A model that hears by itself would answer whoever answers us, machines too.
        if self._unified is None or not (self.speaks_itself and self.state.phase is Phase.SCREENING):
            self._hearing.push(pcm)
        if self._screened.listens:
            self._screened.hear(pcm, self._line.now_ms)

    def line_measured(self, second: LineSecond) -> None:
        self._attendant.measured(second)
        self._grading.take(second, self._line.now_ms)

    def playout_started(self, reply_id: str) -> None:
        self.post(ev.PlayoutStarted(at_ms=self._line.now_ms, reply_id=reply_id))

    def playout_mark(self, reply_id: str, heard_ms: int) -> None:
        self.post(ev.PlayoutMark(at_ms=self._line.now_ms, reply_id=reply_id, heard_ms=heard_ms))

    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        self.post(ev.PlayoutFinished(at_ms=self._line.now_ms, reply_id=reply_id, heard_ms=heard_ms))

    def dtmf(self, digit: str) -> None:
        self.post(ev.DtmfReceived(at_ms=self._line.now_ms, digit=digit))

    def talk(self, pressed: bool) -> None:
        if pressed:
            self._hearing.open_gate()
        self.post((ev.TalkPressed if pressed else ev.TalkReleased)(at_ms=self._line.now_ms))

    def picture(self, image: bytes, media_type: str) -> None:
        self._screen.picture(shown=self._unified is not None and self._unified.show(image, media_type))

    def typed(self, text: str) -> None:
        self.post(ev.TextTyped(at_ms=self._line.now_ms, text=text))

    def stop_asked(self) -> None:
        self.post(ev.StopAsked(at_ms=self._line.now_ms))

    def line_closed(self, reason: str) -> None:
        for reply_id in self._speaker.audible + (self._unified.audible if self._unified else []):
            # What the far end played up to its last moment, before the core accounts for it.
            heard_ms = self._line.flush(reply_id)
            self._drop_speech(reply_id)
            self.post(ev.PlayoutMark(at_ms=self._line.now_ms, reply_id=reply_id, heard_ms=heard_ms))
        happened = ev.CallerHungUp if reason in ("hangup", ev.PASSED_ON) else ev.LineFailed
        if happened is ev.LineFailed:
            _log.warning("line_failed", call=self.id, line=self.parts.line_kind, reason=reason)
        self.post(happened(at_ms=self._line.now_ms, reason=reason))

    # ------------------------------------------------------------------ commands out

    def _score(self, command: cmd.ScoreEndOfTurn) -> None:
        if self.parts.end_of_turn is not None:
            work = score_pause(self.parts.end_of_turn, self._line, command.ended_ms, self.post, self.note)
            self._spawn(work, "end of turn")

    def _warm_reply(self) -> None:
        if self.speaks_itself or self._conversation.state.waits is not None:
            return
        if (work := self._warming.work(self._history.so_far())) is not None:
            self._spawn(work, "warm reply")

    def _commit_turn(self, command: cmd.CommitTurn) -> None:
        self._history.took(command.turn, command.text)
        self._hearing.settle()
        if self._unified is not None:
            self._unified.ears.taken(known=bool(command.text), voiced=self.state.voiced)

    def _amend_turn(self, command: cmd.AmendTurn) -> None:
        self._history.amend(command.turn, command.text)
        orphan, self._orphan = self._orphan, None
        tell = self._hearing.settle if self._unified is None else self._unified.ears.told
        tell()
        if orphan is not None:
            self._reason(as_known(orphan, self._history.so_far()))

    def _note_utterance(self, command: cmd.NoteUtterance) -> None:
        if command.kind != "late":
            self._hearing.settle()
            if self._unified is not None:
                self._unified.let_pass()
                self._unified.ears.taken(known=True, voiced=self.state.voiced)

    def _start_reply(self, command: cmd.StartReply) -> None:
        request = reply_request(self, command, self._now(), self._history.so_far())
        if self._unified is not None and self._unified.answers(request):
            self._replies.add(self._unified.reply(request))
        elif command.reason == BROKE_OFF and self.state.rehearing is not None:
            self._orphan = request
        elif command.reason == BROKE_OFF:
            self._reason(as_known(request, self._history.so_far()))
        else:
            self._reason(request)

    def _reason(self, request: ReplyRequest) -> None:
        making = ReplyInProgress(
            request=request,
            reasoner=self.parts.reasoner,
            tools=self.parts.tools,
            post=self.post,
            now_ms=lambda: self._line.now_ms,
            after=self._replies.latest,
            meter=self.parts.meter,
            known=self._left_tools.known if self._left_tools.running else None,
        )
        self._replies.add(making)

    def _cancel_reply(self, command: cmd.CancelReply) -> None:
        self._drop_speech(command.reply_id)
        self._replies.give_up(command.reply_id)
        if self._orphan is not None and self._orphan.reply_id == command.reply_id:
            self._orphan = None

    def _synthesize(self, command: cmd.Synthesize) -> None:
        self._voice_of(command.reply_id).add(command.reply_id, command.index, command.text, command.sound)

    def _voice_of(self, reply_id: str) -> Speaker | UnifiedSpeech:
        if self._unified is not None and self._unified.speaks(reply_id):
            return self._unified
        return self._speaker

    def _start_playout(self, command: cmd.StartPlayout) -> None:
        self._expect_answer(command.reply_id)
        self._voice_of(command.reply_id).start(command.reply_id)
        self._line.resume(command.reply_id)  # It may have been deferred.

    def _finish_playout(self, command: cmd.FinishPlayout) -> None:
        self._voice_of(command.reply_id).finish(command.reply_id, command.chunks)
        self._expect_answer(command.reply_id)  # A question at the end of a long reply came after its start.

    def _expect_answer(self, reply_id: str) -> None:
        if (phrases := self._replies.phrases(reply_id)) is not None:
            self._hearing.expect(phrases)

    def _pause(self, command: cmd.PausePlayout) -> None:
        reply_id, heard_ms = command.reply_id, self._line.pause(command.reply_id)
        self.post(ev.PlayoutPaused(at_ms=self._line.now_ms, reply_id=reply_id, heard_ms=heard_ms))

    def _flush(self, command: cmd.FlushPlayout) -> None:
        self._drop_speech(command.reply_id)
        heard_ms = self._line.flush(command.reply_id, command.fade_ms)
        if self._unified is not None:
            self._unified.flushed(command.reply_id, heard_ms)
        self.post(ev.PlayoutFlushed(at_ms=self._line.now_ms, reply_id=command.reply_id, heard_ms=heard_ms))

    def _drop_speech(self, reply_id: str) -> None:
        """Stop making audio; the core is told how far a half-made chunk had come."""
        cut = self._voice_of(reply_id).drop(reply_id)
        if cut is not None:
            self.post(cut)

    def _report_heard(self, command: cmd.ReportHeard) -> None:
        self._history.heard(command.text, complete=command.complete)
        self._speaker.drop(command.reply_id)
        if self._unified is not None:
            self._unified.reported(command.reply_id, command.text, complete=command.complete)
        self.parts.reasoner.heard(command.reply_id, command.text, command.complete)
        self.recording.heard(command.text, self._last_ms)

    def _timer_fired(self, name: str, due_ms: int) -> None:
        self.post(ev.TimerFired(at_ms=max(self._line.now_ms, due_ms), timer=name))

    def _tool_finished(self, tool_call_id: str, result: ToolResult, took_ms: int) -> None:
        self.post(finished_event(self._line.now_ms, tool_call_id, result, took_ms))
        self._replies.tool_finished(tool_call_id, result)

    def _escalate(self, command: cmd.Escalate) -> None:
        if self._conversation.state.waits is None:
            self.escalation = command  # The line goes to him who comes after us.
        else:
            self._waits.begin(command, WaitingCaller(self.id, self._line, self.post, self.note, self.target))

    def _go_on_without_session(self, reason: str) -> None:
        """The agent's recogniser, models and voices take the call; they hear again what was being said."""
        if self._over.is_set() or self.cause:
            return
        assert self._unified is not None
        self._left_tools = LeftTools(self._toolbox.under_way, self._history)
        before, self._hearing = self._hearing, self._listen(self.parts.recognisers)
        self._spawn(before.aclose(), "close session")
        orphan = self._unified.orphan()
        leaves = orphan is not None and self._unified.leaves(orphan)
        heard_anew = hear_missing(self, self._hearing, self._unified.ears, reason)
        if orphan is None:
            return
        if not leaves:
            self.post(orphan.failed(reason))
        elif heard_anew:
            self._orphan = orphan.request
        else:
            self._reason(as_known(orphan.request, self._history.so_far()))

    def _account(self, detail: str) -> None:
        """Something broke, but what the caller heard is still known: the trace has it, as at any end."""
        for command in self._conversation.give_up(detail):
            self.parts.trace.write(command_line(self._last_ms, command))

    def _close(self, cause: str, command: cmd.EndCall | None = None) -> None:
        if self.cause:
            return
        self.cause = cause
        if self._unified is not None:
            self._unified.live = False  # Nobody is there to hear what it would say to a tool's result.
        self._timers.clear()
        speaking = self._speaker.close()
        over, self.when_over = self.when_over, lambda: None
        ended = partial(self.parts.ended, self, command or cmd.EndCall(cause=cause))
        all_of(self._waits.over, self._line.close, over, self.recording.end, ended)
        self._finishing = asyncio.get_running_loop().create_task(
            self._wind_up(speaking), name=f"end {self.id}"
        )

    async def _wind_up(self, speaking: Sequence[asyncio.Task[None]]) -> None:
        """Effects under way are finished and recorded, then everything of the call is let go. Whatever breaks
        or is cancelled on the way, the call is over at the end of it."""
        await closed(self._toolbox.drain(TOOL_DRAIN_S), TOOL_DRAIN_S + CUT_WAIT_S)
        replying = self._replies.cancel()
        for task in self._tasks:
            task.cancel()
        await let_end([*speaking, *replying, *self._tasks, *self._toolbox.under_way], CUT_WAIT_S)
        await closed(self._hearing.aclose(), CLOSING_S)
        if self._grading.totals.poor_seconds:
            self.note("line_quality", **dataclasses.asdict(self._grading.totals))
        await put_away(self.parts.trace, self.id)
        self._over.set()
        self._let_go()

    def _let_go(self) -> None:
        """All of these know us and we know them: what no longer holds together is freed at once, without a
        garbage collection that would stop every other call."""
        self._replies.let_go()
        self.parts.meter.close()
        if self._unified is not None:
            self._unified.let_go()
        self._unified = None
        self._screened.end()
        del self._speaker, self._toolbox, self._hearing, self._timers, self._grading

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(ended_well)

    def _now(self) -> datetime:
        return self.parts.started_at + timedelta(milliseconds=self._last_ms)


# Any: each method takes exactly the command type it is filed under.
_CARRY_OUT: dict[type[cmd.Command], Callable[[Call, Any], None]] = {
    cmd.FinalizeTranscript: lambda call, command: call._hearing.finalize(),
    cmd.ScoreEndOfTurn: Call._score,
    cmd.CommitTurn: Call._commit_turn,
    cmd.AmendTurn: Call._amend_turn,
    cmd.NoteUtterance: Call._note_utterance,
    cmd.StartReply: Call._start_reply,
    cmd.ConfirmReply: lambda call, command: call._replies.confirm(command.reply_id),
    cmd.CancelReply: Call._cancel_reply,
    cmd.Synthesize: Call._synthesize,
    cmd.StartPlayout: Call._start_playout,
    cmd.FinishPlayout: Call._finish_playout,
    cmd.DeferPlayout: lambda call, command: call._line.defer(command.reply_id),
    cmd.PausePlayout: Call._pause,
    cmd.ResumePlayout: lambda call, command: call._line.resume(command.reply_id, command.rewind_ms),
    cmd.FlushPlayout: Call._flush,
    cmd.ReportHeard: Call._report_heard,
    cmd.SetTimer: lambda call, command: call._timers.set(command.timer, command.due_ms, call._line.now_ms),
    cmd.CancelTimer: lambda call, command: call._timers.cancel(command.timer),
    cmd.RunTool: lambda call, command: call._toolbox.run(command),
    cmd.ReuseToolResult: lambda call, command: call._toolbox.reuse(command.tool_call_id, command.source_id),
    cmd.Escalate: Call._escalate,
    cmd.CallOff: lambda call, command: call._waits.call_off(),
    cmd.StepAside: lambda call, command: call._spawn(call._hearing.aclose(), "hear no more"),
    cmd.EndCall: lambda call, command: call._close(command.cause, command),
}
