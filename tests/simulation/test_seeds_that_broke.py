"""Calls that once broke an invariant, found beyond the seeds that are run every time."""

from __future__ import annotations

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation.policy import PUT_THROUGH
from tests.simulation.judge import violations
from tests.simulation.run import simulate


@pytest.mark.parametrize("seed", [942495, 943217, 946712, 946744, 952595, 955342, 959634])
def test_a_word_into_the_talk_button_is_no_part_of_an_echo_from_before_the_press(seed: int) -> None:
    assert not violations(simulate(seed, "unruly"))


@pytest.mark.parametrize(("weather", "seed"), [("unruly", 943059), ("stalling", 13913)])
def test_a_mark_while_words_are_said_again_puts_no_word_ahead_into_the_callers_ear(
    weather: str, seed: int
) -> None:
    assert not violations(simulate(seed, weather))


def test_an_order_to_put_him_through_is_said_to_its_end_at_the_time_limit() -> None:
    """... and only then comes the goodbye, which has its whole time."""
    world = simulate(14816, "unruly")
    limit_ms = world.policy.silence.call_max_ms
    (said_by,) = (reply for reply, chunks in world.voice.chunks.items() if chunks == [PUT_THROUGH])
    assert any(
        begin_ms < limit_ms < end_ms and reply == said_by for begin_ms, end_ms, reply in world.line.sounded
    )
    assert [report.protected for report in world.reports[said_by]] == ["heard"]
    last = world.steps[-1][1][-1]
    assert isinstance(last, cmd.EndCall) and last.cause == "time_limit"
    assert not violations(world)
