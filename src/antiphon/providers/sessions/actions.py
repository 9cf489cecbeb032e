"""What we ask of a session, in order, one value each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAudio:
    """The caller's audio at the line's sample rate."""

    pcm: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitTurn:
    """The caller's turn is over; reply to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Say something now; the instruction tells what."""

    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The caller heard so much of this reply and no more."""

    spoken: str
    heard_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """`last`: nothing else that was asked for is without an answer."""

    call: str
    result: str
    last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowImage:
    image: bytes
    media_type: str


Action = PushAudio | CommitTurn | Speak | Cut | ToolAnswer | ShowImage
