from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import MS, EnergyVad, World, encoded, numbered, silence, tone

from antiphon.audio import g711
from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.runtime.media import MediaPlane, SpeechGate

LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)


@pytest.mark.parametrize("line_format", [PHONE, WIDEBAND])
def test_speech_is_announced_once_and_dated_to_its_first_and_last_sample(line_format: LineFormat) -> None:
    world = World()
    call = world.call(line_format)
    rate = line_format.sample_rate_hz
    world.speak(
        call,
        np.concatenate(
            [
                silence(1013, sample_rate_hz=rate),
                tone(500, sample_rate_hz=rate),
                silence(607, sample_rate_hz=rate),
            ]
        ),
    )
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(1013, abs=6)  # Blocks of 4 ms.
    assert ended == pytest.approx(1513, abs=6)


def test_an_onset_is_known_within_two_windows_and_a_tick() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(500))
    world.speak(call, tone(100))
    assert call.notes.named("started")
    assert world.calls[0].line.now_ms <= 600


def test_three_windows_can_be_asked_for() -> None:
    world = World(gate=SpeechGate(onset_windows=3))
    call = world.call()
    world.speak(call, np.concatenate([silence(512), tone(64), silence(300)]))
    assert not call.notes.named("started")


def test_one_loud_window_is_not_speech() -> None:
    world = World()
    call = world.call()
    world.speak(call, np.concatenate([silence(512), tone(30), silence(300)]))
    assert not call.notes.events


def test_the_listener_has_all_audio_from_before_the_onset_when_it_is_told() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    sound = np.concatenate([silence(740), tone(400), silence(400)])
    world.speak(call, sound)
    (_, onset, given), (_, _, given_at_end) = call.notes.named("started", "stopped")
    assert isinstance(given, int) and isinstance(given_at_end, int) and isinstance(onset, int)
    assert given // 16 >= onset + 60  # Both windows of the onset.
    assert given_at_end // 16 >= 1140 + 90
    assert bytes(call.notes.audio) == sound.tobytes()[: len(call.notes.audio)]


def test_caller_audio_comes_in_blocks_of_100_ms() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(1000))
    world.run(20)
    assert set(call.notes.blocks) == {1600}
    assert sum(call.notes.blocks) == 16 * 1000


def test_windows_carry_the_context_before_them_and_miss_no_sample() -> None:
    world = World(gate=SpeechGate(quiet_ceiling_dbfs=-200))
    call = world.call(LINEAR_8K)
    sound = numbered(16000)
    world.speak(call, sound)
    world.run(20)
    assert len(world.vad_8k.windows) == 62
    padded = np.concatenate([np.zeros(32), sound]).astype(np.float32) / 32768
    for place, (_, window) in enumerate(world.vad_8k.windows):
        assert np.array_equal(window, padded[256 * place : 256 * place + 288])


@pytest.mark.parametrize("chunk_ms", [1, 7, 10, 30, 60, 200])
def test_message_length_does_not_matter(chunk_ms: int) -> None:
    world = World()
    call = world.call()
    world.speak(call, np.concatenate([silence(600), tone(400), silence(600)]), chunk_ms=chunk_ms)
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(600, abs=25 + chunk_ms)  # Longer messages are heard of later.
    assert isinstance(onset, int) and ended == pytest.approx(onset + 400, abs=8)


def test_an_odd_byte_is_kept_for_the_next_message() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    sound = numbered(1600).tobytes()
    for start, stop in ((0, 0), (0, 321), (321, 322), (322, 1001), (1001, 3200)):
        call.source.receive(memoryview(sound)[start:stop])
    world.run(20)
    assert bytes(call.notes.audio) == sound


def test_a_message_longer_than_a_second_is_cut_and_counted() -> None:
    world = World()
    call = world.call()
    call.source.receive(encoded(tone(1500), PHONE))
    world.run(20)
    assert world.plane.counters.messages_truncated == 1
    assert len(call.line.recent_audio(8000)) == 16 * 1000


def test_a_flood_between_two_ticks_is_bounded_and_counted() -> None:
    world = World()
    call = world.call()
    for _ in range(150):
        call.source.receive(encoded(silence(20), PHONE))
    world.run(20)
    assert world.plane.counters.frames_in == 100
    assert world.plane.counters.frames_dropped == 50


def test_a_microphone_that_sends_nothing_still_has_time_and_silence() -> None:
    world = World()
    call = world.call()
    world.run(3000)
    assert 2850 <= len(call.notes.audio) / 16 <= 3000
    assert world.plane.counters.frames_filled >= 140
    assert not call.notes.events


def test_speech_ends_when_the_stream_stalls() -> None:
    world = World()
    call = world.call()
    world.speak(call, np.concatenate([silence(500), tone(600)]))
    world.run(400)
    (_, ended, _) = call.notes.named("stopped")[0]
    assert ended == pytest.approx(1100, abs=40)


