"""Every caller of the clinic on the phone line, when the difficult callers are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.audio.everybody import SHARE_REACHED_AT_ONCE, everybody_calls

pytestmark = pytest.mark.models


async def test_the_callers_reach_their_goals_in_the_calendar(tmp_path: Path) -> None:
    reached = await everybody_calls("phone", tmp_path)
    assert reached.at_once >= SHARE_REACHED_AT_ONCE, reached.story
    assert reached.in_the_end >= 10 / 12 - 1e-9, reached.story
