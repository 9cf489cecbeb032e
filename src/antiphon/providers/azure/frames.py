"""Messages of the Speech service's sockets: headers, an empty line and a body, in recognition and synthesis
alike. Binary ones carry sound and begin with the length of their headers.

Sources: "Speech Service WebSocket protocol" (`websocketprotocol.md` in MicrosoftDocs/azure-docs);
`WebsocketMessageFormatter.ts` and `SpeechConnectionMessage.Internal.ts` of
microsoft/cognitive-services-speech-sdk-js 1.44; read 2026-11-25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from antiphon.errors import ProviderProtocolError
from antiphon.providers.azure.client import NAME

T = TypeVar("T", bound=msgspec.Struct)

JSON = "application/json; charset=utf-8"
_LENGTH_BYTES = 2
_TIMES_MAX = 50  # Of one kind of message, as the JavaScript SDK.


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Attributes: path: what kind, in lower case; request: whose, "" where it is nobody's."""

    path: str
    request: str
    body: bytes


class Received:
    """What the service has said in a turn, and when: it wants to hear of it at the end."""

    def __init__(self) -> None:
        self._times: dict[str, list[str]] = {}

    def note(self, frame: Frame) -> None:
        times = self._times.setdefault(frame.path, [])
        if len(times) < _TIMES_MAX:
            times.append(_now())

    def telemetry(self, request: str) -> str:
        said = [{path: times} for path, times in self._times.items()]
        return json("telemetry", request, {"ReceivedMessages": said})


def _now() -> str:
    """The time of day as the service wants it with every message."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text(path: str, request: str, body: str, content: str = JSON) -> str:
    return f"{_head(path, request, content)}\r\n{body}"


def json(path: str, request: str, body: Any) -> str:
    return text(path, request, msgspec.json.encode(body).decode())


def audio(request: str, sound: bytes, content: str = "") -> bytes:
    """Without sound it ends the audio of a request."""
    head = _head("audio", request, content).encode("ascii")
    return len(head).to_bytes(_LENGTH_BYTES, "big") + head + sound


def read(raw: str | bytes) -> Frame:
    """Raises:
    ProviderProtocolError: It has no headers, or they do not say what it is.
    """
    if isinstance(raw, str):
        head, _, said = raw.partition("\r\n\r\n")
        body = said.encode()
    else:
        until = _LENGTH_BYTES + int.from_bytes(raw[:_LENGTH_BYTES], "big")
        head, body = raw[_LENGTH_BYTES:until].decode("latin-1"), raw[until:]
    lines = (line.partition(":") for line in head.split("\r\n") if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    if "path" not in headers:
        raise ProviderProtocolError(NAME, "a message without a path")
    return Frame(path=headers["path"].lower(), request=headers.get("x-requestid", "").lower(), body=body)


def decode(body: bytes, kind: type[T]) -> T:
    """Raises:
    ProviderProtocolError: The body is not the documented JSON.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # Names fields and types, never values.
        said = str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
        raise ProviderProtocolError(NAME, f"{kind.__name__.strip('_')}: {said}") from None


def _head(path: str, request: str, content: str) -> str:
    told = {"Path": path, "X-RequestId": request, "X-Timestamp": _now(), "Content-Type": content}
    return "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
