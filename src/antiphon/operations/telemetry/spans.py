"""What is sent of a call, before OpenTelemetry's own types: a tree of spans in call time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

Value = str | bool | int | float | Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    name: str
    at_ms: int
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a call. Moments are call time.

    Attributes:
        key: Its name within the call, the same however often it is made.
        remote: A vendor did the work; else we did.
        error: Why it failed, "" where it did not.
    """

    key: str
    name: str
    start_ms: int
    end_ms: int
    attributes: Mapping[str, Value]
    events: tuple[SpanEvent, ...] = ()
    children: tuple[Span, ...] = ()
    remote: bool = False
    error: str = ""

    def walk(self, parent: Span | None = None) -> Iterator[tuple[Span, Span | None]]:
        """Every span of the tree with its parent, parents first."""
        yield self, parent
        for child in self.children:
            yield from child.walk(self)


def trace_number(call_id: str) -> int:
    """128 bits. The same call has the same one, so that what is sent twice is kept once."""
    return int.from_bytes(sha256(f"antiphon call {call_id}".encode()).digest()[:16], "big") or 1


def span_number(call_id: str, key: str) -> int:
    """64 bits."""
    return int.from_bytes(sha256(f"antiphon span {call_id} {key}".encode()).digest()[:8], "big") or 1
