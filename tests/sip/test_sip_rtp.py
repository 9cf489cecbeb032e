"""RTP as gateways send it: counts that wrap or begin anew, time that jumps, any length; and ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from tests.doubles.media_line import tone
from tests.sip.hand_caller import HandCaller
from tests.sip.house import HOST, LiveCall, SipHouse, until
from tests.sip.test_sip_states import audio_port

from antiphon.audio import g711

VOICE_MS = 1200
SETTLED_S = 2.0  # What has not come by then never will.
# A busy machine, or time that runs back, makes packets late: made up for, or beyond the jitter buffer.
MADE_UP_MAX_MS, LATE_MAX_MS = 100, 40


@dataclass(slots=True, kw_only=True)
class Rtp:
    """One packet, whose `sound_ms` are the next of the voice."""

    number: int
    stamp: int
    source: bytes = b"hand"
    marked: bool = False
    kind: int = 8
    at_ms: int = 0
    body: bytes = b""


async def sends(
    caller: HandCaller, port: int, packets: Sequence[Rtp], payload_ms: int, voice: np.ndarray
) -> None:
    """In real time; a packet's sound is by its place in the list."""
    loop, begun = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    for place, packet in enumerate(packets):
        late = begun + packet.at_ms / 1000 - loop.time()
        turn = loop.create_future()
        loop.call_later(max(0.0, late), turn.set_result, None)
        await turn
        size = payload_ms * 8
        sound = voice[place * size : (place + 1) * size]
        body = g711.encode(sound).tobytes()
        if packet.kind == 8:
            body = body.translate(g711.ALAW_OF_MULAW)
        head = bytes([0x80, packet.kind | (0x80 if packet.marked else 0)])
        head += (packet.number & 0xFFFF).to_bytes(2, "big") + (packet.stamp & 0xFFFFFFFF).to_bytes(4, "big")
        caller._rtp.transport.sendto(head + packet.source + body, (HOST, port))


