"""Calls between the processes of one machine: msgpack frames with a 4-byte length on a Unix socket.

Small on purpose: one caller, one answerer, requests numbered, answers in any order. The socket's directory is
private to the user, so whoever can open it may speak.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.errors import AntiphonError, CallFailed, ConfigError, DeadlineExceeded, Denied

log = structlog.get_logger(__name__)

FRAME_MAX_BYTES = 4 * 1024 * 1024
_LENGTH = struct.Struct(">I")
_KINDS: dict[str, type[AntiphonError]] = {
    kind.__name__: kind for kind in (AntiphonError, CallFailed, ConfigError, DeadlineExceeded, Denied)
}

Method = Callable[..., Awaitable[Any]]


class Request(msgspec.Struct, frozen=True):
    id: int
    method: str
    params: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """`error` is "" for success, else the error's class; `value` is then its words, and `where` and `fix` go
    with them where an operator can put it right."""

    id: int
    value: Any = None
    error: str = ""
    where: str = ""
    fix: str = ""


async def _read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """One frame, or None when the other side is gone or speaks nonsense."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > FRAME_MAX_BYTES:
            return None
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _frame(message: msgspec.Struct) -> bytes:
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class RpcServer:
    """Answers requests with the given methods, each in a task of its own."""

    def __init__(self, path: Path, methods: Mapping[str, Method]) -> None:
        self._path = path
        self._methods = methods
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._decoder = msgspec.msgpack.Decoder(Request)

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=str(self._path))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (body := await _read_frame(reader)) is not None:
                try:
                    request = self._decoder.decode(body)
                except msgspec.MsgspecError:
                    log.warning("rpc_frame_not_understood", size_bytes=len(body))
                    break
                task = asyncio.get_running_loop().create_task(self._answer(request, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        method = self._methods.get(request.method)
        if method is None:
            answer = Answer(id=request.id, error="AntiphonError", value=f"no method {request.method}")
        else:
            try:
                answer = Answer(id=request.id, value=await method(**request.params))
            except ConfigError as error:
                answer = Answer(
                    id=request.id,
                    error="ConfigError",
                    value=error.message,
                    where=error.where,
                    fix=error.fix,
                )
            except AntiphonError as error:
                kind = type(error).__name__
                answer = Answer(
                    id=request.id, error=kind if kind in _KINDS else "AntiphonError", value=str(error)
                )
        if not writer.is_closing():
            writer.write(_frame(answer))


class RpcClient:
    """Asks an `RpcServer`. One connection, opened on first use and again after the other side came back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._opening = asyncio.Lock()

    async def call(self, method: str, *, timeout_s: float = 10.0, **params: Any) -> Any:
        """The method's value.

        Raises:
            CallFailed, ConfigError, ...: What the method raised, by class.
            DeadlineExceeded: No answer in time.
            AntiphonError: The other process is not there.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._open()
                assert self._writer is not None
                self._last_id += 1
                request = Request(id=self._last_id, method=method, params=params)
                future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                self._waiting[request.id] = future
                try:
                    self._writer.write(_frame(request))
                    return await future
                finally:
                    self._waiting.pop(request.id, None)
        except TimeoutError as error:
            raise DeadlineExceeded(f"{method} took longer than {timeout_s:g} s") from error
        except OSError as error:
            raise AntiphonError(f"the media worker cannot be reached ({error.strerror or error})") from error

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()

    async def _open(self) -> None:
        async with self._opening:
            if self._reading is not None and not self._reading.done():
                return
            reader, self._writer = await asyncio.open_unix_connection(str(self._path))
            self._reading = asyncio.get_running_loop().create_task(self._read(reader, self._writer))

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = msgspec.msgpack.Decoder(Answer)
        try:
            while (body := await _read_frame(reader)) is not None:
                self._settle(decoder.decode(body))
        except msgspec.MsgspecError:
            log.warning("rpc_answer_not_understood")
        finally:
            writer.close()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("the other process went away"))

    def _settle(self, answer: Answer) -> None:
        future = self._waiting.get(answer.id)
        if future is None or future.done():
            return  # Asked by someone who stopped waiting.
        if answer.error == "ConfigError":
            future.set_exception(ConfigError(str(answer.value), where=answer.where, fix=answer.fix))
        elif answer.error:
            future.set_exception(_KINDS.get(answer.error, AntiphonError)(str(answer.value)))
        else:
            future.set_result(answer.value)
