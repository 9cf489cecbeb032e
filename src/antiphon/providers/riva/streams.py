"""Riva's streams on one connection: several may be open, and are heard in the order they were begun."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.grpc_failures import from_status
from antiphon.providers.listening import Asked, Heard
from antiphon.providers.riva import wire
from antiphon.speech.ports import TurnEvent

_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),  # A connection a call: one that breaks takes no other with it.
    ("grpc.enable_retries", 0),  # What was said is said again by the stream above.
)
_MESSAGES_MAX = 1_000  # Of one stream that nobody has read yet.


@dataclass(frozen=True, slots=True, kw_only=True)
class RivaPlace:
    """Where a server is ("host:port"), and how it is spoken to.

    Attributes:
        ca_file: PEM of who vouches for the server; whom gRPC trusts anyway where empty.
        metadata: Goes with every call.
    """

    address: str
    secure: bool
    ca_file: str
    metadata: tuple[tuple[str, str], ...]


class RivaCalls:
    """One connection. `messages` is the module of Riva's types."""

    def __init__(self, place: RivaPlace) -> None:
        auth = import_module("riva.client.auth")
        self.messages: Any = import_module("riva.client.proto.riva_asr_pb2")
        self._aio = import_module("grpc.aio")
        self._metadata = place.metadata
        self._channel = auth.create_channel(
            uri=place.address,
            use_ssl=place.secure,
            ssl_root_cert=place.ca_file if place.secure and place.ca_file else None,
            options=list(_OPTIONS),
            use_aio=True,
        )
        service = import_module("riva.client.proto.riva_asr_pb2_grpc")
        self._stub = service.RivaSpeechRecognitionStub(self._channel)

    async def check(self, model: str) -> None:
        """Find out before anybody speaks whether somebody answers and takes the key.

        Raises:
            ProviderUnavailable, ProviderRejected.
        """
        request = self.messages.RivaSpeechRecognitionConfigRequest(model_name=model)
        # Older servers do not know the question.
        asked = self._stub.GetRivaSpeechRecognitionConfig
        await self.done(asked(request, metadata=self._metadata), allowed="UNIMPLEMENTED")

    def listen(self) -> Any:
        return self._stub.StreamingRecognize(metadata=self._metadata)

    async def is_lost(self, call: Any) -> bool:
        """Whether it failed with the connection, and not alone."""
        return bool((await call.code()).name == "UNAVAILABLE")

    def is_end(self, message: object) -> bool:
        return message is self._aio.EOF

    async def done(self, work: Awaitable[Any], *, allowed: str = "") -> Any:
        """What gRPC gives, or raises as ours; None for the status that is `allowed`.

        An error leaves nothing of where it was: gRPC keeps a connection while anybody knows a call on it, and
        the traceback of an error that somebody keeps does. Details may also repeat what a caller said.
        """
        failure: BaseException
        try:
            return await work
        except self._aio.AioRpcError as error:
            if error.code().name == allowed:
                return None
            failure = from_status(wire.NAME, error.code().name, error.trailing_metadata())
        except asyncio.InvalidStateError:
            failure = ProviderUnavailable(wire.NAME, "the stream is over")
        except asyncio.CancelledError:
            failure = asyncio.CancelledError()
        del work
        raise failure

    async def aclose(self) -> None:
        await self._channel.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """The end of a stream. `lost`: nothing else will come over this connection either."""

    failure: ProviderError | None = None
    lost: bool = False


