from __future__ import annotations

import numpy as np
import pytest
from tests.doubles.media_line import MS, World, numbered, tone

from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat

LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)


def test_the_first_audio_of_a_reply_leaves_in_the_call_that_brings_it() -> None:
    world = World()
    call = world.call()
    world.run(1003)  # Between two ticks.
    call.line.play("a", tone(300).tobytes())
    assert call.far_end.sends[0][0] == world.clock.now_ns
    assert call.far_end.waiting_ms == 80
    assert call.notes.events == [("playout_started", "a", None)]


@pytest.mark.parametrize(("lead_ms", "message_ms"), [(40, 20), (60, 40), (80, 80), (200, 80)])
def test_playout_stays_ahead_by_the_lead_and_never_runs_dry(lead_ms: int, message_ms: int) -> None:
    world = World()
    call = world.call(lead_ms=lead_ms)
    call.line.play("a", tone(3000).tobytes())
    for _ in range(2500):
        world.run(1)
        assert lead_ms - 40 <= call.far_end.waiting_ms <= lead_ms - 20 + message_ms
        assert call.far_end.waiting_ms > 0
    assert {size for _, size in call.far_end.sends} == {8 * message_ms}
    assert world.plane.counters.underruns == 0


@pytest.mark.parametrize("line_format", [PHONE, LINEAR_8K, WIDEBAND])
def test_every_sample_arrives_once_in_order_and_the_end_is_told_when_heard(line_format: LineFormat) -> None:
    world = World()
    call = world.call(line_format)
    rate = line_format.sample_rate_hz
    sound = numbered(rate) if line_format.encoding is Encoding.L16 else tone(1000)
    data = sound.tobytes()
    for start in range(0, len(data), 777):  # Odd lengths: half a sample waits for the next chunk.
        call.line.play("a", data[start : start + 777])
    call.line.finish("a")
    world.run(990)
    assert not call.notes.named("finished")
    world.run(20)
    assert call.notes.named("finished") == [("finished", "a", 1000)]
    assert len(call.far_end.heard) == rate
    if line_format.encoding is Encoding.L16:
        assert call.far_end.heard == sound.tolist()
    marks = [heard for _, _, heard in call.notes.named("mark")]
    assert marks == sorted(marks) and 2 <= len(marks) <= 4


def test_the_last_frame_is_padded_with_silence() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.play("a", numbered(167).tobytes())
    assert len(call.far_end.sends) == 1  # The rest waits for more, or for the end.
    call.line.finish("a")
    world.run(60)
    assert call.far_end.heard == [*numbered(167).tolist(), *[0] * 153]
    assert call.notes.events[-1] == ("finished", "a", 20)


def test_an_empty_reply_finishes_at_once() -> None:
    world = World()
    call = world.call()
    call.line.finish("a")
    assert call.notes.events == [("finished", "a", 0)]
    call.line.play("a", tone(100).tobytes())
    world.run(100)
    assert not call.far_end.sends


def test_replies_play_in_order_and_not_over_one_another() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    first, second = numbered(1600), numbered(1600, first=5000)
    call.line.play("a", first[:800].tobytes())
    call.line.play("b", second.tobytes())
    call.line.finish("b")
    world.run(300)  # Nothing of b while more of a may come.
    call.line.play("a", first[800:].tobytes())
    call.line.finish("a")
    world.run(600)
    assert call.far_end.heard == [*first.tolist(), *second.tolist()]
    finished = [reply for _, reply, _ in call.notes.named("finished")]
    assert finished == ["a", "b"]
    assert world.plane.counters.underruns == 1


def test_pause_is_silent_at_once_and_resume_goes_on_with_the_next_unheard_sample() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    sound = numbered(8000)
    call.line.play("a", sound.tobytes())
    call.line.finish("a")
    world.run(333)
    heard = call.line.pause("a")
    assert heard == 333
    assert call.far_end.waiting_ms == 0
    world.run(2500)
    cut, risen = 333 * 8, 333 * 8 + 40
    assert len(call.far_end.heard) == cut, "nothing is sent behind a clear"
    assert call.line.pause("a") == 333
    call.line.resume("a")
    world.run(700)
    assert call.far_end.heard[:cut] == sound.tolist()[:cut]
    assert call.far_end.heard[risen:8000] == sound.tolist()[risen:]
    assert not any(call.far_end.heard[8000:])  # The last frame is filled up with silence.
    assert call.notes.events[-1] == ("finished", "a", 1000)


