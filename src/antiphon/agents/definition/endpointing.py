"""Does an agent's way of ending turns fit its recognisers? For whoever knows what each of them can do."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.agents.definition.problems import Problem
from antiphon.agents.definition.values import AgentDefinition


def endpointing_problems(
    definition: AgentDefinition, has_turn_events: Callable[[str], bool]
) -> list[Problem]:
    """What is wrong with `turn.endpointing: provider`, one problem a recogniser; give them to
    `problems.raise_problems`.

    A fallback without turn events is a problem too: the day it is needed, every turn would wait for the
    vendor's bound.

    Args:
        has_turn_events: By full name ("deepgram/flux"): does it give `speech.ports.TurnEvent`s?
    """
    if definition.policy.turn.endpointing != "provider":
        return []
    able = [name for name in definition.speech.stt if has_turn_events(name)]
    fix = f"keep only {', '.join(able)}" if able else "name a recogniser that has them"
    return [
        Problem(
            path=definition.path,
            line=0,
            field="turn.endpointing",
            message=f"provider, but {name} has no turn events",
            fix=f"{fix} under speech.stt, or write `endpointing: ours`",
        )
        for name in definition.speech.stt
        if name not in able
    ]
