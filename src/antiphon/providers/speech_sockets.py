"""Sockets that carry the sentences of many calls at once, one context each. Opened before they are needed,
shared by all calls of the process, closed when nobody has spoken for a while.

A vendor brings how a socket is opened, what its messages say, and the words to begin and to cancel a context.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

import structlog

from antiphon.errors import ProviderError, ProviderUnavailable
from antiphon.providers.pcm_speech import SpeakingLimits
from antiphon.providers.said import Said

_log = structlog.get_logger(__name__)

Key = TypeVar("Key", bound=Hashable)
Key_contra = TypeVar("Key_contra", bound=Hashable, contravariant=True)
Message = Mapping[str, Any]

IDLE_S = 170.0  # Vendors close what is idle for three minutes and more; ours goes first.
SOCKETS_MAX = 100
_INBOX_MAX = 2_000  # Messages of one sentence; whoever takes them never waits for anything.


class SpeechLink(Protocol):
    """One open connection; `receive` and `send` raise what `SpeechVendor.errors` understands."""

    async def send(self, message: Message) -> None: ...

    async def receive(self) -> Any: ...

    async def close(self) -> None: ...


class SpeechVendor(Protocol[Key_contra]):
    """What `SpeechSockets` must know of a vendor. A key is whatever is fixed for all contexts of a socket."""

    name: str
    contexts_max: int  # Per socket, those the vendor has not forgotten yet included.
    confirms_cancel: bool  # It says so when a cancelled context is over.

    async def connect(self, key: Key_contra) -> SpeechLink: ...

    def read(self, message: Any) -> Said: ...

    def errors(self) -> AbstractContextManager[None]: ...


@dataclass(slots=True, eq=False)
class _Socket(Generic[Key]):
    """One connection and the contexts on it."""

    vendor: SpeechVendor[Key]
    link: SpeechLink
    silent_s: float
    lost: ProviderError | None = None
    retired: bool = False
    _inboxes: dict[str, asyncio.Queue[Said]] = field(default_factory=dict)
    _cancels: dict[str, Message | None] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)  # Contexts the vendor has not forgotten.
    _heard_s: float = 0.0
    _idle: asyncio.TimerHandle | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        self._rest()
        self._spawn(self._read())

    @property
    def has_room(self) -> bool:
        return self.lost is None and not self.retired and len(self._open) < self.vendor.contexts_max

    async def send(self, messages: Sequence[Message]) -> None:
        try:
            with self.vendor.errors():
                for message in messages:
                    await self.link.send(message)
        except ProviderError as error:
            self.fail(error)
            raise

    def enter(self, context: str, cancel: Message | None) -> asyncio.Queue[Said]:
        if not self._open:
            self._heard_s = _now_s()
        self._open.add(context)
        inbox: asyncio.Queue[Said] = asyncio.Queue(_INBOX_MAX)
        self._inboxes[context] = inbox
        self._cancels[context] = cancel
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        return inbox

    def leave(self, context: str) -> None:
        """Nobody listens to the context any more. Returns at once, whatever the network does."""
        self._inboxes.pop(context, None)
        cancel = self._cancels.pop(context)
        if self.lost is not None:
            return
        if context in self._open:
            self._abandon(context, cancel)
        if self.retired and not self._inboxes:
            self._spawn(self.aclose())

    def _abandon(self, context: str, cancel: Message | None) -> None:
        # Not a word for so long: the connection may be dead without having said so. Nobody else waits on it.
        self.retired = self.retired or cancel is None or _now_s() - self._heard_s > self.silent_s
        if cancel is not None:
            self._spawn(self._tell(cancel))
        if not self.vendor.confirms_cancel:
            self._forget(context)

    async def aclose(self) -> None:
        self.fail(ProviderUnavailable(self.vendor.name, "the connection was closed"))
        with suppress(ProviderError), self.vendor.errors():
            await self.link.close()

    async def _read(self) -> None:
        try:
            with self.vendor.errors():
                while True:
                    said = self.vendor.read(await self.link.receive())
                    self._heard_s = _now_s()
                    self._deliver(said)
        except ProviderError as error:
            self.fail(error)
        with suppress(ProviderError), self.vendor.errors():
            await self.link.close()

    def _deliver(self, said: Said) -> None:
        if said.context is None:
            if said.error is not None:
                self.fail(said.error)
            return
        inbox = self._inboxes.get(said.context)
        if said.ended or said.error is not None:
            self._forget(said.context)
        if inbox is None:
            return  # Of a context that was cancelled: what was under way still comes.
        try:
            inbox.put_nowait(said)
        except asyncio.QueueFull:
            error = ProviderUnavailable(self.vendor.name, "more messages than a sentence can have")
            _replace(inbox, Said(error=error))

    def fail(self, error: ProviderError) -> None:
        if self.lost is not None:
            return
        self.lost = error
        if self._idle is not None:
            self._idle.cancel()
        for inbox in self._inboxes.values():
            if inbox.full():
                inbox.get_nowait()
            inbox.put_nowait(Said(error=error))

    def _forget(self, context: str) -> None:
        self._open.discard(context)
        if not self._open and self.lost is None:
            self._rest()

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, lambda: self._spawn(self.aclose()))

    async def _tell(self, message: Message) -> None:
        with suppress(ProviderError):  # A socket that is gone has forgotten the context too.
            await self.send([message])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class SpeechSockets(Generic[Key]):
    """The sockets of this process to one vendor."""

    def __init__(self, vendor: SpeechVendor[Key], limits: SpeakingLimits) -> None:
        self._vendor = vendor
        self._limits = limits
        self._sockets: dict[Key, list[_Socket[Key]]] = {}
        self._opening: dict[Key, asyncio.Task[_Socket[Key]]] = {}

    async def warm(self, key: Key) -> None:
        """Have room for one more sentence. That a vendor cannot be reached is found out by the first one."""
        with suppress(ProviderError):
            await self._with_room(key)

    async def speak(
        self, key: Key, begin: Callable[[str], Sequence[Message]], cancel: Callable[[str], Message | None]
    ) -> AsyncGenerator[Said, None]:
        """Messages of one context of its own; closing the iterator cancels it.

        Args:
            begin, cancel: What to send, given the context's name. A vendor without a word for the latter has
                the connection closed.

        Raises:
            ProviderUnavailable, ProviderRejected, ProviderProtocolError.
        """
        while True:
            socket, is_new = await self._with_room(key)
            context, heard = uuid4().hex, False
            inbox = socket.enter(context, cancel(context))
            try:
                await socket.send(begin(context))
                ended = False
                while not ended:
                    said = await inbox.get()
                    if said.error is not None:
                        raise said.error
                    heard, ended = True, said.ended
                    yield said
                return
            except ProviderUnavailable:
                # A connection that ended while it was idle is nobody's failure: on with another one.
                if heard or is_new or socket.lost is None:
                    raise
            finally:
                socket.leave(context)

    async def aclose(self) -> None:
        for sockets in list(self._sockets.values()):
            for socket in sockets:
                await socket.aclose()
        self._sockets.clear()

    async def _with_room(self, key: Key) -> tuple[_Socket[Key], bool]:
        """A socket that can take one more, and whether it was opened for that."""
        is_new = False
        while True:
            alive = [socket for socket in self._sockets.get(key, ()) if not (socket.lost or socket.retired)]
            self._sockets[key] = alive
            for socket in alive:
                if socket.has_room:
                    return socket, is_new
            if key not in self._opening:
                task = asyncio.ensure_future(self._open(key))
                task.add_done_callback(lambda done, key=key: self._opened(key, done))  # type: ignore[misc]
                self._opening[key] = task
            # Shared with others who wait, so it outlives whoever gives up first.
            opened, is_new = await asyncio.shield(self._opening[key]), True
            if opened.lost is not None:
                raise opened.lost  # Let in and thrown out again: so would the next one be.

    def _opened(self, key: Key, task: asyncio.Task[_Socket[Key]]) -> None:
        del self._opening[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("speech_socket_not_opened", vendor=self._vendor.name, reason=str(error))

    async def _open(self, key: Key) -> _Socket[Key]:
        name = self._vendor.name
        if sum(map(len, self._sockets.values())) >= SOCKETS_MAX:
            raise ProviderUnavailable(name, f"{SOCKETS_MAX} connections are open already")
        try:
            async with asyncio.timeout(self._limits.connect_ms / 1000):
                with self._vendor.errors():
                    link = await self._vendor.connect(key)
        except TimeoutError:
            raise ProviderUnavailable(name, "no connection in time") from None
        socket = _Socket(self._vendor, link, self._limits.stall_ms / 1000)
        socket.start()
        self._sockets.setdefault(key, []).append(socket)
        return socket


def _replace(inbox: asyncio.Queue[Said], said: Said) -> None:
    while not inbox.empty():
        inbox.get_nowait()
    inbox.put_nowait(said)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
