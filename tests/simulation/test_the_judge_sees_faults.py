"""Each fault is put into the core on purpose, and its own invariant must notice it among random calls. A
judge that sees nothing wrong with a broken core proves nothing about a whole one."""

from __future__ import annotations

from itertools import product

import pytest

from tests.simulation.faults import FAULTS, Fault
from tests.simulation.judge import INVARIANTS
from tests.simulation.plan import WEATHERS, random_plan
from tests.simulation.shrink import broken_by

SEEDS = range(100)


@pytest.mark.parametrize(("invariant", "fault"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_a_fault_in_the_core_is_noticed_by_its_invariant(
    invariant: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    others: set[str] = set()
    for seed, weather in product(SEEDS, WEATHERS):
        names = {violation.invariant for violation in broken_by(random_plan(seed, weather))}
        if invariant in names:
            return
        others |= names
    pytest.fail(
        f"{len(SEEDS) * len(WEATHERS)} random calls broke {sorted(others) or 'nothing'}, not {invariant}"
    )


def test_every_invariant_can_fail() -> None:
    assert {invariant for invariant, _ in FAULTS} == set(INVARIANTS)
