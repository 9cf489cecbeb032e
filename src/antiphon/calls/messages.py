"""How many messages besides audio one far end may send: keys, marks, pings, words of its protocol.

Two leaky buckets a line, each as the moment up to which it is full; no queue. Audio has its own bound, in the
media plane (`runtime.media.line`).
"""

from __future__ import annotations

import dataclasses
from typing import Final

import structlog

log = structlog.get_logger(__name__)

# Streams of both sides of a call bring 50 a second of which we want none, and one mark for each of ours (3 a
# second of speech); a network that stood still brings ten seconds of all that at once.
BURST: Final = 600
PER_S: Final = 100
# Of what came on top and was dropped: so many at once, and so many a second in the long run, end the line.
FLOOD_BURST: Final = 1000
FLOOD_PER_S: Final = 100
FLOODED: Final = "error: messages came many times faster than a call needs"

_LEAST_NS = 1_000_000_000 // PER_S
_BURST_NS = BURST * _LEAST_NS
_FLOOD_LEAST_NS = 1_000_000_000 // FLOOD_PER_S
_FLOOD_BURST_NS = FLOOD_BURST * _FLOOD_LEAST_NS


@dataclasses.dataclass(slots=True)
class MessageCounts:
    """Of all lines of this process, since it began.

    Attributes:
        surplus: Messages dropped.
        flooded: Lines ended because their far end went on far beyond the bound.
    """

    surplus: int = 0
    flooded: int = 0


_counts = MessageCounts()


class MessageBound:
    """Of one line.

    Attributes:
        flooded: The far end went on far beyond the bound: its line is to be ended.
    """

    __slots__ = ("_flooded_ns", "_full_ns", "_told", "flooded")

    def __init__(self, now_ns: int) -> None:
        self._full_ns = now_ns - _BURST_NS
        self._flooded_ns = now_ns - _FLOOD_BURST_NS
        self._told = False
        self.flooded = False

    def passes(self, now_ns: int, line: str, call_id: str) -> bool:
        """One more message; false: it is to be dropped. `line` and `call_id` are for the log."""
        full_ns = max(self._full_ns, now_ns - _BURST_NS) + _LEAST_NS
        if full_ns <= now_ns:
            self._full_ns = full_ns
            return True
        _counts.surplus += 1
        if not self._told:  # Not of each: whoever floods would flood the log.
            self._told = True
            log.warning("messages_dropped", line=line, call_id=call_id)
        self._flooded_ns = max(self._flooded_ns, now_ns - _FLOOD_BURST_NS) + _FLOOD_LEAST_NS
        if self._flooded_ns > now_ns and not self.flooded:
            self.flooded = True
            _counts.flooded += 1
            log.warning("line_flooded_with_messages", line=line, call_id=call_id)
        return False


def message_counts() -> dict[str, int]:
    return dataclasses.asdict(_counts)
