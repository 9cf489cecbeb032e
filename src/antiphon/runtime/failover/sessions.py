"""A speech-to-speech model behind the breaker it shares with all calls of the process."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.runtime.failover.health import Health
from antiphon.speech.ports import (
    SessionEvent,
    SessionLost,
    SpeechSession,
    SpeechSessionConfig,
    SpeechToSpeech,
)


class GuardedSessions:
    """`SpeechToSpeech`. While its breaker is open no session is tried, and the call is an ordinary one from
    its first word; one call at a time finds out whether the vendor is well again.

    A session that says anything is well. One that is lost was tried by its adapter again and again, so that
    is one verdict whatever it took.
    """

    def __init__(self, port: SpeechToSpeech, health: Health) -> None:
        self._port, self._health = port, health

    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> SpeechSession:
        """As `SpeechToSpeech`.

        Raises:
            ProviderUnavailable: It is left alone for now.
        """
        ticket = self._health.admit()
        if ticket is None:
            raise ProviderUnavailable(self._health.name, "left alone after its failures")
        watched = _Watched(self._health, ticket, emit)
        try:
            return _Session(self._port.open(config, watched.tell), watched)
        except ProviderError as error:
            self._health.failed(ticket, error)
            raise


class _Watched:
    """What one session says, and what that says of its vendor."""

    def __init__(self, health: Health, ticket: int, emit: Callable[[SessionEvent], None]) -> None:
        self._health, self._ticket, self._emit = health, ticket, emit
        self._judged = False

    def tell(self, event: SessionEvent) -> None:
        if isinstance(event, SessionLost):
            self._judged = True
            self._health.failed(self._ticket, self._error(event))
        elif not self._judged:
            self._judged = True
            self._health.succeeded(self._ticket)
        self._emit(event)

    def _error(self, lost: SessionLost) -> ProviderError:
        if lost.rejected:
            return ProviderRejected(self._health.name, lost.reason)
        wait_ms = lost.retry_after_ms or None
        return ProviderUnavailable(self._health.name, lost.reason, retry_after_ms=wait_ms)

    def closed(self) -> None:
        if not self._judged:
            self._health.abandoned(self._ticket)


class _Session:
    """`SpeechSession`: the vendor's own, whose end is noticed."""

    def __init__(self, session: SpeechSession, watched: _Watched) -> None:
        self._session, self._watched = session, watched

    def push(self, pcm: bytes) -> None:
        self._session.push(pcm)

    def commit_turn(self) -> None:
        self._session.commit_turn()

    def speak(self, instruction: str) -> None:
        self._session.speak(instruction)

    def cut(self, spoken: str, heard_ms: int) -> None:
        self._session.cut(spoken, heard_ms)

    def tool_result(self, call: str, result: str) -> None:
        self._session.tool_result(call, result)

    def show(self, image: bytes, media_type: str) -> None:
        self._session.show(image, media_type)

    def give_up(self, reason: str) -> None:
        self._session.give_up(reason)

    async def aclose(self) -> None:
        self._watched.closed()
        await self._session.aclose()
