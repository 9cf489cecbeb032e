"""Every order of a handful of things at one instant: from a moment of a call everything that comes due within
a fraction of a second is held back and then happens at once, in each order that keeps each stream's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from antiphon.conversation import events as ev
from tests.simulation.judge import Violation, violations
from tests.simulation.plan import Plan, Utterance
from tests.simulation.world import Action, Held, World

ORDERS_MAX = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A moment of a call, and who acts at it.

    Attributes:
        plan: The call up to the moment, and its course after it.
        begins: The moment has come.
        window_ms: What comes due within it, happens at once.
        says: What the caller does at the moment.
        adds: Further events at the moment, each a stream of its own.
    """

    name: str
    plan: Plan
    begins: Callable[[World], bool]
    window_ms: int = 450
    says: tuple[Utterance, ...] = ()
    adds: tuple[ev.AnyEvent, ...] = ()


def explore(scene: Scene) -> Iterator[tuple[tuple[str, ...], list[Violation]]]:
    """Every order of the streams' events, with what breaks in it. Stops at `ORDERS_MAX`."""
    counts: dict[str, int] = {}

    def count(held: Held) -> list[Action | ev.AnyEvent]:
        counts.update({stream: len(things) for stream, things in held.items()})
        return [thing for things in held.values() for thing in things]

    _play(scene, count)
    for number, order in enumerate(orders(counts)):
        if number == ORDERS_MAX:
            return
        yield order, _play(scene, lambda held, order=order: [held[stream].pop(0) for stream in order])


def orders(counts: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """All sequences that hold each stream as often as it has events."""
    if not any(counts.values()):
        yield ()
        return
    for stream, left in counts.items():
        if left:
            for rest in orders({**counts, stream: left - 1}):
                yield (stream, *rest)


def _play(scene: Scene, take: Callable[[Held], Sequence[Action | ev.AnyEvent]]) -> list[Violation]:
    world = World(scene.plan)
    try:
        world.begin()
        while not scene.begins(world):
            assert world.advance(), f"the moment of {scene.name!r} never comes"
        for utterance in scene.says:
            world.caller.does(utterance)
        for event in scene.adds:
            world.post(event, type(event).__name__)
        world.hold_everything(scene.window_ms, lambda held: list(take(held)))
        while world.advance():
            pass
    except AssertionError as error:
        return [Violation("core", str(error))]
    world.close()
    return violations(world)
