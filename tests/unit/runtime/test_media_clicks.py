"""What a caller would hear as a click, a drift or a wrong level between a voice and his ear."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import TestCall, World, tone

from antiphon.audio import g711
from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.audio.resample import resample
from antiphon.calls.streams.codecs import LINEAR_24K, Conversion
from antiphon.providers.pcm_speech import PcmPieces
from antiphon.speech.pace import VoicePace
from antiphon.speech.ports import TtsRequest

VENDOR_HZ = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]
LINEAR_8K = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
LINES = [PHONE, LINEAR_8K, WIDEBAND]
NAMES = ["mu-law 8 kHz", "linear 8 kHz", "linear 16 kHz"]
LOUD = 24_000


def sine(rate_hz: int, duration_ms: int = 500) -> NDArray[np.int16]:
    place = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    samples: NDArray[np.int16] = np.rint(9000 * np.sin(2 * np.pi * 437 * place)).astype(np.int16)
    return samples


def level_db(samples: NDArray[np.int16]) -> float:
    middle = samples[len(samples) // 5 : -len(samples) // 5].astype(np.float64)
    return float(10 * np.log10(np.mean(middle**2)))


def step(samples: Sequence[int]) -> int:
    """The largest from one sample to the next, silence before and after."""
    return int(np.abs(np.diff(np.array([0, *samples, 0], np.int32))).max())


def speaking(line_format: LineFormat) -> tuple[World, TestCall, int]:
    """A loud tone, and the largest step that is in it."""
    world = World()
    call = world.call(line_format)
    sound = tone(1000, sample_rate_hz=line_format.sample_rate_hz, amplitude=LOUD)
    call.line.play("a", sound.tobytes())
    coarsest = 1024 if line_format.encoding is Encoding.MULAW else 0  # Its own step at this level.
    return world, call, int(np.abs(np.diff(sound.astype(np.int32))).max()) + coarsest


@pytest.mark.parametrize("line_format", LINES, ids=NAMES)
@pytest.mark.parametrize("vendor_hz", VENDOR_HZ)
@pytest.mark.parametrize("size", [1, 160, 441, 4095, 4096])
def test_a_voice_arrives_whole_however_its_vendor_cuts_it(
    vendor_hz: int, line_format: LineFormat, size: int
) -> None:
    """Sizes in bytes, so that samples are cut too: no step at a border, no sample more or less, no offset,
    the same level."""
    line_hz = line_format.sample_rate_hz
    said = sine(vendor_hz, 40 if size == 1 else 500)
    request = TtsRequest(text="A tone.", voice="v", sample_rate_hz=line_hz)
    pieces, data = PcmPieces(vendor_hz, request, VoicePace(1.0)), said.astype("<i2").tobytes()
    world = World()
    call = world.call(line_format)
    for start in range(0, len(data), size):
        call.line.play("a", pieces.push(data[start : start + size]))
    call.line.play("a", pieces.flush())
    call.line.finish("a")
    world.run(700)
    wanted = resample(said, vendor_hz, line_hz)
    if line_format.encoding is Encoding.MULAW:
        wanted = g711.decode(g711.encode(wanted))
    heard = np.array(call.far_end.heard, np.int16)
    assert len(wanted) == -(-len(said) * line_hz // vendor_hz)
    assert np.array_equal(heard[: len(wanted)], wanted)
    assert not heard[len(wanted) :].any()
    if size > 1:
        assert abs(level_db(heard[: len(wanted)]) - level_db(said)) < 0.2
        assert abs(float(wanted.astype(np.float64).mean())) < 30
    assert call.notes.events[-1] == ("finished", "a", len(wanted) * 1000 // line_hz)


@pytest.mark.parametrize("line_format", LINES, ids=NAMES)
@pytest.mark.parametrize("at_ms", [100, 137, 251, 333])
@pytest.mark.parametrize("rewind_ms", [0, 90])
def test_what_goes_on_after_a_pause_does_not_click(
    line_format: LineFormat, at_ms: int, rewind_ms: int
) -> None:
    world, call, largest = speaking(line_format)
    world.run(at_ms)
    assert call.line.pause("a") == at_ms
    world.run(300)
    cut = at_ms * line_format.sample_rate_hz // 1000
    assert len(call.far_end.heard) == cut
    call.line.resume("a", rewind_ms)
    world.run(100)
    assert call.line.pause("a") == at_ms + 100 - rewind_ms
    world.run(100)
    risen = np.array([0, *call.far_end.heard[cut:]], np.int32)
    assert len(risen) > 100 and int(np.abs(np.diff(risen)).max()) <= largest


@pytest.mark.parametrize("line_format", LINES, ids=NAMES)
def test_a_reply_that_is_cut_as_it_sounds_does_not_click(line_format: LineFormat) -> None:
    world, call, largest = speaking(line_format)
    world.run(137)
    assert call.line.flush("a") == 137
    world.run(100)
    assert step(call.far_end.heard) <= largest
    assert len(call.far_end.heard) == (137 + 20) * line_format.sample_rate_hz // 1000, "one faded frame"


def test_every_code_of_either_law_comes_back_as_it_was() -> None:
    """Decoded and encoded again nothing changes, but that there are two zeros in mu-law."""
    codes = np.arange(256, dtype=np.uint8)
    again = g711.encode(g711.decode(codes))
    assert [int(code) for code in codes if again[code] != code] == [0x7F]
    assert g711.decode(again).tolist() == g711.decode(codes).tolist()
    alaw = bytes(range(256))
    once = alaw.translate(g711.MULAW_OF_ALAW).translate(g711.ALAW_OF_MULAW)
    twice = once.translate(g711.MULAW_OF_ALAW).translate(g711.ALAW_OF_MULAW)
    assert once == twice, "through us and through us again is no worse"


def test_a_carrier_at_24_khz_hears_one_stream_whatever_the_messages() -> None:
    """20 ms and 80 ms by turns are as good as all at once; the wait for the filter is paid once, in front."""
    out = Conversion(LINEAR_24K).outbound
    assert out is not None
    voice = sine(16_000, 1000)
    data, start, sent = voice.astype("<i2").tobytes(), 0, b""
    for message_ms in (20, 80, 20, 40, 80, 160, 600):
        size = message_ms * 32
        made = out(data[start : start + size])
        assert len(made) == message_ms * 48
        sent, start = sent + made, start + size
    heard = np.frombuffer(sent, "<i2")
    wanted = resample(voice, 16_000, 24_000)
    late = 30  # 1.25 ms.
    assert np.abs(heard[late:].astype(int) - wanted[: len(heard) - late].astype(int)).max() <= 1
    assert abs(level_db(heard) - level_db(voice)) < 0.2
