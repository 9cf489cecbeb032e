"""Every call hears of its line once a second, whoever else is on the plane."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import World, encoded, silence, tone

from antiphon.audio.ports import WIDEBAND
from antiphon.runtime.media import seconds
from antiphon.runtime.media.rows import RowArrays


def spoken(amplitude: int = 8000) -> NDArray[np.int16]:
    """Two seconds with a voice in each."""
    part = [silence(200), tone(600, amplitude=amplitude), silence(200)]
    return np.concatenate(part + part)


def test_a_second_is_told_once_and_dates_from_the_calls_own_beginning() -> None:
    world = World()
    first = world.call()
    world.speak(first, silence(500))
    second = world.call()
    world.speak(first, silence(480))
    assert (len(first.notes.seconds), len(second.notes.seconds)) == (0, 0)
    world.speak(first, silence(140))  # A second waits up to 100 ms, to be measured with others.
    assert (len(first.notes.seconds), len(second.notes.seconds)) == (1, 0)
    world.run(3000)  # Nobody sends anything: the plane's own silence is no second of the line's.
    assert not any(each.voiced for each in first.notes.seconds + second.notes.seconds)


def test_two_calls_are_measured_apart() -> None:
    world = World()
    loud, soft, wide = world.call(), world.call(), world.call(WIDEBAND)
    sounds = {id(loud): spoken(20_000), id(soft): spoken(600), id(wide): np.repeat(spoken(6000), 2)}
    for start in range(0, 16_000, 160):
        for call in (loud, soft, wide):
            step = call.line.sample_rate_hz // 50
            at = start * step // 160
            call.source.receive(encoded(sounds[id(call)][at : at + step], call.far_end.format))
        world.run(20)
    for call in (loud, soft, wide):
        call.source.receive(encoded(np.zeros(call.line.sample_rate_hz // 10, np.int16), call.far_end.format))
    world.run(20)
    levels = [call.notes.seconds[0].level_dbfs for call in (loud, soft, wide)]
    assert [len(call.notes.seconds) for call in (loud, soft, wide)] == [2, 2, 2]
    assert levels == [pytest.approx(-7.3, abs=1), pytest.approx(-37.7, abs=1), pytest.approx(-17.7, abs=1)]


def test_what_a_transport_made_up_is_lost_in_that_second_only() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(200))
    call.source.concealed(100)
    world.speak(call, silence(2000))
    assert [each.lost_pct for each in call.notes.seconds[:2]] == [10.0, 0.0]


def test_nothing_is_told_after_the_end_and_a_row_forgets_who_had_it() -> None:
    world = World()
    call = world.call()
    world.speak(call, spoken()[:6400])
    call.source.concealed(500)
    call.source.closed("hangup")
    call.source.concealed(500)
    world.run(2000)
    assert call.notes.seconds == []
    after = world.call()
    world.speak(after, silence(1140))
    assert [(each.voiced, each.lost_pct) for each in after.notes.seconds] == [(False, 0.0)]


def test_seconds_of_several_calls_are_measured_together() -> None:
    world = World()
    calls = []
    for _ in range(4):  # Each begins one frame after the one before.
        calls.append(world.call())
        for call in calls:
            call.source.receive(encoded(silence(20), call.far_end.format))
        world.run(20)
    for _ in range(50):
        for call in calls:
            call.source.receive(encoded(silence(20), call.far_end.format))
        world.run(20)
    assert [len(call.notes.seconds) for call in calls] == [0] * 4
    for call in calls:
        call.source.receive(encoded(silence(20), call.far_end.format))
    world.run(20)
    assert [len(call.notes.seconds) for call in calls] == [1] * 4


def test_calls_that_began_together_are_not_all_measured_in_one_tick() -> None:
    arrays, rows = RowArrays(8000, 80), np.arange(80)
    told: list[int] = []
    for frame in range(70):
        count = np.full(80, frame)
        seconds.note_frame(arrays, rows, count, np.zeros((80, 5), np.float32))
        arrays.frames[rows] = count + 1
        if (due := seconds.due(arrays, rows, count)).size:
            assert len(seconds.take(arrays, due)) == len(due) <= 32
            told += due.tolist()
    assert sorted(told) == list(range(80))
