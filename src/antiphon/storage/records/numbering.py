"""A call's number begins with the ms at which it began: to read by number is to read by time."""

from __future__ import annotations

import hashlib
from typing import Final

SUFFIX_BITS: Final = 21  # With 42 bits of ms (to the year 2109) a signed 64-bit number.
_MS_MAX: Final = (1 << 42) - 1


def call_number(call_id: str, started_at_ms: int) -> int:
    """The same for the same call, always. Two calls of one ms share it once in two million: the
    second takes the next."""
    digest = hashlib.sha256(call_id.encode()).digest()
    return first_number(started_at_ms) | int.from_bytes(digest[:4], "big") >> (32 - SUFFIX_BITS)


def first_number(started_at_ms: int) -> int:
    """The lowest number a call that began then can have."""
    return min(max(0, started_at_ms), _MS_MAX) << SUFFIX_BITS
