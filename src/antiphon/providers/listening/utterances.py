"""Links to vendors on gRPC that give final words for the end of a stream only: a stream an utterance, on one
connection a call. Several may be open; they are heard in the order they were begun."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.listening.heard import Asked, Heard
from antiphon.speech.ports import TurnEvent, TurnMoment

_MESSAGES_MAX = 1_000  # Of one stream that nobody has read yet.
# A vendor counts the time in which a stream has no audio, too: so much of it is left out of its age.
_PAUSES_MS = 15_000


class StreamWords(Protocol):
    """What one stream hears, placed on the connection it runs on."""

    def heard(self, response: Any) -> list[Heard | TurnEvent]:
        """A response of the vendor's library."""

    def ended(self, sent_ms: int, *, answers: bool) -> Heard:
        """The stream is over because it was asked to: so many ms of audio were heard to their end."""


class UtteranceCalls(Protocol):
    """One connection to a vendor.

    Attributes:
        name: For errors.
        errors: What the library raises for a call that failed.
        stream_max_ms: A stream is followed by another at this age; 0: it may be of any.
        turn_a_stream: A turn that the vendor ended is the end of its stream.
    """

    name: str
    errors: tuple[Any, ...]
    stream_max_ms: int
    turn_a_stream: bool

    async def listen(self) -> Any:
        """A stream-stream call of grpc.aio that is written to."""

    def opening(self, asked: Asked) -> Any:
        """The first message of a stream."""

    def audio(self, pcm: bytes) -> Any: ...

    def words(self, asked: Asked, from_ms: int) -> StreamWords: ...

    def failure(self, error: Any) -> ProviderError: ...


async def done(calls: UtteranceCalls, work: Awaitable[Any], *, allowed: str = "") -> Any:
    """What gRPC gives, or raises as ours; None for the status that is `allowed`.

    An error leaves nothing of where it was: gRPC keeps a connection while anybody knows a call on it, and the
    traceback of an error that somebody keeps does. Details may also repeat what a caller said.
    """
    failure: BaseException
    try:
        return await work
    except calls.errors as error:
        if allowed and error.code().name == allowed:
            return None
        failure = calls.failure(error)
    except asyncio.InvalidStateError:
        failure = ProviderUnavailable(calls.name, "the stream is over")
    except asyncio.CancelledError:
        failure = asyncio.CancelledError()
    del work
    raise failure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """The end of a stream. `lost`: nothing else will come over this connection either."""

    failure: ProviderError | None = None
    lost: bool = False


class _Stream:
    """One stream, read as it comes.

    Attributes:
        sent_ms: Audio sent on it.
        closed: The end of its audio was sent. asked: Its last words were asked for.
        inbox: Messages, and an `_Over` after the last.
        answered: The vendor has let it in, or has ended it.
    """

    def __init__(self, calls: UtteranceCalls, call: Any, words: StreamWords) -> None:
        self.words = words
        self.sent_ms, self.closed, self.asked = 0, False, False
        self.begun_s = asyncio.get_running_loop().time()
        self.inbox: asyncio.Queue[Any] = asyncio.Queue(_MESSAGES_MAX)
        self.answered = asyncio.Event()
        self.over: _Over | None = None
        self._calls, self._call, self._end = calls, call, import_module("grpc.aio").EOF
        self._reading: asyncio.Task[None] | None = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(self._release)

    async def write(self, request: Any) -> None:
        await done(self._calls, self._running().write(request))

    async def close(self) -> None:
        self.closed = True
        if self._call is not None:
            await done(self._calls, self._call.done_writing())

    def cancel(self) -> None:
        if self._reading is not None:
            self._call.cancel()
            self._reading.cancel()
        if self.inbox.full():
            self.inbox.get_nowait()
        self.inbox.put_nowait(_Over())

    def age_ms(self) -> float:
        open_ms = (asyncio.get_running_loop().time() - self.begun_s) * 1000
        return max(self.sent_ms, open_ms - _PAUSES_MS)

    def _running(self) -> Any:
        if self._call is None:
            failure = self.over.failure if self.over is not None else None
            raise failure or ProviderUnavailable(self._calls.name, "the stream is over")
        return self._call

    async def _read(self) -> None:
        over = _Over()
        try:
            await done(self._calls, self._call.initial_metadata())
            self.answered.set()
            while (message := await done(self._calls, self._call.read())) is not self._end:
                if message is None:  # The SDK could not parse it, and logs no more than that.
                    raise ProviderProtocolError(self._calls.name, "a message we do not understand")
                await self.inbox.put(message)
        except ProviderError as failure:
            lost = not isinstance(failure, ProviderUnavailable) or await self._is_lost()
            over = _Over(failure=failure, lost=lost)
        except asyncio.CancelledError:
            return  # By `cancel`, and nobody waits for the task.
        finally:
            self.answered.set()
        self.over = over
        await self.inbox.put(over)

    async def _is_lost(self) -> bool:
        """Whether it failed with the connection, and not alone."""
        return bool((await self._call.code()).name == "UNAVAILABLE")

    def _release(self, _: asyncio.Task[None]) -> None:
        self._call = self._reading = None