class _Stream:
    """One `StreamingRecognize`, read as it comes.

    Attributes:
        sent_ms: Audio sent on it.
        asked: It was closed by us, and owes its last words.
        inbox: Messages, and an `_Over` after the last.
    """

    def __init__(self, calls: RivaCalls, from_ms: int, *, vendor_ends: bool) -> None:
        self.utterances = wire.Utterances(from_ms, vendor_ends=vendor_ends)
        self.sent_ms, self.asked = 0, False
        self.inbox: asyncio.Queue[Any] = asyncio.Queue(_MESSAGES_MAX)
        self._calls, self._call = calls, calls.listen()
        self._reading: asyncio.Task[None] | None = asyncio.ensure_future(self._read())
        self._reading.add_done_callback(self._release)

    async def write(self, request: Any) -> None:
        await self._calls.done(self._running().write(request))

    async def done_writing(self) -> None:
        await self._calls.done(self._running().done_writing())

    def cancel(self) -> None:
        if self._reading is not None:
            self._call.cancel()
            self._reading.cancel()
        if self.inbox.full():
            self.inbox.get_nowait()
        self.inbox.put_nowait(_Over())

    def _running(self) -> Any:
        if self._call is None:
            raise ProviderUnavailable(wire.NAME, "the stream is over")
        return self._call

    async def _read(self) -> None:
        try:
            while not self._calls.is_end(message := await self._calls.done(self._call.read())):
                if message is None:  # The SDK could not parse it, and logs no more than that.
                    raise ProviderProtocolError(wire.NAME, "a message we do not understand")
                await self.inbox.put(message)
            await self.inbox.put(_Over())
        except ProviderError as failure:
            lost = not isinstance(failure, ProviderUnavailable) or await self._calls.is_lost(self._call)
            await self.inbox.put(_Over(failure=failure, lost=lost))
        except asyncio.CancelledError:
            return  # By `cancel`, and nobody waits for the task.

    def _release(self, _: asyncio.Task[None]) -> None:
        self._call = self._reading = None


class RivaLink:
    """A `listening.Link`. `first_message` makes what a stream begins with, from its key terms."""

    def __init__(self, calls: RivaCalls, asked: Asked, first_message: Callable[[Sequence[str]], Any]) -> None:
        self._calls, self._asked, self._first_message = calls, asked, first_message
        self._terms: tuple[str, ...] = ()
        self._sent_ms = 0
        self._streams: deque[_Stream] = deque()
        self._open: _Stream | None = None
        self._changed = asyncio.Event()

    async def send(self, pcm: bytes) -> None:
        stream = self._open or await self._begin()
        duration_ms = len(pcm) * 1000 // (2 * self._asked.sample_rate_hz)
        stream.sent_ms += duration_ms
        self._sent_ms += duration_ms
        await stream.write(self._calls.messages.StreamingRecognizeRequest(audio_content=pcm))

    async def finish(self) -> None:
        stream = self._open
        if stream is None or not stream.sent_ms:
            return  # Everything that was sent has been asked for.
        stream.asked, self._open = True, None
        await stream.done_writing()
        await self._begin()  # Ready for the next word before it is said.

    async def expect(self, terms: tuple[str, ...]) -> None:
        """From the next stream on, which is at once while nobody speaks."""
        self._terms = terms
        if self._open is not None and self._open.sent_ms:
            return
        if self._open is not None:
            self._drop(self._open)
        await self._begin()

    async def keep_alive(self) -> None:
        """A stream that rests may be ended; the next word begins another."""

    async def receive(self) -> Sequence[Heard | TurnEvent]:
        stream = await self._first()
        said = await stream.inbox.get()
        if not isinstance(said, _Over):
            return stream.utterances.heard(said)
        if stream not in self._streams:
            return []  # It rested, and was replaced by one with other terms.
        self._drop(stream)
        if stream.asked and said.failure is None:
            return [stream.utterances.ended(stream.sent_ms)]
        if stream.sent_ms or said.lost:
            raise said.failure or ProviderUnavailable(wire.NAME, "the server ended the stream")
        return []  # It rested for too long.

    def close(self) -> None:
        for stream in self._streams:
            stream.cancel()
        self._streams.clear()
        self._open = None

    async def _begin(self) -> _Stream:
        stream = _Stream(self._calls, self._sent_ms, vendor_ends=self._asked.provider_turns)
        self._streams.append(stream)
        self._open = stream
        self._changed.set()
        request = self._calls.messages.StreamingRecognizeRequest(
            streaming_config=self._first_message(self._terms)
        )
        await stream.write(request)
        return stream

    async def _first(self) -> _Stream:
        while not self._streams:
            self._changed.clear()
            await self._changed.wait()
        return self._streams[0]

    def _drop(self, stream: _Stream) -> None:
        self._streams.remove(stream)
        if self._open is stream:
            self._open = None
        stream.cancel()
