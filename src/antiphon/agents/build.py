"""From an agent's definition to something that reasons: the parts shared by all calls, and one per call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.agents.definition.values import AgentDefinition
from antiphon.agents.disclosures import DisclosureGuard
from antiphon.agents.flows.emergency import EmergencyGuard, EmergencyRules
from antiphon.agents.flows.intents import IntentIndex
from antiphon.agents.flows.load import load_flow
from antiphon.agents.flows.model import Flow, Intent
from antiphon.agents.flows.reasoner import FlowReasoner
from antiphon.agents.flows.rules import RuleUnderstanding
from antiphon.agents.llm.fallback import FallbackReasoner
from antiphon.agents.llm.reasoner import LlmReasoner
from antiphon.agents.menus import MenuGuard
from antiphon.agents.ports import (
    Additions,
    Effect,
    LanguageModel,
    LearnsInCalls,
    Reasoner,
    SentenceEncoder,
    Tool,
)
from antiphon.agents.recording import RecordingGuard
from antiphon.errors import ConfigError


@dataclass(slots=True)
class Reasoning:
    """What all calls of one agent share. `reasoner()` gives a call its own, in microseconds."""

    definition: AgentDefinition
    tools: Sequence[Tool]
    language_model: LanguageModel | None
    flow: Flow | None
    understanding: RuleUnderstanding | None
    rules: EmergencyRules

    async def warm(self) -> None:
        """Encode every example sentence before the first call needs them."""
        if self.understanding is not None:
            await self.understanding.index.warm()
            if self.understanding.choice_index is not None:
                await self.understanding.choice_index.warm()

    def reasoner(self, additions: Additions | None = None) -> Reasoner:
        """A reasoner for one call: the file's ways to reason in order, the emergency rules first."""
        ways = self._ways(additions or Additions())
        if not ways:
            raise ConfigError(
                "this agent reasons by a language model only, and none is configured",
                where=str(self.definition.path),
                fix="set ANTIPHON_LLM_URL and ANTIPHON_LLM_MODEL, or add flow/NAME to reasoning.model",
            )
        # Each of several models has its time for a first word; they are one way to reason.
        models = len(self.definition.reasoning.language_models)
        first_word_ms = self.definition.reasoning.first_word_ms * max(1, models)
        effects = frozenset(tool.name for tool in self.tools if tool.effect is not Effect.NONE)
        inner: Reasoner = ways[0] if len(ways) == 1 else FallbackReasoner(ways, first_word_ms, effects)
        if self.definition.menus:
            inner = MenuGuard(
                inner,
                self.definition.menus,
                self.definition.escalation,
                prompt_keys=self.language_model is None or not models,
            )
        recording = self.definition.recording
        if recording is not None and recording.ask is not None:
            inner = RecordingGuard(inner, recording.ask, self.definition.language)
        owed = self.definition.owed
        return EmergencyGuard(DisclosureGuard(inner, owed) if owed else inner, self.rules)

    def _ways(self, additions: Additions) -> list[Reasoner]:
        """Language models are one way, where the first of them stands: `language_model` fails over itself."""
        definition = self.definition
        ways: list[Reasoner] = []
        models = definition.reasoning.language_models
        for name in definition.reasoning.models:
            if name.startswith("flow/"):
                assert self.flow is not None and self.understanding is not None, "the definition was checked"
                opening, uninterruptible = definition.opening, definition.uninterruptible
                ways.append(FlowReasoner(self.flow, self.understanding, opening, uninterruptible))
            elif models and name == models[0] and self.language_model is not None:
                model = self.language_model
                own = model.for_call() if isinstance(model, LearnsInCalls) else model
                ways.append(LlmReasoner(definition, own, self.tools, additions))
        return ways


def prepare_reasoning(
    definition: AgentDefinition,
    *,
    encoder: SentenceEncoder | None,
    tools: Sequence[Tool],
    language_model: LanguageModel | None = None,
) -> Reasoning:
    """Everything that is made once per agent.

    Args:
        language_model: Answers for all of the file's language models together, in their order; None when
            there is none to be had.

    Raises:
        ConfigError: The flow file is broken, or a tool the file lists does not exist.
    """
    chosen = _chosen(definition, tools)
    flow = understanding = None
    if definition.reasoning.flow_path is not None:
        flow = _with_words(
            load_flow(definition.reasoning.flow_path, [tool.name for tool in chosen]), definition
        )
        understanding = understand_by_rules(flow, encoder)
    return Reasoning(
        definition, chosen, language_model, flow, understanding, EmergencyRules(definition.emergency)
    )


def build_reasoner(
    definition: AgentDefinition,
    *,
    encoder: SentenceEncoder | None,
    tools: Sequence[Tool],
    language_model: LanguageModel | None = None,
) -> Reasoner:
    """A reasoner for one call. Where many calls come, keep `prepare_reasoning` and ask it for each.

    Raises:
        ConfigError: As `prepare_reasoning`.
    """
    prepared = prepare_reasoning(definition, encoder=encoder, tools=tools, language_model=language_model)
    return prepared.reasoner()


def understand_by_rules(flow: Flow, encoder: SentenceEncoder | None) -> RuleUnderstanding:
    """Rules and example sentences of one flow; `encoder` None leaves letters to compare."""
    intents = {name: goal.intent for name, goal in flow.goals.items()}
    intents |= {name: fact.intent for name, fact in flow.facts.items()}
    likely = {
        f"{slot.name}={choice.value}": Intent(examples=choice.examples)
        for slot in flow.slots.values()
        for choice in slot.choices
        if choice.examples
    }
    choices = IntentIndex(likely, encoder) if likely else None
    return RuleUnderstanding(flow, IntentIndex(intents, encoder), choices)


def _chosen(definition: AgentDefinition, tools: Sequence[Tool]) -> list[Tool]:
    known = {tool.name: tool for tool in tools}
    missing = [name for name in definition.reasoning.tools if name not in known]
    if missing:
        raise ConfigError(
            f"no such tool: {', '.join(missing)}",
            where=f"{definition.path}: reasoning.tools",
            fix=f"known: {', '.join(sorted(known)) or 'none'}",
        )
    return [known[name] for name in definition.reasoning.tools]


def _with_words(flow: Flow, definition: AgentDefinition) -> Flow:
    """The agent's own words for what every agent says."""
    offered = [menu.say for menu in definition.menus[:1] if "not_understood" in menu.offer]
    words = dataclasses.replace(
        flow.phrases,
        robot=definition.ai_answer,
        person=definition.escalation.words,
        menu=offered[0] if offered else "",
    )
    return dataclasses.replace(flow, phrases=words)
