"""Vonage Voice WebSocket messages, both ways: text for events, binary for audio. Pure.

Source: Vonage, "WebSockets in the Vonage Voice API", read 2026-11. Nothing but the headers we set says whose
call it is, and they lie flat among the fields of the first message.
"""

from __future__ import annotations

import msgspec

from antiphon.calls.streams.dialect import BadMessage, Frame, UnknownEvent

_TYPE = "content-type"
_DECODER = msgspec.json.Decoder(dict[str, object])

CLEAR = b'{"action":"clear"}'


class Connected(msgspec.Struct, frozen=True):
    """`content_type` as "audio/l16;rate=16000"; `headers` are those of text."""

    content_type: str
    headers: dict[str, str]


class Dtmf(msgspec.Struct, frozen=True, gc=False):
    digit: str


class Notified(msgspec.Struct, frozen=True, gc=False):
    """The audio before our notification was played. `mark` is "" when it is not one of ours."""

    mark: str


class Cleared(msgspec.Struct, frozen=True, gc=False):
    pass


Inbound = Connected | Dtmf | Notified | Cleared


def decode(message: Frame) -> Inbound:
    """One text frame.

    Raises:
        UnknownEvent, BadMessage
    """
    try:
        fields = _DECODER.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadMessage("not a JSON object") from None
    event = fields.get("event")
    match event:
        case "websocket:connected":
            headers = {name: value for name, value in fields.items() if isinstance(value, str)}
            headers.pop("event")
            return Connected(content_type=headers.pop(_TYPE, ""), headers=headers)
        case "websocket:dtmf":
            return Dtmf(_text(fields, "digit"))
        case "websocket:notify":
            payload = fields.get("payload")
            name = payload.get("mark") if isinstance(payload, dict) else None
            return Notified(name if isinstance(name, str) else "")
        case "websocket:cleared":
            return Cleared()
        case str():
            raise UnknownEvent("unknown event")
    raise BadMessage("no event")


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadMessage(f"{name} is no text")
    return value


def mark(name: str) -> bytes:
    return b'{"action":"notify","payload":{"mark":' + msgspec.json.encode(name) + b"}}"
