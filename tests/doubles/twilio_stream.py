"""A carrier that speaks Media Streams over a real socket, written against the vendor's documentation only and
on another WebSocket library than the server's.

It holds what it is sent in a buffer and plays it when told to (`play`), so a test needs no waiting: marks are
answered when everything before them was played, or at once on `clear`. `CarriedCall` speaks and plays in real
time, as the vendor does.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

FRAME_MS, FRAME_BYTES, SILENCE = 20, 160, b"\xff"
MULAW_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}


class Carries(Protocol):
    """A stream as a telephone sees it, whoever's: mu-law at 8 kHz both ways."""

    received: list[dict[str, Any]]
    heard: bytearray

    @property
    def close_code(self) -> int | None: ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *error: object) -> None: ...
    async def speak(self, mulaw: bytes) -> None: ...
    async def play(self, duration_ms: int) -> None: ...
    async def press(self, digit: str) -> None: ...
    async def stop(self) -> None: ...


class TwilioStream:
    """One stream, as the carrier sees it. With `parameters` it begins as it is entered."""

    def __init__(
        self,
        url: str,
        *,
        call_sid: str = "CA1",
        stream_sid: str = "MZ1",
        parameters: dict[str, str] | None = None,
    ) -> None:
        self._parameters = parameters
        self.url, self.call_sid, self.stream_sid = url, call_sid, stream_sid
        self.received: list[dict[str, Any]] = []
        self.heard = bytearray()  # Mu-law that was played to the caller.
        self.clears = 0
        self.close_code: int | None = None
        self.close_reason = ""
        self._buffer: deque[bytes | str] = deque()
        self._sequence = 0
        self._chunk = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._socket = await connect(self.url, compression=None, proxy=None)
        self._reader = asyncio.create_task(self._read())
        if self._parameters is not None:
            await self.begin(self._parameters)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._socket is not None and self._reader is not None
        await self._socket.close()
        await self._reader

    async def begin(
        self,
        parameters: dict[str, str] | None = None,
        media_format: dict[str, Any] | None = None,
        **start: Any,
    ) -> None:
        """`connected`, then `start`."""
        await self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._numbered(
            "start",
            {
                "streamSid": self.stream_sid,
                "accountSid": "AC1",
                "callSid": self.call_sid,
                "tracks": ["inbound"],
                "customParameters": parameters or {},
                "mediaFormat": media_format or MULAW_FORMAT,
                **start,
            },
        )

    async def speak(self, mulaw: bytes) -> None:
        """One message per 20 ms, as fast as the socket takes them."""
        for start in range(0, len(mulaw), 160):
            self._chunk += 1
            await self._numbered(
                "media",
                {
                    "track": "inbound",
                    "chunk": str(self._chunk),
                    "timestamp": str(20 * self._chunk),
                    "payload": base64.b64encode(mulaw[start : start + 160]).decode(),
                },
            )

    async def press(self, digit: str) -> None:
        await self._numbered("dtmf", {"track": "inbound_track", "digit": digit})

    async def stop(self) -> None:
        await self._numbered("stop", {"accountSid": "AC1", "callSid": self.call_sid})

    async def play(self, duration_ms: int) -> None:
        """Play so much of what is buffered, and answer the marks that are reached."""
        left = duration_ms * 8
        while self._buffer and (left > 0 or isinstance(self._buffer[0], str)):
            item = self._buffer.popleft()
            if isinstance(item, str):
                await self._mark(item)
                continue
            self.heard += item[:left]
            if len(item) > left:
                self._buffer.appendleft(item[left:])
            left -= min(left, len(item))

    async def send(self, message: dict[str, Any] | str | bytes) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def until(self, condition: Callable[[Self], bool]) -> None:
        """Wait for messages until this holds, however long the machine takes."""
        async with self._news:
            await self._news.wait_for(lambda: condition(self) or self.close_code is not None)
        assert condition(self), f"closed before: {self.close_code} {self.close_reason}"

    async def until_closed(self) -> tuple[int | None, str]:
        async with self._news:
            await self._news.wait_for(lambda: self.close_code is not None)
        return self.close_code, self.close_reason

    async def _numbered(self, event: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        envelope = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.stream_sid}
        await self.send(envelope | {event: body})

    async def _mark(self, name: str) -> None:
        await self._numbered("mark", {"name": name})

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for text in self._socket:
                await self._take(json.loads(text))
        except ConnectionClosed:
            pass
        finally:  # A message we could not read, too: whoever waits for the next one would wait for ever.
            async with self._news:
                self.close_code = self._socket.close_code or 1006
                self.close_reason = self._socket.close_reason or ""
                self._news.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        assert message["streamSid"] == self.stream_sid, "a stream is told only of itself"
        match message["event"]:
            case "media":
                self._buffer.append(base64.b64decode(message["media"]["payload"], validate=True))
            case "mark" if not self._buffer:  # All before it was played: it may come a packet later.
                await self._mark(message["mark"]["name"])
            case "mark":
                self._buffer.append(message["mark"]["name"])
            case "clear":
                self.clears += 1
                names = [item for item in self._buffer if isinstance(item, str)]
                self._buffer.clear()
                for name in names:
                    await self._mark(name)
            case unknown:
                raise AssertionError(f"not a message we may send: {unknown}")
        async with self._news:
            self.received.append(message)
            self._news.notify_all()

    @property
    def waiting_ms(self) -> int:
        return sum(len(item) for item in self._buffer if isinstance(item, bytes)) // 8


