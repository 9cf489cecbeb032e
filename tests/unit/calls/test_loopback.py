from __future__ import annotations

import numpy as np
import pytest
from tests.doubles.media_line import MS, silence, tone
from tests.doubles.switchboard import NotingSwitchboard

from antiphon.audio.level import active_level_dbfs, block_levels_dbfs
from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.calls.loopback import Heard, LoopbackLine, NoiseMix
from antiphon.errors import ConfigError


class Caller:
    """A loopback line on virtual time: `live` steps line and plane together."""

    def __init__(self, line_format: LineFormat = PHONE, **options: object) -> None:
        self.switchboard = NotingSwitchboard()
        self.blocks: list[Heard] = []
        self.hung_up_on = 0
        self.line = LoopbackLine(
            self.switchboard,
            "clinic",
            line_format,
            heard=self.blocks.append,
            ended=self._note_end,
            clock=self.switchboard.world.clock,
            **options,  # type: ignore[arg-type]
        )
        _, self.agent, self.notes = self.switchboard.calls[0]

    def _note_end(self) -> None:
        self.hung_up_on += 1

    def live(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 20):
            self.switchboard.world.clock.now_ns += 20 * MS
            self.line.step()
            self.switchboard.world.plane.tick(self.switchboard.world.clock.now_ns)

    def heard(self) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        return np.concatenate([block.samples for block in self.blocks])


@pytest.mark.parametrize("line_format", [PHONE, WIDEBAND])
def test_the_agent_hears_what_was_said_when_it_was_said(line_format: LineFormat) -> None:
    caller = Caller(line_format)
    rate = line_format.sample_rate_hz
    caller.live(1000)
    span = caller.line.say(tone(500, sample_rate_hz=rate))
    assert (span.start_ms, span.end_ms) == (1000, 1500)
    caller.live(1000)
    (_, onset, _), (_, ended, _) = caller.notes.named("started", "stopped")
    assert onset == pytest.approx(span.start_ms, abs=6)
    assert ended == pytest.approx(span.end_ms, abs=6)


def test_the_caller_hears_what_was_played_when_it_was_played() -> None:
    caller = Caller(WIDEBAND)
    sound = tone(400, sample_rate_hz=16000)
    caller.live(200)
    caller.agent.play("a", sound.tobytes())
    caller.agent.finish("a")
    caller.live(600)
    heard = caller.heard()
    assert [block.at_ms for block in caller.blocks] == list(range(0, 800, 20))
    assert np.array_equal(heard[3200:9600], sound)
    assert not heard[:3200].any() and not heard[9600:].any()
    assert caller.notes.named("finished") == [("finished", "a", 400)]


def test_an_interruption_silences_the_ear_and_marks_are_honest() -> None:
    caller = Caller()
    caller.agent.play("a", tone(3000).tobytes())
    caller.live(500)
    assert caller.agent.flush("a", fade_ms=0) == 500
    caller.live(500)
    loud = block_levels_dbfs(caller.heard(), 160) > -60
    assert loud[:25].all() and not loud[25:].any()
    assert all(heard <= 500 for _, _, heard in caller.notes.named("mark"))


def test_a_caller_may_stop_in_the_middle_of_a_word() -> None:
    caller = Caller()
    caller.line.say(tone(2000))
    caller.live(500)
    assert caller.line.pending_ms == 1500
    caller.line.fall_silent()
    caller.live(500)
    assert caller.notes.named("stopped")[0][1] == pytest.approx(500, abs=6)


def test_what_is_said_while_speaking_follows_without_a_gap() -> None:
    caller = Caller()
    first, second = caller.line.say(tone(333)), caller.line.say(tone(200))
    assert second.start_ms == first.end_ms == 333
    caller.live(1000)
    assert len(caller.notes.named("started")) == 1


def test_keys_and_either_sides_hang_up_arrive_once() -> None:
    caller = Caller()
    caller.line.press("#")
    caller.live(100)
    caller.line.hang_up()
    caller.line.hang_up()
    caller.live(100)
    assert caller.notes.named("dtmf", "closed") == [("dtmf", "#", None), ("closed", "hangup", None)]
    assert caller.hung_up_on == 0 and not caller.line.is_open
    other = Caller()
    other.agent.close()
    assert other.hung_up_on == 1 and not other.line.is_open
    assert not other.notes.named("closed")


def test_noise_is_mixed_at_the_ratio_asked_for() -> None:
    noise = np.random.default_rng(7).normal(0, 3000, 8000).astype(np.int16)
    speech = tone(1000)
    level = active_level_dbfs(speech, 8000)
    mix = NoiseMix(noise, snr_db=10, speech_dbfs=level, sample_rate_hz=8000)
    alone = np.concatenate([mix.apply(silence(20)) for _ in range(100)])
    assert active_level_dbfs(alone, 8000) == pytest.approx(level - 10, abs=0.3)
    caller = Caller(conditions=mix)
    caller.line.say(speech)
    caller.live(1000)
    given = np.frombuffer(caller.notes.audio, np.int16)
    assert active_level_dbfs(given, 8000) == pytest.approx(level + 0.4, abs=0.3)


def test_an_unknown_agent_is_refused_at_once() -> None:
    with pytest.raises(ConfigError):
        LoopbackLine(NotingSwitchboard(), "nobody", PHONE)


async def test_running_keeps_real_time_and_skips_what_a_stall_cost() -> None:
    caller = Caller()
    clock = caller.switchboard.world.clock
    slept = 0

    async def sleep(duration_s: float) -> None:
        nonlocal slept
        slept += 1
        clock.now_ns += round(duration_s * 1e9) + (3000 * MS if slept == 10 else 0)
        caller.switchboard.world.plane.tick(clock.now_ns)
        if slept == 40:
            caller.agent.close()

    await caller.line.run(sleep=sleep)
    times = [block.at_ms for block in caller.blocks]
    assert times[:9] == list(range(0, 180, 20))
    assert times[9] >= 3160 and times[9:] == list(range(times[9], times[9] + 20 * len(times[9:]), 20))
