"""Telnyx media streaming messages, both ways. Pure.

Source: Telnyx, "Media Streaming over WebSockets" and "TeXML Stream", read 2026-11. Numbers travel as strings.
What we send carries no stream id.
"""

from __future__ import annotations

from base64 import b64encode

import msgspec

from antiphon.calls.streams.dialect import Frame, decoded


class _Inbound(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    pass


class Connected(_Inbound, frozen=True, gc=False, tag="connected"):
    pass


class MediaFormat(msgspec.Struct, frozen=True, gc=False):
    encoding: str
    sample_rate: int | str = 8000
    channels: int | str = 1


class StartBody(msgspec.Struct, frozen=True, rename={"caller": "from"}):
    call_control_id: str
    media_format: MediaFormat
    caller: str | None = ""
    custom_parameters: dict[str, str] | None = None


class Start(_Inbound, frozen=True, tag="start"):
    stream_id: str
    start: StartBody


class MediaBody(msgspec.Struct, frozen=True, gc=False):
    payload: bytes  # base64 on the wire, decoded in the same pass
    chunk: int | str = -1
    track: str = "inbound"


class Media(_Inbound, frozen=True, gc=False, tag="media"):
    media: MediaBody
    stream_id: str = ""


class DtmfBody(msgspec.Struct, frozen=True, gc=False):
    digit: str


class Dtmf(_Inbound, frozen=True, gc=False, tag="dtmf"):
    dtmf: DtmfBody


class MarkBody(msgspec.Struct, frozen=True, gc=False):
    name: str


class Mark(_Inbound, frozen=True, gc=False, tag="mark"):
    mark: MarkBody


class Fault(msgspec.Struct, frozen=True, gc=False):
    code: int | str = ""
    title: str = ""


class Error(_Inbound, frozen=True, gc=False, tag="error"):
    """Something we sent was refused, or came too often."""

    payload: Fault


class Stop(_Inbound, frozen=True, gc=False, tag="stop"):
    pass


Inbound = Connected | Start | Media | Dtmf | Mark | Error | Stop

_DECODER: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(
    Connected | Start | Media | Dtmf | Mark | Error | Stop
)

CLEAR = b'{"event":"clear"}'


def decode(message: Frame) -> Inbound:
    """One text frame.

    Raises:
        UnknownEvent, BadMessage
    """
    return decoded(_DECODER, message)


def media(payload: bytes) -> bytes:
    return b'{"event":"media","media":{"payload":"' + b64encode(payload) + b'"}}'


def mark(name: str) -> bytes:
    return b'{"event":"mark","mark":{"name":' + msgspec.json.encode(name) + b"}}"
