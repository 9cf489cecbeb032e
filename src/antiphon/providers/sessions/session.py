"""One call's session with a speech-to-speech model, whatever happens to the connection.

All state is touched on the event loop thread only. One task owns the connection. A session that breaks is
made anew from our own log of what was said and heard; a reply that was under way then has failed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.sessions.actions import (
    Action,
    CommitTurn,
    Cut,
    PushAudio,
    ShowImage,
    Speak,
    ToolAnswer,
)
from antiphon.providers.streaming import stopped
from antiphon.speech.ports import (
    SessionEvent,
    SessionLost,
    SpeechSessionConfig,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
)

log = structlog.get_logger()


class SessionLink(Protocol):
    """One connection. Both methods raise provider errors when it is broken."""

    async def send(self, action: Action) -> None: ...

    async def receive(self) -> Sequence[SessionEvent]:
        """What the next message says; empty for a message that says nothing to us."""


class SessionModel(Protocol):
    """A vendor's model."""

    @property
    def name(self) -> str: ...

    def connect(self, config: SpeechSessionConfig) -> AbstractAsyncContextManager[SessionLink]:
        """A session that is set up and ready for audio when entered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """Attributes: connect_ms: who has not taken a call up by then is lost.
    retry_after_ms: waits before the attempts to connect again, one each; then it is lost. They begin anew
    after a connection that told something of a call.
    told_wait_max_ms: a vendor that wants to be left alone for longer is lost at once.
    waiting_ms: caller's audio kept while there is no connection; older audio is dropped and counted."""

    connect_ms: int = 3_000
    retry_after_ms: tuple[int, ...] = (100, 500, 1_500)
    told_wait_max_ms: int = 1_500
    waiting_ms: int = 5_000
    closing_ms: int = 40


@dataclass(slots=True)
class SessionCounters:
    connections: int = 0
    audio_dropped_ms: int = 0
    pictures_dropped: int = 0
    late_audio: int = 0  # Messages of replies that were cut.


