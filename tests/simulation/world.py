"""A simulated call: the real conversation core among doubles of everything else, on virtual time.

One heap of what will happen, in order of time and then of arrival. A `Stall` holds things back and lets them
go at one instant in a random order that keeps each stream's own. A seed is one command away from a story:
`python -m tests.simulation.run SEED`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable

import msgspec

from antiphon.conversation import Conversation
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import Phase
from tests.simulation.caller import Caller
from tests.simulation.choices import Choices
from tests.simulation.line import Line
from tests.simulation.manners import Manners
from tests.simulation.outside import HAPPENS
from tests.simulation.overlap import Overlap
from tests.simulation.person import Person
from tests.simulation.plan import Plan, Stall
from tests.simulation.vendors import Reasoner, Recogniser, Usage, Voice

# Longer than a call that comes back from a person just before its limit, and then has all of it once more.
CALL_MAX_MS = 70 * 60 * 1000
# What no stall can stop: the caller's own mouth and ear.
_PHYSICAL = frozenset({"caller", "ear"})
_OURS = frozenset({"timer", "vad", "line", "mark", "dtmf", "thumb"})  # ... and what only our own process can.

Action = Callable[[], None]
Held = dict[str, list[Action | ev.AnyEvent]]  # By stream, each in its own order.
Take = Callable[[Held], list[Action | ev.AnyEvent]]


class World:
    """One call. `faults` has what is wrong at the moment it happens; `judge.py` finds the rest."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.policy, self.weather = plan, plan.policy, plan.weather
        self.choices = Choices(plan.seed, plan.made)
        self.conversation = Conversation(plan.policy)
        self.now_ms = 0
        self.steps: list[tuple[ev.AnyEvent, list[cmd.Command]]] = []
        self.faults: list[tuple[str, str]] = []
        self.ended = ""
        self.stalls: list[Stall] = list(plan.stalls)
        self.usage = Usage()
        self.reports: dict[str, list[cmd.ReportHeard]] = {}
        self._heap: list[tuple[int, int, str, Action | ev.AnyEvent]] = []
        self._count = 0
        self._stream_at_ms: dict[str, int] = {}
        self._timers: dict[str, int] = {}
        self._answers: deque[ev.AnyEvent] = deque()
        self._stepping = False
        self._held: Held = {}
        self._stall: Stall | None = None
        self.line = Line(
            lambda at_ms, action: self._push(at_ms, "ear", action), self._from_line, plan.mark_every_ms
        )
        self.recogniser = Recogniser(self, self.usage)
        self.reasoner = Reasoner(self, self.usage)
        self.voice = Voice(self, self.usage)
        self.caller = Caller(self, self.recogniser)
        self.overlap, self.manners = Overlap(self), Manners(self)
        self.person = Person(self)

    # ------------------------------------------------------------ time

    def run(self) -> World:
        """The whole call."""
        self.begin()
        while self.advance():
            pass
        self.close()
        return self

    def begin(self) -> None:
        for utterance in self.plan.utterances:
            self._push(utterance.at_ms, "caller", lambda u=utterance: self.caller.does(u))
        for stall in self.plan.stalls:
            self._push(stall.at_ms, "caller", lambda s=stall: self._stalls(s))
        for at_ms, poor in self.plan.fades:
            self._push(at_ms, "line", ev.LineGraded(at_ms=at_ms, poor=poor, causes="noisy" if poor else ""))
        for at_ms, kind in self.plan.outside:
            self._push(at_ms, "outside", lambda kind=kind: self.step(HAPPENS[kind](self.now_ms)))
        if self.plan.hang_up_ms is not None:
            self._push(self.plan.hang_up_ms, "line", ev.CallerHungUp(at_ms=self.plan.hang_up_ms))
        self.step(ev.CallStarted(at_ms=0, call_id="sim", agent="sim", line="sim", wall_time_ms=0))

    def advance(self) -> bool:
        """The next thing happens. False when the call is over."""
        if not self._heap or self.ended or self.now_ms > CALL_MAX_MS:
            return False
        at_ms, _, stream, thing = heapq.heappop(self._heap)
        if at_ms > self.now_ms:
            self.now_ms = self.line.now_ms = at_ms
        if self._stall is not None and self._is_held(stream):
            self._held.setdefault(stream, []).append(thing)
        else:
            self._happen(thing)
        return True

    def close(self) -> None:
        if not self.ended:
            phase = self.conversation.phase.value
            self.faults.append(("every_call_ends", f"the call never ended (phase {phase})"))
        self.line.close()
        self.caller.close()
        self.manners.close()

    def later(self, delay_ms: int, stream: str, action: Action) -> None:
        self._push(self.now_ms + delay_ms, stream, action)

    def post(self, event: ev.AnyEvent, stream: str, *, delay_ms: int = 0, keeps_order: bool = True) -> None:
        at_ms = self.now_ms + delay_ms
        if self.choices.chance("comes late", self.weather.jitter):
            at_ms += self.choices.pick("how late", (30, 5, 120, 400))
        if keeps_order:
            at_ms = self._stream_at_ms[stream] = max(at_ms, self._stream_at_ms.get(stream, 0))
        self._push(at_ms, stream, event)

    def hold_everything(self, duration_ms: int, take: Take) -> None:
        """Only the caller's mouth and ear go on; then all that came due, in the order `take` gives."""
        self._stall = Stall(self.now_ms, duration_ms, everything=True)
        self.stalls.append(self._stall)
        self.later(duration_ms, "caller", lambda: self._release(take))

    def _push(self, at_ms: int, stream: str, thing: Action | ev.AnyEvent) -> None:
        self._count += 1
        heapq.heappush(
            self._heap, (at_ms if at_ms > self.now_ms else self.now_ms, self._count, stream, thing)
        )

    def _happen(self, thing: Action | ev.AnyEvent) -> None:
        if isinstance(thing, ev.Event):
            self._arrives(thing)
        else:
            thing()

    # ------------------------------------------------------------ stalls

    def _stalls(self, stall: Stall) -> None:
        if self._stall is None:
            self._stall = stall
            self.later(stall.duration_ms, "caller", lambda: self._release(self._any_order))

    def _is_held(self, stream: str) -> bool:
        assert self._stall is not None
        return stream not in _PHYSICAL and (self._stall.everything or stream not in _OURS)

    def _any_order(self, held: Held) -> list[Action | ev.AnyEvent]:
        return self.choices.shuffled("after a stall", held)

    def _release(self, take: Take) -> None:
        self._stall = None
        held, self._held = self._held, {}
        for thing in take(held):
            if not self.ended:
                self._happen(thing)

    # ------------------------------------------------------------ the core

    def _arrives(self, event: ev.AnyEvent) -> None:
        if event.at_ms != self.now_ms:
            event = msgspec.structs.replace(event, at_ms=self.now_ms)
        kind = type(event)
        if kind in _REPLY_EVENTS and not self.reasoner.still_says(event):
            return
        self.overlap.event(event)
        if kind is ev.TranscriptFinal:
            self.recogniser.given(event)  # type: ignore[arg-type]
        self.step(event)
        if kind is ev.ChunkSynthesized:
            self.line.chunk_done(event.reply_id)  # type: ignore[union-attr]
        elif kind is ev.SynthesisFailed:
            self.line.audio(event.reply_id, event.index, event.audio_ms)  # type: ignore[union-attr]
            self.line.chunk_done(event.reply_id)  # type: ignore[union-attr]
        elif kind is ev.ToolFinished and not self.ended:
            self.reasoner.tool_answered(event.tool_call_id)  # type: ignore[union-attr]

    def step(self, event: ev.AnyEvent) -> None:
        """One event, and whatever the driver answers at once, in the driver's order."""
        self._answers.append(event)
        if self._stepping:
            return
        self._stepping = True
        while self._answers and not self.ended:
            event = self._answers.popleft()
            commands = self.conversation.step(event)
            self.steps.append((event, commands))
            self.manners.step(event, commands)
            for command in commands:
                if self.ended:
                    self.faults.append(("nothing_after_the_end", f"{command} after the end"))
                act = _OBEY.get(type(command))
                if act is not None:
                    act(self, command)
            if not self.ended:
                self._check_clocks(event)
        self._stepping = False

    def _check_clocks(self, event: ev.AnyEvent) -> None:
        if not self._timers:
            self.faults.append(("a_timer_is_pending", f"no timer is pending after {event}"))
        if self.conversation.phase is Phase.SPEAKING and len(self._timers) < 2 and not self.line.sounding:
            self.faults.append(("speaking_is_heard", f"silent and nothing due while speaking after {event}"))

    def _from_line(self, event: ev.AnyEvent, stream: str) -> None:
        if stream == "mark" and self.choices.chance("a mark is lost", self.weather.marks_lost):
            return
        if type(event) is ev.PlayoutStarted:
            text = " ".join(self.voice.chunks.get(event.reply_id, ()))
            self.caller.hears_begin(self.line.reply(event.reply_id), text)
        elif type(event) is ev.PlayoutFinished:
            self.caller.hears_end()
        self.post(event, stream)

    # ------------------------------------------------------------ commands

    def _set_timer(self, command: cmd.SetTimer) -> None:
        name, due_ms = command.timer, command.due_ms
        self._timers[name] = due_ms
        self._push(due_ms, "timer", lambda: self._fire(name, due_ms))

    def _fire(self, name: str, due_ms: int) -> None:
        if self._timers.get(name) == due_ms:
            del self._timers[name]
            self.step(ev.TimerFired(at_ms=self.now_ms, timer=name))

    def _cancel_timer(self, command: cmd.CancelTimer) -> None:
        self._timers.pop(command.timer, None)

    def _note(self, command: cmd.NoteUtterance) -> None:
        if command.kind != "late":
            self.recogniser.settle()

    def _start_reply(self, command: cmd.StartReply) -> None:
        self.reasoner.start(command)
        if command.kind == "goodbye":
            self.caller.is_told_goodbye()
        self.overlap.starts(command)

    def _confirm(self, command: cmd.ConfirmReply) -> None:
        if command.reply_id in self.reasoner.given_up:
            self.faults.append(("every_reply_ends_once", f"{command.reply_id} confirmed after its end"))
        self.reasoner.confirm(command.reply_id)

    def _finish(self, command: cmd.FinishPlayout) -> None:
        self.line.finish(command.reply_id, command.chunks)

    def _pause(self, command: cmd.PausePlayout) -> None:
        heard_ms = self.line.pause(command.reply_id)
        self.step(ev.PlayoutPaused(at_ms=self.now_ms, reply_id=command.reply_id, heard_ms=heard_ms))

    def _resume(self, command: cmd.ResumePlayout) -> None:
        self.line.resume(command.reply_id, command.rewind_ms)

    def _flush(self, command: cmd.FlushPlayout) -> None:
        heard_ms = self.line.flush(command.reply_id)
        self.step(ev.PlayoutFlushed(at_ms=self.now_ms, reply_id=command.reply_id, heard_ms=heard_ms))

    def _report(self, command: cmd.ReportHeard) -> None:
        self.reports.setdefault(command.reply_id, []).append(command)

    def _run_tool(self, command: cmd.RunTool) -> None:
        self.caller.waits_for_tool()
        self.reasoner.tool(command.tool_call_id, runs=True)

    def _end(self, command: cmd.EndCall) -> None:
        self.ended = command.cause


