"""Every decision of a simulated call, by name and number: drawn from a seed, or played back from a list.

What is played back is only what was unusual; everything else takes its usual value. So a failing call can be
made smaller by leaving decisions out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
Value = int | float | str | bool | Sequence["Value"] | None
Made = Mapping[tuple[str, int], Value]


class Choices:
    """Draws from `seed`, or plays back `made`: decision number n of its name has the value found there.

    Attributes:
        made: Every decision taken that was not the usual one.
    """

    __slots__ = ("_counts", "_given", "_random", "made")

    def __init__(self, seed: int | None = None, made: Made | None = None) -> None:
        self._random = random.Random(seed) if made is None else None
        self._given = made or {}
        self._counts: dict[str, int] = {}
        self.made: dict[tuple[str, int], Value] = {}

    def chance(self, name: str, probability: float) -> bool:
        """Does the unusual happen?"""
        number = self._counts[name] = self._counts.get(name, -1) + 1
        if self._random is None:
            happens = bool(self._given.get((name, number), False))
        else:
            happens = self._random.random() < probability
        if happens:
            self.made[name, number] = True
        return happens

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of the options; the first is the usual one."""
        number = self._counts[name] = self._counts.get(name, -1) + 1
        if self._random is None:
            index = int(self._given.get((name, number), 0))  # type: ignore[arg-type]  # Ours: an index.
            index = min(index, len(options) - 1)  # Something before it may have been left out.
        else:
            index = int(self._random.random() * len(options))
        if index:
            self.made[name, number] = index
        return options[index]

    def maybe(
        self, name: str, probability: float, make: Callable[[random.Random], Sequence[Value]]
    ) -> Sequence[Value]:
        """With `probability` what `make` makes; usually nothing."""
        number = self._counts[name] = self._counts.get(name, -1) + 1
        if self._random is None:
            value = self._given.get((name, number), ())
        else:
            value = make(self._random) if self._random.random() < probability else ()
        if value:
            self.made[name, number] = value
        return value  # type: ignore[return-value]  # Ours: what `make` once made.

    def shuffled(self, name: str, streams: Mapping[str, Sequence[T]]) -> list[T]:
        """Everything in a random order that keeps each stream's own; usually stream after stream."""
        left = {stream: list(things) for stream, things in streams.items() if things}
        order: list[T] = []
        while left:
            stream = self.pick(name, list(left))
            order.append(left[stream].pop(0))
            if not left[stream]:
                del left[stream]
        return order
