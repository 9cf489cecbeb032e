"""An agent as one call has it: with what whoever connected the call has arranged."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from antiphon.agents.ports import Reasoner, Tool
from antiphon.conversation.policy import Policy
from antiphon.runtime.arrivals import Arrangement
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.unified import UnifiedModel


def arranged_policy(policy: Policy, arrangement: Arrangement | None) -> Policy:
    """Turn-taking; goes to the head of the trace, so that the call replays as it was."""
    if arrangement is None:
        return policy
    turn = policy.turn
    if arrangement.push_to_talk:
        turn = msgspec.structs.replace(turn, endpointing="push_to_talk")
    if arrangement.stop_silence_ms:
        turn = msgspec.structs.replace(
            turn,
            stop_silence_max_ms=arrangement.stop_silence_ms,
            stop_silence_min_ms=min(turn.stop_silence_min_ms, arrangement.stop_silence_ms),
        )
    return msgspec.structs.replace(policy, turn=turn)


def arranged_reasoner(kit: AgentKit, arrangement: Arrangement | None) -> Reasoner:
    if arrangement is None or kit.make_reasoner_with is None:
        return kit.make_reasoner()
    return kit.make_reasoner_with(arrangement.additions)


def arranged_tools(kit: AgentKit, arrangement: Arrangement | None) -> Mapping[str, Tool]:
    """The agent's own first: nobody puts another in the place of one of them."""
    return kit.tools if arrangement is None else ChainMap(dict(kit.tools), arrangement.additions.tools)


def arranged_unified(model: UnifiedModel | None, arrangement: Arrangement | None) -> UnifiedModel | None:
    """A vendor's session is told once, when it begins: what is added later does not reach it."""
    if model is None or arrangement is None:
        return model
    additions = arrangement.additions
    reasoning = model.definition.reasoning
    prompt = "\n".join(filter(None, (reasoning.prompt.strip(), additions.instructions)))
    return replace(
        model,
        definition=replace(model.definition, reasoning=replace(reasoning, prompt=prompt)),
        tools=[*model.tools, *additions.tools.values()],
    )
