"""One live call as people watch it: its signals, its words so far, and who reads along.

Fed with the same events and commands as the trace. Everything here is bounded, quick and never raises: it
runs where the call runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from antiphon.audio.line_quality import LineSecond
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.operations.attention.anger import Temper
from antiphon.operations.attention.questions import is_same, question_of
from antiphon.operations.attention.score import Signals
from antiphon.runtime.views import Screen

LINES_MAX: Final = 200  # Who opens a longer call reads its end here, and the rest in the trace.
QUESTIONS_REMEMBERED: Final = 6
_KEPT = frozenset({"tool", "end"})


class WatchedCall:
    """Implements `runtime.attending.Attendant` (and `CallerView` for its own screen).

    Attributes:
        following: Called with each message for who reads along, as `CallerView.show`.
    """

    def __init__(self, cost_limit_usd: float = 0.0) -> None:
        self.lines: deque[Mapping[str, object]] = deque(maxlen=LINES_MAX)
        self.following: list[Callable[[Mapping[str, object]], None]] = []
        self.caller = ""
        self.state = ""
        self.turns = 0
        self._cost_limit_usd = cost_limit_usd
        self._screen = Screen(self)
        self._temper = Temper()
        self._cost_usd = 0.0
        self._heard_ms = 0  # When somebody was last heard.
        self._caller_speaks = self._agent_speaks = False
        self._asked_again = self._misunderstood = self._failures = self._stuck = 0
        self._tells = False  # The agent says when it has understood a turn.
        self._understood = True
        self._questions: deque[frozenset[str]] = deque(maxlen=QUESTIONS_REMEMBERED)
        self._waits_since_ms: int | None = None

    def signals(self, now_ms: int) -> Signals:
        """What the call shows at this call time."""
        speaks = self._caller_speaks or self._agent_speaks or self.state == "away"
        waited_ms = 0 if self._waits_since_ms is None else now_ms - self._waits_since_ms
        return Signals(
            silence_ms=0 if speaks else max(0, now_ms - self._heard_ms),
            asked_again=self._asked_again,
            misunderstood=self._misunderstood,
            failures=self._failures,
            anger=round(self._temper.level, 3),
            turns_stuck=self._stuck,
            cost_usd=self._cost_usd,
            cost_limit_usd=self._cost_limit_usd,
            waiting_ms=max(0, waited_ms),
        )

    # ------------------------------------------------------------------ `Attendant`

    def measured(self, second: LineSecond) -> None:
        if second.voiced:
            self._temper.second(second.level_dbfs)

    def event(self, event: ev.AnyEvent) -> None:
        self._screen.event(event)
        match event:
            case ev.SpeechStarted():
                self._caller_speaks = True
            case ev.SpeechStopped():
                self._caller_speaks, self._heard_ms = False, event.at_ms
            case ev.PlayoutStarted():
                self._agent_speaks = True
            case ev.PlayoutFinished() | ev.PlayoutFlushed() | ev.PlayoutPaused():
                self._agent_speaks, self._heard_ms = False, event.at_ms
            case ev.TurnUnderstood():
                self._tells = self._understood = True
            case ev.ToolFinished():
                self._worked(event.ok)
            case ev.ReplyFailed() | ev.SynthesisFailed():
                self._worked(False)
            case ev.TextTyped():
                self._heard_ms = event.at_ms
            case ev.OperatorHolds():
                self._waits_since_ms = event.at_ms
            case ev.OperatorResumes() | ev.PersonJoined() | ev.HandoverFailed():
                self._waits_since_ms = None
            case ev.CallStarted():
                self.caller, self._heard_ms = event.caller_number, event.at_ms

    def command(self, at_ms: int, command: cmd.Command) -> None:
        self._screen.command(at_ms, command)
        match command:
            case cmd.CommitTurn():
                self._turn_taken(command.text)
            case cmd.ReportHeard():
                self._asked(command.text)
            case cmd.ResumePlayout():
                self._agent_speaks = True
            case cmd.NoteUtterance(kind="misheard" | "lost"):
                self._misunderstood += 1
            case cmd.Escalate():
                self._waits_since_ms = at_ms

    def note(self, type: str, fields: Mapping[str, object]) -> None:  # noqa: A002 - the trace's own word
        cost = fields.get("cost_usd") if type == "usage" else None
        if isinstance(cost, str):
            self._cost_usd += float(cost)

    def phase(self, phase: str) -> None:
        self.state = phase
        self._screen.phase(phase)

    def picture(self, *, shown: bool) -> None:
        self._screen.picture(shown=shown)

    # ------------------------------------------------------------------ `CallerView`

    def show(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "agent_heard":
            if message["text"]:
                self.lines.append(message)
        elif kind in _KEPT or (kind == "caller" and message["final"]):
            self.lines.append(message)
        for tell in tuple(self.following):
            tell(message)

    # ------------------------------------------------------------------ what it means

    def _turn_taken(self, text: str) -> None:
        if self.turns:
            # A turn before the agent ever told is judged by nothing.
            self._misunderstood = 0 if self._understood or not self._tells else self._misunderstood + 1
        self._understood = False
        self.turns += 1
        self._stuck += 1
        self._temper.said(text)

    def _asked(self, text: str) -> None:
        """The agent's reply, as far as it was heard."""
        question = question_of(text)
        if not question:
            return
        if self._questions and is_same(question, self._questions[-1]):
            self._asked_again += 1
        else:
            self._asked_again = 0
            if not any(is_same(question, before) for before in self._questions):
                self._stuck = 0
        self._questions.append(question)

    def _worked(self, ok: bool) -> None:
        self._failures = 0 if ok else self._failures + 1
        if ok:
            self._stuck = 0
