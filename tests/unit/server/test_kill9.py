"""A few kills at random moments; `benchmarks/kill9.py` does it two hundred times."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.kill9 import torture


@pytest.mark.whole
async def test_calls_survive_processes_that_are_killed_while_they_write(tmp_path: Path) -> None:
    tally = await torture(tmp_path, 4, seed=7, run_s=(0.1, 0.5))
    assert tally.begun > 10, "it was killed before it did anything"
    assert tally.complete + tally.cut_short + tally.early == tally.begun
    assert tally.cut_short, "no call was hit"
    assert (tally.missing, tally.double, tally.never_settled, tally.ended_but_not_complete) == (0, 0, 0, 0)
    assert tally.recordings > 0
    assert (tally.recordings_unreadable, tally.recordings_orphaned) == (0, 0)
    assert tally.traces > 10
    assert (tally.traces_in_clear, tally.traces_unreadable, tally.lines_lost) == (0, 0, 0)
