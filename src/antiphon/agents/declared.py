"""The words an agent's files hold as they are spoken: whatever is not here may hold something of a caller."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from antiphon.agents.definition.values import AgentDefinition
from antiphon.agents.flows.model import Flow, Step, Verb
from antiphon.conversation.policy import AnsweringPolicy, HandoverPolicy

_FILLED = frozenset("{[")  # A template: what it becomes holds values.


def declared_texts(definition: AgentDefinition, flow: Flow | None) -> tuple[str, ...]:
    """Every text of the agent file and its flow that needs no value to be said, each once."""
    texts = [*_file_texts(definition), *(_flow_texts(flow) if flow is not None else ())]
    return tuple(dict.fromkeys(text for text in texts if text.strip() and not _FILLED & set(text)))


def _file_texts(definition: AgentDefinition) -> Iterator[str]:
    policy = definition.policy
    yield definition.opening
    yield from policy.fillers
    yield policy.trouble
    if isinstance(policy.answering, AnsweringPolicy):
        yield policy.answering.message
    yield from (policy.line.ask, policy.line.keypad, policy.line.transfer)
    yield from (item.text for item in definition.disclosures)
    yield definition.ai_answer
    yield definition.escalation.words
    if isinstance(policy.handover, HandoverPolicy):
        waiting = policy.handover
        yield from (*waiting.comfort, waiting.busy, waiting.no_answer, waiting.declined, waiting.lost)
        yield definition.escalation.question
    yield from (menu.say for menu in definition.menus)
    yield definition.emergency.words
    yield definition.emergency.crisis_words
    yield from (rule.words for rule in definition.emergency.rules)


def _flow_texts(flow: Flow) -> Iterator[str]:
    for each in dataclasses.fields(flow.phrases):
        words = getattr(flow.phrases, each.name)
        yield from (words,) if isinstance(words, str) else words
    for slot in flow.slots.values():
        yield from (*slot.ask, slot.narrow, slot.keys, slot.ack)
    for goal in flow.goals.values():
        yield from (goal.begin, goal.abandon)
        for step in goal.steps:
            yield from _step_texts(step)
    for fact in flow.facts.values():
        yield from (saying.say for saying in fact.says)
        yield fact.when_missing


def _step_texts(step: Step) -> Iterator[str]:
    yield step.say
    if step.verb is Verb.SAY:
        yield step.target
    yield from (trouble.say for trouble in step.troubles.values())
