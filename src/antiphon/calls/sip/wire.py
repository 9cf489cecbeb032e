"""What the SIP worker and the media worker tell each other: msgpack frames with a 4-byte length on a Unix
socket. Audio of all calls travels once per 20 ms each way; everything else is rare.

Legs have numbers: above zero for calls that came in, below for calls we place.
"""

from __future__ import annotations

import asyncio
import struct

import msgspec

FRAME_MAX_BYTES = 1 << 20
_LENGTH = struct.Struct(">I")


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """In array form: the field names would be half of every batch."""


# From the SIP worker.


class Invited(_Message, frozen=True, tag=True):
    """Somebody calls. `user` is the user part of the request URI, `caller` that of From, `call_id` SIP's."""

    leg: int
    user: str
    caller: str
    call_id: str
    trunk: str = ""


class Established(_Message, frozen=True, tag=True):
    """Audio flows: mono s16le at 8000 Hz, whatever G.711 it was on the wire."""

    leg: int


class Heard(_Message, frozen=True, tag=True):
    """What callers said in these 20 ms: leg, pcm, and how many of its ms were made up for lost packets."""

    frames: list[tuple[int, bytes, int]]


class Reached(_Message, frozen=True, tag=True):
    leg: int
    mark: str


class Pressed(_Message, frozen=True, tag=True):
    leg: int
    digit: str


class Held(_Message, frozen=True, tag=True):
    """The far end put us on hold, or took us off it."""

    leg: int
    held: bool


class Done(_Message, frozen=True, tag=True):
    """How a `Transfer`, `Hold` or `Press` went; `words` say why it failed. Those of a transfer whose person
    was not to be had begin as a cause of `Ended` does: "busy: 486 Busy Here"."""

    request: int
    ok: bool
    words: str = ""


class Ended(_Message, frozen=True, tag=True):
    """`cause`: "hangup" (the far end's doing), "agent" (ours), "busy", "declined", "no answer",
    "transferred" or "error: …"; `stats` what its packets went through."""

    leg: int
    cause: str
    stats: dict[str, int]


class Counted(_Message, frozen=True, tag=True):
    """Once a second, since the worker began."""

    counts: dict[str, int]


# From the media worker.


class Routes(_Message, frozen=True, tag=True):
    """Which user parts are answered; first of all, and again whenever they change."""

    users: list[str]
    catch_all: bool


class Accept(_Message, frozen=True, tag=True):
    leg: int


class Refuse(_Message, frozen=True, tag=True):
    leg: int


class Dial(_Message, frozen=True, tag=True):
    leg: int
    target: str
    trunk: str
    caller_id: str
    timeout_s: float


class Say(_Message, frozen=True, tag=True):
    """Audio for callers in the order it was given."""

    frames: list[tuple[int, bytes]]


class Mark(_Message, frozen=True, tag=True):
    leg: int
    name: str


class Clear(_Message, frozen=True, tag=True):
    leg: int


class HangUp(_Message, frozen=True, tag=True):
    """When what was said has been played out, within a second."""

    leg: int


class Transfer(_Message, frozen=True, tag=True):
    """`headers`: what a SIP address is sent of the caller, without the "X-" before each name."""

    leg: int
    target: str
    request: int
    headers: dict[str, str] = {}


class Hold(_Message, frozen=True, tag=True):
    leg: int
    held: bool
    request: int


class Press(_Message, frozen=True, tag=True):
    leg: int
    digits: str
    request: int


FromSip = Invited | Established | Heard | Reached | Pressed | Held | Done | Ended | Counted
FromMedia = Routes | Accept | Refuse | Dial | Say | Mark | Clear | HangUp | Transfer | Hold | Press

decode_from_sip = msgspec.msgpack.Decoder(FromSip).decode
decode_from_media = msgspec.msgpack.Decoder(FromMedia).decode


def encode(message: FromSip | FromMedia) -> bytes:
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """One message, or None when the other side is gone or speaks nonsense."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length) if length <= FRAME_MAX_BYTES else None
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
