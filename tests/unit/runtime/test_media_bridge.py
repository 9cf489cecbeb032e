"""Two lines of one plane that hear each other: what arrives on one is sent on the other, in its format."""

from __future__ import annotations

import numpy as np
import pytest
from tests.doubles.media_line import TestCall, World, encoded, tone

from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.runtime.media import Bridge

NARROW = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)


def loud_ms(call: TestCall) -> int:
    heard = np.abs(np.array(call.far_end.heard or [0]))
    return int((heard > 1000).sum()) * 1000 // call.far_end.format.sample_rate_hz


@pytest.mark.parametrize("one", [PHONE, NARROW, WIDEBAND], ids=str)
@pytest.mark.parametrize("other", [PHONE, NARROW, WIDEBAND], ids=str)
def test_each_hears_the_other_whatever_its_line_carries(one: LineFormat, other: LineFormat) -> None:
    world = World()
    first, second = world.call(one), world.call(other)
    Bridge(first.line, second.line)
    world.speak(first, tone(400, sample_rate_hz=one.sample_rate_hz))
    world.run(300)
    assert loud_ms(second) > 300 and loud_ms(first) == 0
    world.speak(second, tone(400, sample_rate_hz=other.sample_rate_hz))
    world.run(300)
    assert loud_ms(first) > 300


def test_a_closed_bridge_carries_nothing_and_a_gone_line_harms_nobody() -> None:
    world = World()
    first, second = world.call(), world.call()
    bridge = Bridge(first.line, second.line)
    second.source.closed("hangup")
    world.speak(first, tone(200))
    bridge.close()
    bridge.close()
    third = world.call()
    world.speak(first, tone(200))
    world.run(200)
    assert loud_ms(third) == 0 and first.line.now_ms > 0


def test_our_own_words_go_before_the_other_party() -> None:
    world = World()
    first, second = world.call(), world.call()
    Bridge(first.line, second.line)
    second.line.play("p1", tone(400).tobytes())
    world.speak(first, tone(200))
    assert world.plane.counters.relayed_dropped > 5


def test_a_burst_after_a_stall_does_not_stay_as_delay() -> None:
    world = World()
    first, second = world.call(), world.call()
    Bridge(first.line, second.line)
    for _ in range(50):  # A second of voice at once.
        first.source.receive(encoded(tone(20), PHONE))
    assert second.far_end.waiting_ms <= 260
    assert world.plane.counters.relayed_dropped > 30


@pytest.mark.parametrize("one", [PHONE, NARROW, WIDEBAND], ids=str)
def test_a_muted_caller_is_silence_to_us_and_to_the_other_party(one: LineFormat) -> None:
    world = World()
    first, second = world.call(one), world.call()
    Bridge(first.line, second.line)
    first.line.mute(True)
    world.speak(first, tone(400, sample_rate_hz=one.sample_rate_hz))
    world.run(300)
    assert loud_ms(second) == 0
    assert not np.abs(np.frombuffer(first.line.recent_audio(400), "<i2")).max() > 10
    first.line.mute(False)
    world.speak(first, tone(400, sample_rate_hz=one.sample_rate_hz))
    world.run(300)
    assert loud_ms(second) > 300
    first.source.closed("hangup")
    first.line.mute(True)
    assert loud_ms(second) > 300, "and of a line that is gone it is no error"
