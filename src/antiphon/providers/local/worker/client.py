"""The speech and encoder ports on top of an inference worker's socket.

One client a process. When the worker dies, whatever waits for an answer gets ProviderUnavailable, every final
transcript still owed comes empty, and the client connects again by itself; streams then go on with the new
worker, deaf to what was said in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog

from antiphon.agents.ports import SentenceEncoder
from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.worker import wire
from antiphon.providers.local.worker.failures import error_of
from antiphon.providers.local.worker.link import Deadlines, Hears
from antiphon.providers.local.worker.remote import (
    RemoteEncoder,
    RemoteEndOfTurn,
    RemoteSpeechToText,
    RemoteTextToSpeech,
)
from antiphon.speech.ports import EndOfTurn, SpeechToText, TextToSpeech

log = structlog.get_logger()
Pause = Callable[[float], Awaitable[None]]

_BACKLOG_BYTES = 8 << 20  # A worker that takes nothing for minutes of speech is as good as dead.
_RECONNECT_S = (0.05, 0.1, 0.2, 0.4, 0.8)  # Then every 0.8 s: a worker is back 2 to 5 s after it died.


@dataclass(slots=True)
class _Pending:
    answer: asyncio.Future[wire.FromWorker]
    on_audio: Callable[[wire.Audio], None] | None


class WorkerClient:
    """A connection that mends itself. Made by `connect`, ended by `aclose`."""

    def __init__(self, socket: Path, deadlines: Deadlines, pause: Pause) -> None:
        self.deadlines = deadlines
        self._socket = socket
        self._pause = pause
        self._numbers = count(1)
        self._ready: wire.Ready | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[int, _Pending] = {}
        self._streams: dict[int, Hears] = {}
        self._connected = asyncio.Event()
        self._living: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, socket: Path, *, deadlines: Deadlines | None = None, pause: Pause = asyncio.sleep
    ) -> WorkerClient:
        """Connect to a worker that is ready.

        Raises:
            ProviderUnavailable: Nobody listens at `socket`.
        """
        client = cls(socket, deadlines or Deadlines(), pause)
        reader = await client._open()
        client._living = asyncio.create_task(client._live(reader), name="worker-client")
        return client

    async def aclose(self) -> None:
        """Hang up. Pending calls get ProviderUnavailable; streams fall silent."""
        if self._living is not None:
            self._living.cancel()
            with suppress(asyncio.CancelledError):
                await self._living
        self._streams.clear()
        self._lose("closed")

    @property
    def connected(self) -> bool:
        return self._writer is not None

    async def until_connected(self) -> None:
        """Return at once, or when a worker is back."""
        await self._connected.wait()

    @property
    def offer(self) -> wire.Ready:
        """What the worker serves (or served before it died)."""
        assert self._ready is not None, "connect() returns connected clients only"
        return self._ready

    def speech_to_text(self, name: str) -> SpeechToText:
        return RemoteSpeechToText(self, name)

    def text_to_speech(self, name: str) -> TextToSpeech:
        return RemoteTextToSpeech(self, name)

    def end_of_turn(self) -> EndOfTurn:
        return RemoteEndOfTurn(self)

    def encoder(self) -> SentenceEncoder:
        return RemoteEncoder(self)

    async def counts(self) -> wire.Counted:
        """How the worker fares; raises ProviderUnavailable when it is gone."""
        number = next(self._numbers)
        answer = await self.ask("worker", wire.Count(id=number), number, self.deadlines.score)
        assert isinstance(answer, wire.Counted)
        return answer

    # The Link of the remote ports.

    def number(self) -> int:
        return next(self._numbers)

    def send(self, message: wire.FromClient) -> bool:
        """Whether it went out; never blocks."""
        if self._writer is None:
            return False
        if self._writer.transport.get_write_buffer_size() > _BACKLOG_BYTES:
            log.error("inference_worker_does_not_read")
            self._writer.transport.abort()
            return False
        self._writer.write(wire.frame(message))
        return True

    async def ask(
        self,
        provider: str,
        message: wire.FromClient,
        number: int,
        deadline_ms: int,
        on_audio: Callable[[wire.Audio], None] | None = None,
    ) -> wire.FromWorker:
        """See `Link.ask`."""
        loop = asyncio.get_running_loop()
        pending = _Pending(loop.create_future(), None)
        self._pending[number] = pending
        try:
            if not self.send(message):
                raise ProviderUnavailable(provider, "the inference worker is not there")
            async with asyncio.timeout(deadline_ms / 1000) as limit:
                if on_audio is not None:
                    heard = on_audio

                    def on_block(audio: wire.Audio) -> None:
                        if not limit.expired():
                            limit.reschedule(loop.time() + deadline_ms / 1000)
                        heard(audio)

                    pending.on_audio = on_block
                answer = await pending.answer
        except TimeoutError as late:
            self.send(wire.Cancel(id=number))
            raise ProviderUnavailable(provider, f"no answer within {deadline_ms} ms") from late
        except asyncio.CancelledError:
            self.send(wire.Cancel(id=number))
            raise
        finally:
            del self._pending[number]
        if isinstance(answer, wire.Failed):
            raise error_of(answer)
        return answer

    def attach(self, stream: Hears) -> int:
        number = next(self._numbers)
        self._streams[number] = stream
        return number

    def detach(self, number: int) -> None:
        self._streams.pop(number, None)

    # The life of the connection.

    async def _open(self) -> asyncio.StreamReader:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError as error:
            raise ProviderUnavailable("worker", f"nobody listens at {self._socket.name}") from error
        try:
            first = await wire.read_from_worker(reader)
        except wire.WireError as error:
            writer.close()
            raise ProviderUnavailable("worker", "speaks another language") from error
        if not isinstance(first, wire.Ready):
            writer.close()
            raise ProviderUnavailable("worker", "hung up at once")
        self._ready, self._writer = first, writer
        self._connected.set()
        return reader

    async def _live(self, reader: asyncio.StreamReader) -> None:
        while True:
            reason = await self._listen(reader)
            self._lose(reason)
            log.warning("inference_worker_lost", reason=reason)
            reader = await self._open_again()
            log.info("inference_worker_back")
            for number, stream in list(self._streams.items()):
                del self._streams[number]
                stream.begin_again()

    async def _listen(self, reader: asyncio.StreamReader) -> str:
        """Pass on what the worker says until it says no more; why it stopped."""
        try:
            while (message := await wire.read_from_worker(reader)) is not None:
                self._take(message)
        except wire.WireError as error:
            return f"not our protocol: {error}"
        return "end of connection"

    async def _open_again(self) -> asyncio.StreamReader:
        for attempt in count():
            await self._pause(_RECONNECT_S[min(attempt, len(_RECONNECT_S) - 1)])
            with suppress(ProviderUnavailable):
                return await self._open()
        raise AssertionError("counting never ends")

    def _take(self, message: wire.FromWorker) -> None:
        match message:
            case wire.Ready():
                pass
            case wire.Heard():
                if (stream := self._streams.get(message.id)) is not None:
                    stream.take(message)
            case wire.Audio():
                # On its own turn of the loop: an emit that raises must not deafen everybody else.
                asyncio.get_running_loop().call_soon(self._play, message)
            case _:
                if isinstance(message, wire.Failed) and (stream := self._streams.get(message.id)) is not None:
                    log.error("speech_stream_failed", kind=message.kind, provider=message.provider)
                    stream.fail()
                pending = self._pending.get(message.id)
                if pending is not None and not pending.answer.done():
                    pending.answer.set_result(message)

    def _play(self, audio: wire.Audio) -> None:
        pending = self._pending.get(audio.id)
        if pending is not None and pending.on_audio is not None:
            pending.on_audio(audio)

    def _lose(self, reason: str) -> None:
        self._connected.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for pending in self._pending.values():
            if not pending.answer.done():
                gone = ProviderUnavailable("worker", f"the inference worker went away ({reason})")
                pending.answer.set_exception(gone)
        for stream in self._streams.values():
            stream.fall_silent()
