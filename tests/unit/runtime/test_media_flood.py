"""A caller who sends more audio than time goes by: what a network delivers late is heard, what cannot be real
is dropped, and who floods loses his line. Nobody else notices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.doubles.media_line import TestCall, World, encoded, silence, tone
from tests.unit.runtime.stage import Stage

from antiphon.audio.ports import PHONE
from antiphon.runtime.media.line import FLOODED
from antiphon.runtime.records.lines import read_call

QUIET = encoded(silence(20), PHONE)


def _flood(world: World, call: TestCall, times: float, seconds: int) -> None:
    """So many times real time, spread over the ticks."""
    owed = 0.0
    for _ in range(seconds * 50):
        owed += times
        while owed >= 1:
            call.source.receive(QUIET)
            owed -= 1
        world.run(20)


def test_ten_times_real_time_for_a_minute_loses_the_line_with_its_cause_and_costs_little_more() -> None:
    world = World()
    flooding = world.call()
    _flood(world, flooding, 10, 60)
    assert flooding.notes.named("closed") == [("closed", FLOODED, None)]
    assert flooding.far_end.ended
    counters = world.plane.counters
    assert counters.lines_flooded == 1
    assert counters.frames_in <= 55 * (10 + 8)  # A burst, and a little more than real time until then.
    assert 1500 <= counters.frames_surplus <= 50 * 10 * 8
    assert world.plane.live_calls == 0


def test_one_who_floods_changes_nothing_for_the_next_caller() -> None:
    alone, beside = World(), World()
    flooding = beside.call()
    callers = [alone.call(), beside.call()]
    sound = encoded(np.concatenate([silence(1000), tone(600), silence(1400)]), PHONE)
    for start in range(0, len(sound), 160):
        for _ in range(10):
            flooding.source.receive(QUIET)
        for world, caller in zip((alone, beside), callers, strict=True):
            caller.source.receive(sound[start : start + 160])
            world.run(20)
    first, second = (caller.notes for caller in callers)
    assert first.named("started", "stopped") == second.named("started", "stopped") != []
    assert first.audio == second.audio
    assert not second.named("closed")


def test_half_as_much_again_is_cut_to_what_real_time_allows_and_keeps_its_line() -> None:
    world = World()
    call = world.call()
    _flood(world, call, 1.5, 60)
    counters = world.plane.counters
    assert counters.frames_in <= 55 * (10 + 60) + 1
    assert counters.frames_surplus == 50 * 90 - counters.frames_in - counters.frames_dropped
    assert not call.notes.named("closed") and counters.lines_flooded == 0
    # He is heard when he speaks, and that is dated when it was.
    began_ms = call.line.now_ms
    for _ in range(50):
        call.source.receive(encoded(tone(20), PHONE))
        world.run(20)
    ((_, onset_ms, _),) = call.notes.named("started")
    assert isinstance(onset_ms, int) and onset_ms == pytest.approx(began_ms, abs=150)


def test_a_fast_clock_is_a_clock() -> None:
    world = World()
    call = world.call()
    for _ in range(6):  # Nothing is left of the burst a line begins with.
        for _ in range(90):
            call.source.receive(QUIET)
        world.run(20)
    _flood(world, call, 1.05, 20)
    assert world.plane.counters.frames_surplus == 0


def test_what_a_network_that_stood_still_brings_at_once_is_heard() -> None:
    world = World()
    call = world.call()
    _flood(world, call, 1, 5)
    for _ in range(2):  # Twice, with a second between them.
        world.run(4000)
        for _ in range(40):  # As the kernel gives it out: not all in one tick.
            for _ in range(5):
                call.source.receive(QUIET)
            world.run(20)
        _flood(world, call, 1, 1)
    assert world.plane.counters.frames_surplus == world.plane.counters.frames_dropped == 0


@pytest.mark.parametrize("crumb", [b"", b"\xff"])
def test_messages_with_next_to_no_audio_in_them_lose_the_line_too(crumb: bytes) -> None:
    world = World()
    flooding = world.call()
    for _ in range(60 * 50):
        for _ in range(100):  # 5,000 a second.
            flooding.source.receive(crumb)
        world.run(20)
    assert flooding.notes.named("closed") == [("closed", FLOODED, None)]
    assert world.plane.counters.lines_flooded == 1


def test_a_page_that_sends_each_of_its_blocks_as_it_comes_is_heard_whole() -> None:
    """A browser's audio worklet has blocks of 2.7 ms; a network that stood still brings 10 s of them."""
    world = World()
    call = world.call()
    block = encoded(tone(20), PHONE)[:20]
    for second in range(18):
        if second not in range(3, 12):
            late = 10 if second == 12 else 1
            for _ in range(50):
                for _ in range(8 * late):
                    call.source.receive(block)
                world.run(20)
        else:
            world.run(1000)
    assert world.plane.counters.frames_surplus == 0
    assert world.plane.counters.frames_in == 50 * 18


async def test_the_trace_of_a_call_whose_caller_floods_says_why_it_ended(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path)
    await stage.begin()
    stage.call.line_closed(FLOODED)
    await stage.call.wait_ended()
    assert "many times faster than real time" in stage.trace.path.read_text()
    assert "many times faster than real time" in capfd.readouterr().out
    assert read_call(stage.trace.path).complete
