"""One decision in ten of every vendor goes wrong: replies, voices, finals and tools fail or never come."""

from __future__ import annotations

import pytest

from tests.simulation.many import CALLS, GROUP, unbroken


@pytest.mark.parametrize("first", range(0, CALLS, GROUP))
def test_no_call_breaks_an_invariant_while_vendors_fail(first: int) -> None:
    assert unbroken("failing", first, GROUP)
