"""The simulated world itself: it reaches every kind of situation, and a call of it is a seed, exactly."""

from __future__ import annotations

import dataclasses
from itertools import product
from pathlib import Path

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation.replay import first_difference, replay
from tests.simulation.choices import Choices
from tests.simulation.judge import violations
from tests.simulation.many import CALLS
from tests.simulation.plan import WEATHERS, random_plan
from tests.simulation.run import batch, simulate
from tests.simulation.world import World


@pytest.mark.parametrize(("weather", "seed"), [*product(WEATHERS, range(25))])
def test_a_call_replays_to_the_same_commands(weather: str, seed: int) -> None:
    world = simulate(seed, weather)
    again = [c for _, commands in replay(world.policy, [event for event, _ in world.steps]) for c in commands]
    assert first_difference([c for _, commands in world.steps for c in commands], again) is None


@pytest.mark.parametrize(("weather", "seed"), [*product(WEATHERS, range(10))])
def test_a_call_played_back_from_its_unusual_decisions_is_the_same_call(weather: str, seed: int) -> None:
    world = simulate(seed, weather)
    again = World(dataclasses.replace(random_plan(seed, weather), made=world.choices.made)).run()
    assert again.steps == world.steps


def test_the_calls_reach_every_kind_of_situation() -> None:
    """A simulation that never interrupts or fails proves nothing."""
    seen: set[str] = set()
    for seed, weather in product(range(150), WEATHERS):
        world = simulate(seed, weather)
        commands = [command for _, commands in world.steps for command in commands]
        seen |= {type(command).__name__ for command in commands}
        seen |= {f"{c.kind} noted" for c in commands if isinstance(c, cmd.NoteUtterance)}
        seen |= {name for name, _ in world.choices.made}
        seen |= {world.ended, *("interrupted" for _ in world.overlap.interruptions)}
        seen |= {f"protected words {c.protected}" for c in commands if isinstance(c, cmd.ReportHeard)}
        if any(isinstance(command, cmd.CommitTurn) for command in commands):
            seen.add(f"turns by {world.policy.turn.endpointing}")
    kinds = {command.__name__ for command in cmd.Command.__subclasses__()}
    # Words that come after their turn: `test_unified_calls.py`; slow voices: `test_hesitant_voices.py`.
    assert kinds - {"AmendTurn", "DeferPlayout"} <= seen
    assert {"noise noted", "backchannel noted", "late noted", "lost noted", "interrupted"} <= seen
    assert {"waiting noted", "protected words heard", "protected words cut"} <= seen
    assert {
        "caller_hangup", "silence", "sim", "escalated", "time_limit", "cost_limit", "operator", "error",
    } <= seen, "every kind of end"  # fmt: skip
    assert {
        "talks over a filler", "talks over a reply", "talks over a goodbye", "talks during a tool",
        "talks at the last sample", "echo", "after a stall", "comes late", "the final comes twice",
        "the tool answers twice", "a mark is lost", "too late to take back", "words are timed",
        "audio before it broke off",
        "turns by ours", "turns by provider", "turns by push_to_talk", "the turn is never told",
        "the turn is told twice", "the recogniser is lost", "cuts him off", "it was none",
        "speaks without pressing", "holds on to the button",
    } <= seen  # fmt: skip


def test_at_least_twenty_thousand_calls_are_lived_through_with_every_change() -> None:
    """`make test` is what CI runs; its first stage leaves out only what needs real time or a browser."""
    here = Path(__file__).parent
    for weather in WEATHERS:
        text = (here / f"test_{weather}_calls.py").read_text(encoding="utf-8")
        assert "range(0, CALLS, GROUP)" in text and f'unbroken("{weather}", first, GROUP)' in text
        assert "pytest.mark.parametrize" in text and text.count("mark") == 1, "nothing leaves it out"
    assert CALLS * len(WEATHERS) >= 20_000
    root = here.parents[1]
    assert "exec make test" in (root / ".ci/run").read_text(encoding="utf-8")
    assert "-m 'not audio and not browser and not own_pace'" in (root / "Makefile").read_text(
        encoding="utf-8"
    )


def test_hold_phrases_keys_and_unheard_voices_are_among_the_utterances() -> None:
    utterances = [u for seed in range(200) for u in random_plan(seed, "unruly").utterances]
    assert {"one second", "dtmf:42#", "mm-hmm", ""} <= {u.phrase for u in utterances}
    assert any(u.unheard for u in utterances)


def test_decisions_played_back_are_the_usual_ones_but_for_those_that_were_made() -> None:
    choices = Choices(made={("delay", 1): 2, ("fails", 0): True})
    assert [choices.pick("delay", (10, 20, 30)) for _ in range(3)] == [10, 30, 10]
    assert [choices.chance("fails", 0.0) for _ in range(2)] == [True, False]
    assert choices.made == {("delay", 1): 2, ("fails", 0): True}


def test_what_a_stall_held_back_keeps_the_order_of_each_stream() -> None:
    orders = set()
    for seed in range(200):
        order = Choices(seed).shuffled("release", {"a": ["a1", "a2", "a3"], "b": ["b1", "b2"]})
        assert [x for x in order if x[0] == "a"] == ["a1", "a2", "a3"]
        assert [x for x in order if x[0] == "b"] == ["b1", "b2"]
        orders.add(tuple(order))
    assert len(orders) == 10, "every interleaving of three and two"


def test_a_batch_counts_its_calls_and_what_they_took() -> None:
    tally = batch("fair", 0, 20)
    assert tally.calls == 20 and not tally.broken and sum(tally.ends.values()) == 20
    assert tally.events > 500 and tally.call_ms > 100_000 and tally.cpu_s > 0
    assert "times real time" in str(tally)


def test_a_call_that_never_ends_is_a_violation() -> None:
    world = World(random_plan(1))
    world.begin()
    world.close()
    assert "every_call_ends" in {violation.invariant for violation in violations(world)}
