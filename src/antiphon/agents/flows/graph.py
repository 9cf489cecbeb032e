"""A flow as nodes and edges, to be drawn. Nothing here decides anything: the engine knows no graph, it looks
for the first step that is not satisfied, and these are the ways that can lead a caller along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from antiphon.agents.flows.model import Flow, Goal, Step, Verb

OPEN, PERSON, END = "open", "person", "end"
NodeKind = Literal["open", "goal", "ask", "run", "offer", "confirm", "do", "say", "fact", "person", "end"]
EdgeKind = Literal["next", "skip", "again", "trouble", "amend"]
LABEL_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowNode:
    """`group`: the goal a step belongs to, "" for what belongs to none. `effect`: it changes the world."""

    id: str
    kind: NodeKind
    label: str
    detail: str = ""
    group: str = ""
    effect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEdge:
    """`label`: on what condition; "" for none."""

    start: str
    end: str
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowGraph:
    name: str
    nodes: tuple[FlowNode, ...]
    edges: tuple[FlowEdge, ...]


def flow_graph(flow: Flow) -> FlowGraph:
    """The same flow always gives the same graph. Every edge joins two of its nodes."""
    nodes = [FlowNode(id=OPEN, kind="open", label=_short(flow.phrases.open[0]))]
    edges: list[FlowEdge] = []
    for goal in flow.goals.values():
        nodes.append(_goal_node(goal))
        nodes += [_step_node(flow, goal, step) for step in goal.steps]
        edges += _goal_edges(flow, goal)
    for fact in flow.facts.values():
        nodes.append(FlowNode(id=f"fact:{fact.name}", kind="fact", label=_words(fact.name), detail=fact.tool))
    nodes.append(FlowNode(id=PERSON, kind="person", label="a person"))
    nodes.append(FlowNode(id=END, kind="end", label=_short(flow.phrases.farewell)))
    return FlowGraph(name=flow.name, nodes=tuple(nodes), edges=tuple(dict.fromkeys(edges)))


def _goal_node(goal: Goal) -> FlowNode:
    detail = next(iter(goal.intent.examples), "")
    return FlowNode(
        id=_goal_id(goal.name), kind="goal", label=_words(goal.name), detail=_short(detail), group=goal.name
    )


def _step_node(flow: Flow, goal: Goal, step: Step) -> FlowNode:
    label, detail = _words(step.target), ""
    match step.verb:
        case Verb.ASK:
            ask = flow.slots[step.target].ask
            detail = ask[0] if ask else ""
        case Verb.OFFER:
            label, detail = _words(step.into or step.target), step.say
        case Verb.CONFIRM | Verb.SAY:
            label, detail = _words(step.name), step.target
        case Verb.RUN | Verb.DO:
            label = step.target
    return FlowNode(
        id=_step_id(goal, step),
        kind=step.verb.value,
        label=_short(label),
        detail=_short(detail),
        group=goal.name,
        effect=step.verb is Verb.DO,
    )


def _goal_edges(flow: Flow, goal: Goal) -> Iterator[FlowEdge]:
    ids = [_goal_id(goal.name), *(_step_id(goal, step) for step in goal.steps), OPEN]
    yield FlowEdge(start=OPEN, end=ids[0], kind="next")
    for start, end in pairwise(ids):
        yield FlowEdge(start=start, end=end, kind="next")
    for number, step in enumerate(goal.steps, start=1):
        if step.when or step.unless:
            yield FlowEdge(start=ids[number - 1], end=ids[number + 1], kind="skip", label=_condition(step))
        yield from _ways_back(goal, step)
    if goal.amend:
        yield FlowEdge(start=ids[-2], end=_goal_id(goal.amend), kind="amend", label="put right afterwards")


def _ways_back(goal: Goal, step: Step) -> Iterator[FlowEdge]:
    """Where a "no" or an error leads."""
    here, asks = _step_id(goal, step), _asked_in(goal)
    if step.verb in (Verb.CONFIRM, Verb.OFFER):
        word = "no" if step.verb is Verb.CONFIRM else "none of these"
        for slot in step.refine:
            if slot in asks:
                yield FlowEdge(start=here, end=asks[slot], kind="again", label=word)
    for error, trouble in step.troubles.items():
        targets = [asks[slot] for slot in trouble.again if slot in asks]
        leads = {"person": PERSON, "end": END}.get(trouble.leads)
        for end in [*targets, *([leads] if leads else [])]:
            yield FlowEdge(start=here, end=end, kind="trouble", label=_words(error))


def _asked_in(goal: Goal) -> dict[str, str]:
    return {step.target: _step_id(goal, step) for step in goal.steps if step.verb is Verb.ASK}


def _condition(step: Step) -> str:
    """On which the step is passed over."""
    parts = [f"no {_words(step.when)}" if step.when else "", _words(step.unless)]
    return " or ".join(part for part in parts if part)


def _goal_id(name: str) -> str:
    return f"goal:{name}"


def _step_id(goal: Goal, step: Step) -> str:
    return f"{goal.name}:{goal.steps.index(step)}:{step.name}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LABEL_MAX else text[: LABEL_MAX - 1] + "…"
