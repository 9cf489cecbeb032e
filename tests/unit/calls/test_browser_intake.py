from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.calls.browser.intake import WAIT_PACKETS, PacketOrder, VoiceIntake


@dataclass
class Packet:
    sequence_number: int
    ssrc: int = 7


def order(*sequence: int) -> tuple[list[int], PacketOrder]:
    order = PacketOrder()
    passed = [ready.sequence_number for number in sequence for ready in order.add(Packet(number))]
    return passed, order


def test_packets_in_order_pass_at_once() -> None:
    waiting = PacketOrder()
    for number in (7, 8, 9):
        assert [ready.sequence_number for ready in waiting.add(Packet(number))] == [number]


def test_a_swapped_pair_is_put_right() -> None:
    assert order(1, 3, 2, 4)[0] == [1, 2, 3, 4]


def test_a_lost_packet_holds_up_the_others_for_60_ms_at_most() -> None:
    passed, state = order(1, 3, 4, 5)
    assert passed == [1, 3, 4, 5]
    assert state.lost == 1
    assert order(1, 3, 4)[0] == [1]
    assert WAIT_PACKETS == 3


def test_a_packet_after_its_time_and_a_second_copy_are_dropped() -> None:
    passed, state = order(1, 2, 2, 4, 5, 6, 3)
    assert passed == [1, 2, 4, 5, 6]
    assert state.late == 2


def test_numbers_may_wrap_around() -> None:
    assert order(65534, 0, 65535, 1)[0] == [65534, 65535, 0, 1]


def test_a_sender_that_starts_over_is_followed() -> None:
    assert order(30000, 30001, 5000, 5001)[0] == [30000, 30001, 5000, 5001]
    passed, state = order(30001, 30000, 30003, 50000, 50001)
    assert passed == [30001, 30003, 50000, 50001], "and what waited is heard"
    assert state.lost == 0, "nobody lost twenty thousand packets"


def test_a_new_source_is_heard_from_its_first_packet_wherever_it_counts_from() -> None:
    """As after a change of microphone or a renegotiation: a count that begins just behind the old one is not
    a second of late packets."""
    state = PacketOrder()
    packets = [*(Packet(number, 1) for number in (60, 61, 63)), *(Packet(number, 2) for number in range(40))]
    passed = [(ready.ssrc, ready.sequence_number) for packet in packets for ready in state.add(packet)]
    assert passed == [(1, 60), (1, 61), (1, 63), *((2, number) for number in range(40))]
    assert (state.late, state.lost) == (0, 0)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=120))
def test_whatever_comes_in_nothing_comes_out_twice_or_backwards(numbers: list[int]) -> None:
    passed, _ = order(*numbers)
    assert passed == sorted(set(passed))


def frame(pts: int, level: int = 1000) -> av.AudioFrame:
    """20 ms of stereo at 48 kHz, as the decoder gives it."""
    frame = av.AudioFrame.from_ndarray(
        np.full((1, 1920), level, dtype=np.int16), format="s16", layout="stereo"
    )
    frame.sample_rate, frame.time_base, frame.pts = 48000, Fraction(1, 48000), pts
    return frame


def test_stereo_at_48_khz_becomes_mono_at_16_khz() -> None:
    intake = VoiceIntake()
    pcm = b"".join(intake.take(frame(960 * number)) for number in range(50))
    samples = np.frombuffer(pcm, dtype=np.int16)
    assert abs(samples.size - 16000) < 40  # The resampler withholds about a millisecond.
    assert abs(int(np.median(samples)) - 1000) < 20
    assert intake.filled_ms == 0


def test_a_short_gap_is_filled_with_the_fading_voice() -> None:
    intake = VoiceIntake()
    for number in range(5):
        intake.take(frame(960 * number))
    with_gap = np.frombuffer(intake.take(frame(960 * 7)), dtype=np.int16)  # Two packets are missing.
    assert intake.filled_ms == 40
    assert abs(with_gap.size - 320 * 3) < 40
    assert with_gap[0] > 900
    assert with_gap[600] < with_gap[300] < with_gap[0]


def test_a_long_gap_is_left_to_the_media_clock() -> None:
    intake = VoiceIntake()
    intake.take(frame(0))
    after = intake.take(frame(48000))
    assert intake.filled_ms == 0
    assert len(after) <= 640 + 64
