"""Telnyx's media streaming as a dialect, in `rtp` mode: G.711 of both laws and linear audio.

The two directions have codecs of their own: what we hear is what `start` announces (the call's own codec
where Telnyx could not transcode), what we say is what the stream was asked for (`bidirectionalCodec`), which
`start` does not repeat and so travels as the parameter `said`.
"""

from __future__ import annotations

from collections import Counter

import structlog

from antiphon.calls.streams.codecs import ALAW, LINEAR, MULAW, Conversion, WireCodec, swapped
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
from antiphon.calls.telnyx import wire
from antiphon.calls.telnyx.order import ChunkOrder

log = structlog.get_logger(__name__)

_LAWS = {"PCMU": MULAW, "PCMA": ALAW}
_ONLY = "only mono PCMU, PCMA or L16, the same rate both ways"
_SAID, _BYTE_ORDER = "said", "byte_order"


class TelnyxDialect:
    """Implements `Dialect`. A mark comes back when it is played or cleared, and does not say which."""

    carrier = "telnyx"

    def __init__(self, counted: Counter[str] | None = None) -> None:
        self._counted: Counter[str] = Counter() if counted is None else counted
        self._order = ChunkOrder(self._counted)
        self._stream_id = ""
        self._erred = False  # Its first error is told.
        self._conversion = Conversion()

    def decode(self, frame: Frame) -> Event:
        event = wire.decode(frame)
        if type(event) is wire.Media:
            return self._heard(event)
        match event:
            case wire.Mark(mark=mark):
                return Mark(mark.name)
            case wire.Dtmf(dtmf=dtmf):
                return Dtmf(dtmf.digit)
            case wire.Start():
                return _start(event)
            case wire.Stop():
                return Stop()
            case wire.Error(payload=fault):
                self._counted["carrier_errors"] += 1
                if not self._erred:
                    log.warning("carrier_error", carrier=self.carrier, code=str(fault.code)[:20])
                self._erred = True
        return None

    def decode_binary(self, frame: Frame) -> bytes:
        raise BadMessage("a binary message")

    def begin(self, start: Start) -> None:
        assert isinstance(start.wire, tuple)
        heard, said = start.wire
        self._stream_id, self._conversion = start.stream_id, Conversion(heard, said)

    def send(self, line: Wire, payload: bytes) -> None:
        convert = self._conversion.outbound
        line.send(wire.media(payload if convert is None else convert(payload)))

    def mark(self, line: Wire, name: str) -> None:
        line.send(wire.mark(name))

    def clear(self, line: Wire) -> None:
        self._conversion.forget()
        line.send(wire.CLEAR)

    def _heard(self, event: wire.Media) -> bytes | None:
        if event.stream_id != self._stream_id and event.stream_id and self._stream_id:
            raise BadMessage("media of another stream")
        media = event.media
        if media.track != "inbound":
            return None
        try:
            chunk = int(media.chunk)
        except ValueError:
            raise BadMessage("chunk is no number") from None
        payload = self._order.push(chunk, media.payload) if self._stream_id else media.payload
        if not payload and media.payload:
            return None  # Waits for the one before it.
        convert = self._conversion.inbound
        return payload if convert is None else convert(payload)


def _start(event: wire.Start) -> Start:
    body = event.start
    parameters = dict(body.custom_parameters or {})
    form = body.media_format
    heard = _codec(form.encoding, str(form.sample_rate))
    if heard is None or str(form.channels) != "1":
        raise Unsupported(_ONLY)
    asked = parameters.pop(_SAID, "PCMU" if form.encoding in _LAWS else form.encoding)
    said = _codec(asked, str(form.sample_rate))
    if said is None or said.line_format != heard.line_format:
        raise Unsupported(_ONLY)
    if parameters.pop(_BYTE_ORDER, "") == "big" and form.encoding == "L16":
        heard, said = swapped(heard), swapped(said)
    parameters.setdefault("caller_number", body.caller or "")
    return Start(
        call_id=body.call_control_id,
        stream_id=event.stream_id,
        line_format=heard.line_format,
        parameters=parameters,
        wire=(heard, said),
    )


def _codec(name: str, rate: str) -> WireCodec | None:
    if name == "L16":
        return LINEAR.get(int(rate[:6])) if rate.isdecimal() else None
    return _LAWS.get(name) if rate == "8000" else None