class CarriedCall:
    """A phone call in real time on a stream that has begun: speaks what it is given, silence otherwise.

    Attributes:
        frames: 20 ms sent so far; the only clock of this side.
        heard: Everything the person at the phone heard since the call began, pauses included, as mu-law.
        arrived_at_ms: For each message the stream received, the media time of the frame it came before.
    """

    def __init__(self, stream: Carries) -> None:
        self.stream = stream
        self.frames = 0
        self.heard = bytearray()
        self.arrived_at_ms: list[int] = []
        self._voice = bytearray()
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._hung_up = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="carried call")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._hung_up = True
        await self._task

    @property
    def now_ms(self) -> int:
        return self.frames * FRAME_MS

    def say(self, mulaw: bytes) -> int:
        """Queue speech; gives the media time of its first sample."""
        begins_ms = self.now_ms + len(self._voice) // 8
        self._voice += mulaw
        return begins_ms

    async def until(self, condition: Callable[[], bool], *, within_s: float) -> None:
        """Wait for a frame after which this holds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append((condition, future))
        async with asyncio.timeout(within_s):
            await future

    async def until_spoken(self, *, within_s: float = 60) -> None:
        """Everything queued is on the line."""
        await self.until(lambda: not self._voice, within_s=within_s)

    async def until_answered(self, *, gap_ms: int = 1500, within_s: float = 30) -> int:
        """Sound came after now, and then silence for so long; gives when the sound began."""
        begun_ms = self.now_ms
        gap = SILENCE * gap_ms * 8

        def answered() -> bool:
            since = self.heard[begun_ms * 8 :]
            return bool(since.strip(SILENCE)) and since.endswith(gap)

        await self.until(answered, within_s=within_s)
        since = bytes(self.heard[begun_ms * 8 :])
        return begun_ms + (len(since) - len(since.lstrip(SILENCE))) // 8

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while not self._hung_up and self.stream.close_code is None:
            due = loop.create_future()
            loop.call_at(began_s + self.now_ms / 1000, due.set_result, None)
            await due
            try:
                await self._frame()
            except ConnectionClosed:
                break
            for wait in [wait for wait in self._waits if wait[0]()]:
                self._waits.remove(wait)
                if not wait[1].done():
                    wait[1].set_result(None)
        for _, future in self._waits:
            if not future.done():
                future.set_exception(AssertionError("the stream was closed"))

    async def _frame(self) -> None:
        frame, self._voice = self._voice[:FRAME_BYTES], self._voice[FRAME_BYTES:]
        await self.stream.speak(bytes(frame).ljust(FRAME_BYTES, SILENCE))
        played = len(self.stream.heard)
        await self.stream.play(FRAME_MS)
        self.heard += bytes(self.stream.heard[played:]).ljust(FRAME_BYTES, SILENCE)
        self.frames += 1
        new = len(self.stream.received) - len(self.arrived_at_ms)
        self.arrived_at_ms += [self.now_ms] * new
