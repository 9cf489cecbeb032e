"""Carriers' codecs to and from what the media plane takes: mu-law or linear at 8 kHz, linear at 16 kHz.

G.711 is a byte table and byte order a swap, both in C. Only 24 kHz costs arithmetic per frame, and only the
calls that ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from antiphon.audio import g711
from antiphon.audio.ports import PHONE, WIDEBAND, Encoding, LineFormat
from antiphon.audio.resample import StreamResampler

NARROW_LINEAR = LineFormat(encoding=Encoding.L16, sample_rate_hz=8000)
_WIRE_24K_HZ = 24000
_LOOKAHEAD = {8000: 20, 16000: 20, 24000: 30}  # Input samples `StreamResampler` waits for, towards 16/24 kHz.

Convert = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCodec:
    """How audio is written on a carrier's wire.

    Attributes:
        inbound, outbound: None where the wire is the line's own format. Made anew for each stream, and
            `outbound` after each clear: a converter has a past.
    """

    line_format: LineFormat
    inbound: Callable[[], Convert] | None = None
    outbound: Callable[[], Convert] | None = None


def _to_mulaw(payload: bytes) -> bytes:
    return payload.translate(g711.MULAW_OF_ALAW)


def _to_alaw(payload: bytes) -> bytes:
    return payload.translate(g711.ALAW_OF_MULAW)


def _swap(payload: bytes) -> bytes:
    return np.frombuffer(payload[: len(payload) & ~1], np.uint16).byteswap().tobytes()


def _resampling(from_hz: int, to_hz: int) -> Convert:
    """Whole frames in, whole frames out: the look-ahead is paid once, in silence, at the start."""
    stream = StreamResampler(from_hz, to_hz)
    stream.push(np.zeros(_LOOKAHEAD[from_hz], np.int16))

    def convert(payload: bytes) -> bytes:
        return stream.push(np.frombuffer(payload[: len(payload) & ~1], "<i2")).astype("<i2").tobytes()

    return convert


MULAW = WireCodec(line_format=PHONE)
ALAW = WireCodec(line_format=PHONE, inbound=lambda: _to_mulaw, outbound=lambda: _to_alaw)
LINEAR_8K = WireCodec(line_format=NARROW_LINEAR)
LINEAR_16K = WireCodec(line_format=WIDEBAND)
# Speech has nothing above 8 kHz that a recogniser or a caller's telephone would use.
LINEAR_24K = WireCodec(
    line_format=WIDEBAND,
    inbound=lambda: _resampling(_WIRE_24K_HZ, WIDEBAND.sample_rate_hz),
    outbound=lambda: _resampling(WIDEBAND.sample_rate_hz, _WIRE_24K_HZ),
)
LINEAR = {8000: LINEAR_8K, 16000: LINEAR_16K, 24000: LINEAR_24K}


def swapped(codec: WireCodec) -> WireCodec:
    """Linear audio in network byte order (RFC 3551, 4.5.11)."""

    def inbound() -> Convert:
        then = codec.inbound() if codec.inbound else bytes
        return lambda payload: then(_swap(payload))

    def outbound() -> Convert:
        first = codec.outbound() if codec.outbound else bytes
        return lambda payload: _swap(first(payload))

    return WireCodec(line_format=codec.line_format, inbound=inbound, outbound=outbound)


class Conversion:
    """One stream's converters. `outbound` and `inbound` are None where nothing is to do."""

    def __init__(self, heard: WireCodec = MULAW, said: WireCodec | None = None) -> None:
        self._said = said or heard
        assert self._said.line_format == heard.line_format, "a line has one format, both ways"
        self.inbound = heard.inbound() if heard.inbound else None
        self.outbound: Convert | None = None
        self.forget()

    def forget(self) -> None:
        """What was sent last is not continued by what comes next."""
        self.outbound = self._said.outbound() if self._said.outbound else None
