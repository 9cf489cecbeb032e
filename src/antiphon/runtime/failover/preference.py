"""Whom one call asks, in what order. What all calls learn of a provider is its breaker's business; this is
what the caller himself has been through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from antiphon.runtime.failover.race import Candidate

P = TypeVar("P")  # What a candidate offers: a port.


class Preference(Generic[P]):
    """The candidates as the agent file has them, but for those that kept this call waiting.

    A provider that hangs costs the caller a whole deadline, and its breaker opens only when it has done so
    several times: from its first deadline on it is asked after the others, for the rest of the call. So a
    caller pays once, and does not hear two voices take turns. One that merely refuses costs nothing.

    Args:
        hung: By name, in the order in which they let a deadline pass; may be shared by lists of one call.
    """

    def __init__(self, candidates: Sequence[Candidate[P]], hung: dict[str, int] | None = None) -> None:
        self._candidates = candidates
        self._hung = {} if hung is None else hung

    @property
    def order(self) -> list[Candidate[P]]:
        return sorted(self._candidates, key=lambda candidate: self._hung.get(candidate.name, 0))

    def hung(self, candidate: Candidate[P]) -> None:
        """It let a deadline pass just now."""
        self._hung[candidate.name] = max(self._hung.values(), default=0) + 1

    def admitted(self, *, backed: bool) -> Iterator[tuple[Candidate[P], int | None]]:
        """Those worth trying, with the tickets they were admitted with.

        When all are shut and nobody is behind them (`backed`), the agent file's last is tried all the same,
        without a ticket: a caller waits.
        """
        tried = False
        for candidate in self.order:
            ticket = candidate.health.admit()
            if ticket is not None:
                tried = True
                yield candidate, ticket
        if not tried and not backed:
            yield self._candidates[-1], None
