"""Our own voice come back on the line is known by its sound; somebody else's is not."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import TestCall, World, encoded, silence

from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.runtime.media.mirror import BEFORE_MS, LAG_MS, LATEST_MS, VOICE_MIN_MS, gives_back, likeness


def babble(duration_ms: int, rate_hz: int, seed: int) -> NDArray[np.int16]:
    """Syllables: short sounds of different colours and lengths, with gaps between them."""
    pick = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < duration_ms * rate_hz // 1000:
        length = int(pick.uniform(0.08, 0.25) * rate_hz)
        times = np.arange(length) / rate_hz
        low, high = pick.uniform(250, 900), pick.uniform(1000, 3000)
        sound = np.sin(2 * np.pi * low * times) + pick.uniform(0.1, 1) * np.sin(2 * np.pi * high * times)
        gap = np.zeros(int(pick.uniform(0.02, 0.12) * rate_hz))
        parts += [sound * np.hanning(length) * pick.uniform(0.3, 1), gap]
    return (np.concatenate(parts)[: duration_ms * rate_hz // 1000] * 7000).astype(np.int16)


def _talk(world: World, call: TestCall, caller: NDArray[np.int16], *, delay_ms: int, gain: float) -> None:
    """The caller's line carries his own sound and, so much later, what his loudspeaker plays."""
    rate_hz = call.line.sample_rate_hz
    step, heard = rate_hz // 50, call.far_end.heard
    echo = np.zeros(0)
    for start in range(0, len(caller), step):
        before = len(heard)
        world.run(20)
        played = np.zeros(step)
        fresh = heard[before:][:step]
        played[: len(fresh)] = fresh
        echo = np.concatenate([echo, played])
        late = echo[: max(0, len(echo) - delay_ms * rate_hz // 1000)][-step:]
        frame = caller[start : start + step].astype(float)
        frame[len(frame) - len(late) :] += late * gain
        call.source.receive(encoded(frame.astype(np.int16), call.far_end.format))


def _agent_speaks(world: World, line_format: LineFormat) -> TestCall:
    call = world.call(line_format)
    call.line.play("r1", babble(6000, call.line.sample_rate_hz, seed=1).tobytes())
    return call


@pytest.mark.parametrize("line_format", [PHONE, WIDEBAND], ids=["phone", "wideband"])
@pytest.mark.parametrize("delay_ms", [20, 180, 500])
@pytest.mark.parametrize("weaker_db", [6, 12, 20])
def test_what_the_loudspeaker_gives_back_is_known(
    line_format: LineFormat, delay_ms: int, weaker_db: int
) -> None:
    world = World()
    call = _agent_speaks(world, line_format)
    nothing = silence(1600, sample_rate_hz=call.line.sample_rate_hz)
    _talk(world, call, nothing, delay_ms=delay_ms, gain=10 ** (-weaker_db / 20))
    assert call.notes.named("started")
    assert call.line.hears_itself


@pytest.mark.parametrize("seed", range(2, 12))
def test_somebody_who_speaks_over_us_is_not_our_echo(seed: int) -> None:
    world = World()
    call = _agent_speaks(world, PHONE)
    _talk(world, call, silence(1000), delay_ms=100, gain=0.0)
    _talk(world, call, babble(700, 8000, seed), delay_ms=100, gain=0.0)
    assert call.notes.named("started")
    assert not call.line.hears_itself


def test_an_echo_that_stops_when_we_pause_is_known_after_it_stopped() -> None:
    world = World()
    call = _agent_speaks(world, PHONE)
    _talk(world, call, silence(800), delay_ms=120, gain=0.3)
    call.line.pause("r1")
    _talk(world, call, silence(500), delay_ms=120, gain=0.3)
    assert call.line.hears_itself


def test_a_caller_who_goes_on_when_we_pause_is_not_our_echo() -> None:
    world = World()
    call = _agent_speaks(world, PHONE)
    _talk(world, call, silence(1000), delay_ms=120, gain=0.0)
    _talk(world, call, babble(120, 8000, seed=5), delay_ms=120, gain=0.0)
    call.line.pause("r1")
    _talk(world, call, babble(500, 8000, seed=6), delay_ms=120, gain=0.0)
    assert not call.line.hears_itself


def test_after_our_last_sample_nothing_is_compared() -> None:
    world = World()
    call = world.call()
    call.line.play("r1", babble(1000, 8000, seed=1).tobytes())
    call.line.finish("r1")
    _talk(world, call, silence(1600), delay_ms=400, gain=0.5)
    assert call.notes.named("finished")
    assert not call.line.hears_itself


def test_without_a_voice_or_a_word_of_ours_there_is_no_echo() -> None:
    world = World()
    call = world.call()
    assert not call.line.hears_itself
    world.speak(call, babble(600, 8000, seed=3))
    assert not call.line.hears_itself
    call.line.close()
    assert not call.line.hears_itself


def test_what_we_said_long_ago_is_forgotten() -> None:
    world = World()
    call = world.call()
    for number in range(30):
        call.line.play(f"r{number}", babble(400, 8000, seed=number).tobytes())
        call.line.finish(f"r{number}")
        world.run(800)
    live = call.line._call.playout.played_out  # type: ignore[attr-defined]
    assert len(live._runs) <= 7, "the last four seconds of it"


def test_asking_costs_little() -> None:
    came = babble(BEFORE_MS + LATEST_MS, 16_000, seed=1)
    ours = babble(LAG_MS + BEFORE_MS + LATEST_MS, 16_000, seed=2)
    voice = LATEST_MS * 16
    took_s = min(_timed(lambda: likeness(came, ours, voice, 16_000)) for _ in range(20))
    assert took_s < 0.002


def _timed(action: object) -> float:
    assert callable(action)
    begun_s = time.process_time()
    action()
    return time.process_time() - begun_s


@pytest.mark.parametrize(("delay_ms", "words_after_ms"), [(60, 60), (60, 180), (180, 100), (400, 140)])
def test_a_short_echo_that_a_quick_recogniser_gives_words_to_is_known(
    delay_ms: int, words_after_ms: int
) -> None:
    """It falls silent as we do, a fifth of a second after it began; the call has only just begun."""
    world = World()
    call = _agent_speaks(world, PHONE)
    _talk(world, call, silence(delay_ms + 160), delay_ms=delay_ms, gain=0.3)
    call.line.pause("r1")
    _talk(world, call, silence(words_after_ms), delay_ms=delay_ms, gain=0.3)
    assert call.line.hears_itself


@pytest.mark.parametrize("seed", range(2, 12))
def test_a_short_word_over_us_is_not_our_echo(seed: int) -> None:
    world = World()
    call = _agent_speaks(world, PHONE)
    _talk(world, call, silence(1000), delay_ms=100, gain=0.0)
    _talk(world, call, babble(200, 8000, seed), delay_ms=100, gain=0.0)
    call.line.pause("r1")
    _talk(world, call, silence(100), delay_ms=100, gain=0.0)
    assert not call.line.hears_itself


def test_a_voice_too_short_to_tell_is_nobodys_echo() -> None:
    ours = babble(LAG_MS + BEFORE_MS + VOICE_MIN_MS, 8000, seed=1)
    came = np.roll(ours, 800)[-8 * (BEFORE_MS + VOICE_MIN_MS) :]
    assert gives_back(came, ours, VOICE_MIN_MS * 8, 8000)
    assert not gives_back(came, ours, VOICE_MIN_MS * 8 - 1, 8000)