class LiveSession:
    """A `SpeechSession`. Must be made and used on the thread of a running event loop."""

    def __init__(
        self,
        model: SessionModel,
        config: SpeechSessionConfig,
        emit: Callable[[SessionEvent], None],
        limits: SessionLimits | None = None,
    ) -> None:
        self.counters = SessionCounters()
        self._model, self._config, self._emit = model, config, emit
        self._limits = limits or SessionLimits()
        self._actions: deque[Action] = deque()
        self._audio_bytes = 0
        self._wake = asyncio.Event()
        self._open: dict[str, None] = {}  # Replies under way, in order.
        self._cut: set[str] = set()
        self._unspoken: list[ToolAnswer] = []  # Sent, and nothing was begun since: it may not have come.
        self._calls: dict[str, str] = {}  # Tools asked for and not answered, and the reply that asks.
        self._closed = self._worked = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"session {model.name}")

    def push(self, pcm: bytes) -> None:
        self._audio_bytes += len(pcm)
        self._ask(PushAudio(pcm=pcm))
        self._drop_old_audio()

    def commit_turn(self) -> None:
        self._ask(CommitTurn())

    def speak(self, instruction: str) -> None:
        self._ask(Speak(instruction=instruction))

    def cut(self, spoken: str, heard_ms: int) -> None:
        if spoken in self._open:  # Of one that is over nothing comes any more.
            self._cut.add(spoken)
        self._ask(Cut(spoken=spoken, heard_ms=heard_ms))

    def tool_result(self, call: str, result: str) -> None:
        self._calls.pop(call, None)
        self._ask(ToolAnswer(call=call, result=result, last=not self._calls))

    def show(self, image: bytes, media_type: str) -> None:
        """Of pictures that wait only the newest is shown: it is a look, not a recording."""
        waiting = [action for action in self._actions if isinstance(action, ShowImage)]
        for action in waiting:
            self._actions.remove(action)
        self.counters.pictures_dropped += len(waiting)
        self._ask(ShowImage(image=image, media_type=media_type))

    def give_up(self, reason: str) -> None:
        """As `SpeechSession`. It is not made anew: who hangs would hang again."""
        if not self._closed and not self._task.done():
            self._lose(ProviderUnavailable(self._model.name, reason))
            self._closed = True
            self._task.cancel()

    async def aclose(self) -> None:
        """Stop at once: nothing is emitted from here on. Takes `closing_ms` at most."""
        self._closed = True
        await stopped(self._task, self._limits.closing_ms)

    def _ask(self, action: Action) -> None:
        if not self._closed and not self._task.done():
            self._actions.append(action)
            self._wake.set()

    def _drop_old_audio(self) -> None:
        bytes_per_ms = self._config.sample_rate_hz * 2 // 1000
        while self._audio_bytes > self._limits.waiting_ms * bytes_per_ms:
            oldest = next(action for action in self._actions if isinstance(action, PushAudio))
            self._actions.remove(oldest)
            self._audio_bytes -= len(oldest.pcm)
            self.counters.audio_dropped_ms += len(oldest.pcm) // bytes_per_ms

    async def _run(self) -> None:
        waits = iter(self._limits.retry_after_ms)
        while True:
            self._worked = False
            try:
                await self._converse()
                error: ProviderError = ProviderUnavailable(self._model.name, "the session ended")
            except* ProviderError as group:
                error = _first(group)
            except* TimeoutError:
                error = ProviderUnavailable(self._model.name, "no session in time")
                waits = iter(())  # Who hangs would hang again: a caller waits for that once.
            self._fail_open_replies()
            # A vendor that lets us in and hangs up is as little use as one that refuses.
            if self._worked:
                waits = iter(self._limits.retry_after_ms)
            wait_ms = next(waits, None)
            told_ms = _told_ms(error)
            hopeless = isinstance(error, ProviderRejected | ProviderProtocolError)
            if hopeless or wait_ms is None or told_ms > self._limits.told_wait_max_ms:
                self._lose(error)
                return
            await asyncio.sleep(max(wait_ms, told_ms) / 1000)

    async def _converse(self) -> None:
        async with asyncio.timeout(self._limits.connect_ms / 1000) as deadline:
            async with self._model.connect(self._config) as link:
                deadline.reschedule(None)
                self.counters.connections += 1
                async with asyncio.TaskGroup() as tasks:
                    sending = tasks.create_task(self._send(link))
                    await self._receive(link)
                    sending.cancel()

    async def _send(self, link: SessionLink) -> None:
        while True:
            while self._actions:
                action = self._actions.popleft()
                if isinstance(action, PushAudio):
                    self._audio_bytes -= len(action.pcm)
                elif isinstance(action, ToolAnswer):
                    self._unspoken.append(action)
                await link.send(action)
            self._wake.clear()
            await self._wake.wait()

    async def _receive(self, link: SessionLink) -> None:
        while True:
            for event in await link.receive():
                self._worked = True
                self._take(event)

    def _take(self, event: SessionEvent) -> None:
        match event:
            case SpokenStarted():
                self._open[event.spoken] = None
                self._unspoken.clear()
            case SpokenAudio() | SpokenToolCall() if event.spoken in self._cut:
                self.counters.late_audio += 1
                return
            case SpokenToolCall():
                self._calls[event.call] = event.spoken
            case SpokenEnded():
                self._open.pop(event.spoken, None)
                self._cut.discard(event.spoken)
                if event.status == "failed":  # It may be asked for anew, tools and all.
                    self._calls = {call: by for call, by in self._calls.items() if by != event.spoken}
        self._give(event)

    def _fail_open_replies(self) -> None:
        for spoken in list(self._open):
            self._take(SpokenEnded(spoken=spoken, status="failed"))
        # A cut means nothing to a new session, which is told what was heard; what a tool has done does.
        kept = PushAudio | CommitTurn | Speak | ToolAnswer
        waiting = [action for action in self._actions if isinstance(action, kept)]
        self._actions = deque([*self._unspoken, *waiting])
        self._unspoken.clear()

    def _lose(self, error: ProviderError) -> None:
        log.warning("session_lost", vendor=self._model.name, error=type(error).__name__)
        rejected = isinstance(error, ProviderRejected)
        self._give(SessionLost(reason=str(error), rejected=rejected, retry_after_ms=_told_ms(error)))

    def _give(self, event: SessionEvent) -> None:
        if not self._closed:
            self._emit(event)


def _told_ms(error: ProviderError) -> int:
    return (error.retry_after_ms or 0) if isinstance(error, ProviderUnavailable) else 0


def _first(group: BaseExceptionGroup[ProviderError]) -> ProviderError:
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group is never empty")
