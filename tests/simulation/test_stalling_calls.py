"""The vendors, or our whole process, stand still for up to six seconds, then all arrives at one instant."""

from __future__ import annotations

import pytest

from tests.simulation.many import CALLS, GROUP, unbroken


@pytest.mark.parametrize("first", range(0, CALLS, GROUP))
def test_no_call_breaks_an_invariant_while_everything_stalls(first: int) -> None:
    assert unbroken("stalling", first, GROUP)
