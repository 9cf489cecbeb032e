"""How a golden story is told: a caller who follows a script, the real core, and doubles that do not slip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.words import same_words
from antiphon.runtime.records.lines import CallRecord, CommandEntry, read_call
from tests.simulation.choices import Made
from tests.simulation.faults import Fault
from tests.simulation.plan import Plan, Utterance, Weather
from tests.simulation.record import write_trace
from tests.simulation.vendors import Reasoner
from tests.simulation.world import World

C = TypeVar("C", bound=cmd.Command)
E = TypeVar("E", bound=ev.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story that was lived through: its trace, and whatever else `absent` must look at."""

    record: CallRecord
    facts: dict[str, object] = field(default_factory=dict)

    def commands(self, kind: type[C]) -> list[tuple[int, C]]:
        """Call time and command."""
        entries = [entry for entry in self.record.entries if isinstance(entry, CommandEntry)]
        return [(entry.at_ms, entry.command) for entry in entries if isinstance(entry.command, kind)]

    def only(self, kind: type[C]) -> tuple[int, C]:
        found = self.commands(kind)
        assert len(found) == 1, f"{len(found)} times {kind.__name__}"
        return found[0]

    def events(self, kind: type[E]) -> list[E]:
        return [event for event in self.record.events if isinstance(event, kind)]

    def heard(self, reply_id: str) -> str:
        """What the context says the caller heard of this reply; it is said once."""
        reports = [report for _, report in self.commands(cmd.ReportHeard) if report.reply_id == reply_id]
        assert len(reports) == 1, f"{reply_id} was reported {len(reports)} times"
        return reports[0].text


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """Something a caller or an operator noticed on some agent, and must never notice here.

    Attributes:
        name: What was noticed.
        rows: Invariants (I1 to I9) and pains (P1 to P25) it stands for; see `rows.py`.
        tell: Lives through the story and leaves its trace in the folder.
        absent: Asserts that nothing of the symptom is there.
        fault: Puts the cause into the code; `absent` must fail then.
    """

    name: str
    rows: tuple[str, ...]
    tell: Callable[[Path], Told]
    absent: Callable[[Told], None]
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the reasoner does for one turn: tools first, then the chunks.

    `protected`: chunks that must be heard to their end.
    `unfinished`: more was to come and never does; `silent`: not even the first chunk comes.
    """

    chunks: tuple[str, ...] = ()
    tools: int = 0
    then: str = ""
    cause: str = ""
    expects: str = ""
    protected: tuple[str, ...] = ()
    delay_ms: int = 60
    unfinished: bool = False
    silent: bool = False


FAIR = Weather()
FIXED = {
    "greeting": Answer(chunks=("Hello, this is the clinic.", "How can I help you?")),
    "reprompt": Answer(chunks=("Are you still there?",)),
    "goodbye": Answer(chunks=("Thank you for calling.", "Goodbye.")),
}


class Story:
    """A call that follows a script."""

    def __init__(
        self, policy: Policy | None = None, made: Made | None = None, weather: Weather = FAIR
    ) -> None:
        plan = Plan(policy=policy or Policy(), made=made or {}, mark_every_ms=200, weather=weather)
        self.world = World(plan)
        self._reasoner = _Scripted(self.world)
        self.world.reasoner = self._reasoner
        self.world.begin()

    def answers(self, words: str, answer: Answer) -> None:
        """This is what the reasoner will do when the caller says these words."""
        self._reasoner.script.append((words, answer))

    def greeting_is(self, answer: Answer) -> None:
        self._reasoner.fixed["greeting"] = answer

    def goodbye_is(self, answer: Answer) -> None:
        self._reasoner.fixed["goodbye"] = answer

    def runs(self, duration_ms: int) -> None:
        """Let time pass."""
        reached: list[bool] = []
        self.world.later(duration_ms, "caller", lambda: reached.append(True))
        while not reached and self.world.advance():
            pass

    def hears(self, reply_id: str, heard_ms: int = 1) -> None:
        """Let time pass until the caller has heard so much of the reply."""
        while self.world.line.cursor_ms(self.world.line.reply(reply_id)) < heard_ms:
            assert self.world.advance(), f"{reply_id} is never heard"

    def greeted(self) -> None:
        self.hears("r1", 1000)
        while self.world.line.sounding:
            self.world.advance()
        self.runs(500)

    def says(self, words: str, *, waits_ms: int = 0) -> None:
        """The caller speaks, and then waits."""
        duration_ms = 250 * len(words.split()) + 150
        self.world.caller.does(Utterance(0, duration_ms, phrase=words))
        self.runs(duration_ms + waits_ms)

    def coughs(self, duration_ms: int = 300) -> None:
        self.world.caller.does(Utterance(0, duration_ms))
        self.runs(duration_ms)

    def gives_back(self, words: str, *, duration_ms: int = 700) -> None:
        """The caller's loudspeaker is heard, and read as these words."""
        self.world.caller._voice(duration_ms, words.split(), echo=True)
        self.runs(duration_ms)

    def happens(self, event: ev.AnyEvent) -> None:
        self.world.post(event, "line")
        self.runs(1)

    def hangs_up(self) -> None:
        self.happens(ev.CallerHungUp(at_ms=self.world.now_ms))

    def until_end(self) -> None:
        while self.world.advance():
            pass
        assert self.world.ended, "the call never ends"


