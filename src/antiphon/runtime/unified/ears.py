"""A session as the recogniser of its call: it is given the same audio, and what it tells of the caller comes
the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from antiphon.runtime.failover.kept_audio import KeptAudio
from antiphon.speech.ports import (
    CallerTurnSeen,
    CallerWords,
    SpeechSession,
    SttConfig,
    SttEvent,
    Transcript,
    TurnEvent,
)

# A vendor that has not told a turn's words by then, and tells of another, has lost them.
NEVER_MS = 5_000


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
        self._kept: KeptAudio | None = None
        self._owed = 0  # Turns that were taken and whose words have not come.

    @property
    def half_heard(self) -> str:
        """The words it has told of, and not called final."""
        return " ".join(event.text for event in self._unfinished.values() if event.text)

    @property
    def unheard(self) -> tuple[bytes, bytes] | None:
        """The caller's sound of turns whose words have not come, with a run-up; and his since then. None
        where nothing is missing."""
        if not self._owed or self._kept is None:
            return None
        before, said, since = self._kept.parts()
        return (before + said, since) if said else None

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> UnifiedEars:
        """As `SpeechToText`."""
        self._emit = emit
        self._kept = KeptAudio(config.sample_rate_hz)
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
        if self._session is not None and self._kept is not None:
            self._kept.add(pcm)
            self._session.push(pcm)

    def speech_started(self) -> None:
        """The session hears that for itself."""
        if self._kept is not None:
            self._kept.started()

    def taken(self, *, known: bool, voiced: bool) -> None:
        """What was said so far is a turn, or nothing: its words are `known`, or are owed. `voiced`: the
        caller goes on."""
        if self._kept is None:
            return
        if not known or not self._owed:
            self._kept.stopped()
        self._kept.speaking = voiced
        if not known:
            self._owed += 1
        elif not self._owed:  # Else all of it is kept: another turn's words are still missing.
            self._kept.understood()

    def told(self) -> None:
        """The words of a turn have come: of the oldest, unless its own were owed so long that they never
        will."""
        if self._kept is None:
            return
        while self._owed > 1 and self._kept.owed_ms > NEVER_MS:
            self._owed -= 1
            self._kept.understood()
        if self._owed:
            self._owed -= 1
            self._kept.understood()

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
