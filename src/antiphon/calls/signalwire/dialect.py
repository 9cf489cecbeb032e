"""SignalWire's streams: Twilio's messages, and linear audio too.

Source: SignalWire, "cXML Stream", read 2026-11. Linear audio is taken as little-endian, as its public clients
take it; the page does not say.
"""

from __future__ import annotations

from collections import Counter

from antiphon.calls.streams.codecs import LINEAR, MULAW, Conversion, WireCodec
from antiphon.calls.streams.dialect import BadMessage, Event, Frame, Start, Unsupported, Wire
from antiphon.calls.twilio import wire
from antiphon.calls.twilio.dialect import only_inbound, plain_event

_MULAW_NAMES = frozenset({"audio/x-mulaw", "pcmu"})
_LINEAR_NAMES = frozenset({"l16", "audio/l16", "audio/x-l16"})


class SignalWireDialect:
    """Implements `Dialect`. A mark comes back when it is played or cleared, and does not say which."""

    carrier = "signalwire"

    def __init__(self, counted: Counter[str] | None = None) -> None:
        self._encoder = wire.Encoder("")
        self._stream_sid = ""
        self._conversion = Conversion()

    def decode(self, frame: Frame) -> Event:
        event = wire.decode(frame)
        if type(event) is wire.Media:
            if event.stream_sid != self._stream_sid and event.stream_sid and self._stream_sid:
                raise BadMessage("media of another stream")
            if event.media.track != "inbound":
                return None
            payload, convert = event.media.payload, self._conversion.inbound
            return payload if convert is None else convert(payload)
        return plain_event(event) if type(event) is not wire.Start else _start(event.start)

    def decode_binary(self, frame: Frame) -> bytes:
        raise BadMessage("a binary message")

    def begin(self, start: Start) -> None:
        assert isinstance(start.wire, WireCodec)
        self._encoder, self._stream_sid = wire.Encoder(start.stream_id), start.stream_id
        self._conversion = Conversion(start.wire)

    def send(self, line: Wire, payload: bytes) -> None:
        convert = self._conversion.outbound
        line.send(self._encoder.media(payload if convert is None else convert(payload)))

    def mark(self, line: Wire, name: str) -> None:
        line.send(self._encoder.mark(name))

    def clear(self, line: Wire) -> None:
        self._conversion.forget()
        line.send(self._encoder.clear())


def _start(start: wire.StartBody) -> Start:
    form = start.media_format
    codec = _codec(form.encoding.partition("@")[0].lower(), str(form.sample_rate))
    if codec is None or str(form.channels) != "1":
        raise Unsupported("only mono PCMU@8000h, L16@8000h, L16@16000h or L16@24000h")
    only_inbound(start)
    return Start(
        call_id=start.call_sid,
        stream_id=start.stream_sid,
        line_format=codec.line_format,
        parameters=start.custom_parameters,
        wire=codec,
    )


def _codec(name: str, rate: str) -> WireCodec | None:
    if name in _MULAW_NAMES and rate == "8000":
        return MULAW
    if name in _LINEAR_NAMES and rate.isdecimal():
        return LINEAR.get(int(rate[:6]))
    return None
