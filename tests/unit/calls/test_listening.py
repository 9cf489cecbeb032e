"""Listening in: both channels in step, half a second behind, and nobody who listens is waited for."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.doubles.media_line import TestCall, World, tone

from antiphon.audio import g711
from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.calls.listening import PIECE_MS, PIECES_MAX, SETTLED_MS, Ear, Listening
from antiphon.calls.recording.tracks import Piece


def pcm(line_format: LineFormat, data: bytes) -> np.ndarray:
    if line_format.encoding is Encoding.MULAW:
        return g711.decode(np.frombuffer(data, np.uint8))
    return np.frombuffer(data, "<i2")


def channels(line_format: LineFormat, pieces: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    half = line_format.bytes_per_ms * PIECE_MS
    assert {len(piece) for piece in pieces} == {2 * half}
    caller, agent = b"".join(one[:half] for one in pieces), b"".join(one[half:] for one in pieces)
    return pcm(line_format, caller), pcm(line_format, agent)


def loud_ms(samples: np.ndarray, line_format: LineFormat) -> int:
    return int((np.abs(samples.astype(int)) > 1000).sum()) * 1000 // line_format.sample_rate_hz


def listen(call: TestCall, line_format: LineFormat) -> tuple[Listening, Ear]:
    listening = Listening(line_format, lambda: call.line.now_ms)
    ear = Ear(line_format, sound=True)
    listening.ears.add(ear)
    call.line.tap(listening)
    return listening, ear


@pytest.mark.parametrize("line_format", [PHONE, WIDEBAND], ids=str)
async def test_both_are_heard_each_on_a_channel_of_its_own(line_format: LineFormat) -> None:
    world = World()
    call = world.call(line_format)
    _, ear = listen(call, line_format)
    world.speak(call, tone(600, sample_rate_hz=line_format.sample_rate_hz))
    call.line.play("r1", tone(500, sample_rate_hz=line_format.sample_rate_hz).tobytes())
    call.line.finish("r1")
    world.speak(call, np.zeros(2 * line_format.sample_rate_hz, np.int16))
    told = await ear.next(0)
    caller, agent = channels(line_format, told["pieces"])
    assert loud_ms(caller, line_format) > 300
    assert loud_ms(agent, line_format) > 250
    assert told["over"] == ""


async def test_what_is_heard_is_about_half_a_second_old() -> None:
    world = World()
    call = world.call(PHONE)
    _, ear = listen(call, PHONE)
    began_ms = call.line.now_ms
    world.speak(call, np.zeros(8000 * 3, np.int16))
    heard_ms = len((await ear.next(0))["pieces"]) * PIECE_MS
    delay_ms = call.line.now_ms - began_ms - heard_ms
    assert SETTLED_MS <= delay_ms <= SETTLED_MS + 2 * PIECE_MS + 40


async def test_words_the_agent_swallowed_are_not_heard_by_who_listens() -> None:
    world = World()
    call = world.call(PHONE)
    _, ear = listen(call, PHONE)
    world.speak(call, np.zeros(8000, np.int16))
    call.line.play("r1", tone(3000).tobytes())
    world.speak(call, np.zeros(800, np.int16))
    call.line.flush("r1")
    world.speak(call, np.zeros(8000 * 2, np.int16))
    _, agent = channels(PHONE, (await ear.next(0))["pieces"])
    assert 0 < loud_ms(agent, PHONE) < 400


async def test_the_caller_hears_the_same_whether_or_not_somebody_listens() -> None:
    heard = []
    for listened_to in (False, True):
        world = World()
        call = world.call(PHONE)
        if listened_to:
            listen(call, PHONE)
        call.line.play("r1", tone(700).tobytes())
        world.speak(call, tone(400))
        call.line.pause("r1")
        call.line.resume("r1")
        world.run(600)
        heard.append((list(call.far_end.heard), world.plane.counters))
    assert heard[0] == heard[1]


async def test_who_does_not_keep_up_is_dropped_and_the_others_hear_on() -> None:
    world = World()
    call = world.call(PHONE)
    listening, slow = listen(call, PHONE)
    quick = Ear(PHONE, sound=True)
    listening.ears.add(quick)
    heard = 0
    for _ in range(PIECES_MAX // 10 + 2):
        world.speak(call, np.zeros(8000, np.int16))
        heard += len((await quick.next(0))["pieces"])
    told = await slow.next(0)
    assert (told["over"], told["pieces"]) == ("too_slow", [])
    assert heard > PIECES_MAX and quick.over == ""


async def test_nobody_hears_a_line_that_is_not_tapped_any_more() -> None:
    world = World()
    call = world.call(PHONE)
    listening, ear = listen(call, PHONE)
    world.speak(call, np.zeros(8000, np.int16))
    await ear.next(0)
    call.line.untap(listening)
    world.speak(call, np.zeros(8000, np.int16))
    assert (await ear.next(0))["pieces"] == []
    call.source.closed("hangup")
    call.line.tap(listening)
    call.line.untap(listening)


async def test_who_reads_only_gets_no_sound_and_what_came_after_the_end_goes_nowhere() -> None:
    ear = Ear(PHONE, sound=False)
    ear.hear(Piece(caller=b"\xff", agent=b"\xff"))
    ear.read({"type": "caller", "text": "Hello."})
    ear.close("ended")
    ear.read({"type": "caller", "text": "Nobody."})
    told = await ear.next(0)
    assert told == {"pieces": [], "messages": [{"type": "caller", "text": "Hello."}], "over": "ended"}


async def test_news_wakes_who_waits_and_no_news_lets_him_go() -> None:
    ear = Ear(PHONE, sound=False)
    asked = asyncio.ensure_future(ear.next(60))
    await asyncio.sleep(0)
    ear.read({"type": "state"})
    assert (await asked)["messages"] == [{"type": "state"}]
    assert (await ear.next(0))["messages"] == []
