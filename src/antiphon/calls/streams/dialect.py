"""What carriers' media streams have in common, and the port behind which each one's own framing lies.

Everything a dialect returns is in the line's own format, so nothing past it knows the carrier. Caller's audio
is plain `bytes`: it comes 50 times a second and deserves no object of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Protocol, TypeVar

import msgspec

from antiphon.audio.ports import LineFormat

REASON_MAX = 120

Message = TypeVar("Message")


class BadMessage(ValueError):
    """Not a message of this protocol; the text says why."""


class UnknownEvent(BadMessage):
    """A message of a later protocol."""


class Unsupported(ValueError):
    """A stream begins that we cannot carry; the text says what we could."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A stream begins. `line_format` is what the media plane will be given and gives.

    Attributes:
        call_id: The carrier's own id of the call, as its webhook names it.
        parameters: What the webhook's answer sent along, the ticket ("token") included.
        wire: What only the dialect understands: its codecs on the wire.
    """

    call_id: str
    stream_id: str
    line_format: LineFormat
    parameters: Mapping[str, str] = {}
    wire: object = None


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Everything sent before the mark of this name was played, or was dropped by a `clear`."""

    name: str


class Dtmf(msgspec.Struct, frozen=True, gc=False):
    digit: str


class Stop(msgspec.Struct, frozen=True, gc=False):
    """The carrier says that the stream is over."""


Event = bytes | Start | Mark | Dtmf | Stop | None  # None: well formed, and nothing to us.
Frame = bytes | bytearray | memoryview


class CloseCode(Enum):
    """RFC 6455, 7.4.1."""

    DONE = 1000
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    POLICY = 1008
    TOO_BIG = 1009
    BUSY = 1013


class Wire(Protocol):
    """The socket, as far as a stream needs one. Must not raise."""

    def send(self, message: bytes) -> None:
        """One text message."""

    def send_binary(self, frame: bytes) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None: ...


class Dialect(Protocol):
    """One stream's framing and codecs, both ways. Holds no socket and no call.

    A carrier may answer marks on `clear` or drop them; both are true, because whoever clears forgets the
    names it gave before (`MediaSink.clear`).
    """

    @property
    def carrier(self) -> str: ...

    def decode(self, frame: Frame) -> Event:
        """One text message; `frame` is not kept.

        Raises:
            UnknownEvent: Well formed, of a kind we do not know.
            BadMessage: Anything else that is no message.
            Unsupported: A start we cannot serve.
        """

    def decode_binary(self, frame: Frame) -> bytes:
        """One binary message: the caller's audio.

        Raises:
            BadMessage: This carrier sends none, or not of this size.
        """

    def begin(self, start: Start) -> None:
        """The stream was admitted; what follows is in its format."""

    def send(self, line: Wire, payload: bytes) -> None:
        """Audio in the line's format, whole 20 ms frames."""

    def mark(self, line: Wire, name: str) -> None: ...

    def clear(self, line: Wire) -> None: ...


# Counts what a dialect absorbs (lost, late, reordered), shared by all streams of a server.
MakeDialect = Callable[[Counter[str]], Dialect]


def decoded(decoder: msgspec.json.Decoder[Message], frame: Frame) -> Message:
    """One JSON message of a tagged union.

    Raises:
        UnknownEvent, BadMessage
    """
    try:
        return decoder.decode(frame)
    except msgspec.ValidationError as error:
        reason = str(error)
        if reason.endswith("at `$.event`"):
            raise UnknownEvent("unknown event") from None
        raise BadMessage(reason[:REASON_MAX]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadMessage("not JSON") from None