_REPLY_EVENTS = frozenset(
    {ev.ReplyText, ev.AnswerExpected, ev.ReplyFinished, ev.ReplyFailed, ev.ToolRequested}
)

# Commands that are not here change nothing a caller could hear.
_OBEY: dict[type[cmd.Command], Callable[[World, cmd.Command], None]] = {
    cmd.SetTimer: World._set_timer,
    cmd.CancelTimer: World._cancel_timer,
    cmd.FinalizeTranscript: lambda world, _: world.recogniser.asked(),
    cmd.ScoreEndOfTurn: lambda world, command: world.recogniser.score(command),
    cmd.CommitTurn: lambda world, _: world.recogniser.settle(),
    cmd.AmendTurn: lambda world, _: world.recogniser.settle(),
    cmd.NoteUtterance: World._note,
    cmd.StartReply: World._start_reply,
    cmd.ConfirmReply: World._confirm,
    cmd.CancelReply: lambda world, command: world.reasoner.cancel(command.reply_id),
    cmd.Synthesize: lambda world, command: world.voice.synthesize(command),
    cmd.StartPlayout: lambda world, command: world.line.start(command.reply_id),
    cmd.DeferPlayout: lambda world, command: world.line.defer(command.reply_id),
    cmd.FinishPlayout: World._finish,
    cmd.PausePlayout: World._pause,
    cmd.ResumePlayout: World._resume,
    cmd.FlushPlayout: World._flush,
    cmd.ReportHeard: World._report,
    cmd.RunTool: World._run_tool,
    cmd.ReuseToolResult: lambda world, command: world.reasoner.tool(command.tool_call_id, runs=False),
    cmd.Escalate: lambda world, _: world.person.is_called(),
    cmd.CallOff: lambda world, _: world.person.is_called_off(),
    cmd.EndCall: World._end,
}  # type: ignore[dict-item]  # Each takes exactly the command type it is filed under.