def test_resume_can_say_the_last_words_again() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    sound = numbered(8000)
    call.line.play("a", sound.tobytes())
    call.line.finish("a")
    world.run(500)
    call.line.pause("a")
    call.line.resume("a", rewind_ms=200)
    assert call.line.pause("a") == 500  # What was heard stays heard.
    call.line.resume("a")
    world.run(720)
    heard = call.far_end.heard
    assert (heard[:4000], heard[4040:]) == (sound[:4000].tolist(), sound[2440:].tolist())
    assert call.notes.events[-1] == ("finished", "a", 1000)


def test_rewinding_after_everything_was_heard_says_it_again_before_the_end() -> None:
    world = World()
    call = world.call(LINEAR_8K, answers_marks=False)
    call.line.play("a", numbered(1600).tobytes())
    call.line.finish("a")
    world.run(250)
    call.line.pause("a")
    world.run(2000)
    assert not call.notes.named("finished")
    call.line.resume("a", rewind_ms=100)
    world.run(90)
    assert not call.notes.named("finished")
    world.run(1100)
    assert call.notes.named("finished") == [("finished", "a", 200)]
    assert call.far_end.heard == [*numbered(1600).tolist(), *numbered(1600)[800:].tolist()]


def test_flush_fades_one_frame_and_the_reply_is_dead_for_ever() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.play("a", np.full(8000, 10000, np.int16).tobytes())
    world.run(250)
    assert call.line.flush("a") == 250
    call.line.play("a", np.full(8000, 10000, np.int16).tobytes())
    call.line.finish("a")
    call.line.resume("a")
    world.run(1000)
    fade = call.far_end.heard[2000:]
    assert len(fade) == 160
    assert fade[0] == 10000 and fade[-1] == 0 and fade == sorted(fade, reverse=True)
    assert call.line.flush("a") == 250
    assert not call.notes.named("finished")
    assert world.plane.counters.audio_refused == 1


def test_flush_without_fade_sends_nothing() -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(1000).tobytes())
    world.run(100)
    sends = len(call.far_end.sends)
    call.line.flush("a", fade_ms=0)
    world.run(100)
    assert len(call.far_end.sends) == sends


def test_a_paused_reply_can_be_flushed_and_the_next_one_plays() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.play("a", numbered(8000).tobytes())
    world.run(100)
    call.line.pause("a")
    call.line.play("b", numbered(800, first=9000).tobytes())
    call.line.finish("b")
    world.run(200)
    assert len(call.far_end.heard) == 800  # A paused reply holds those behind it.
    assert call.line.flush("a") == 100
    world.run(200)
    assert call.far_end.heard[800:] == numbered(800, first=9000).tolist()


def test_a_reply_that_was_paused_before_its_first_sample_is_not_heard_over_the_caller() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    assert call.line.pause("a") == 0
    call.line.play("a", numbered(800).tobytes())
    call.line.finish("a")
    world.run(300)
    assert call.far_end.heard == [] and call.notes.events == []
    call.line.resume("a")
    world.run(200)
    assert call.far_end.heard[:800] == numbered(800).tolist()
    assert call.notes.events[-1] == ("finished", "a", 100)


@pytest.mark.parametrize("samples", [0, 100, 1600])
def test_what_covers_a_wait_is_heard_before_the_rest_of_the_reply(samples: int) -> None:
    """It has not begun, has less than a frame, or ran dry in the middle."""
    world = World()
    call = world.call(LINEAR_8K)
    reply, sound = numbered(2400), numbered(800, first=9000)
    if samples:
        call.line.play("a", reply[:samples].tobytes())
    world.run(1500)
    before = len(call.far_end.heard)
    call.line.defer("a")
    call.line.play("b", sound.tobytes())
    call.line.finish("b")
    world.run(40)
    call.line.play("a", reply[samples:].tobytes())  # Its voice is back: it waits for the sound all the same.
    call.line.finish("a")
    world.run(200)
    assert call.far_end.heard[before:] == sound.tolist()
    assert call.notes.named("finished") == [("finished", "b", 100)]
    call.line.resume("a")
    world.run(400)
    heard = [*call.far_end.heard[:before], *call.far_end.heard[before + 800 :]]
    assert [sample for sample in heard if sample] == [sample for sample in reply.tolist() if sample]
    assert call.notes.events[-1] == ("finished", "a", 300)


def test_a_deferred_reply_that_is_flushed_is_never_heard_again() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.defer("a")
    call.line.play("a", numbered(800).tobytes())
    assert call.line.flush("a") == 0
    call.line.resume("a")
    world.run(200)
    assert call.far_end.heard == []
    call.line.defer("a")
    call.line.play("a", numbered(800).tobytes())
    world.run(200)
    assert call.far_end.heard == []


