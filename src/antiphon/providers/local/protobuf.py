"""Protocol buffers as far as model files need them: fields by number, read and written by hand, so that no
package for it is in the product.

Source: protobuf.dev, "Encoding", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator


class WireError(ValueError):
    """Bytes that are no message."""


def texts(message: memoryview, wanted: int) -> list[str]:
    return [bytes(value).decode() for number, value, _ in fields(message) if number == wanted]


def values(message: memoryview, wanted: int) -> list[memoryview]:
    """Every field of this number, in order."""
    return [value for number, value, _ in fields(message) if number == wanted]


def fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, value and the whole field with its key, of every field of one message.

    Raises:
        WireError, IndexError: It is none.
    """
    at = 0
    while at < len(message):
        begin = at
        key, at = read_varint(message, at)
        match key & 7:
            case 0:
                start = at
                _, at = read_varint(message, at)
            case 2:
                length, start = read_varint(message, at)
                at = start + length
            case 1:
                start, at = at, at + 8
            case 5:
                start, at = at, at + 4
            case other:
                raise WireError(f"wire type {other}")
        if at > len(message):
            raise WireError("it ends too early")
        yield key >> 3, message[start:at], message[begin:at]


def read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def varint(value: int) -> bytes:
    written = b""
    while value > 0x7F:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data
