"""Media Streams messages, both ways. Pure.

Source: Twilio, "Media Streams - WebSocket Messages", read 2026-11. Numbers travel as strings there; we
neither need nor check `sequenceNumber`, since a WebSocket keeps order.
"""

from __future__ import annotations

from binascii import b2a_base64

import msgspec

from antiphon.calls.streams.dialect import BadMessage, Frame, UnknownEvent, decoded

__all__ = ["BadMessage", "Encoder", "UnknownEvent", "decode"]

MULAW = "audio/x-mulaw"


class _Inbound(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    pass


class Connected(_Inbound, frozen=True, gc=False, tag="connected"):
    protocol: str = ""
    version: str = ""


class MediaFormat(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    encoding: str
    sample_rate: int | str
    channels: int | str = 1


class StartBody(msgspec.Struct, frozen=True, rename="camel"):
    stream_sid: str
    call_sid: str
    media_format: MediaFormat
    account_sid: str = ""
    tracks: list[str] = []
    custom_parameters: dict[str, str] = {}


class Start(_Inbound, frozen=True, tag="start", rename="camel"):
    start: StartBody
    stream_sid: str = ""


class MediaBody(msgspec.Struct, frozen=True, gc=False):
    payload: bytes  # base64 on the wire, decoded in the same pass
    track: str = "inbound"


class Media(_Inbound, frozen=True, gc=False, tag="media", rename="camel"):
    media: MediaBody
    stream_sid: str = ""


class DtmfBody(msgspec.Struct, frozen=True, gc=False):
    digit: str


class Dtmf(_Inbound, frozen=True, gc=False, tag="dtmf"):
    dtmf: DtmfBody


class MarkBody(msgspec.Struct, frozen=True, gc=False):
    name: str


class Mark(_Inbound, frozen=True, gc=False, tag="mark"):
    mark: MarkBody


class Stop(_Inbound, frozen=True, gc=False, tag="stop"):
    pass


Inbound = Connected | Start | Media | Dtmf | Mark | Stop

_DECODER: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(Connected | Start | Media | Dtmf | Mark | Stop)
_decode = _DECODER.decode


def decode(message: Frame) -> Inbound:
    """One text frame.

    Raises:
        UnknownEvent: Well formed, of a kind we do not know.
        BadMessage: No JSON, no event, a field missing or of the wrong type, no base64.
    """
    try:  # 50 a second: one call less. Only what is wrong is looked at again, for its reason.
        return _decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decoded(_DECODER, message)


class Encoder:
    """Messages of one stream; everything that does not change is encoded once."""

    def __init__(self, stream_sid: str) -> None:
        sid = msgspec.json.encode(stream_sid)
        self._media = b'{"event":"media","streamSid":' + sid + b',"media":{"payload":"'
        self._mark = b'{"event":"mark","streamSid":' + sid + b',"mark":{"name":'
        self._clear = b'{"event":"clear","streamSid":' + sid + b"}"

    def media(self, payload: bytes) -> bytes:
        return b'%b%b"}}' % (self._media, b2a_base64(payload, newline=False))

    def mark(self, name: str) -> bytes:
        return self._mark + msgspec.json.encode(name) + b"}}"

    def clear(self) -> bytes:
        return self._clear