def test_a_reply_that_ran_dry_tells_at_once_that_it_goes_on() -> None:
    """Its next mark is half a second away; meanwhile it would be taken for silent."""
    world = World()
    call = world.call(LINEAR_8K)
    call.line.play("a", numbered(800).tobytes())
    world.run(1503)
    call.notes.events.clear()
    call.line.play("a", numbered(800).tobytes())
    assert call.notes.events == [("mark", "a", 100)]
    world.run(60)
    assert len(call.notes.events) == 1


def test_flushing_the_next_reply_does_not_cost_a_sample_of_this_one() -> None:
    world = World()
    call = world.call(LINEAR_8K)
    call.line.play("a", numbered(1600).tobytes())
    call.line.finish("a")
    call.line.play("b", numbered(1600, first=9000).tobytes())
    world.run(150)  # The end of a and the start of b are both in flight.
    assert call.line.flush("b") == 0
    world.run(200)
    assert call.far_end.heard[:1600] == numbered(1600).tolist() and not any(call.far_end.heard[1600:])
    assert call.notes.named("finished") == [("finished", "a", 200)]


def test_a_reply_never_heard_of_can_be_flushed_before_its_audio_comes() -> None:
    world = World()
    call = world.call()
    assert call.line.flush("a") == 0
    call.line.play("a", tone(100).tobytes())
    assert not call.far_end.sends


def test_marks_answered_by_a_clear_prove_nothing() -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(1000).tobytes())
    world.run(390)  # The mark at 400 ms is sent and not reached.
    assert call.line.pause("a") == 390
    assert not call.notes.named("mark")
    assert world.plane.counters.marks_unknown == 1


def test_without_marks_the_end_is_told_a_second_after_it_was_due() -> None:
    world = World()
    call = world.call(answers_marks=False)
    call.line.play("a", tone(500).tobytes())
    call.line.finish("a")
    world.run(1490)
    assert not call.notes.named("finished")
    world.run(30)
    assert call.notes.named("finished") == [("finished", "a", 500)]
    assert world.plane.counters.marks_missed == 1


def test_a_lost_mark_is_made_good_by_the_next() -> None:
    world = World()
    call = world.call()
    played = call.source.played
    call.far_end.source = None
    call.line.play("a", tone(1000).tobytes())
    call.line.finish("a")
    world.run(300)
    call.far_end.source = call.source
    world.run(720)
    assert call.notes.named("finished") == [("finished", "a", 1000)]
    played("m1")
    played("nonsense")
    assert world.plane.counters.marks_unknown == 2


def test_heard_comes_from_the_clock_between_marks_and_never_passes_what_was_sent() -> None:
    world = World()
    call = world.call(answers_marks=False)
    call.line.play("a", tone(400).tobytes())
    world.run(140)
    assert call.line.pause("a") == 140
    call.line.resume("a")
    world.run(5000)
    assert call.line.pause("a") == 400


def test_nothing_is_sent_while_nobody_speaks() -> None:
    world = World()
    call = world.call()
    world.run(3000)
    assert not call.far_end.sends


def test_a_hang_up_keeps_the_heard_position_to_be_asked() -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(1000).tobytes())
    world.run(420)
    call.source.closed("hangup")
    sends = len(call.far_end.sends)
    world.run(200)
    call.line.play("a", tone(100).tobytes())
    call.line.resume("a")
    assert call.line.pause("a") == 420
    assert call.line.flush("a") == 420
    assert len(call.far_end.sends) == sends
    assert call.far_end.clears == 0
    assert not call.far_end.ended  # The line is gone; there is nothing to close.


def test_closing_drops_pending_audio_and_ends_the_line() -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(1000).tobytes())
    world.run(100)
    call.line.close()
    call.line.close()
    assert call.far_end.ended and call.far_end.waiting_ms == 0 and call.far_end.clears == 1
    call.source.closed("hangup")
    assert not call.notes.named("closed")


def test_a_late_tick_sends_what_is_due_and_counts_a_dry_far_end() -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(2000).tobytes())
    world.run(20)
    world.clock.now_ns += 300 * MS  # The process stalled.
    world.next_tick_ns = world.clock.now_ns
    world.run(20)
    assert world.plane.counters.underruns == 1
    assert 40 <= call.far_end.waiting_ms <= 100


def test_a_listener_may_give_up_a_reply_from_inside_its_own_events() -> None:
    world = World()
    call = world.call()
    call.notes.playout_started = lambda reply_id: call.line.flush(reply_id, fade_ms=0)  # type: ignore[method-assign,assignment,return-value]
    call.line.play("a", tone(1000).tobytes())
    world.run(200)
    assert call.far_end.waiting_ms == 0 and len(call.far_end.sends) == 1
