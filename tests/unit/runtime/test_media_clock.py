from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.doubles.media_line import MS, VirtualClock, World, encoded, tone

from antiphon.runtime.media import MediaClock, PlaneCounters
from antiphon.runtime.media.clock import TickTimes


class Ticks:
    """A plane that only notes its ticks; each may take some time of the virtual clock."""

    def __init__(self, clock: VirtualClock, takes_ms: list[int]) -> None:
        self.counters = PlaneCounters()
        self.at_ms: list[int] = []
        self.pauses = 0
        self._clock, self._takes, self._began = clock, takes_ms, clock.now_ns

    def tick_in_runs(self, now_ns: int) -> Iterator[None]:
        self.at_ms.append((now_ns - self._began) // MS)
        self._clock.now_ns += (self._takes.pop(0) if self._takes else 0) * MS
        if len(self.at_ms) == 8:
            raise asyncio.CancelledError
        yield from [None] * self.pauses


async def ticks(takes_ms: list[int], runs: float = 1.0) -> tuple[Ticks, list[float]]:
    """`runs`: how much of the time that passes the process is running."""
    clock = VirtualClock()
    began_ns = clock.now_ns
    plane = Ticks(clock, takes_ms)
    asked: list[float] = []

    async def sleep(duration_s: float) -> None:
        asked.append(duration_s)
        clock.now_ns += round(duration_s * 1e9)

    with pytest.raises(asyncio.CancelledError):
        cpu = lambda: round((clock.now_ns - began_ns) * runs)  # noqa: E731
        await MediaClock(plane, clock=clock, sleep=sleep, cpu=cpu).run()
    return plane, asked


async def test_ticks_come_every_20_ms_however_long_each_takes() -> None:
    plane, _ = await ticks([3, 11, 0, 19, 7])
    assert plane.at_ms == [20, 40, 60, 80, 100, 120, 140, 160]
    assert plane.counters.ticks_late == 0


async def test_one_slow_tick_delays_only_the_next() -> None:
    plane, asked = await ticks([0, 45])
    assert plane.at_ms == [20, 40, 86, 87, 100, 120, 140, 160]
    assert plane.counters.ticks_late == 1
    assert min(filter(None, asked)) >= 0.001  # Less would spin on a timer of millisecond grain.


@pytest.mark.parametrize(("runs", "waiting"), [(1.0, 0), (0.1, 1)])
async def test_a_late_tick_is_laid_to_the_machine_only_where_nothing_of_ours_ran(
    runs: float, waiting: int
) -> None:
    plane, _ = await ticks([0, 45], runs)
    assert (plane.counters.ticks_late, plane.counters.ticks_late_waiting) == (1, waiting)


async def test_a_stall_is_not_made_up_for_by_a_rush_of_ticks() -> None:
    plane, _ = await ticks([0, 5000])
    assert plane.at_ms[2:5] == [5041, 5061, 5081]


async def test_the_clock_tells_how_well_it_kept_time() -> None:
    clock = VirtualClock()
    plane = Ticks(clock, [3, 45, 3, 3, 3, 3, 3])

    async def sleep(duration_s: float) -> None:
        clock.now_ns += round(duration_s * 1e9)

    media_clock = MediaClock(plane, clock=clock, sleep=sleep)
    with pytest.raises(asyncio.CancelledError):
        await media_clock.run()
    report = media_clock.times.report()
    assert report["tick_p50_us"] == 3000 and report["tick_max_us"] == 45_000
    assert report["tick_late_p50_us"] == 0 and report["tick_late_max_us"] == 26_000


def test_a_clock_that_has_not_ticked_reports_nothing() -> None:
    assert set(TickTimes().report().values()) == {0}


async def test_the_loop_turns_between_the_runs_of_a_tick() -> None:
    clock = VirtualClock()
    plane = Ticks(clock, [])
    plane.pauses = 2
    asked: list[float] = []

    async def sleep(duration_s: float) -> None:
        asked.append(duration_s)
        clock.now_ns += round(duration_s * 1e9)

    with pytest.raises(asyncio.CancelledError):
        await MediaClock(plane, clock=clock, sleep=sleep).run()
    assert asked.count(0) == 7 * 2
    assert plane.at_ms == [20, 40, 60, 80, 100, 120, 140, 160]


@pytest.mark.parametrize("stall_ms", [150, 400, 1500])
async def test_a_process_that_stood_still_takes_nobodys_words_for_silence(stall_ms: int) -> None:
    """What a caller said meanwhile waits in the socket, and is read when the loop turns."""
    world = World()
    call, clock = world.call(), world.clock
    spoken_ms = read_ms = turns = 0
    stalls = [stall_ms]

    async def sleep(duration_s: float) -> None:
        nonlocal spoken_ms, read_ms, turns
        if duration_s:
            stood_still_ms = stalls.pop() if spoken_ms >= 1000 and stalls else 0
            clock.now_ns += round(duration_s * 1e9) + stood_still_ms * MS
            spoken_ms = (clock.now_ns - 5_000_000_000) // MS
            turns = 0 if stood_still_ms else 2  # Else the sockets have been read all the time.
        else:
            turns += 1
        while turns >= 2 and read_ms + 20 <= spoken_ms:
            read_ms += 20
            call.source.receive(encoded(tone(20), call.far_end.format))
        if spoken_ms > 4000:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await MediaClock(world.plane, clock=clock, sleep=sleep, cpu=lambda: 0).run()
    assert world.plane.counters.frames_filled == 0
    assert [name for name, *_ in call.notes.named("started", "stopped")] == ["started"]
    assert world.plane.counters.frames_in * 20 > 3900
