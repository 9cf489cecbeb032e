"""OpenAI Realtime (GA) messages as a server reads and writes them. Pure.

Source: `types/realtime` of openai 3.54.0, read 2026-11-25; what we send is held against those types in tests.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from antiphon.calls.streams.dialect import Frame

REASON_MAX = 200
INVALID = "invalid_request_error"
_AT_FIELD = re.compile(r" - at `\$\.?(.*)`$")


class Refused(Exception):
    """Something of a client's message that we do not do; the rest of its session goes on.

    Args:
        param: The field, as a path from the message's top ("session.audio.output.voice").
    """

    def __init__(self, code: str, message: str, param: str = "", *, kind: str = INVALID) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.kind = code, message, param, kind


class ClientEvent(msgspec.Struct, frozen=True, tag_field="type"):
    """Attributes: event_id: the client's own name for the message; errors about it carry it."""


class SessionUpdate(ClientEvent, frozen=True, tag="session.update"):
    session: dict[str, Any]
    event_id: str | None = None


class Append(ClientEvent, frozen=True, tag="input_audio_buffer.append"):
    audio: bytes  # base64 on the wire, decoded in the same pass
    event_id: str | None = None


class Commit(ClientEvent, frozen=True, tag="input_audio_buffer.commit"):
    event_id: str | None = None


class Clear(ClientEvent, frozen=True, tag="input_audio_buffer.clear"):
    event_id: str | None = None


class ClearOutput(ClientEvent, frozen=True, tag="output_audio_buffer.clear"):
    event_id: str | None = None


class ItemCreate(ClientEvent, frozen=True, tag="conversation.item.create"):
    item: dict[str, Any]
    previous_item_id: str | None = None
    event_id: str | None = None


class ItemDelete(ClientEvent, frozen=True, tag="conversation.item.delete"):
    item_id: str
    event_id: str | None = None


class ItemRetrieve(ClientEvent, frozen=True, tag="conversation.item.retrieve"):
    item_id: str
    event_id: str | None = None


class ItemTruncate(ClientEvent, frozen=True, tag="conversation.item.truncate"):
    item_id: str
    content_index: int
    audio_end_ms: int
    event_id: str | None = None


class ResponseCreate(ClientEvent, frozen=True, tag="response.create"):
    response: dict[str, Any] | None = None
    event_id: str | None = None


class ResponseCancel(ClientEvent, frozen=True, tag="response.cancel"):
    response_id: str | None = None
    event_id: str | None = None


AnyClientEvent = (
    SessionUpdate
    | Append
    | Commit
    | Clear
    | ClearOutput
    | ItemCreate
    | ItemDelete
    | ItemRetrieve
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
)
_DECODER: msgspec.json.Decoder[AnyClientEvent] = msgspec.json.Decoder(AnyClientEvent)
_ENCODER = msgspec.json.Encoder()


def decode(frame: Frame) -> AnyClientEvent:
    """One text message.

    Raises:
        Refused: No JSON, an event we do not know, a field missing or of the wrong type; names the field.
    """
    try:
        return _DECODER.decode(frame)
    except msgspec.ValidationError as error:
        said = str(error)
        at = _AT_FIELD.search(said)
        param = at.group(1) if at else _missing(said)
        code = "unknown_event" if param == "type" else "invalid_value"
        raise Refused(code, _AT_FIELD.sub("", said)[:REASON_MAX], param) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused("invalid_json", "not JSON") from None


def _missing(said: str) -> str:
    found = re.search(r"required field `(.*)`", said)
    return found.group(1) if found else ""


class Writer:
    """Messages of one session, each with an id of its own."""

    def __init__(self) -> None:
        self._events = 0

    def event(self, kind: str, fields: Mapping[str, Any]) -> bytes:
        self._events += 1
        return _ENCODER.encode({"type": kind, "event_id": f"event_{self._events}", **fields})

    def audio(self, place: bytes, payload: bytes) -> bytes:
        """`response.output_audio.delta`, 25 a second; `place` is `audio_place` of its item."""
        self._events += 1
        head = b'{"type":"response.output_audio.delta","event_id":"event_%d",' % self._events
        return head + place + b',"delta":"' + b64encode(payload) + b'"}'


def audio_place(response_id: str, item_id: str, output_index: int) -> bytes:
    """What does not change from one delta of an item to the next."""
    fields = {
        "response_id": response_id,
        "item_id": item_id,
        "output_index": output_index,
        "content_index": 0,
    }
    return _ENCODER.encode(fields)[1:-1]


def error(refused: Refused, event_id: str | None) -> dict[str, Any]:
    """The `error` field of an error event."""
    return {
        "type": refused.kind,
        "code": refused.code,
        "message": refused.message,
        "param": refused.param or None,
        "event_id": event_id,
    }
