"""Callers who cough, agree, press keys and hang up; vendors that are now and then late."""

from __future__ import annotations

import pytest

from tests.simulation.many import CALLS, GROUP, unbroken


@pytest.mark.parametrize("first", range(0, CALLS, GROUP))
def test_no_call_breaks_an_invariant_with_an_ordinary_share_of_slips(first: int) -> None:
    assert unbroken("fair", first, GROUP)
