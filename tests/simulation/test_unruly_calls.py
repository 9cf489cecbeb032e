"""Callers talk into fillers, tools, goodbyes and the last sample, and hear themselves echoed."""

from __future__ import annotations

import pytest

from tests.simulation.many import CALLS, GROUP, unbroken


@pytest.mark.parametrize("first", range(0, CALLS, GROUP))
def test_no_call_breaks_an_invariant_with_callers_who_talk_over_everything(first: int) -> None:
    assert unbroken("unruly", first, GROUP)
