"""From a flow file to a checked `Flow`. Every problem is reported with its line, all of them at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from antiphon.agents.definition.document import Advice, Document, dotted, read_document
from antiphon.agents.definition.markup import markup_problems
from antiphon.agents.definition.parts import Section
from antiphon.agents.definition.problems import (
    KeyPath,
    Problem,
    pydantic_problems,
    raise_problems,
    unknown_word,
)
from antiphon.agents.flows.model import (
    Choice,
    Fact,
    Flow,
    Goal,
    Intent,
    Phrases,
    Saying,
    Slot,
    SlotType,
    Step,
    Trouble,
    Verb,
)
from antiphon.agents.flows.schema import VERBS, FactSection, FlowFile, GoalSection, SlotSection, StepSection
from antiphon.agents.flows.speaking import FILTERS, placeholders

# Paths may also start with these: a tool's answer, the call itself, and `said` for a fact's own question.
SPECIAL = frozenset({"result", "options", "value", "caller_number", "said"})


def load_flow(path: Path, tools: Collection[str] | None = None) -> Flow:
    """Read and check a flow. `tools`: the names the agent may use, or None to not check them.

    Raises:
        ConfigError: Everything that is wrong with the file, in one message.
    """
    flow, problems = check_flow(path, tools)
    raise_problems(problems)
    assert flow is not None
    return flow


def check_flow(path: Path, tools: Collection[str] | None = None) -> tuple[Flow | None, list[Problem]]:
    """As `load_flow`, for a caller who collects the problems of several files."""
    document = read_document(path, Advice(start="start with `flow: some_name`"))
    if document.value is None:
        return None, list(document.problems)
    problems = list(document.problems)
    try:
        file = FlowFile.model_validate(document.value)
    except ValidationError as error:
        return None, problems + pydantic_problems(error, FlowFile, document)
    flow = _flow(file)
    checking = _Checking(document=document, flow=flow, tools=tools)
    checking.check()
    return flow, problems + checking.problems + markup_problems(document)


def _flow(file: FlowFile) -> Flow:
    said: dict[str, Any] = cast("Section", file.phrases).model_dump()  # Made at run time.
    phrases: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    return Flow(
        name=file.flow,
        slots={name: _slot(name, section) for name, section in file.slots.items()},
        goals={name: _goal(name, section) for name, section in file.goals.items()},
        facts={name: _fact(name, section) for name, section in file.facts.items()},
        phrases=Phrases(**phrases),
        misheard=dict(file.misheard),
    )


def _slot(name: str, section: SlotSection) -> Slot:
    choices = tuple(
        Choice(value=value, say=item.say, phrases=tuple(item.phrases), examples=tuple(item.examples))
        for value, item in section.choices.items()
    )
    return Slot(
        name=name,
        type=SlotType(section.type),
        ask=tuple(section.ask),
        narrow=section.narrow,
        keys=section.keys,
        ack=section.ack,
        called=tuple(section.called),
        choices=choices,
        vocabulary=tuple(section.vocabulary),
        volunteer=section.volunteer,
        optional=section.optional,
        keep=section.keep,
        cues=tuple(section.cues),
        ignore=tuple(section.ignore),
    )


def _goal(name: str, section: GoalSection) -> Goal:
    return Goal(
        name=name,
        intent=Intent(examples=tuple(section.examples), keywords=tuple(section.keywords)),
        steps=tuple(_step(name, index, item) for index, item in enumerate(section.steps)),
        begin=section.begin,
        abandon=section.abandon,
        implied_by=tuple(section.implied_by),
        amend=section.amend,
        amend_with=dict(section.amend_with),
    )


def _step(goal: str, index: int, section: StepSection) -> Step:
    verb = next(verb for verb in (*[v for v in VERBS if v != "say"], "say") if getattr(section, verb))
    texts = {key: value for key, value in section.with_.items() if isinstance(value, str)}
    return Step(
        verb=Verb(verb),
        target=getattr(section, verb),
        name=section.name or f"{goal}_{index}",
        arguments=texts,
        literals={key: value for key, value in section.with_.items() if not isinstance(value, str)},
        say=section.say if verb != "say" else "",
        into=section.into or "",
        key=section.key,
        start=section.start,
        single=section.single,
        refine=tuple(section.refine),
        empty=section.empty,
        troubles={
            code: Trouble(say=item.say, again=tuple(item.again), options=item.options, leads=item.leads)
            for code, item in section.troubles.items()
        },
        when=section.when,
        unless=section.unless,
        uninterruptible=section.uninterruptible,
    )


def _fact(name: str, section: FactSection) -> Fact:
    return Fact(
        name=name,
        intent=Intent(examples=tuple(section.examples), keywords=tuple(section.keywords)),
        says=tuple(Saying(say=item.say, when=item.when) for item in section.say),
        tool=section.tool,
        arguments=dict(section.with_),
        when_missing=section.when_missing,
    )


@dataclass(slots=True, kw_only=True)
class _Checking:
    """Names that must exist somewhere else in the file."""

    document: Document
    flow: Flow
    tools: Collection[str] | None
    problems: list[Problem] = field(default_factory=list)

    def check(self) -> None:
        for name, slot in self.flow.slots.items():
            self._template(slot.ack, ("slots", name, "ack"), {"value"})
        for name, goal in self.flow.goals.items():
            self._goal(goal, ("goals", name))
        for name, fact in self.flow.facts.items():
            at: KeyPath = ("facts", name)
            if fact.tool:
                self._tool(fact.tool, (*at, "tool"))
            self._paths(fact.arguments, (*at, "with"), set())
            for index, saying in enumerate(fact.says):
                self._template(saying.say, (*at, "say", index), set())
                self._path(saying.when, (*at, "say", index), set())

    def _goal(self, goal: Goal, at: KeyPath) -> None:
        named = {step.name for step in goal.steps} | {step.into for step in goal.steps if step.into}
        for index, step in enumerate(goal.steps):
            self._step(step, (*at, "steps", index), named)
        for index, slot in enumerate(goal.implied_by):
            self._known("slot", slot, self.flow.slots, (*at, "implied_by", index))
        if goal.amend:
            self._known("goal", goal.amend, self.flow.goals, (*at, "amend"))
        self._paths(goal.amend_with, (*at, "amend_with"), named)
        self._template(goal.begin, (*at, "begin"), named)
        self._confirmed_before_done(goal, at)

    def _confirmed_before_done(self, goal: Goal, at: KeyPath) -> None:
        confirmed = False
        for index, step in enumerate(goal.steps):
            confirmed = confirmed or step.verb is Verb.CONFIRM
            if step.verb is Verb.DO and not confirmed:
                self._add(
                    (*at, "steps", index, "do"),
                    "nothing confirms it first",
                    "put a `confirm:` step before it",
                )

    def _step(self, step: Step, at: KeyPath, named: set[str]) -> None:
        here = (*at, step.verb.value)
        if step.verb is Verb.ASK:
            self._known("slot", step.target, self.flow.slots, here)
            if step.target in self.flow.slots and not self.flow.slots[step.target].ask:
                self._add(
                    here, f"the slot {step.target!r} has no question", f"add `ask:` to slots.{step.target}"
                )
        elif step.verb in (Verb.RUN, Verb.DO):
            self._tool(step.target, here)
            self._paths(step.arguments, (*at, "with"), named)
        elif step.verb is Verb.OFFER:
            self._path(step.target, here, named)
        else:
            self._template(step.target, here, named)
        self._template(step.say, (*at, "say"), named)
        for name in ("when", "unless"):
            self._path(getattr(step, name), (*at, name), named)
        for index, slot in enumerate(step.refine):
            self._known("slot", slot, self.flow.slots, (*at, "refine", index))
        for code, trouble in step.troubles.items():
            self._template(trouble.say, (*at, "on", code, "say"), named)
            for index, slot in enumerate(trouble.again):
                self._known("slot", slot, [*self.flow.slots, *named], (*at, "on", code, "again", index))

    def _tool(self, name: str, at: KeyPath) -> None:
        if self.tools is not None:
            self._known("tool", name, self.tools, at)

    def _paths(self, paths: Mapping[str, str], at: KeyPath, named: set[str]) -> None:
        for key, path in paths.items():
            self._path(path, (*at, key), named)

    def _path(self, path: str, at: KeyPath, named: set[str]) -> None:
        path = path.removeprefix("said.")
        if path:
            self._known(
                "slot or result",
                path.partition("=")[0].split(".")[0],
                [*self.flow.slots, *named, *SPECIAL],
                at,
            )

    def _template(self, text: str, at: KeyPath, named: set[str]) -> None:
        for path, filters in placeholders(text):
            self._path(path, at, named)
            for name in filters:
                self._known("filter", name, FILTERS, at)

    def _known(self, what: str, name: str, known: Collection[str], at: KeyPath) -> None:
        if name not in known:
            message, fix = unknown_word(what, name, known)
            self._add(at, message, fix)

    def _add(self, at: KeyPath, message: str, fix: str) -> None:
        line = self.document.line(at)
        problem = Problem(path=self.document.path, line=line, field=dotted(at), message=message, fix=fix)
        self.problems.append(problem)


def flow_schema() -> dict[str, Any]:
    """JSON Schema of the flow file."""
    return FlowFile.model_json_schema(by_alias=True)
