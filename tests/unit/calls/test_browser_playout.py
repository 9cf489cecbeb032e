from __future__ import annotations

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from antiphon.calls.browser.playout import FRAME_BYTES, PlayoutQueue, PlayoutTrack, VoiceEncoder

FRAME = b"\x01\x02" * (FRAME_BYTES // 2)
SILENCE = bytes(FRAME_BYTES)


def test_an_empty_queue_is_silence() -> None:
    assert PlayoutQueue().take() == (SILENCE, [])


def test_audio_leaves_in_order_in_frames_of_20_ms() -> None:
    queue = PlayoutQueue()
    queue.push(b"\x01" * FRAME_BYTES + b"\x02" * FRAME_BYTES)
    assert queue.take()[0] == b"\x01" * FRAME_BYTES
    assert queue.take()[0] == b"\x02" * FRAME_BYTES


def test_a_remainder_is_padded_rather_than_kept_back() -> None:
    queue = PlayoutQueue()
    queue.push(b"\x05\x05")
    frame, _ = queue.take()
    assert frame[:2] == b"\x05\x05"
    assert len(frame) == FRAME_BYTES
    assert queue.queued_ms == 0


def test_a_mark_is_reached_only_after_the_frame_before_it_was_taken() -> None:
    queue = PlayoutQueue()
    queue.push(FRAME * 2)
    queue.mark("end")
    assert queue.take()[1] == []
    assert queue.take()[1] == []
    assert queue.take() == (SILENCE, ["end"])


def test_a_mark_with_nothing_before_it_is_reached_at_once() -> None:
    queue = PlayoutQueue()
    queue.mark("now")
    queue.push(FRAME)
    assert queue.take() == (FRAME, ["now"])


def test_clearing_drops_what_was_not_taken_and_gives_its_marks_back() -> None:
    queue = PlayoutQueue()
    queue.push(FRAME * 3)
    queue.mark("never heard")
    queue.take()
    assert queue.clear() == ["never heard"]
    assert queue.take() == (SILENCE, [])
    queue.push(FRAME)
    queue.mark("heard")
    assert queue.take() == (FRAME, [])
    assert queue.take() == (SILENCE, ["heard"])


def test_the_queue_is_bounded_and_counts_what_it_drops() -> None:
    queue = PlayoutQueue(capacity_ms=40)
    queue.push(FRAME * 5)
    assert queue.queued_ms == 40
    assert queue.dropped_bytes == 3 * FRAME_BYTES


def test_one_voice_survives_the_encoder_at_its_bit_rate() -> None:
    encoder = VoiceEncoder()
    decoder = av.CodecContext.create("libopus", "r")
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.int16)
    packets = [encoder.encode(tone[at : at + 320].tobytes(), at) for at in range(0, tone.size, 320)]
    assert [packet.pts for packet in packets] == list(range(0, tone.size, 320))
    size_bytes = sum(packet.size for packet in packets)
    assert size_bytes * 8 < 40_000  # One second.
    decoded = np.concatenate(
        [
            frame.to_ndarray().astype(np.float64).reshape(-1, len(frame.layout.channels))[:, 0]
            for packet in packets
            for frame in decoder.decode(av.Packet(bytes(packet)))
        ]
    )
    spectrum = np.abs(np.fft.rfft(decoded[-24000:]))
    assert abs(np.argmax(spectrum) * 48000 / 24000 - 440) < 5


async def test_a_stopped_track_gives_no_more_packets() -> None:
    track = PlayoutTrack(PlayoutQueue(), lambda name: None)
    assert (await track.recv()).pts == 0
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_the_track_says_which_marks_its_packets_have_passed() -> None:
    queue = PlayoutQueue()
    reached: list[str] = []
    track = PlayoutTrack(queue, reached.append)
    queue.push(FRAME)
    queue.mark("one")
    await track.recv()
    assert reached == []
    await track.recv()
    assert reached == ["one"]
