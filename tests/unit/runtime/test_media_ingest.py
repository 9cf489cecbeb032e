"""What lines really send, and clocks that are not ours: nothing accumulates, nothing is repeated, no date is
lost."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from tests.doubles.media_line import MS, EnergyVad, FarEnd, Notes, VirtualClock, World, encoded, silence, tone

from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat, MediaSource
from antiphon.calls.streams import Admission, CloseCode, StreamSession
from antiphon.calls.twilio import TwilioDialect
from antiphon.runtime.media import MediaPlane

LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
FRAME = 160


@pytest.mark.parametrize("line_format", [PHONE, LINEAR_8K, WIDEBAND])
def test_messages_of_any_length_carry_the_same_sound(line_format: LineFormat) -> None:
    """Empty ones, single bytes, half samples, a tenth of a second, in any order."""
    world = World()
    whole, pieces = world.call(line_format), world.call(line_format)
    rate = line_format.sample_rate_hz
    sound = encoded(
        np.concatenate([silence(300, sample_rate_hz=rate), tone(500, sample_rate_hz=rate)]), line_format
    )
    chosen = random.Random(3)
    for start in range(0, len(sound), 100 * line_format.bytes_per_ms):
        world.run(100)
        part = sound[start : start + 100 * line_format.bytes_per_ms]
        whole.source.receive(part)
        while part:
            size = chosen.choice([0, 1, 2, 3, 79, 160, 161, 800])
            pieces.source.receive(memoryview(part)[:size])
            part = part[size:]
    world.run(40)
    assert bytes(pieces.notes.audio) == bytes(whole.notes.audio)
    assert pieces.notes.named("started") == whole.notes.named("started") != []
    assert world.plane.counters.frames_dropped == 0


def test_an_hour_of_empty_messages_is_an_hour_of_silence_and_no_more() -> None:
    world = World()
    call = world.call()
    for _ in range(200):
        world.run(20)
        call.source.receive(b"")
    assert call.notes.audio == bytes(len(call.notes.audio))
    assert abs(len(call.notes.audio) // 16 - 4000) <= 200


def test_oversized_messages_are_cut_and_the_line_goes_on() -> None:
    world = World()
    call = world.call()
    world.run(100)
    call.source.receive(bytes([0xFF]) * 5_000_000)
    world.run(1200)
    world.speak(call, np.concatenate([silence(200), tone(300), silence(300)]))
    assert world.plane.counters.messages_truncated == 1
    assert [event[0] for event in call.notes.named("started", "stopped")] == ["started", "stopped"]


class _Switchboard:
    def __init__(self, world: World) -> None:
        self.world, self.notes = world, Notes()

    def answer(self, arrival: object, sink: FarEnd, view: object = None) -> tuple[str, MediaSource]:
        source, _ = self.world.plane.attach(PHONE, sink, self.notes, 80)
        return "call", source


class _Wire:
    def send_binary(self, frame: bytes) -> None: ...

    def send(self, message: bytes) -> None: ...
    def close(self, code: CloseCode, reason: str) -> None: ...


STAMPS = {
    "right": lambda number: 20 * number,
    "jumping": lambda number: 20 * number + (3_600_000 if number > 20 else 0),
    "backwards": lambda number: 1_000_000 - 20 * number,
    "standing": lambda number: 0,
    "overflowing": lambda number: (2**32 - 400 + 20 * number) % 2**32,
    "nonsense": lambda number: "soon",
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_the_carriers_time_stamps_and_numbers_decide_nothing(stamp: str) -> None:
    """A socket keeps order and our clock keeps time: theirs may jump or run backwards."""
    world = World()
    switchboard = _Switchboard(world)
    admission = Admission(switchboard=switchboard, clock=world.clock, counted=Counter(), redeem=None)
    session = StreamSession(_Wire(), TwilioDialect(), "clinic", admission)
    form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": form}
    session.message(json.dumps({"event": "start", "streamSid": "MZ1", "start": start}).encode())
    sound = encoded(np.concatenate([silence(400), tone(400), silence(400)]), PHONE)
    for number in range(len(sound) // FRAME):
        world.run(20)
        media = {
            "track": "inbound",
            "chunk": str(STAMPS[stamp](number)),
            "timestamp": str(STAMPS[stamp](number)),
            "payload": base64.b64encode(sound[number * FRAME : (number + 1) * FRAME]).decode(),
        }
        session.message(json.dumps({"event": "media", "streamSid": "MZ1", "media": media}).encode())
    world.run(40)
    (_, onset, _), (_, ended, _) = switchboard.notes.named("started", "stopped")
    assert onset == pytest.approx(400, abs=8) and ended == pytest.approx(800, abs=8)


class _FarClock(VirtualClock):
    """The clock of the far end, fast or slow against ours."""

    def __init__(self, ours: VirtualClock, ppm: float) -> None:
        self._ours, self._ppm, self._began_ns = ours, ppm, ours.now_ns

    @property
    def now_ns(self) -> int:  # type: ignore[override]
        return self._began_ns + round((self._ours.now_ns - self._began_ns) * (1 + self._ppm / 1e6))


@pytest.mark.whole
@pytest.mark.parametrize("ppm", [-500, -100, 100, 500])
def test_a_far_end_that_plays_faster_or_slower_hears_every_reply_whole(ppm: float) -> None:
    """Ten replies of 20 s: what is in its buffer stays the lead, and the heard cursor stays true."""
    clock = VirtualClock()
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=clock)
    far_end, notes = FarEnd(_FarClock(clock, ppm), PHONE), Notes()
    source, line = plane.attach(PHONE, far_end, notes, 80)
    far_end.source = source
    speech = tone(20_000).tobytes()
    for number in range(10):
        line.play(f"r{number}", speech)
        line.finish(f"r{number}")
        heard_before = len(far_end.heard)
        _pass(plane, clock, far_end, 10_000)
        heard_ms, truth_ms = line.pause(f"r{number}"), (len(far_end.heard) - heard_before) / 8
        assert abs(heard_ms - truth_ms) <= 20
        line.resume(f"r{number}")
        _pass(plane, clock, far_end, 10_500)
        assert ("finished", f"r{number}", 20_000) in notes.events
        # Where its clock is slow, a pause takes back a few samples too few: 5 ms after 10 s at 500 ppm.
        assert len(far_end.heard) - heard_before >= (20_000 - 6) * 8
        assert far_end.waiting_ms == 0
    assert plane.counters.marks_missed == 0


def _pass(plane: MediaPlane, clock: VirtualClock, far_end: FarEnd, duration_ms: int) -> None:
    for _ in range(duration_ms // 20):
        clock.now_ns += 20 * MS
        far_end.advance()
        assert far_end.waiting_ms <= 80 + 40 + 20
        plane.tick(clock.now_ns)


def test_minutes_of_bursts_leave_dates_and_sound_in_place() -> None:
    """A network that delivers late and together, up to 100 ms, but loses nothing."""
    world = World()
    call = world.call()
    chosen = random.Random(5)
    words = 12
    sound = encoded(np.concatenate([silence(7000), tone(400), silence(2600)] * words), PHONE)
    for part in _held(sound, chosen, [20, 20, 20, 20, 40, 60, 80, 100]):
        world.run(len(part) // 8)
        for start in range(0, len(part), FRAME):
            call.source.receive(part[start : start + FRAME])
    world.run(20)
    events = call.notes.named("started", "stopped")
    assert [event[0] for event in events] == ["started", "stopped"] * words
    truth_ms = [10_000 * word + edge for word in range(words) for edge in (7000, 7400)]
    wrong = [float(str(event[1])) - truth for event, truth in zip(events, truth_ms, strict=True)]
    assert min(wrong) >= -10 and max(wrong) <= 30
    spoken = np.frombuffer(call.notes.audio, np.int16) != 0
    assert abs(int(spoken.sum()) - words * 400 * 8) < words * 40, "no sound was lost or repeated"


def test_outages_are_silence_and_what_comes_after_them_is_dated_as_before() -> None:
    world = World()
    call = world.call()
    for outage_ms in (300, 1500, 5000):
        world.speak(call, silence(1000))
        world.run(outage_ms)
        world.speak(call, silence(1000))
        begun_ms = call.line.now_ms
        world.speak(call, np.concatenate([tone(400), silence(600)]))
        started, stopped = call.notes.named("started", "stopped")[-2:]
        assert abs(float(str(started[1])) - begun_ms) <= 30
        assert abs(float(str(stopped[1])) - begun_ms - 400) <= 30
    assert len(call.notes.named("started")) == 3
    assert abs(len(call.notes.audio) / 16 - call.line.now_ms) <= 450, "silence stands for what was missing"


def _held(sound: bytes, chosen: random.Random, lengths_ms: list[int]) -> Iterator[bytes]:
    while sound:
        size = 8 * chosen.choice(lengths_ms)
        yield sound[:size]
        sound = sound[size:]


@pytest.mark.parametrize("stall_ms", [40, 60])
def test_a_busy_loop_shorter_than_the_lead_is_never_heard(stall_ms: int) -> None:
    world = World()
    call = world.call()
    call.line.play("a", tone(5000).tobytes())
    for _ in range(20):
        _stall(world, stall_ms)
        world.run(200)
    assert world.plane.counters.underruns == 0


@pytest.mark.parametrize("stall_ms", [120, 300, 2000])
def test_after_a_long_stall_playout_goes_on_without_a_glitch_or_a_flood(stall_ms: int) -> None:
    world = World()
    call = world.call(LINEAR_8K)
    sound = np.arange(1, 24_001).astype(np.int16)
    call.line.play("a", sound.tobytes())
    call.line.finish("a")
    world.run(500)
    _stall(world, stall_ms)
    for _ in range(3000):
        world.run(1)
        assert call.far_end.waiting_ms <= 80 - 20 + 80  # Its lead less a frame, and a message.
    assert call.far_end.heard == sound.tolist(), "every sample once, in order"
    assert ("finished", "a", 3000) in call.notes.events


def _stall(world: World, duration_ms: int) -> None:
    """Time passes and the far end plays, but our loop does not turn."""
    world.clock.now_ns += duration_ms * MS
    for call in world.calls:
        call.far_end.advance()


def test_a_caller_who_sends_faster_than_he_speaks_holds_nobody_up_and_loses_nothing() -> None:
    """Two seconds of sound in every tick: the event loop turns in between, as it does between many calls."""
    world = World()
    call, other = world.call(), world.call()
    for _ in range(5):
        other.source.receive(b"\xff" * FRAME)
        for _ in range(100):
            call.source.receive(b"\xff" * FRAME)
        world.clock.now_ns += 20 * MS
        pauses = sum(1 for _ in world.plane.tick_in_runs(world.clock.now_ns))
        assert pauses >= 10
    counters = world.plane.counters
    assert (counters.frames_in, counters.frames_dropped) == (505, 0)
    assert len(call.notes.audio) == 500 * FRAME * 2


def test_a_caller_who_leaves_within_his_own_burst_is_heard_no_further() -> None:
    world = World()
    call = world.call()
    for _ in range(100):
        call.source.receive(b"\xff" * FRAME)
    tick = world.plane.tick_in_runs(world.clock.now_ns + 20 * MS)
    next(tick)
    call.source.closed("hangup")
    later = world.call()
    for _ in tick:
        pass
    assert len(call.notes.audio) < 20 * FRAME * 2 and not later.notes.audio