class UtteranceStreams:
    """A `listening.Link` of streams one after another: the last takes audio, the first is listened to."""

    def __init__(self, calls: UtteranceCalls, asked: Asked) -> None:
        self._calls, self._asked = calls, asked
        self._sent_ms = 0
        self._streams: deque[_Stream] = deque()
        self._open: _Stream | None = None
        self._changed = asyncio.Event()

    async def begin(self, refusal_ms: int = 0) -> None:
        """The first stream, before anybody speaks. It is given the time to be refused: gRPC forgets why, when
        it is in the middle of sending audio."""
        stream = await self._begin()
        try:
            async with asyncio.timeout(refusal_ms / 1000):
                await stream.answered.wait()
        except TimeoutError:
            return
        if stream.over is not None and stream.over.failure is not None:
            raise stream.over.failure

    async def send(self, pcm: bytes) -> None:
        stream = self._open
        if stream is not None and 0 < self._calls.stream_max_ms <= stream.age_ms():
            await self._close(stream)
        stream = self._open or await self._begin()
        duration_ms = len(pcm) * 500 // self._asked.sample_rate_hz
        stream.sent_ms += duration_ms
        self._sent_ms += duration_ms
        await stream.write(self._calls.audio(pcm))

    async def finish(self) -> None:
        stream = self._open
        if stream is not None and stream.sent_ms:
            stream.asked = True
            await self._close(stream)
            await self._begin()  # Ready for the next word before it is said.
        elif closed := [stream for stream in self._streams if stream.closed]:
            closed[-1].asked = True  # What was sent is on its way to its last words already.

    async def expect(self, terms: tuple[str, ...]) -> None:
        """From the next stream on, which is at once while nobody speaks."""
        self._asked = replace(self._asked, terms=terms)
        if self._open is not None and self._open.sent_ms:
            return
        self._rest()
        await self._begin()

    async def keep_alive(self) -> None:
        """Nobody speaks: rather no stream than one that ends by itself."""
        if self._open is not None and self._open.sent_ms:
            await self._close(self._open)
        else:
            self._rest()

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        stream = await self._first()
        said = await stream.inbox.get()
        if not isinstance(said, _Over):
            heard = stream.words.heard(said)
            if self._calls.turn_a_stream and any(_is_end(each) for each in heard):
                await self._close(stream)
            return heard
        if stream not in self._streams:
            return []  # It rested, and was replaced by one with other terms.
        self._drop(stream)
        if stream.closed and said.failure is None:
            return [stream.words.ended(stream.sent_ms, answers=stream.asked)]
        if stream.sent_ms or said.lost:
            raise said.failure or ProviderUnavailable(self._calls.name, "the server ended the stream")
        return []  # It rested for too long.

    def close(self) -> None:
        for stream in self._streams:
            stream.cancel()
        self._streams.clear()
        self._open = None

    async def _begin(self) -> _Stream:
        words = self._calls.words(self._asked, self._sent_ms)
        # No name for the call here: the traceback of a refused opening would keep it, and it the connection.
        stream = _Stream(self._calls, await done(self._calls, self._calls.listen()), words)
        self._streams.append(stream)
        self._open = stream
        self._changed.set()
        await stream.write(self._calls.opening(self._asked))
        return stream

    async def _close(self, stream: _Stream) -> None:
        if self._open is stream:
            self._open = None
        if not stream.closed:
            await stream.close()

    async def _first(self) -> _Stream:
        while not self._streams:
            self._changed.clear()
            await self._changed.wait()
        return self._streams[0]

    def _rest(self) -> None:
        if self._open is not None:
            self._drop(self._open)

    def _drop(self, stream: _Stream) -> None:
        self._streams.remove(stream)
        if self._open is stream:
            self._open = None
        stream.cancel()


def _is_end(heard: Heard | TurnEvent) -> bool:
    return isinstance(heard, TurnEvent) and heard.moment is TurnMoment.ENDED
