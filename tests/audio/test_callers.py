"""Every caller of the clinic on the wideband line, beside the crowd of difficult callers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.audio.everybody import SHARE_REACHED_AT_ONCE, everybody_calls

pytestmark = pytest.mark.models


async def test_the_callers_reach_their_goals_in_the_calendar(tmp_path: Path) -> None:
    reached = await everybody_calls("wideband", tmp_path)
    assert reached.at_once >= SHARE_REACHED_AT_ONCE, reached.story
    assert reached.in_the_end >= 11 / 12 - 1e-9, reached.story
