"""Plivo's audio streams as a dialect: mu-law at 8 kHz, linear (little-endian) at 8 or 16 kHz."""

from __future__ import annotations

from collections import Counter

from antiphon.calls.plivo import wire
from antiphon.calls.streams.codecs import LINEAR_8K, LINEAR_16K, MULAW, WireCodec
from antiphon.calls.streams.dialect import (
    BadMessage,
    Dtmf,
    Event,
    Frame,
    Mark,
    Start,
    Stop,
    Unsupported,
    Wire,
)

_MULAW, _LINEAR = "audio/x-mulaw", "audio/x-l16"
_CODECS = {(_MULAW, "8000"): MULAW, (_LINEAR, "8000"): LINEAR_8K, (_LINEAR, "16000"): LINEAR_16K}


class PlivoDialect:
    """Implements `Dialect`. A checkpoint is answered only if it was played: `clear` drops it unanswered."""

    carrier = "plivo"

    def __init__(self, counted: Counter[str] | None = None) -> None:
        self._encoder = wire.Encoder("", _MULAW, 8000)
        self._stream_id = ""

    def decode(self, frame: Frame) -> Event:
        event = wire.decode(frame)
        if type(event) is wire.Media:
            if event.stream_id != self._stream_id and event.stream_id and self._stream_id:
                raise BadMessage("media of another stream")
            return event.media.payload if event.media.track == "inbound" else None
        match event:
            case wire.Played(name=name) | wire.PlayedOld(name=name):
                return Mark(name)
            case wire.Dtmf(dtmf=dtmf):
                return Dtmf(dtmf.digit)
            case wire.Start():
                return _start(event)
            case wire.Stop():
                return Stop()
        return None

    def decode_binary(self, frame: Frame) -> bytes:
        raise BadMessage("a binary message")

    def begin(self, start: Start) -> None:
        assert isinstance(start.wire, str)
        self._stream_id = start.stream_id
        self._encoder = wire.Encoder(start.stream_id, start.wire, start.line_format.sample_rate_hz)

    def send(self, line: Wire, payload: bytes) -> None:
        line.send(self._encoder.media(payload))

    def mark(self, line: Wire, name: str) -> None:
        line.send(self._encoder.mark(name))

    def clear(self, line: Wire) -> None:
        line.send(self._encoder.clear())


def _start(event: wire.Start) -> Start:
    start = event.start
    encoding = start.media_format.encoding.lower()
    codec: WireCodec | None = _CODECS.get((encoding, str(start.media_format.sample_rate)))
    if codec is None:
        raise Unsupported("only audio/x-mulaw at 8000 Hz or audio/x-l16 at 8000 or 16000 Hz")
    if any(track != "inbound" for track in start.tracks):
        raise Unsupported('only the inbound track: leave out audioTrack or set it to "inbound"')
    return Start(
        call_id=start.call_id,
        stream_id=start.stream_id,
        line_format=codec.line_format,
        parameters=wire.headers(event.extra_headers),
        wire=encoding,
    )
