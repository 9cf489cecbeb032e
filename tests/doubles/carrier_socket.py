"""Carriers over a real socket, on another WebSocket library than the server's. `carrier_lines` makes and
reads the documented messages, this side holds what it is sent and plays it when told to.

A cleared mark is answered at once by those who do (Twilio, SignalWire, Telnyx), and never by those who tell
played from cleared (Plivo, Vonage); each acknowledges as its documentation says.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from tests.doubles.carrier_lines import Message, Speech
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

CLEARED: dict[str, Message] = {
    "plivo": {"event": "clearedAudio", "streamId": "st1", "sequenceNumber": 9},
    "vonage": {"event": "websocket:cleared"},
}


class CarrierSocket:
    """One stream, as the carrier sees it."""

    def __init__(self, url: str, speech: Speech) -> None:
        self.url, self.speech = url, speech
        self.heard = bytearray()  # What was played to the caller.
        self.clears = 0
        self.close_code: int | None = None
        self.close_reason = ""
        self._buffer: deque[bytes | str] = deque()
        self._chunk = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._socket = await connect(self.url, compression=None, proxy=None)
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._socket is not None and self._reader is not None
        await self._socket.close()
        await self._reader

    @property
    def waiting_ms(self) -> int:
        held = sum(len(item) for item in self._buffer if isinstance(item, bytes))
        return held // self.speech.line_format.bytes_per_ms

    async def say(self, message: Message) -> None:
        assert self._socket is not None
        await self._socket.send(message if isinstance(message, bytes) else json.dumps(message))

    async def speak(self, audio: bytes) -> None:
        """20 ms a message, as fast as the socket takes them."""
        size = self.speech.line_format.bytes_per_ms * 20
        for begin in range(0, len(audio), size):
            self._chunk += 1
            await self.say(self.speech.media(self._chunk, audio[begin : begin + size]))

    async def play(self, duration_ms: int) -> None:
        """Play so much of what is buffered, and answer the marks that are reached."""
        left = duration_ms * self.speech.line_format.bytes_per_ms
        while self._buffer and (left > 0 or isinstance(self._buffer[0], str)):
            item = self._buffer.popleft()
            if isinstance(item, str):
                await self.say(self.speech.mark(item))
                continue
            self.heard += item[:left]
            if len(item) > left:
                self._buffer.appendleft(item[left:])
            left -= min(left, len(item))

    async def until(self, condition: Callable[[Self], bool]) -> None:
        """Wait for messages until this holds, however long the machine takes."""
        async with self._news:
            await self._news.wait_for(lambda: condition(self) or self.close_code is not None)
        assert condition(self), f"closed before: {self.close_code} {self.close_reason}"

    async def until_closed(self) -> tuple[int | None, str]:
        async with self._news:
            await self._news.wait_for(lambda: self.close_code is not None)
        return self.close_code, self.close_reason

    async def until_taken(self, condition: Callable[[], bool]) -> None:
        """Until the server has done what it was told; an answered ping proves what was sent before it."""
        assert self._socket is not None
        while not condition():
            assert self.close_code is None, f"closed: {self.close_code} {self.close_reason}"
            await (await self._socket.ping())

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for frame in self._socket:
                await self._take(*self.speech.read(frame if isinstance(frame, bytes) else json.loads(frame)))
        except ConnectionClosed:
            pass
        finally:  # A message we could not read, too: whoever waits for the next one would wait for ever.
            async with self._news:
                self.close_code = self._socket.close_code or 1006
                self.close_reason = self._socket.close_reason or ""
                self._news.notify_all()

    async def _take(self, kind: str, what: Any) -> None:
        if kind == "clear":
            self.clears += 1
            names = [item for item in self._buffer if isinstance(item, str)]
            self._buffer.clear()
            if self.speech.name in CLEARED:
                await self.say(CLEARED[self.speech.name])
            else:
                for name in names:
                    await self.say(self.speech.mark(name))
        elif kind == "mark" and not self._buffer:
            await self.say(self.speech.mark(what))  # All before it was played: it may come a packet later.
        else:
            self._buffer.append(what)
        async with self._news:
            self._news.notify_all()
