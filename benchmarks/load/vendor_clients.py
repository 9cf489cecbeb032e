"""Clients of `vendors.py`: speech over the WebSocket library that vendors' own packages are built on, the
model by our adapter for chat completions. One recogniser's socket a call, a few for all voices, kept HTTP
connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from antiphon.errors import ProviderUnavailable
from antiphon.providers.openai_compatible import OpenAiCompatibleConfig, OpenAiCompatibleModel
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TtsAudio, TtsRequest

_QUEUED_MAX = 100
_VOICE_SOCKETS = 4


class HearingClient:
    def __init__(self, port: int) -> None:
        self._url = f"ws://127.0.0.1:{port}/stt"

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> HearingSession:
        return HearingSession(self._url, emit)


class HearingSession:
    """One call's socket: what is to be sent waits in a bounded queue until it is open."""

    def __init__(self, url: str, emit: Callable[[SttEvent], None]) -> None:
        self._url, self._emit = url, emit
        self._out: asyncio.Queue[bytes | str] = asyncio.Queue(_QUEUED_MAX)
        self._task = asyncio.create_task(self._run(), name="stt")

    def push(self, pcm: bytes) -> None:
        self._put(pcm)

    def speech_started(self) -> None:
        self._put("started")

    def speech_stopped(self) -> None:
        self._put("finalize")

    def turn_committed(self) -> None:
        self._put("committed")

    def expect(self, phrases: Sequence[str]) -> None: ...

    async def aclose(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def _put(self, message: bytes | str) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._out.put_nowait(message)

    async def _run(self) -> None:
        async with connect(self._url, compression=None, proxy=None, ping_interval=None) as socket:
            sending = asyncio.create_task(self._send(socket))
            try:
                async for message in socket:
                    told = json.loads(message)
                    self._emit(Transcript(segment=told["segment"], text=told["text"], final=told["final"]))
            finally:
                sending.cancel()

    async def _send(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.send(await self._out.get())


@dataclass(slots=True)
class _Speaking:
    emit: Callable[[TtsAudio], None]
    done: asyncio.Future[None]


class VoiceClient:
    """Voices of all calls over a few connections that stay open. `start` before the first call."""

    def __init__(self, port: int) -> None:
        self._url = f"ws://127.0.0.1:{port}/tts"
        self._sockets: list[ClientConnection] = []
        self._reading: list[asyncio.Task[None]] = []
        self._speaking: dict[int, _Speaking] = {}
        self._numbers = count(1)

    async def start(self) -> None:
        for _ in range(_VOICE_SOCKETS):
            socket = await connect(self._url, compression=None, proxy=None, ping_interval=None)
            self._sockets.append(socket)
            self._reading.append(asyncio.create_task(self._read(socket), name="tts"))

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        number = next(self._numbers)
        speaking = _Speaking(emit, asyncio.get_running_loop().create_future())
        self._speaking[number] = speaking
        try:
            await self._sockets[number % _VOICE_SOCKETS].send(
                json.dumps({"id": number, "text": request.text})
            )
            await speaking.done
        except ConnectionClosed as error:
            raise ProviderUnavailable("double", "the connection broke") from error
        finally:
            del self._speaking[number]

    async def _read(self, socket: ClientConnection) -> None:
        async for message in socket:
            if isinstance(message, bytes):
                speaking = self._speaking.get(int.from_bytes(message[:4], "little"))
                if speaking is not None:  # Else the reply was given up.
                    speaking.emit(TtsAudio(pcm=message[4:]))
            else:
                speaking = self._speaking.get(json.loads(message)["done"])
                if speaking is not None and not speaking.done.done():
                    speaking.done.set_result(None)


def model_client(port: int) -> OpenAiCompatibleModel:
    return OpenAiCompatibleModel(OpenAiCompatibleConfig(url=f"http://127.0.0.1:{port}/v1", model="double"))
