"""Whatever a carrier's socket brings, a dialect gives an event or one of its refusals, and the next good
message is understood as if nothing had been."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.carrier_lines import SPEECHES, CarrierLine, Speech

from antiphon.audio.ports import Encoding
from antiphon.calls.carriers import CARRIERS
from antiphon.calls.streams.codecs import ALAW, LINEAR_16K, LINEAR_24K, MULAW, Conversion, swapped
from antiphon.calls.streams.dialect import BadMessage, Dtmf, Mark, Start, Stop, Unsupported
from antiphon.calls.telnyx.order import HELD_MAX, ChunkOrder

EVENTS = [
    "connected", "start", "media", "dtmf", "mark", "stop", "error", "played", "playedStream", "clearedAudio",
    "websocket:connected", "websocket:dtmf", "websocket:notify", "websocket:cleared",
]  # fmt: skip
FIELDS = [
    "event", "start", "media", "dtmf", "mark", "payload", "track", "chunk", "digit", "name", "streamSid",
    "stream_id", "streamId", "callSid", "call_control_id", "callId", "mediaFormat", "media_format",
    "encoding",
    "sampleRate", "sample_rate", "channels", "customParameters", "custom_parameters", "extra_headers",
    "content-type", "tracks", "from",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [*EVENTS, "PCMU", "L16", "audio/x-l16", "audio/l16;rate=16000", "16000", "inbound", "/w=="]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=20,
)
MESSAGES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.tuples(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)).map(
        lambda both: json.dumps(both[1] | {"event": both[0]}).encode()
    ),
)


@pytest.mark.parametrize("carrier", CARRIERS)
@given(frames=st.lists(MESSAGES, max_size=8))
def test_no_text_is_anything_but_an_event_or_a_refusal(carrier: str, frames: list[bytes]) -> None:
    dialect = CARRIERS[carrier](Counter())
    for frame in frames:
        with contextlib.suppress(BadMessage, Unsupported):
            event = dialect.decode(memoryview(frame))
            assert event is None or isinstance(event, bytes | Start | Mark | Dtmf | Stop)


@pytest.mark.whole
@pytest.mark.parametrize("make", SPEECHES, ids=lambda speech: speech.name)
@given(frames=st.lists(st.tuples(st.booleans(), MESSAGES), max_size=20))
def test_a_call_survives_whatever_is_mixed_into_it(make: type, frames: list[tuple[bool, bytes]]) -> None:
    speech: Speech = make()
    line = CarrierLine(speech)
    line.start()
    for is_text, frame in frames:
        (line.session.message if is_text else line.session.binary)(memoryview(frame))
    if line.socket.closed:
        return  # It said `stop`.
    line.say(speech.dtmf("9"))
    assert line.switchboard.calls[0][2].named("dtmf")[-1] == ("dtmf", "9", None)


@given(order=st.permutations(range(100, 100 + HELD_MAX)), twice=st.booleans())
def test_chunks_out_of_order_are_heard_in_order_and_once(order: list[int], twice: bool) -> None:
    counted: Counter[str] = Counter()
    chunks = ChunkOrder(counted)
    heard = chunks.push(99, b"\x63")
    for chunk in order:
        heard += chunks.push(chunk, bytes([chunk]))
        if twice:
            heard += chunks.push(chunk, bytes([chunk]))
    assert heard == bytes(range(99, 100 + HELD_MAX))
    assert counted["media_lost"] == 0
    assert counted["media_late"] == (HELD_MAX if twice else 0)


@given(numbers=st.lists(st.integers(-(10**12), 10**12), max_size=60))
def test_no_numbering_makes_a_stream_deaf(numbers: list[int]) -> None:
    """However a carrier counts, after a few messages in order everything is heard again."""
    chunks = ChunkOrder(Counter())
    for number in numbers:
        chunks.push(number, b"x")
    heard = [chunks.push(5_000_000 + count, b"y") for count in range(60)]
    assert b"".join(heard[-20:]).count(b"y") == 20


@given(codes=st.binary(min_size=1, max_size=400))
def test_a_law_there_and_back_stays_within_a_quantiser_step(codes: bytes) -> None:
    conversion = Conversion(ALAW)
    assert conversion.inbound is not None and conversion.outbound is not None
    mulaw = conversion.inbound(codes)
    assert len(mulaw) == len(codes)
    # What mu-law can tell apart survives a second crossing unchanged: nothing drifts.
    again = conversion.inbound(conversion.outbound(mulaw))
    assert conversion.inbound(conversion.outbound(again)) == again


@given(frames=st.lists(st.integers(1, 5), min_size=1, max_size=12), forget=st.booleans())
def test_24_khz_keeps_whole_frames_whole(frames: list[int], forget: bool) -> None:
    conversion = Conversion(LINEAR_24K)
    for count in frames:
        if forget:
            conversion.forget()
        assert conversion.inbound is not None and conversion.outbound is not None
        assert len(conversion.outbound(bytes(640 * count))) == 960 * count
        assert len(conversion.inbound(bytes(960 * count))) == 640 * count


def test_a_tone_at_24_khz_is_the_same_tone() -> None:
    conversion = Conversion(LINEAR_24K)
    assert conversion.inbound is not None and conversion.outbound is not None
    sound = (8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype("<i2")
    there = b"".join(conversion.outbound(sound[at : at + 640].tobytes()) for at in range(0, 16000, 640))
    back = np.frombuffer(conversion.inbound(there), "<i2").astype(float)
    delay = 40  # Both look-aheads: 20 samples at 16 kHz, and 30 at 24 kHz.
    assert np.abs(back[delay + 200 :] - sound[200:-delay].astype(float)).max() < 40


def test_network_order_is_the_other_order() -> None:
    conversion = Conversion(swapped(LINEAR_16K))
    assert conversion.inbound is not None and conversion.outbound is not None
    assert conversion.inbound(b"\x01\x02\x03\x04\x05") == b"\x02\x01\x04\x03"
    assert conversion.outbound(b"\x01\x02") == b"\x02\x01"


def test_the_carriers_that_need_no_conversion_have_none() -> None:
    for codec in (MULAW, LINEAR_16K):
        assert Conversion(codec).inbound is None and Conversion(codec).outbound is None
    assert MULAW.line_format.encoding is Encoding.MULAW


def start_of(encoding: str, rate: Any, **parameters: str) -> bytes:
    form = {"encoding": encoding, "sample_rate": rate, "channels": 1}
    start = {"call_control_id": "c", "media_format": form, "custom_parameters": parameters}
    return json.dumps({"event": "start", "stream_id": "s", "start": start}).encode()


@pytest.mark.parametrize(
    ("frame", "hz"),
    [
        (start_of("PCMA", 8000), 8000),
        (start_of("PCMA", "8000", said="PCMA"), 8000),
        (start_of("L16", 16000), 16000),
        (start_of("L16", 24000, byte_order="big"), 16000),
    ],
)
def test_telnyx_may_speak_one_law_and_hear_another(frame: bytes, hz: int) -> None:
    start = CARRIERS["telnyx"](Counter()).decode(frame)
    assert start is not None and not isinstance(start, bytes)
    assert start.line_format.sample_rate_hz == hz  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "frame", [start_of("L16", 16000, said="PCMU"), start_of("PCMU", 16000), start_of("OPUS", 8000)]
)
def test_telnyx_with_two_rates_or_another_codec_is_unsupported(frame: bytes) -> None:
    with pytest.raises(Unsupported, match="only mono PCMU"):
        CARRIERS["telnyx"](Counter()).decode(frame)
