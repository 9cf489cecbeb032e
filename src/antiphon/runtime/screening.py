"""Who listens to the answerer of a call we placed: the port, and the place it has in a call.

The listener itself (`calls.amd`) stands a floor above; whoever wires the house gives it to the exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from antiphon.conversation import events as ev


class Screening(Protocol):
    """One call's listener. Called on the event loop thread; must not block."""

    def hear(self, pcm: bytes, now_ms: int) -> None:
        """Caller audio as `LineListener.caller_audio`; `now_ms` is its end."""

    def take(self, event: ev.AnyEvent) -> None:
        """What happened in the call, in order: voice and transcripts are what matters."""

    @property
    def is_over(self) -> bool:
        """Nothing it could say would matter any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRequest:
    """Attributes: post: takes `AnswererJudged` and `BeepHeard`."""

    sample_rate_hz: int
    language: str
    post: Callable[[ev.Event], None]


OpensScreening = Callable[[ScreeningRequest], Screening]


class Screened:
    """Feeds a call's listener while it has one."""

    __slots__ = ("_listener",)

    def __init__(self) -> None:
        self._listener: Screening | None = None

    def begin(self, opens: OpensScreening | None, request: ScreeningRequest) -> None:
        if opens is not None:
            self._listener = opens(request)

    @property
    def listens(self) -> bool:
        return self._listener is not None

    def hear(self, pcm: bytes, now_ms: int) -> None:
        if self._listener is not None:
            self._listener.hear(pcm, now_ms)

    def take(self, event: ev.AnyEvent) -> None:
        listener = self._listener
        if listener is None:
            return
        listener.take(event)
        if listener.is_over:
            self._listener = None

    def end(self) -> None:
        self._listener = None  # It knows the call.
