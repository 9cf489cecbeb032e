"""What a call's trace tells of its waits: when a reply was due, and what happened meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.manners import is_filler
from tests.simulation.world import World


@dataclass(slots=True)
class Wait:
    """From, to: a reply is due or is being said. `kind` as in `StartReply`; "said" is a fixed phrase or
    music."""

    reply_id: str
    kind: str
    begin_ms: int
    end_ms: int = -1


@dataclass(slots=True)
class Story:
    """What the trace tells of our waits.

    Attributes:
        waits: In the order they ended.
        marks: When our clock starts anew, and why: "words" (we fell silent: a filler is due soon), "filler"
            (there was one: the next is due later), "failed" (the voice did; as a filler), "progress" (the
            reply got on, unheard).
        covered: From, to: the core hears somebody, or finds out who that is over ours; how long it may take
            for that is judged apart.
        worded: From, to: something of ours is heard that is no filler.
    """

    waits: list[Wait] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    covered: list[tuple[int, int]] = field(default_factory=list)
    worded: list[tuple[int, int]] = field(default_factory=list)


class Reader:
    """One pass over the steps of a call."""

    def __init__(self, world: World) -> None:
        self.story = Story()
        self._world = world
        self._open: dict[str, Wait] = {}
        self._known: set[str] = set()
        self._spoken: dict[str, list[tuple[int, bool]]] = {}  # By reply: when, and whether it is a filler.
        self._voice_ms = self._hold_ms = -1

    def read(self) -> Story:
        for event, commands in self._world.steps:
            if type(event) in _EVENTS:
                self._event(event)
            for command in commands:
                if type(command) in _COMMANDS:
                    self._command(event.at_ms, command)
        for wait in list(self._open.values()):
            self._over(wait.reply_id, self._world.now_ms)
        self._voice_ends(self._world.now_ms)
        self._hold_ends(self._world.now_ms)
        for begin_ms, end_ms, reply_id in self._world.line.sounded:
            given = [filler for at_ms, filler in self._spoken.get(reply_id, ()) if at_ms < end_ms]
            if given and given[-1]:
                self.story.marks.append((end_ms, "filler"))
            else:
                self.story.marks.append((end_ms, "words"))
                self.story.worded.append((begin_ms, end_ms))
        self.story.marks.sort(key=lambda mark: mark[0])  # At one moment the last counts.
        return self.story

    def _event(self, event: ev.AnyEvent) -> None:
        match event:
            case ev.SpeechStarted():
                self._voice_ms = event.at_ms
            case ev.SpeechStopped():
                self._voice_ends(event.at_ms)
            case ev.TimerFired() if event.timer == "hold":
                self._hold_ends(event.at_ms)
            case ev.SynthesisFailed():
                self.story.marks.append((event.at_ms, "failed"))
            case ev.ReplyText() | ev.ReplyFinished() | ev.ToolFinished():
                self.story.marks.append((event.at_ms, "progress"))

    def _command(self, at_ms: int, command: cmd.Command) -> None:
        match command:
            case cmd.SetTimer():
                if command.timer == "hold" and self._hold_ms < 0:
                    self._hold_ms = at_ms
            case cmd.CancelTimer():
                if command.timer == "hold":
                    self._hold_ends(at_ms)
            case cmd.StartReply():
                self._known.add(command.reply_id)
                if not command.speculative:
                    self._due(command.reply_id, command.kind, at_ms)
            case cmd.ConfirmReply():
                self._due(command.reply_id, "turn", at_ms)
            case cmd.Synthesize():
                self._speaks(at_ms, command)
            case cmd.ResumePlayout():
                if self._spoken[command.reply_id][-1][1]:  # Its filler is over, or goes on.
                    self.story.marks.append((at_ms, "filler"))
            case cmd.ReportHeard():
                self._over(command.reply_id, at_ms)

    def _speaks(self, at_ms: int, command: cmd.Synthesize) -> None:
        reply_id = command.reply_id
        filler = is_filler(command, self._world.policy)
        self._spoken.setdefault(reply_id, []).append((at_ms, filler))
        if not filler and reply_id not in self._known:
            self._known.add(reply_id)
            self._due(reply_id, "said", at_ms)

    def _due(self, reply_id: str, kind: str, at_ms: int) -> None:
        self._open[reply_id] = Wait(reply_id, kind, at_ms)

    def _over(self, reply_id: str, at_ms: int) -> None:
        wait = self._open.pop(reply_id, None)
        if wait is not None:
            wait.end_ms = at_ms
            self.story.waits.append(wait)

    def _voice_ends(self, at_ms: int) -> None:
        if self._voice_ms >= 0:
            self.story.covered.append((self._voice_ms, at_ms))
        self._voice_ms = -1

    def _hold_ends(self, at_ms: int) -> None:
        if self._hold_ms >= 0:
            self.story.covered.append((self._hold_ms, at_ms))
            self.story.marks.append((at_ms, "words"))
        self._hold_ms = -1


_EVENTS = frozenset(
    {
        ev.SpeechStarted,
        ev.SpeechStopped,
        ev.TimerFired,
        ev.ChunkSynthesized,
        ev.SynthesisFailed,
        ev.ReplyText,
        ev.ReplyFinished,
        ev.ToolFinished,
    }
)
_COMMANDS = frozenset(
    {
        cmd.SetTimer,
        cmd.CancelTimer,
        cmd.StartReply,
        cmd.ConfirmReply,
        cmd.Synthesize,
        cmd.ReportHeard,
        cmd.ResumePlayout,
    }
)


@lru_cache(maxsize=1)  # Both silences of one call.
def story(world: World) -> Story:
    """The waits of a call that is over."""
    return Reader(world).read()