def test_a_burst_after_a_stall_is_heard_and_dated_to_now() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(1000))
    world.run(500)  # Nothing comes for half a second, …
    call.source.receive(encoded(np.concatenate([silence(200), tone(300)]), PHONE))  # … then all of it.
    world.speak(call, np.concatenate([tone(100), silence(500)]))
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(1200, abs=25)
    assert ended == pytest.approx(1600, abs=25)


def test_silence_after_a_gap_does_not_shift_dates() -> None:
    world = World()
    call = world.call()
    world.run(900)  # The far end opens its stream late, or sends nothing while quiet.
    world.speak(call, np.concatenate([silence(300), tone(300), silence(300)]))
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(1200, abs=25)
    assert ended == pytest.approx(1500, abs=25)


def test_dates_recover_when_the_path_becomes_longer_for_good() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(2000))
    world.run(60)  # From here on everything is 60 ms later.
    world.speak(call, silence(5000))
    world.speak(call, np.concatenate([tone(300), silence(300)]))
    (_, onset, _) = call.notes.named("started")[0]
    assert onset == pytest.approx(7060, abs=12)


def test_jitter_does_not_move_dates() -> None:
    world = World()
    call = world.call()
    sound = encoded(np.concatenate([silence(1000), tone(400), silence(400)]), PHONE)
    late = [0, 37, 12, 80, 5, 61, 0, 22, 79, 3]
    arrivals = [(20 * n + 20 + late[n % len(late)], n) for n in range(len(sound) // 160)]
    for place in range(1, len(arrivals)):  # A stream never reorders.
        arrivals[place] = (max(arrivals[place - 1][0], arrivals[place][0]), place)
    due = 0
    for at_ms, number in arrivals:
        world.run(at_ms - due)
        due = at_ms
        call.source.receive(sound[160 * number : 160 * number + 160])
    world.run(20)
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(1000, abs=8)
    assert ended == pytest.approx(1400, abs=8)


def test_quiet_windows_are_skipped_and_loud_ones_never() -> None:
    world = World()
    call = world.call()
    world.speak(call, silence(2000))
    assert world.plane.counters.windows_heard == 0
    skipped = world.plane.counters.windows_skipped
    assert skipped >= 60
    world.speak(call, tone(2000, amplitude=200))
    assert world.plane.counters.windows_heard >= 60
    assert world.plane.counters.windows_skipped <= skipped + 1


def test_steady_noise_moves_the_end_no_further_than_its_last_window() -> None:
    world = World()
    call = world.call()
    noise = np.random.default_rng(1).normal(0, 60, 8 * 4000).astype(np.int16)  # About -55 dBFS.
    noise[8 * 2000 : 8 * 2500] += tone(500)
    world.speak(call, noise)
    (_, onset, _), (_, ended, _) = call.notes.named("started", "stopped")
    assert onset == pytest.approx(2000, abs=36)
    assert ended == pytest.approx(2500, abs=36)


class LingeringVad(EnergyVad):
    """Goes on hearing a voice for five windows after it has stopped, as real detectors do when it fades."""

    def __init__(self, sample_rate_hz: int) -> None:
        super().__init__(sample_rate_hz)
        self._left: dict[int, int] = {}

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = super().probabilities(rows, windows)
        for place, row in enumerate(rows.tolist()):
            self._left[row] = 5 if heard[place] > 0.5 else max(0, self._left.get(row, 0) - 1)
            heard[place] = float(self._left[row] > 0)
        return heard


def lingering() -> World:
    world = World()
    world.plane = MediaPlane(LingeringVad(8000), LingeringVad(16000), clock=world.clock)
    return world


def test_a_detector_that_is_slow_to_let_go_neither_moves_the_end_nor_delays_it() -> None:
    world = lingering()
    call = world.call()
    world.speak(call, np.concatenate([silence(500), tone(500)]))
    world.speak(call, silence(180))
    ((_, ended, _),) = call.notes.named("stopped")
    assert ended == pytest.approx(1000, abs=6)


def test_a_closure_within_a_word_does_not_end_it() -> None:
    world = lingering()
    call = world.call()
    world.speak(call, np.concatenate([silence(500), tone(300), silence(100), tone(300)]))
    assert not call.notes.named("stopped")


def test_lines_of_both_encodings_get_back_their_own_sound_beside_each_other() -> None:
    """Codes are kept of one and samples of the other, in rows of the same arrays."""
    world = World()
    coded, plain = world.call(), world.call(LINEAR_8K)
    sounds = [g711.decode(np.arange(80_000).astype(np.uint8)), numbered(80_000, first=7)]
    for start in range(0, 80_000, 160):
        for call, sound in zip((coded, plain), sounds, strict=True):
            call.source.receive(encoded(sound[start : start + 160], call.far_end.format))
        world.run(20)
    world.run(20)
    for call, sound in zip((coded, plain), sounds, strict=True):
        given = bytes(call.notes.audio)
        assert len(given) >= 2 * 79_200 and given == sound.tobytes()[: len(given)]
        assert call.line.recent_audio(8000) == sound[-64_000:].tobytes()
        assert call.line.recent_audio(1230) == sound[-9840:].tobytes()


def test_recent_audio_is_what_came_last_up_to_eight_seconds() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    assert call.line.recent_audio(1000) == b""
    sound = np.tile(numbered(24000), 4)
    world.speak(call, sound)
    world.run(20)
    assert call.line.recent_audio(500) == sound[-4000:].tobytes()
    assert call.line.recent_audio(8000) == sound[-64000:].tobytes()
    assert call.line.recent_audio(60000) == sound[-64000:].tobytes()


def test_a_row_leaves_nothing_to_the_next_call() -> None:
    world = World()
    first = world.call()
    world.speak(first, tone(1000))
    world.run(20)
    first.source.receive(encoded(tone(200), PHONE))  # Received, not yet ticked.
    first.source.closed("hangup")
    second = world.call()
    third = world.call()
    world.speak(second, silence(300))
    world.run(20)
    assert first.notes.events[-1] == ("closed", "hangup", None)
    assert not any(second.notes.audio) and not any(third.notes.audio)
    assert not second.notes.events
    assert world.plane.counters.frames_dropped == 10
    later = [world.call() for _ in range(20)]  # The row comes back, and the arrays grow.
    world.speak(later[0], tone(400))
    world.run(20)
    assert all(not any(call.notes.audio) for call in later[1:])
    assert later[0].notes.named("started")


def test_calls_of_one_tick_do_not_mix() -> None:
    world = World()
    calls = [world.call(LINEAR_8K) for _ in range(9)] + [world.call(WIDEBAND) for _ in range(3)]
    for step in range(50):
        world.run(20)
        for number, call in enumerate(calls):
            samples = call.line.sample_rate_hz // 50
            call.source.receive(np.full(samples, 100 * number + step, np.int16).tobytes())
            if number % 3 == 0:  # Two frames of one call in a tick.
                call.source.receive(np.full(samples, 100 * number + step, np.int16).tobytes())
    world.run(20)
    for number, call in enumerate(calls):
        got = np.frombuffer(call.notes.audio, np.int16)
        assert set((got // 100).tolist()) == {number}


def test_keys_reach_the_listener_and_nonsense_does_not() -> None:
    world = World()
    call = world.call()
    for digit in ("5", "#", "", "12", "x"):
        call.source.dtmf(digit)
    assert [event[1] for event in call.notes.events] == ["5", "#"]


def test_the_talk_button_reaches_the_listener_until_the_call_is_over() -> None:
    world = World()
    call = world.call()
    call.source.talk(True)
    call.source.talk(False)
    call.line.close()
    call.source.talk(True)
    assert call.notes.named("talk") == [("talk", "down", None), ("talk", "up", None)]


def test_a_listener_may_close_its_call_from_any_event() -> None:
    world = World()
    call, other = world.call(), world.call()
    call.notes.speech_started = lambda onset_ms: call.line.close()  # type: ignore[method-assign]
    for _ in range(40):
        world.run(20)
        for one in (call, other):
            one.source.receive(encoded(tone(20), PHONE))
            one.source.receive(encoded(tone(20), PHONE))
    assert call.far_end.ended
    assert world.plane.live_calls == 1
    assert other.notes.named("started")


def test_a_tick_without_calls_touches_nothing() -> None:
    world = World()
    call = world.call()
    world.run(100)
    call.line.close()
    world.run(40)
    filled = world.plane.counters.frames_filled
    world.clock.now_ns += 60_000 * MS
    world.plane.tick(world.clock.now_ns)
    assert world.plane.counters.frames_filled == filled
    assert world.plane.live_calls == 0


def test_calls_may_come_go_and_speak_between_two_runs_of_a_tick() -> None:
    world = World()
    calls = [world.call(LINEAR_8K) for _ in range(12)]
    sound = np.full(160, 7, np.int16).tobytes()
    for _ in range(10):
        world.run(20)
        for call in calls:
            call.source.receive(sound)
    runs = world.plane.tick_in_runs(world.clock.now_ns + 20 * MS)
    next(runs)  # Four of twelve have been advanced.
    calls[10].source.closed("hangup")
    calls[11].line.close()
    late = world.call(LINEAR_8K)
    late.source.receive(np.full(160, 9, np.int16).tobytes())
    calls[0].source.receive(sound)
    assert list(runs)
    world.run(100)
    assert set(np.frombuffer(calls[0].notes.audio, np.int16).tolist()) <= {0, 7}
    assert set(np.frombuffer(late.line.recent_audio(1000), np.int16).tolist()) <= {0, 9}
    assert len(calls[9].notes.audio) >= 10 * 320
    assert calls[10].notes.events == [("closed", "hangup", None)] and calls[11].far_end.ended
    assert world.plane.live_calls == 11
