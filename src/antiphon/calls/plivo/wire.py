"""Plivo audio stream messages, both ways. Pure.

Source: Plivo, "Audio streaming", "Play audio event", "Checkpoint event", "Clear audio stream", read 2026-11.
There is no message at the end: the socket closes.
"""

from __future__ import annotations

from base64 import b64encode

import msgspec

from antiphon.calls.streams.dialect import Frame, decoded


class _Inbound(msgspec.Struct, frozen=True, gc=False, tag_field="event"):
    pass


class MediaFormat(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    encoding: str
    sample_rate: int | str


class StartBody(msgspec.Struct, frozen=True, rename="camel"):
    call_id: str
    stream_id: str
    media_format: MediaFormat
    tracks: list[str] = []


class Start(_Inbound, frozen=True, tag="start"):
    start: StartBody
    extra_headers: str = ""


class MediaBody(msgspec.Struct, frozen=True, gc=False):
    payload: bytes  # base64 on the wire, decoded in the same pass
    track: str = "inbound"


class Media(_Inbound, frozen=True, gc=False, tag="media", rename="camel"):
    media: MediaBody
    stream_id: str = ""


class DtmfBody(msgspec.Struct, frozen=True, gc=False):
    digit: str


class Dtmf(_Inbound, frozen=True, gc=False, tag="dtmf"):
    dtmf: DtmfBody


class Played(_Inbound, frozen=True, gc=False, tag="playedStream"):
    """The audio before this checkpoint was played; a cleared one is never answered."""

    name: str


class PlayedOld(_Inbound, frozen=True, gc=False, tag="played"):
    """The same, by the name an older page gives it."""

    name: str


class Cleared(_Inbound, frozen=True, gc=False, tag="clearedAudio"):
    pass


class Stop(_Inbound, frozen=True, gc=False, tag="stop"):
    """Not in the documentation, and understood all the same."""


Inbound = Start | Media | Dtmf | Played | PlayedOld | Cleared | Stop

_DECODER: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(
    Start | Media | Dtmf | Played | PlayedOld | Cleared | Stop
)


def decode(message: Frame) -> Inbound:
    """One text frame.

    Raises:
        UnknownEvent, BadMessage
    """
    return decoded(_DECODER, message)


def headers(text: str) -> dict[str, str]:
    """`{X-PH-key: value, …}`, which is no JSON; what does not look like that is left out."""
    found = {}
    for pair in text.strip().strip("{}").split(","):
        name, colon, value = pair.partition(":")
        if not colon:
            name, colon, value = pair.partition("=")
        name = name.strip().strip("\"'").removeprefix("X-PH-")
        if colon and name:
            found[name] = value.strip().strip("\"'")
    return found


class Encoder:
    """Messages of one stream; everything that does not change is encoded once."""

    def __init__(self, stream_id: str, content_type: str, sample_rate_hz: int) -> None:
        sid = msgspec.json.encode(stream_id)
        kind = f'"contentType":"{content_type}","sampleRate":{sample_rate_hz}'.encode()
        self._media = b'{"event":"playAudio","streamId":' + sid + b',"media":{' + kind + b',"payload":"'
        self._mark = b'{"event":"checkpoint","streamId":' + sid + b',"name":'
        self._clear = b'{"event":"clearAudio","streamId":' + sid + b"}"

    def media(self, payload: bytes) -> bytes:
        return self._media + b64encode(payload) + b'"}}'

    def mark(self, name: str) -> bytes:
        return self._mark + msgspec.json.encode(name) + b"}"

    def clear(self) -> bytes:
        return self._clear
