"""A caller's stream without holes, and marks that tell how far playout got: both without a socket."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.calls.sip.intake import FRAME_BYTES, FRAME_MS, GAP_FRAMES_MAX, Intake
from antiphon.calls.sip.peers import filter_program
from antiphon.calls.sip.playout import FAR_END_TICKS, Playout

PLACES = np.arange(FRAME_BYTES // 2)


def frame(number: int = 0, hz: float = 200.0) -> bytes:
    """20 ms of a tone that goes on from frame to frame."""
    places = PLACES + number * len(PLACES)
    return (8000 * np.sin(2 * np.pi * hz * places / 8000)).astype("<i2").tobytes()


def test_audio_that_comes_in_time_is_passed_on_untouched() -> None:
    intake = Intake()
    frames = [frame(number) for number in range(50)]
    assert [intake.tick(audio) for audio in frames] == [(audio, 0) for audio in frames]
    assert intake.concealed_ms == 0


def test_a_lost_frame_is_made_up_before_the_next_one() -> None:
    intake = Intake()
    for number in range(10):
        intake.tick(frame(number))
    assert intake.tick(b"") == (b"", 0)
    assert intake.tick(frame(11)) == (b"", 0)
    audio, made_up_ms = intake.tick(frame(12))
    assert made_up_ms == FRAME_MS
    assert audio[FRAME_BYTES:] == frame(11) + frame(12)
    made_up = np.frombuffer(audio[:FRAME_BYTES], "<i2").astype(float)
    lost = np.frombuffer(frame(10), "<i2").astype(float)
    assert np.corrcoef(made_up, lost)[0, 1] > 0.95  # A steady tone goes on as it was.


def test_a_late_tick_of_ours_is_no_loss() -> None:
    intake = Intake()
    for number in range(10):
        intake.tick(frame(number))
    intake.tick(b"")
    assert intake.tick(frame(10) + frame(11)) == (frame(10) + frame(11), 0)
    intake.tick(b"")
    assert intake.tick(frame(12)) == (b"", 0)
    assert intake.tick(frame(13) + frame(14)) == (frame(12) + frame(13) + frame(14), 0)


def test_what_was_made_up_in_error_pays_for_the_next_hole() -> None:
    intake = Intake()
    for number in range(10):
        intake.tick(frame(number))
    intake.tick(b"")
    intake.tick(frame(10))
    assert intake.tick(frame(11))[1] == FRAME_MS  # It was only late:
    assert intake.tick(frame(12) + frame(13))[1] == 0
    intake.tick(b"")
    assert intake.tick(frame(14)) == (frame(14), 0)


def test_a_pause_of_the_far_end_is_left_to_the_media_plane() -> None:
    intake = Intake()
    intake.tick(frame())
    for _ in range(GAP_FRAMES_MAX + 3):
        intake.tick(b"")
    intake.tick(frame())
    assert intake.tick(frame()) == (frame() * 2, 0)


def test_a_key_excuses_what_its_events_took_the_place_of() -> None:
    intake = Intake()
    intake.tick(frame())
    intake.excuse()
    for _ in range(4):
        intake.tick(b"")
    assert intake.tick(frame()) == (frame(), 0)


@given(st.lists(st.binary(max_size=3 * FRAME_BYTES), max_size=60))
def test_whatever_comes_whole_frames_leave_and_time_is_never_outrun_by_making_up(ticks: list[bytes]) -> None:
    intake = Intake()
    left = made_up = 0
    for arrived in ticks:
        audio, made_up_ms = intake.tick(arrived)
        assert len(audio) % FRAME_BYTES == 0
        left += len(audio)
        made_up += made_up_ms
    audio, made_up_ms = intake.tick(b"")  # Nothing is held for longer.
    left, made_up = left + len(audio), made_up + made_up_ms
    whole = sum(map(len, ticks)) // FRAME_BYTES * FRAME_BYTES
    assert left == whole + made_up // FRAME_MS * FRAME_BYTES
    assert made_up <= (len(ticks) + 1) * FRAME_MS


class Pipe:
    """The library's buffer: takes so much, and sends 20 ms a tick."""

    def __init__(self, capacity: int = 100 * FRAME_BYTES) -> None:
        self.capacity = capacity
        self.waiting = bytearray()
        self.sent = bytearray()

    def write(self, pcm: bytes) -> int:
        taken = min(len(pcm), self.capacity - len(self.waiting))
        self.waiting += pcm[:taken]
        return taken

    def unsent_bytes(self) -> int:
        return len(self.waiting)

    def clear(self) -> None:
        self.waiting.clear()

    def send(self) -> None:
        self.sent += self.waiting[:FRAME_BYTES]
        del self.waiting[:FRAME_BYTES]


def run(pipe: Pipe, playout: Playout, ticks: int) -> list[tuple[int, str]]:
    """Marks reached, each with its tick."""
    reached = []
    for tick in range(ticks):
        pipe.send()
        reached += [(tick, name) for name in playout.tick()]
    return reached


def test_a_mark_is_reached_when_all_before_it_was_sent_and_had_time_to_sound() -> None:
    pipe = Pipe()
    playout = Playout(pipe)
    playout.say(frame() * 10)
    playout.mark("middle")
    playout.say(frame() * 5)
    playout.mark("end")
    assert run(pipe, playout, 30) == [(9 + FAR_END_TICKS, "middle"), (14 + FAR_END_TICKS, "end")]
    assert playout.is_idle


def test_what_the_library_has_no_room_for_waits_its_turn() -> None:
    pipe = Pipe(capacity=4 * FRAME_BYTES)
    playout = Playout(pipe)
    playout.say(b"".join(frame(number) for number in range(20)))
    playout.mark("end")
    assert [name for _, name in run(pipe, playout, 40)] == ["end"]
    assert bytes(pipe.sent) == b"".join(frame(number) for number in range(20))


def test_after_a_clear_nothing_is_sent_and_no_mark_comes_back() -> None:
    pipe = Pipe()
    playout = Playout(pipe)
    playout.say(frame() * 20)
    playout.mark("never")
    run(pipe, playout, 5)
    playout.clear()
    playout.say(frame(1))
    playout.mark("after")
    assert [name for _, name in run(pipe, playout, 30)] == ["after"]
    assert bytes(pipe.sent) == frame() * 5 + frame(1)


def test_a_flood_is_dropped_and_counted() -> None:
    playout = Playout(Pipe(capacity=0))
    playout.say(bytes(100_000))
    playout.say(bytes(100))
    assert playout.dropped_bytes == 100_000 - 64_000 + 100


def test_the_packet_filter_is_as_long_as_its_networks_and_ends_in_a_refusal() -> None:
    from ipaddress import IPv4Network

    program = filter_program([IPv4Network("192.0.2.0/24"), IPv4Network("198.51.100.7/32")])
    assert len(program) == (2 * 4 + 1) * 8
    assert program[-8:] == filter_program([])
