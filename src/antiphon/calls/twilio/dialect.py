"""Twilio's Media Streams as a dialect: mu-law at 8 kHz both ways, nothing to convert."""

from __future__ import annotations

from collections import Counter

from antiphon.audio.ports import PHONE
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
from antiphon.calls.twilio import wire

_NO_BINARY = "a binary message"
_MEDIA = wire.Media  # 50 a second.


class TwilioDialect:
    """Implements `Dialect`. A mark comes back when it is played or cleared, and does not say which."""

    carrier = "twilio"

    def __init__(self, counted: Counter[str] | None = None) -> None:
        self._encoder = wire.Encoder("")
        self._stream_sid = ""

    def decode(self, frame: Frame) -> Event:
        event = wire.decode(frame)
        if type(event) is _MEDIA:
            if event.stream_sid != self._stream_sid and event.stream_sid and self._stream_sid:
                raise BadMessage("media of another stream")
            media = event.media
            return media.payload if media.track == "inbound" else None
        return plain_event(event) if type(event) is not wire.Start else _start(event.start)

    def decode_binary(self, frame: Frame) -> bytes:
        raise BadMessage(_NO_BINARY)

    def begin(self, start: Start) -> None:
        self._encoder, self._stream_sid = wire.Encoder(start.stream_id), start.stream_id

    def send(self, line: Wire, payload: bytes) -> None:
        line.send(self._encoder.media(payload))

    def mark(self, line: Wire, name: str) -> None:
        line.send(self._encoder.mark(name))

    def clear(self, line: Wire) -> None:
        line.send(self._encoder.clear())


def plain_event(event: wire.Inbound) -> Event:
    """Everything but audio and start."""
    match event:
        case wire.Mark(mark=mark):
            return Mark(mark.name)
        case wire.Dtmf(dtmf=dtmf):
            return Dtmf(dtmf.digit)
        case wire.Stop():
            return Stop()
    return None


def only_inbound(start: wire.StartBody) -> None:
    """Raises: Unsupported: The agent's own voice would come back as the caller's."""
    if start.tracks and start.tracks != ["inbound"]:
        raise Unsupported("only the inbound track: use <Connect><Stream>")


def _start(start: wire.StartBody) -> Start:
    form = start.media_format
    if form.encoding != wire.MULAW or str(form.sample_rate) != "8000" or str(form.channels) != "1":
        raise Unsupported("only mono audio/x-mulaw at 8000 Hz")
    only_inbound(start)
    return Start(
        call_id=start.call_sid,
        stream_id=start.stream_sid,
        line_format=PHONE,
        parameters=start.custom_parameters,
    )
