"""A session as the recogniser of its call: it is given the same audio, and what it tells of the caller comes
the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SpeechSession,
    SttConfig,
    SttEvent,
    Transcript,
    TurnEvent,
)


class UnifiedEars:
    """`SpeechToText` and its one stream.

    Args:
        open_session: Starts the session for the line of the recogniser's config.
        closing: Told before the session is closed.
    """

    def __init__(
        self, open_session: Callable[[SttConfig], SpeechSession], closing: Callable[[], None]
    ) -> None:
        self._open_session, self._closing = open_session, closing
        self._emit: Callable[[SttEvent], None] | None = None
        self._session: SpeechSession | None = None
        self._segments: dict[str, int] = {}
        self._unfinished: dict[str, CallerWords] = {}

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> UnifiedEars:
        """As `SpeechToText`."""
        self._emit = emit
        self._session = self._open_session(config)
        return self

    def tell(self, event: CallerWords | CallerTurnSeen) -> None:
        """The session's own word on the caller."""
        if self._emit is None:
            return
        if isinstance(event, CallerTurnSeen):
            self._emit(TurnEvent(moment=event.moment))
            return
        self._unfinished.pop(event.item, None)
        if not event.final:
            self._unfinished[event.item] = event
        segment = self._segments.setdefault(event.item, len(self._segments))
        self._emit(Transcript(segment=segment, text=event.text, final=event.final))

    def finish(self) -> None:
        """The session is gone: what it had of the caller's words is all there will be."""
        for event in list(self._unfinished.values()):
            self.tell(replace(event, final=True))

    def push(self, pcm: bytes) -> None:
        if self._session is not None:
            self._session.push(pcm)

    def speech_started(self) -> None:
        """The session hears that for itself."""

    def speech_stopped(self) -> None:
        """No transcript is owed: the core does not wait for one."""

    def turn_committed(self) -> None:
        """Segments are the vendor's items."""

    def expect(self, phrases: Sequence[str]) -> None:
        """The session knows what it asked."""

    async def aclose(self) -> None:
        session, self._session, self._emit = self._session, None, None
        if session is not None:
            self._closing()
            await session.aclose()