class _Scripted(Reasoner):
    def __init__(self, world: World) -> None:
        super().__init__(world, world.usage)
        self.script: list[tuple[str, Answer]] = []
        self.fixed = dict(FIXED)
        self._answer: dict[str, Answer] = {}
        self._tools_left: dict[str, int] = {}

    def start(self, command: cmd.StartReply) -> None:
        self._usage.replies += 1
        if command.speculative:
            self.drafts.add(command.reply_id)
        scripted = [answer for words, answer in self.script if same_words(words, command.text)]
        answer = self.fixed.get(command.kind) or (scripted[0] if scripted else Answer(chunks=("I see.",)))
        self._answer[command.reply_id] = answer
        self._tools_left[command.reply_id] = answer.tools
        self._go_on(command.reply_id, answer.delay_ms)

    def tool_answered(self, tool_call_id: str) -> None:
        reply_id = self._asked.pop(tool_call_id, "")
        if reply_id:
            self._go_on(reply_id, 20)

    def _go_on(self, reply_id: str, delay_ms: int) -> None:
        answer = self._answer[reply_id]
        if self._tools_left[reply_id]:
            self._tools_left[reply_id] -= 1
            self._ask(reply_id, delay_ms)
        elif not answer.silent:
            self._write(reply_id, delay_ms)

    def _write(self, reply_id: str, delay_ms: int) -> None:
        answer = self._answer[reply_id]
        at_ms = self._world.now_ms + delay_ms
        for index, text in enumerate(answer.chunks):
            must = text in answer.protected
            said = ev.ReplyText(at_ms=at_ms, reply_id=reply_id, index=index, text=text, uninterruptible=must)
            self._say(said, delay_ms)
        if answer.expects:
            self._say(ev.AnswerExpected(at_ms=at_ms, reply_id=reply_id, kind=answer.expects), delay_ms)
        if not answer.unfinished:
            finished = ev.ReplyFinished(at_ms=at_ms, reply_id=reply_id, then=answer.then, cause=answer.cause)
            self._say(finished, delay_ms)


def spoken(
    name: str,
    *rows: str,
    story: Callable[[Story], None],
    absent: Callable[[Told], None],
    fault: Fault,
    policy: Policy | None = None,
    made: Made | None = None,
    weather: Weather = FAIR,
) -> Symptom:
    """A symptom of the core, told with doubles of everything around it."""

    def tell(folder: Path) -> Told:
        told = Story(policy, made, weather)
        story(told)
        world = told.world
        path = write_trace(folder / f"{name}.jsonl", world.policy, world.steps, agent="clinic")
        return Told(record=read_call(path), facts={"sounded": list(world.line.sounded)})

    return Symptom(name=name, rows=rows, tell=tell, absent=absent, fault=fault)
