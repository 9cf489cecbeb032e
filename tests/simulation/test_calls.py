"""Random calls on virtual time: whatever callers, vendors and lines do, the invariants hold."""

from __future__ import annotations

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation.replay import first_difference, replay
from tests.simulation.judge import violations
from tests.simulation.run import simulate

CALLS = 1200
GROUP = 100


@pytest.mark.parametrize("first", range(0, CALLS, GROUP))
def test_no_random_call_breaks_an_invariant(first: int) -> None:
    broken = {seed: found for seed in range(first, first + GROUP) if (found := violations(simulate(seed)))}
    assert not broken, "; ".join(f"python -m tests.simulation.run {seed}: {v}" for seed, v in broken.items())


@pytest.mark.parametrize("seed", range(40))
def test_a_call_replays_to_the_same_commands(seed: int) -> None:
    world = simulate(seed)
    again: list[cmd.Command] = [c for _, commands in replay(world.policy, world.events) for c in commands]
    assert first_difference([command for _, command in world.commands], again) is None


def test_the_random_callers_do_reach_every_kind_of_situation() -> None:
    """A simulation that never interrupts or fails proves nothing."""
    kinds: set[str] = set()
    ends: set[str] = set()
    for seed in range(300):
        world = simulate(seed)
        kinds |= {type(command).__name__ for _, command in world.commands}
        kinds |= {f"{c.kind} noted" for _, c in world.commands if isinstance(c, cmd.NoteUtterance)}
        ends.add(world.ended)
    assert {"FlushPlayout", "ResumePlayout", "ConfirmReply", "CancelReply", "Escalate", "RunTool"} <= kinds
    assert {"noise noted", "backchannel noted"} <= kinds
    assert {"caller_hangup", "silence", "sim", "escalated"} <= ends
