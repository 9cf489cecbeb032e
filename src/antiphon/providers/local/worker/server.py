"""Serving the speech and encoder ports over a Unix socket, any implementation of them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from antiphon.errors import (
    ConfigError,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.local.worker import wire
from antiphon.providers.local.worker.failures import failure_of
from antiphon.providers.local.worker.lanes import (
    Answering,
    LaneExecutor,
    Listening,
    Speaking,
    Work,
    current_work,
)
from antiphon.providers.local.worker.offer import Offer
from antiphon.speech.ports import SttConfig, SttStream, Transcript, TtsAudio, TtsRequest

log = structlog.get_logger()

# A client that reads slower than it asks: beyond the first bound partial words are dropped, beyond the second
# it is hung up on.
_DROP_PARTIALS_BYTES = 256 << 10
_HANG_UP_BYTES = 32 << 20
_END_WITHIN_S = 1.0
_SOCKET_PATH_BYTES = 107  # sun_path of Linux, less the closing zero.


@dataclass(slots=True, kw_only=True)
class Totals:
    streams: int = 0
    dropped_partials: int = 0


class WorkerServer:
    """One listening socket; every connection is served alike."""

    def __init__(self, offer: Offer, executor: LaneExecutor) -> None:
        self._offer = offer
        self._executor = executor
        self._totals = Totals()
        self._connections: dict[Connection, asyncio.Task[None] | None] = {}
        self._listener: asyncio.Server | None = None

    async def listen(self, socket: Path) -> None:
        """Accept connections; only this user may connect.

        Raises:
            ConfigError: The path cannot be a socket.
        """
        if len(str(socket).encode()) > _SOCKET_PATH_BYTES:
            raise ConfigError("the path of the socket is too long for this system", where=str(socket))
        try:
            socket.parent.mkdir(parents=True, exist_ok=True)
            self._listener = await asyncio.start_unix_server(self._accept, socket)
            socket.chmod(0o600)
        except OSError as error:
            raise ConfigError(f"cannot listen here: {error.strerror or error}", where=str(socket)) from error

    async def aclose(self) -> None:
        if self._listener is not None:
            self._listener.close()
        serving = [task for task in self._connections.values() if task is not None]
        for connection in list(self._connections):
            await connection.aclose()
        if serving:
            await asyncio.wait(serving, timeout=_END_WITHIN_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self._offer, self._executor, self._totals, writer)
        self._connections[connection] = asyncio.current_task()
        try:
            await connection.run(reader)
        finally:
            await connection.aclose()
            del self._connections[connection]


@dataclass(slots=True, kw_only=True)
class _Stream:
    stream: SttStream
    work: Listening
    context: contextvars.Context


class Connection:
    """One client's requests and streams; all end with the connection."""

    def __init__(
        self, offer: Offer, executor: LaneExecutor, totals: Totals, writer: asyncio.StreamWriter
    ) -> None:
        self._offer = offer
        self._executor = executor
        self._totals = totals
        self._writer = writer
        self._streams: dict[int, _Stream] = {}
        self._tasks: dict[int, asyncio.Task[wire.FromWorker]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Serve until the client hangs up or talks nonsense."""
        self._send(
            wire.Ready(
                speech_to_text=tuple(self._offer.speech_to_text),
                text_to_speech=tuple(self._offer.text_to_speech),
                end_of_turn=self._offer.end_of_turn is not None,
                encoder=self._offer.encoder is not None,
            )
        )
        loop = asyncio.get_running_loop()
        try:
            while (message := await wire.read_from_client(reader)) is not None:
                # On its own turn of the loop: a stream that raises what it should not costs itself only.
                loop.call_soon(self._take, message)
        except wire.WireError as error:
            log.warning("worker_hung_up_on_client", reason=str(error))

    async def aclose(self) -> None:
        self._closed = True
        for task in self._tasks.values():
            task.cancel()
        for number in list(self._streams):
            self._close(number)
        if self._closing:
            await asyncio.wait(self._closing)
        self._writer.close()

    def _take(self, message: wire.FromClient) -> None:
        if self._closed:
            return
        match message:
            case wire.Push():
                self._tell(message.id, lambda stream: stream.push(message.pcm))
            case wire.SpeechStarted():
                self._tell(message.id, lambda stream: stream.speech_started())
            case wire.SpeechStopped():
                if (owing := self._streams.get(message.id)) is not None:
                    owing.work.owed_finals += 1
                    self._executor.reconsider()
                    self._tell(message.id, lambda stream: stream.speech_stopped())
            case wire.TurnCommitted():
                self._tell(message.id, lambda stream: stream.turn_committed())
            case wire.Expect():
                self._tell(message.id, lambda stream: stream.expect(message.phrases))
            case wire.Open():
                self._open(message)
            case wire.Close():
                self._close(message.id)
            case wire.Cancel():
                if (task := self._tasks.get(message.id)) is not None:
                    task.cancel()
            case wire.Synthesize():
                speaking = Speaking()
                self._begin(message.id, self._synthesize(message, speaking), speaking)
            case wire.Score():
                self._begin(message.id, self._score(message), Answering())
            case wire.Encode():
                self._begin(message.id, self._encode(message), Answering())
            case wire.Count():
                self._send(self._count(message.id))

    # Requests: one task each, which gives the last message to send.

    def _begin(self, number: int, request: Coroutine[None, None, wire.FromWorker], work: Work) -> None:
        task = asyncio.create_task(request, context=_context_of(work))
        self._tasks[number] = task
        task.add_done_callback(partial(self._finish, number))

    def _finish(self, number: int, task: asyncio.Task[wire.FromWorker]) -> None:
        del self._tasks[number]
        if task.cancelled():
            return
        error = task.exception()
        self._send(task.result() if error is None else failure_of(number, error))

    async def _synthesize(self, message: wire.Synthesize, speaking: Speaking) -> wire.FromWorker:
        engine = self._offer.text_to_speech.get(message.name)
        if engine is None:
            raise ProviderRejected(message.name, "this inference worker does not serve it")

        def emit(audio: TtsAudio) -> None:
            speaking.begun = True
            self._send(wire.Audio(id=message.id, pcm=audio.pcm, word_ends_ms=audio.word_ends_ms))

        request = TtsRequest(
            text=message.text,
            voice=message.voice,
            sample_rate_hz=message.sample_rate_hz,
            language=message.language,
            speed=message.speed,
            ssml=message.ssml,
        )
        await engine.synthesize(request, emit)
        return wire.Done(id=message.id)

    async def _score(self, message: wire.Score) -> wire.FromWorker:
        if self._offer.end_of_turn is None:
            raise ProviderRejected("end of turn", "this inference worker does not serve it")
        async with _deadline("end of turn", message.deadline_ms):
            probability = await self._offer.end_of_turn.score(message.pcm, message.sample_rate_hz)
        return wire.Scored(id=message.id, probability=probability)

    async def _encode(self, message: wire.Encode) -> wire.FromWorker:
        if self._offer.encoder is None:
            raise ProviderRejected("encoder", "this inference worker does not serve it")
        async with _deadline("encoder", message.deadline_ms):
            vectors = await self._offer.encoder.encode(message.sentences, query=message.query)
        packed = vectors.astype("<f4", copy=False).tobytes()
        return wire.Encoded(id=message.id, dimension=int(vectors.shape[1]), vectors=packed)

    def _count(self, number: int) -> wire.FromWorker:
        return wire.Counted(
            id=number,
            streams=self._totals.streams,
            waiting=self._executor.waiting,
            jobs=self._executor.tally.jobs,
            dropped_partials=self._totals.dropped_partials,
            refused_jobs=self._executor.tally.refused,
        )

    # Speech-to-text streams: everything they start runs in a context that knows how urgent they are.

    def _open(self, message: wire.Open) -> None:
        engine = self._offer.speech_to_text.get(message.name)
        if engine is None:
            missing = ProviderRejected(message.name, "this inference worker does not serve it")
            self._send(failure_of(message.id, missing))
            return
        config = SttConfig(
            sample_rate_hz=message.sample_rate_hz, language=message.language, vocabulary=message.vocabulary
        )
        work = Listening()
        context = _context_of(work)
        try:
            stream = context.run(engine.open, config, partial(self._heard, message.id, work))
        except (ProviderError, ConfigError) as error:
            self._send(failure_of(message.id, error))
            return
        self._streams[message.id] = _Stream(stream=stream, work=work, context=context)
        self._totals.streams += 1

    def _tell(self, number: int, call: Callable[[SttStream], None]) -> None:
        """Ids of streams that are gone are normal: a failure and the client's next block cross on the way."""
        if (known := self._streams.get(number)) is None:
            return
        try:
            known.context.run(call, known.stream)
        except ProviderError as error:
            self._send(failure_of(number, error))
            self._close(number)

    def _heard(self, number: int, work: Listening, transcript: Transcript) -> None:
        if transcript.final:
            work.owed_finals = max(0, work.owed_finals - 1)
        elif self._backlog_bytes() > _DROP_PARTIALS_BYTES:
            self._totals.dropped_partials += 1  # The next one says it all again.
            return
        self._send(
            wire.Heard(
                id=number,
                segment=transcript.segment,
                text=transcript.text,
                final=transcript.final,
                confidence=transcript.confidence,
                language=transcript.language,
                word_ends_ms=transcript.word_ends_ms,
                took_ms=transcript.took_ms,
                guess=transcript.guess,
            )
        )

    def _close(self, number: int) -> None:
        if (known := self._streams.pop(number, None)) is not None:
            self._totals.streams -= 1
            task = asyncio.ensure_future(known.stream.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _backlog_bytes(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    def _send(self, message: wire.FromWorker) -> None:
        if self._writer.transport.is_closing():
            return
        if self._backlog_bytes() > _HANG_UP_BYTES:
            log.warning("worker_hung_up_on_client", reason="it does not read")
            self._writer.transport.abort()
            return
        self._writer.write(wire.frame(message))


def _context_of(work: Work) -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(current_work.set, work)
    return context


@asynccontextmanager
async def _deadline(provider: str, deadline_ms: int) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(deadline_ms / 1000):
            yield
    except TimeoutError as late:
        raise ProviderUnavailable(provider, f"no answer within {deadline_ms} ms") from late
