"""What breaks in one call's code, its line or an ear that listens in never reaches the clock of all calls."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.media_line import World, numbered, tone

from antiphon.audio.ports import PHONE, Encoding, LineFormat

LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)


def _torn(*_: object) -> Any:
    raise RuntimeError("torn cable")


@pytest.mark.parametrize("method", ["caller_audio", "speech_started", "speech_stopped", "line_measured"])
def test_a_call_that_breaks_in_the_planes_hands_is_over_and_the_others_do_not_notice(method: str) -> None:
    world = World()
    broken, other = world.call(), world.call()
    setattr(broken.notes, method, _torn)
    for call in (broken, other):
        call.line.play("r1", numbered(16_000).tobytes())
    for _ in range(60):
        world.run(20)
        for call in (broken, other):
            call.source.receive(b"\x20" * 160)  # Loud.
    world.run(1500)
    assert broken.notes.named("closed") == [("closed", "error: RuntimeError: torn cable", None)]
    assert broken.far_end.ended and not other.far_end.ended
    assert [name for name, *_ in other.notes.named("started", "stopped")] == ["started", "stopped"]
    assert len(other.notes.audio) > 32_000 and len(other.far_end.heard) > 10_000
    assert world.plane.live_calls == 1 and world.plane.counters.calls_broken == 1


def test_a_line_that_breaks_as_it_is_sent_to_ends_its_own_call_only() -> None:
    world = World()
    broken, other = world.call(), world.call()
    for call in (broken, other):
        call.line.play("r1", numbered(8_000).tobytes())
    broken.far_end.send = broken.far_end.end = _torn  # type: ignore[method-assign]
    world.run(1500)
    assert broken.notes.named("closed") != [] and len(other.far_end.heard) == 8_000
    assert world.plane.live_calls == 1


class _Ear:
    caller = sent = cleared = staticmethod(_torn)


def test_an_ear_that_breaks_hears_no_more_and_the_call_goes_on() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.tap(_Ear())
    call.line.play("r1", tone(500).tobytes())
    world.speak(call, tone(400))
    world.run(700)
    assert call.notes.named("closed") == [] and len(call.far_end.heard) == 4_000
    assert len(call.notes.audio) >= 6_000
    assert world.plane.counters.taps_broken == 1


def test_calls_that_break_leave_their_rows_to_those_who_come() -> None:
    world = World()
    for _ in range(20):
        call = world.call(PHONE)
        call.notes.caller_audio = _torn  # type: ignore[method-assign]
        call.source.receive(b"\xff" * 800)
        world.run(140)
    assert world.plane.live_calls == 0
    assert world.plane._banks[8000].arrays.capacity == 8
