"""Whatever the network and the driver do, in any order: the plane on virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.doubles.media_line import TestCall, World, encoded, numbered, silence, tone
from tests.property.examples import examples

from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.runtime.media import playout

LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
SPOKEN = encoded(np.concatenate([silence(400), tone(320), silence(400), tone(260), silence(300)]), PHONE)
SPOKEN_DATES = [400, 720, 1120, 1380]
REPLY_SAMPLES = 6000  # 750 ms


@pytest.fixture(autouse=True)
def samples_keep_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values tell positions here. That what goes on after a pause rises: test_media_clicks."""
    monkeypatch.setattr(playout, "_RISE_MS", 0)


# Not all of it in single samples: 8,000 messages a second are a flood (test_media_flood).
jitter = st.lists(st.tuples(st.integers(1, 480), st.integers(0, 60)), min_size=4, max_size=30).filter(
    lambda pattern: sum(size for size, _ in pattern) >= 2 * len(pattern)
)


@examples(60)
@given(pattern=jitter)
@example(pattern=[(358, 0), (138, 0), (122, 0), (480, 45)])  # A gap between an onset and its confirmation.
def test_chunking_and_jitter_do_not_change_what_is_heard(pattern: list[tuple[int, int]]) -> None:
    world = World()
    call = world.call()
    sent, place, now_ms = 0, 0, 0
    while sent < len(SPOKEN):
        size, late_ms = pattern[place % len(pattern)]
        place += 1
        chunk = SPOKEN[sent : sent + size]
        sent += len(chunk)
        due_ms = max(now_ms, sent // 8 + late_ms)
        world.run(due_ms - now_ms)
        now_ms = due_ms
        call.source.receive(chunk)
    world.run(200)
    got = [event[1] for event in call.notes.named("started", "stopped")]
    assert [event[0] for event in call.notes.events] == ["started", "stopped"] * 2
    # A path may be late by as much as its fastest message was.
    assert all(-8 <= found - true <= 150 for found, true in zip(got, SPOKEN_DATES, strict=True))
    spans = [got[1] - got[0], got[3] - got[2]]
    assert abs(spans[0] - 320) <= 70 and abs(spans[1] - 260) <= 70


steps = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(0, 3), st.integers(1, 260)),
        st.tuples(st.just("play"), st.integers(0, 3), st.integers(1, 2500)),
        st.tuples(st.sampled_from(["finish", "pause", "resume", "flush"]), st.integers(0, 3), st.just(0)),
    ),
    max_size=40,
)


class Replies:
    """What was given to the plane, and what the rules say the caller may have heard of it."""

    def __init__(self, call: TestCall) -> None:
        self.call = call
        self.given: dict[int, int] = {}
        self.complete: set[int] = set()
        self.flushed: dict[int, int] = {}
        self.heard_ms: dict[int, int] = {}

    def act(self, name: str, reply: int, amount: int) -> None:
        line, key = self.call.line, f"r{reply}"
        if name == "play":
            self._play(reply, amount)
        elif name == "finish":
            line.finish(key)
            self.complete.add(reply)
        elif name == "pause":
            if reply not in self.complete and reply not in self.flushed:
                self.given.setdefault(reply, 0)  # Its place is where it was first heard of.
            self._heard(reply, line.pause(key))
        elif name == "resume":
            line.resume(key)
        elif name == "flush":
            heard_ms = line.flush(key, fade_ms=0)
            self._heard(reply, heard_ms)
            self.flushed.setdefault(reply, heard_ms)

    def _play(self, reply: int, amount: int) -> None:
        given = self.given.get(reply, 0)
        amount = min(amount, REPLY_SAMPLES - given)
        samples = numbered(amount, first=reply * REPLY_SAMPLES + given)
        self.call.line.play(f"r{reply}", samples.tobytes())
        if reply not in self.complete and reply not in self.flushed:
            self.given[reply] = given + amount

    def _heard(self, reply: int, heard_ms: int) -> None:
        assert self.heard_ms.get(reply, 0) <= heard_ms <= self.given.get(reply, 0) // 8
        self.heard_ms[reply] = heard_ms


@examples(150)
@given(script=steps, answers_marks=st.booleans(), lead_ms=st.sampled_from([20, 40, 80, 160]))
def test_nothing_is_lost_repeated_or_heard_after_its_flush(
    script: list[tuple[str, int, int]], answers_marks: bool, lead_ms: int
) -> None:
    world = World()
    call = world.call(LINEAR_8K, lead_ms=lead_ms, answers_marks=answers_marks)
    replies = Replies(call)
    for name, reply, amount in script:
        world.run(amount) if name == "run" else replies.act(name, reply, amount)
    for reply in range(4):
        replies.act("finish", reply, 0)
        replies.act("resume", reply, 0)
    world.run(5500)
    heard = [value - 1 for value in call.far_end.heard if value > 0]  # Zeros are padding.
    order = list(dict.fromkeys(value // REPLY_SAMPLES for value in heard))
    assert order == [reply for reply in replies.given if reply in order], "in the order they were given"
    for reply in range(4):
        own = [value % REPLY_SAMPLES for value in heard if value // REPLY_SAMPLES == reply]
        assert own == list(range(len(own))), "every sample once, from the first on"
        if reply in replies.flushed:
            assert replies.flushed[reply] == len(own) // 8
        else:
            assert len(own) == replies.given.get(reply, 0)
    finished = [event[1] for event in call.notes.named("finished")]
    ended = [f"r{reply}" for reply in range(4) if reply not in replies.flushed]
    assert set(ended) <= set(finished) and len(finished) == len(set(finished)), "every reply ends once"
    for _, key, heard_ms in call.notes.named("finished"):
        assert heard_ms == replies.given.get(int(str(key)[1:]), 0) // 8


chaos = st.lists(
    st.tuples(
        st.sampled_from(["attach", "receive", "play", "pause", "resume", "flush", "close", "hangup", "run"]),
        st.integers(0, 11),
        st.integers(1, 400),
    ),
    max_size=60,
)


@examples(80)
@given(script=chaos)
def test_calls_never_mix_and_leave_no_row_behind(script: list[tuple[str, int, int]]) -> None:
    world = World()
    for name, which, amount in script:
        if name == "attach":
            world.call(LINEAR_8K if which % 2 else WIDEBAND)
        elif name == "run":
            world.run(amount % 90)
        elif world.calls:
            number = which % len(world.calls)
            call = world.calls[number]
            sound = np.full(amount, number + 1, np.int16).tobytes()
            {
                "receive": lambda call=call, sound=sound: call.source.receive(sound),
                "play": lambda call=call, sound=sound: call.line.play("a", sound),
                "pause": lambda call=call: call.line.pause("a"),
                "resume": lambda call=call, amount=amount: call.line.resume("a", amount),
                "flush": lambda call=call: call.line.flush("a"),
                "close": lambda call=call: call.line.close(),
                "hangup": lambda call=call: call.source.closed("hangup"),
            }[name]()
    world.run(120)
    for number, call in enumerate(world.calls):
        assert set(np.frombuffer(call.notes.audio, np.int16).tolist()) <= {0, number + 1}
        assert all(0 <= value <= number + 1 for value in call.far_end.heard)
        call.line.close()
    world.run(60)
    assert world.plane.live_calls == 0
    ticks = world.plane.counters.frames_filled
    world.run(500)
    assert world.plane.counters.frames_filled == ticks, "nothing runs on without a call"
