"""Vonage's voice WebSocket as a dialect: linear audio in binary frames of exactly 20 ms.

The carrier reports neither loss nor order, so neither is looked for: a gap is what the media plane makes of
audio that comes late.
"""

from __future__ import annotations

from collections import Counter

from antiphon.calls.streams.codecs import LINEAR, LINEAR_16K, Conversion
from antiphon.calls.streams.dialect import BadMessage, Dtmf, Event, Frame, Mark, Start, Unsupported, Wire
from antiphon.calls.vonage import wire

_TYPES = {f"audio/l16;rate={rate_hz}": rate_hz for rate_hz in LINEAR}
_FRAMES_PER_S = 50
CALL_HEADER = "call"  # Ours, from the webhook's answer: the id of the caller's leg.


class VonageDialect:
    """Implements `Dialect`. A notification comes back when what was before it has been played."""

    carrier = "vonage"

    def __init__(self, counted: Counter[str] | None = None) -> None:
        self._conversion = Conversion(LINEAR_16K)
        self._frame_bytes = 640

    def decode(self, frame: Frame) -> Event:
        match wire.decode(frame):
            case wire.Connected() as connected:
                return _start(connected)
            case wire.Dtmf(digit=digit):
                return Dtmf(digit)
            case wire.Notified(mark=mark) if mark:
                return Mark(mark)
        return None

    def decode_binary(self, frame: Frame) -> bytes:
        payload, convert = bytes(frame), self._conversion.inbound
        if len(payload) & 1:
            raise BadMessage("half a sample")
        return payload if convert is None else convert(payload)

    def begin(self, start: Start) -> None:
        assert isinstance(start.wire, int)
        self._conversion = Conversion(LINEAR[start.wire])
        self._frame_bytes = 2 * start.wire // _FRAMES_PER_S

    def send(self, line: Wire, payload: bytes) -> None:
        convert, size = self._conversion.outbound, self._frame_bytes
        audio = payload if convert is None else convert(payload)
        for start in range(0, len(audio), size):
            line.send_binary(audio[start : start + size])

    def mark(self, line: Wire, name: str) -> None:
        line.send(wire.mark(name))

    def clear(self, line: Wire) -> None:
        self._conversion.forget()
        line.send(wire.CLEAR)


def _start(connected: wire.Connected) -> Start:
    rate_hz = _TYPES.get(connected.content_type.replace(" ", "").lower())
    if rate_hz is None:
        raise Unsupported("only audio/l16 at 8000, 16000 or 24000 Hz")
    headers = dict(connected.headers)
    call_id = headers.pop(CALL_HEADER, "")
    return Start(
        call_id=call_id,
        stream_id=call_id,  # The socket has no name of its own.
        line_format=LINEAR[rate_hz].line_format,
        parameters=headers,
        wire=rate_hz,
    )
