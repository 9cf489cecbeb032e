"""The driver of one call: binds a conversation to its line, recogniser, voices, reasoner and tools.

Events from all sides go through `post`, one at a time and in order; the commands the core answers with are
carried out here, and both are lines of the trace.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import structlog

from antiphon.agents.ports import (
    CallerTurn,
    Exchange,
    HeardReply,
    Reasoner,
    ReplyKind,
    ReplyRequest,
    Tool,
    ToolResult,
    WarmsReplies,
)
from antiphon.audio.denoise import NoiseSuppressor
from antiphon.audio.line_quality import LineSecond
from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy
from antiphon.errors import ProviderError
from antiphon.runtime.arrivals import CallerView
from antiphon.runtime.clock import Cancellable, Clock
from antiphon.runtime.hearing import Hearing
from antiphon.runtime.line_grading import LineGrading
from antiphon.runtime.media.ports import Line
from antiphon.runtime.metering import Meter, Payer, paid_by
from antiphon.runtime.records.lines import command_line, event_line, note_line
from antiphon.runtime.replying import ReplyInProgress
from antiphon.runtime.speaking import Speaker, Voice
from antiphon.runtime.toolbox import Toolbox
from antiphon.runtime.views import Screen
from antiphon.speech.ports import EndOfTurn, SpeechToText, SttConfig
from antiphon.storage.traces import TraceWriter

_log = structlog.get_logger(__name__)

END_OF_TURN_WINDOW_MS = 8000
END_OF_TURN_DEADLINE_S = 0.5
TOOL_DRAIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """What one call is made of; built by the exchange from the agent file."""

    call_id: str
    agent: str
    line_kind: str
    caller_number: str
    language: str
    policy: Policy
    started_at: datetime  # Wall-clock time of the call's beginning in the agent's time zone.
    recognisers: Sequence[tuple[str, SpeechToText]]
    vocabulary: tuple[str, ...]
    voices: Sequence[Voice]
    shape: Callable[[str], str]
    end_of_turn: EndOfTurn | None
    reasoner: Reasoner
    tools: Mapping[str, Tool]
    trace: TraceWriter
    clock: Clock
    suppress_noise: bool = False
    meter: Meter = field(default_factory=Meter)
    view: CallerView | None = None
    ended: Callable[[Call, cmd.EndCall], None] = field(default=lambda call, end: None)


class Call:
    """One call, from the moment its line is up until everything about it is on disk."""

    def __init__(self, parts: CallParts) -> None:
        self.parts = parts
        self.id = parts.call_id
        self.cause = ""
        self.escalation: cmd.Escalate | None = None
        self._conversation = Conversation(parts.policy)
        self._screen = Screen(parts.view)
        self._queue: deque[ev.AnyEvent] = deque()
        self._stepping = False
        self._timers: dict[str, Cancellable] = {}
        self._history: list[Exchange] = []
        self._replies: dict[str, ReplyInProgress] = {}
        self._latest: ReplyInProgress | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_ms = 0
        self._limit_spent = False
        self._grading = LineGrading(parts.policy.line, self.post)
        self._warmed = -1  # Exchanges there were when a reply was last prepared for.
        self._over = asyncio.Event()

    # ------------------------------------------------------------------ life

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
        endpointing = parts.policy.turn.endpointing
        config = SttConfig(
            sample_rate_hz=line.sample_rate_hz,
            language=parts.language,
            vocabulary=parts.vocabulary,
            provider_turns=endpointing == "provider",
        )
        gated = endpointing == "push_to_talk"
        with paid_by(Payer(meter=parts.meter)):
            self._hearing = Hearing(line, parts.recognisers, config, self.post, self.note, gated=gated)
            if parts.suppress_noise:
                self._hearing.filter(NoiseSuppressor(line.sample_rate_hz))
        self.post(
            ev.CallStarted(
                at_ms=line.now_ms,
                call_id=self.id,
                agent=parts.agent,
                line=parts.line_kind,
                wall_time_ms=int(parts.started_at.timestamp() * 1000),
                caller_number=parts.caller_number,
            )
        )

    async def wait_ended(self) -> None:
        """Return when the call has ended and its trace is closed."""
        await self._over.wait()

    def end(self, *, now: bool) -> None:
        """An operator, or a draining worker, wants the call to end."""
        self.post(ev.OperatorEnded(at_ms=self._line.now_ms, now=now))

    def spent(self, total_usd: Decimal) -> None:
        """Metering: the call has cost so much so far. Past its limit it says goodbye."""
        limit_usd = self.parts.policy.silence.call_cost_max_usd
        if limit_usd and total_usd >= limit_usd and not self._limit_spent:
            self._limit_spent = True
            self.post(ev.CostReached(at_ms=self._line.now_ms, cost_usd=float(total_usd)))

    def note(self, type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
        self.parts.trace.write(note_line(self._last_ms, type, **fields))

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
            _log.error("call_broke", call=self.id, error=type(error).__name__, exc_info=True)
            self.note("error", reason=f"{type(error).__name__}: {error}")
            self._queue.clear()
            self._account(type(error).__name__)
            self._close("error")
        finally:
            self._stepping = False

    def _step(self, event: ev.AnyEvent) -> None:
        if self._over.is_set() or self.cause:
            self.parts.trace.write(
                event_line(msgspec.structs.replace(event, at_ms=self._forward(event.at_ms)))
            )
            return
        at_ms = self._forward(event.at_ms)
        if at_ms != event.at_ms:
            event = msgspec.structs.replace(event, at_ms=at_ms)
        self.parts.trace.write(event_line(event))
        self._screen.event(event)
        commands = self._conversation.step(event)
        for command in commands:
            self.parts.trace.write(command_line(at_ms, command))
        for command in commands:
            self._screen.command(at_ms, command)
            _CARRY_OUT[type(command)](self, command)
        self._screen.phase(self._conversation.phase.value)

    def _forward(self, at_ms: int) -> int:
        self._last_ms = max(self._last_ms, at_ms)
        return self._last_ms

    # ------------------------------------------------------------------ LineListener

    def speech_started(self, onset_ms: int) -> None:
        self._hearing.speech_started()
        self._warm_reply()
        self.post(ev.SpeechStarted(at_ms=self._line.now_ms, onset_ms=onset_ms))

    def speech_stopped(self, ended_ms: int) -> None:
        self.post(ev.SpeechStopped(at_ms=self._line.now_ms, ended_ms=ended_ms))

    def caller_audio(self, pcm: bytes) -> None:
        self._hearing.push(pcm)

    def line_measured(self, second: LineSecond) -> None:
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
            self.post(ev.TalkPressed(at_ms=self._line.now_ms))
        else:
            self.post(ev.TalkReleased(at_ms=self._line.now_ms))

    def line_closed(self, reason: str) -> None:
        for reply_id in self._speaker.audible:
            # What the far end played up to its last moment, before the core accounts for it.
            heard_ms = self._line.flush(reply_id)
            self._drop_speech(reply_id)
            self.post(ev.PlayoutMark(at_ms=self._line.now_ms, reply_id=reply_id, heard_ms=heard_ms))
        if reason == "hangup":
            self.post(ev.CallerHungUp(at_ms=self._line.now_ms, reason=reason))
        else:
            self.post(ev.LineFailed(at_ms=self._line.now_ms, reason=reason))

    # ------------------------------------------------------------------ commands out

    def _finalize(self, command: cmd.FinalizeTranscript) -> None:
        self._hearing.finalize()

    def _score(self, command: cmd.ScoreEndOfTurn) -> None:
        if self.parts.end_of_turn is not None:
            self._spawn(self._score_end_of_turn(command.ended_ms), "end of turn")

    async def _score_end_of_turn(self, ended_ms: int) -> None:
        assert self.parts.end_of_turn is not None
        begun_ms = self._line.now_ms
        pcm = self._line.recent_audio(END_OF_TURN_WINDOW_MS)
        try:
            async with asyncio.timeout(END_OF_TURN_DEADLINE_S):
                score = await self.parts.end_of_turn.score(pcm, self._line.sample_rate_hz)
        except (ProviderError, TimeoutError) as error:
            self.note("end_of_turn_failed", reason=str(error) or "deadline exceeded")
            return  # The core waits the maximum silence then.
        now_ms = self._line.now_ms
        self.post(
            ev.EndOfTurnScored(
                at_ms=now_ms, ended_ms=ended_ms, score=round(score, 4), took_ms=now_ms - begun_ms
            )
        )

    def _warm_reply(self) -> None:
        """While the caller speaks, whoever will answer may read up to where we are; once for each turn."""
        reasoner, length = self.parts.reasoner, len(self._history)
        if isinstance(reasoner, WarmsReplies) and length != self._warmed:
            self._warmed = length
            self._spawn(self._warm(reasoner, tuple(self._history)), "warm reply")

    async def _warm(self, reasoner: WarmsReplies, history: Sequence[Exchange]) -> None:
        with paid_by(Payer(meter=self.parts.meter)):
            await reasoner.warm(history)

    def _commit_turn(self, command: cmd.CommitTurn) -> None:
        self._history.append(CallerTurn(text=command.text))
        self._hearing.settle()

    def _note_utterance(self, command: cmd.NoteUtterance) -> None:
        if command.kind != "late":
            self._hearing.settle()

    def _start_reply(self, command: cmd.StartReply) -> None:
        request = ReplyRequest(
            reply_id=command.reply_id,
            kind=ReplyKind(command.kind),
            text=command.text,
            now=self._now(),
            history=tuple(self._history),
            attempt=command.attempt,
            speculative=command.speculative,
            caller_number=self.parts.caller_number,
            reason=command.reason,
        )
        reply = ReplyInProgress(
            request=request,
            reasoner=self.parts.reasoner,
            tools=self.parts.tools,
            post=self.post,
            now_ms=lambda: self._line.now_ms,
            after=self._latest,
            meter=self.parts.meter,
        )
        self._replies[reply.id] = reply
        if not command.speculative:
            self._confirmed(reply)

    def _confirm_reply(self, command: cmd.ConfirmReply) -> None:
        reply = self._replies[command.reply_id]
        self._confirmed(reply)

    def _confirmed(self, reply: ReplyInProgress) -> None:
        reply.confirm()
        self._latest = reply

    def _cancel_reply(self, command: cmd.CancelReply) -> None:
        self._drop_speech(command.reply_id)
        reply = self._replies.pop(command.reply_id, None)
        if reply is not None:
            reply.give_up()
            if reply.confirmed:
                self._replies[reply.id] = reply  # Its tools may still answer.

    def _synthesize(self, command: cmd.Synthesize) -> None:
        self._speaker.add(command.reply_id, command.index, command.text, command.sound)

    def _start_playout(self, command: cmd.StartPlayout) -> None:
        reply = self._replies.get(command.reply_id)
        if reply is not None:
            self._hearing.expect(reply.phrases)
        self._speaker.start(command.reply_id)

    def _finish_playout(self, command: cmd.FinishPlayout) -> None:
        self._speaker.finish(command.reply_id, command.chunks)
        reply = self._replies.get(command.reply_id)
        if reply is not None:
            self._hearing.expect(reply.phrases)  # A question at the end of a long reply came after its start.

    def _pause(self, command: cmd.PausePlayout) -> None:
        heard_ms = self._line.pause(command.reply_id)
        self.post(ev.PlayoutPaused(at_ms=self._line.now_ms, reply_id=command.reply_id, heard_ms=heard_ms))

    def _resume(self, command: cmd.ResumePlayout) -> None:
        self._line.resume(command.reply_id, command.rewind_ms)

    def _flush(self, command: cmd.FlushPlayout) -> None:
        self._drop_speech(command.reply_id)
        heard_ms = self._line.flush(command.reply_id, command.fade_ms)
        self.post(ev.PlayoutFlushed(at_ms=self._line.now_ms, reply_id=command.reply_id, heard_ms=heard_ms))

    def _drop_speech(self, reply_id: str) -> None:
        """Stop making audio; the core is told how far a half-made chunk had come."""
        cut = self._speaker.drop(reply_id)
        if cut is not None:
            self.post(cut)

    def _report_heard(self, command: cmd.ReportHeard) -> None:
        if command.text:
            self._history.append(HeardReply(text=command.text, complete=command.complete))
        self._speaker.drop(command.reply_id)
        self.parts.reasoner.heard(command.reply_id, command.text, command.complete)

    def _set_timer(self, command: cmd.SetTimer) -> None:
        self._cancel_timer(cmd.CancelTimer(timer=command.timer))
        delay_ms = command.due_ms - self._line.now_ms
        name, due_ms = command.timer, command.due_ms

        def fire() -> None:
            self._timers.pop(name, None)
            self.post(ev.TimerFired(at_ms=max(self._line.now_ms, due_ms), timer=name))

        self._timers[name] = self.parts.clock.call_later(delay_ms, fire)

    def _cancel_timer(self, command: cmd.CancelTimer) -> None:
        timer = self._timers.pop(command.timer, None)
        if timer is not None:
            timer.cancel()

    def _run_tool(self, command: cmd.RunTool) -> None:
        self._toolbox.run(command)

    def _reuse_tool(self, command: cmd.ReuseToolResult) -> None:
        self._toolbox.reuse(command.tool_call_id, command.source_id)

    def _tool_finished(self, tool_call_id: str, result: ToolResult, took_ms: int) -> None:
        answer = {"value": result.value} if result.ok else {"error": result.error, "value": result.value}
        self.post(
            ev.ToolFinished(
                at_ms=self._line.now_ms,
                tool_call_id=tool_call_id,
                ok=result.ok,
                result=msgspec.json.encode(answer).decode(),
                took_ms=took_ms,
            )
        )
        reply = self._replies.get(tool_call_id.split(".", 1)[0])
        if reply is not None:
            reply.tool_finished(tool_call_id, result)

    def _escalate(self, command: cmd.Escalate) -> None:
        self.escalation = command

    def _end_call(self, command: cmd.EndCall) -> None:
        self._close(command.cause, command)

    # ------------------------------------------------------------------ closing

    def _account(self, detail: str) -> None:
        """Something broke, but what the caller heard is still known: the trace has it, as at any end."""
        for command in self._conversation.give_up(detail):
            self.parts.trace.write(command_line(self._last_ms, command))

    def _close(self, cause: str, command: cmd.EndCall | None = None) -> None:
        if self.cause:
            return
        self.cause = cause
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._speaker.close()
        self._line.close()
        self.parts.ended(self, command or cmd.EndCall(cause=cause))
        self._finishing = asyncio.get_running_loop().create_task(self._wind_up(), name=f"end {self.id}")

    async def _wind_up(self) -> None:
        """Effects under way are finished and recorded, then everything of the call is let go."""
        await self._toolbox.drain(TOOL_DRAIN_S)
        for reply in self._replies.values():
            reply.cancel()
        for task in list(self._tasks):
            task.cancel()
        await self._hearing.aclose()
        if self._grading.totals.poor_seconds:
            self.note("line_quality", **dataclasses.asdict(self._grading.totals))
        await asyncio.wrap_future(self.parts.trace.close())
        self._over.set()
        self._let_go()

    def _let_go(self) -> None:
        """All of these know us and we know them: what no longer holds together is freed at once, without a
        garbage collection that would stop every other call."""
        self._replies.clear()
        self._latest = None
        self.parts.meter.close()
        del self._speaker, self._toolbox, self._hearing, self._grading

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now(self) -> datetime:
        return self.parts.started_at + timedelta(milliseconds=self._last_ms)


# Any: each method takes exactly the command type it is filed under.
_CARRY_OUT: dict[type[cmd.Command], Callable[[Call, Any], None]] = {
    cmd.FinalizeTranscript: Call._finalize,
    cmd.ScoreEndOfTurn: Call._score,
    cmd.CommitTurn: Call._commit_turn,
    cmd.NoteUtterance: Call._note_utterance,
    cmd.StartReply: Call._start_reply,
    cmd.ConfirmReply: Call._confirm_reply,
    cmd.CancelReply: Call._cancel_reply,
    cmd.Synthesize: Call._synthesize,
    cmd.StartPlayout: Call._start_playout,
    cmd.FinishPlayout: Call._finish_playout,
    cmd.PausePlayout: Call._pause,
    cmd.ResumePlayout: Call._resume,
    cmd.FlushPlayout: Call._flush,
    cmd.ReportHeard: Call._report_heard,
    cmd.SetTimer: Call._set_timer,
    cmd.CancelTimer: Call._cancel_timer,
    cmd.RunTool: Call._run_tool,
    cmd.ReuseToolResult: Call._reuse_tool,
    cmd.Escalate: Call._escalate,
    cmd.EndCall: Call._end_call,
}