def heard_ms(call: LiveCall) -> int:
    """How much of the tone came."""
    frames = call.heard[: len(call.heard) // 160 * 160].reshape(-1, 160).astype(np.int32)
    return int((np.abs(frames).max(axis=1) > 2000).sum()) * 20 if frames.size else 0


def steady(
    count: int, payload_ms: int = 20, *, number: int = 100, stamp: int = 5000, source: bytes = b"hand"
) -> list[Rtp]:
    size = payload_ms * 8
    return [
        Rtp(number=number + place, stamp=stamp + place * size, at_ms=place * payload_ms, source=source)
        for place in range(count)
    ]


def wrapped() -> list[Rtp]:
    return steady(60, number=0xFFFF - 30, stamp=0xFFFFFFFF - 160 * 30)


def another_source() -> list[Rtp]:
    later = steady(30, number=7, stamp=77, source=b"othr")
    for packet in later:
        packet.at_ms += 600
    return [*steady(30), *later]


def same_source_anew() -> list[Rtp]:
    later = steady(30, number=101, stamp=99)
    for packet in later:
        packet.at_ms += 600
    return [*steady(30, number=40_000, stamp=3_000_000), *later]


def time_jumps_ahead() -> list[Rtp]:
    packets = steady(60)
    for packet in packets[30:]:
        packet.stamp += 1_000_000
    return packets


def time_runs_back() -> list[Rtp]:
    packets = steady(60, stamp=2_000_000)
    for packet in packets[30:]:
        packet.stamp -= 1_000_000
    return packets


def doubled() -> list[Rtp]:
    return [packet for packet in steady(60) for _ in range(2)]


def another_kind() -> list[Rtp]:
    packets = steady(60)
    for packet in packets[30:]:
        packet.kind = 0
    return packets


def pauses() -> list[Rtp]:
    packets = steady(60)
    for packet in packets[30:]:
        packet.at_ms += 1000
        packet.stamp += 8000
    packets[30].marked = True
    return packets


CASES: list[Callable[[], list[Rtp]]] = [
    wrapped, another_source, same_source_anew, time_jumps_ahead, time_runs_back, doubled, another_kind,
    pauses,
]  # fmt: skip


async def talks(house: SipHouse, packets: list[Rtp], payload_ms: int) -> int:
    """A second and a bit of a voice in these packets: how much was heard."""
    async with HandCaller(house.port) as caller:
        port = audio_port(await caller.call())
        await until(lambda: [each for each in house.calls if is_of(each, caller)])
        [call] = [each for each in house.calls if is_of(each, caller)]
        voice = tone(VOICE_MS)
        if len({packet.number for packet in packets}) * 2 == len(packets):  # Each comes twice.
            voice = np.repeat(voice.reshape(-1, 8 * payload_ms), 2, axis=0).reshape(-1)
        await sends(caller, port, packets, payload_ms, voice)
        with suppress(TimeoutError):
            await until(lambda: heard_ms(call) >= VOICE_MS, within_s=SETTLED_S)
        caller.send(caller.request("BYE"))
        await until(lambda: call.closed == "hangup")
        return heard_ms(call)


def is_of(call: LiveCall, caller: HandCaller) -> bool:
    return call.arrival.metadata["carrier_call"] == caller.call_id


# All at once, in real time: RTP has no other.


async def test_whatever_the_counts_do_the_voice_is_heard_to_its_end() -> None:
    """Neither the half behind the jump is lost, nor is anything heard twice."""
    async with SipHouse(greeting_ms=0) as house:
        heard = await asyncio.gather(*(talks(house, case(), 20) for case in CASES))
    for case, voice_ms in zip(CASES, heard, strict=True):
        assert VOICE_MS - LATE_MAX_MS <= voice_ms <= VOICE_MS + MADE_UP_MAX_MS, case.__name__


async def test_packets_of_any_length_are_heard_whole() -> None:
    async with SipHouse(greeting_ms=0) as house:
        lengths_ms = (10, 20, 30, 40, 60)
        heard = await asyncio.gather(
            *(talks(house, steady(VOICE_MS // each, each), each) for each in lengths_ms)
        )
    for length_ms, voice_ms in zip(lengths_ms, heard, strict=True):
        assert VOICE_MS - LATE_MAX_MS <= voice_ms <= VOICE_MS + MADE_UP_MAX_MS, length_ms


async def test_our_own_packets_count_on_through_a_pause_and_a_key() -> None:
    """One source, no number left out, time by the clock; the events of a key as RFC 4733 wants them."""
    async with SipHouse(greeting_ms=0) as house, HandCaller(house.port) as caller:
        await caller.call()
        call = await house.call(0)
        call.line.play("a", tone(1500).astype("<i2").tobytes())
        call.line.finish("a")
        await until(lambda: len(caller._rtp.received) > 20)
        call.line.pause("a")
        paused = len(caller._rtp.received)
        await until(lambda: len(caller._rtp.received) > paused + 20)
        call.line.resume("a")
        assert call.arrival.press is not None
        call.arrival.press("5")
        await until(
            lambda: len([each for each in ours(caller) if each.kind == 101 and each.body[1] & 0x80]) >= 3
        )
        await until(lambda: call.finished("a"))
        packets = ours(caller)
        assert len({packet.source for packet in packets}) == 1
        numbers = [(packet.number - packets[0].number) & 0xFFFF for packet in packets]
        assert numbers == list(range(len(packets)))
        sound = [packet for packet in packets if packet.kind == 8]
        assert {(later.stamp - packet.stamp) & 0xFFFFFFFF for packet, later in pairwise(sound)} == {160}
        keys = [packet for packet in packets if packet.kind == 101]
        assert [packet.marked for packet in keys] == [True] + [False] * (len(keys) - 1)
        assert len({packet.stamp for packet in keys}) == 1
        lasted = [int.from_bytes(packet.body[2:4], "big") for packet in keys]
        assert lasted == [*sorted(set(lasted)), lasted[-1], lasted[-1], lasted[-1]][: len(lasted)]
        assert [bool(packet.body[1] & 0x80) for packet in keys] == [False] * (len(keys) - 3) + [True] * 3
        assert {packet.body[0] for packet in keys} == {5}


def ours(caller: HandCaller) -> list[Rtp]:
    """What we sent, RTCP left out."""
    return [
        Rtp(
            number=int.from_bytes(data[2:4], "big"),
            stamp=int.from_bytes(data[4:8], "big"),
            source=data[8:12],
            marked=bool(data[1] & 0x80),
            kind=data[1] & 0x7F,
            body=data[12:],
        )
        for data, _ in list(caller._rtp.received)
        if data[:1] == b"\x80"
    ]
