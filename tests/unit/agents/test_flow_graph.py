from __future__ import annotations

from tests.unit.agents.dialogue import AGENTS

from antiphon.agents.flows.graph import LABEL_MAX, flow_graph
from antiphon.agents.flows.load import load_flow
from antiphon.agents.flows.model import Verb

FLOW = load_flow(AGENTS / "clinic" / "flow.yaml")
GRAPH = flow_graph(FLOW)


def test_every_goal_step_and_fact_is_a_node_once() -> None:
    ids = [node.id for node in GRAPH.nodes]
    assert len(ids) == len(set(ids))
    steps = sum(len(goal.steps) for goal in FLOW.goals.values())
    assert len(ids) == 1 + len(FLOW.goals) + steps + len(FLOW.facts) + 2
    assert all(node.label and len(node.label) <= LABEL_MAX for node in GRAPH.nodes)


def test_every_edge_joins_two_nodes_and_every_step_is_reached_from_the_beginning() -> None:
    ids = {node.id for node in GRAPH.nodes}
    assert all(edge.start in ids and edge.end in ids for edge in GRAPH.edges)
    reached = {"open"}
    while more := {edge.end for edge in GRAPH.edges if edge.start in reached} - reached:
        reached |= more
    assert {node.id for node in GRAPH.nodes if node.group} <= reached


def test_steps_follow_one_another_in_the_order_of_the_file() -> None:
    goal = next(iter(FLOW.goals.values()))
    at = f"goal:{goal.name}"
    for step in goal.steps:
        (edge,) = [one for one in GRAPH.edges if one.start == at and one.kind == "next"]
        at = edge.end
        assert at.endswith(f":{step.name}")


def test_effects_conditions_and_ways_back_are_marked() -> None:
    effects = {node.id for node in GRAPH.nodes if node.effect}
    done = [step for goal in FLOW.goals.values() for step in goal.steps if step.verb is Verb.DO]
    assert len(effects) == len(done) > 0
    conditional = [s for g in FLOW.goals.values() for s in g.steps if s.when or s.unless]
    assert len([edge for edge in GRAPH.edges if edge.kind == "skip"]) == len(conditional) > 0
    assert all(edge.label for edge in GRAPH.edges if edge.kind in ("skip", "trouble", "again", "amend"))
    assert any(edge.kind == "again" and edge.label == "no" for edge in GRAPH.edges)
