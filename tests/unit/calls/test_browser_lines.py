"""Browser lines against a second WebRTC end in this process, over real sockets of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from antiphon.audio.ports import WIDEBAND, MediaSink, MediaSource
from antiphon.calls.browser import BrowserLines, BrowserSettings
from antiphon.calls.browser.playout import PlayoutQueue, PlayoutTrack
from antiphon.errors import CallFailed, ConfigError
from antiphon.runtime.arrivals import Arrival, CallerView

T = TypeVar("T")


class Recorder:
    """A `MediaSource` that remembers, with an event for each thing a test may wait for."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.marks: list[str] = []
        self.keys: list[str] = []
        self.reasons: list[str] = []
        self.marked = asyncio.Event()
        self.loud = asyncio.Event()
        self.pictures: list[tuple[bytes, str]] = []
        self.pressed = asyncio.Event()
        self.over = asyncio.Event()

    def receive(self, payload: bytes | memoryview) -> None:
        self.received += payload
        samples = np.frombuffer(bytes(self.received[-6400:]), dtype=np.int16)
        if samples.size >= 3200 and float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) > 2000:
            self.loud.set()

    def concealed(self, duration_ms: int) -> None: ...
    def played(self, name: str) -> None:
        self.marks.append(name)
        self.marked.set()

    def dtmf(self, digit: str) -> None:
        self.keys.append(digit)
        self.pressed.set()

    def talk(self, pressed: bool) -> None:
        self.keys.append("down" if pressed else "up")

    def show(self, image: bytes, media_type: str) -> None:
        self.pictures.append((image, media_type))

    def closed(self, reason: str) -> None:
        self.reasons.append(reason)
        self.over.set()


class Desk:
    """A `Switchboard` that answers with one recorder."""

    def __init__(self) -> None:
        self.arrival: Arrival | None = None
        self.sink: MediaSink | None = None
        self.view: CallerView | None = None
        self.source = Recorder()
        self.answered = asyncio.Event()

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | None = None
    ) -> tuple[str, MediaSource]:
        if arrival.agent == "nobody":
            raise ConfigError("there is no agent 'nobody'")
        self.arrival, self.sink, self.view = arrival, sink, view
        self.answered.set()
        return "call-1", self.source


class Page:
    """The browser's end of a call."""

    def __init__(self, track: Any = None) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.peer.createDataChannel("events")
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self.peer.addTrack(track or AudioStreamTrack())
        self.channel.on("message", lambda text: self.messages.put_nowait(json.loads(text)))
        self._listening: asyncio.Task[None] | None = None
        self.peer.on("track", self._listen)

    def _listen(self, track: Any) -> None:
        async def hear() -> None:
            while True:
                self.frames.put_nowait(await track.recv())

        self._listening = asyncio.get_running_loop().create_task(hear())

    async def call(self, lines: BrowserLines, agent: str = "echo", **wanted: Any) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        line_id, sdp = await lines.offer(agent, self.peer.localDescription.sdp, **wanted)
        await self.take(sdp)
        return line_id

    async def take(self, sdp: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))

    async def close(self) -> None:
        await self.peer.close()
        if self._listening is not None:
            self._listening.cancel()  # A track that never started never ends.


async def soon(what: Awaitable[T]) -> T:
    """What happens within seconds, or not at all."""
    async with asyncio.timeout(20):
        return await what


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, BrowserLines]]:
    desk = Desk()
    lines = BrowserLines(desk, BrowserSettings(lines_max=2))
    yield desk, lines
    await lines.close_all()


async def test_a_call_is_answered_when_audio_can_flow_and_the_page_is_told(
    desk: tuple[Desk, BrowserLines],
) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(board.answered.wait())
    assert board.arrival is not None
    assert (board.arrival.line, board.arrival.line_format) == ("browser", WIDEBAND)
    assert await soon(page.messages.get()) == {"type": "call", "call_id": "call-1", "agent": "echo"}
    assert board.view is not None
    board.view.show({"type": "state", "phase": "listening"})
    assert await soon(page.messages.get()) == {"type": "state", "phase": "listening"}
    await page.close()


async def test_the_callers_voice_arrives_and_the_agents_leaves_with_its_mark(
    desk: tuple[Desk, BrowserLines],
) -> None:
    board, lines = desk
    tone = (12000 * np.sin(2 * np.pi * 440 * np.arange(16000 * 4) / 16000)).astype(np.int16).tobytes()
    voice = PlayoutQueue()
    voice.push(tone)
    page = Page(PlayoutTrack(voice, lambda name: None))
    await page.call(lines)
    await soon(board.answered.wait())
    assert board.sink is not None
    board.sink.send(tone[:32000])
    board.sink.mark("said")
    board.sink.send(tone[32000:])
    await soon(board.source.loud.wait())
    await soon(board.source.marked.wait())
    assert board.source.marks == ["said"]

    async def loud_frame() -> None:
        while np.abs((await page.frames.get()).to_ndarray()).max() < 3000:
            pass  # The first frames may be silence.

    await soon(loud_frame())
    await page.close()


async def test_clearing_gives_the_marks_back_at_once(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(board.answered.wait())
    assert board.sink is not None
    board.sink.send(bytes(640 * 100))
    board.sink.mark("never heard")
    board.sink.clear()
    await soon(board.source.marked.wait())
    assert board.source.marks == ["never heard"]
    await page.close()


async def test_keys_reach_the_call_and_nonsense_does_not(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(page.messages.get())
    for text in ("dtmf:77", "dtmf:x", "launch", "far_end:-1", "x" * 1000, "far_end:120", "dtmf:5"):
        page.channel.send(text)
    await soon(board.source.pressed.wait())
    assert board.source.keys == ["5"]
    await page.close()


async def test_the_talk_button_reaches_the_call(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(page.messages.get())
    for text in ("talk:down", "talk:", "talk:sideways", "talk:up", "dtmf:5"):
        page.channel.send(text)
    await soon(board.source.pressed.wait())
    assert board.source.keys == ["down", "up", "5"]
    await page.close()


async def test_a_picture_reaches_the_call_and_a_bad_one_is_told_why_not(
    desk: tuple[Desk, BrowserLines],
) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(page.messages.get())
    image = b"\xff\xd8\xff" + bytes(range(256)) * 400 + b"\xff\xd9"  # More than one message may carry.
    page.channel.send(f"image:{len(image)}")
    for at in range(0, len(image), 16_000):
        page.channel.send(image[at : at + 16_000])
    page.channel.send("image:900000")
    page.channel.send("dtmf:5")
    await soon(board.source.pressed.wait())
    assert board.source.pictures == [(image, "image/jpeg")]
    told = await soon(page.messages.get())
    assert told == {"type": "picture", "shown": False, "reason": "a picture has 1 to 500000 bytes"}
    await page.close()


async def test_a_page_that_ends_or_goes_away_hangs_up(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(page.messages.get())
    page.channel.send("end")
    await soon(board.source.over.wait())
    assert board.source.reasons == ["hangup"]
    board.source = second = Recorder()
    board.answered.clear()
    gone = Page()
    await gone.call(lines)
    await soon(board.answered.wait())
    await gone.close()
    await soon(second.over.wait())
    assert second.reasons == ["hangup"]
    await page.close()


async def test_an_agent_that_hangs_up_closes_the_line_without_telling_itself(
    desk: tuple[Desk, BrowserLines],
) -> None:
    board, lines = desk
    page = Page()
    await page.call(lines)
    await soon(board.answered.wait())
    closed = asyncio.Event()
    page.peer.on("connectionstatechange", lambda: page.peer.connectionState == "closed" and closed.set())
    assert board.sink is not None
    board.sink.end()
    await soon(closed.wait())
    await lines.close_all()
    assert len(lines) == 0
    assert board.source.reasons == []
    await page.close()


async def test_lines_are_bounded(desk: tuple[Desk, BrowserLines]) -> None:
    _, lines = desk
    pages = [Page(), Page()]
    for page in pages:
        await page.call(lines)
    late = Page()
    with pytest.raises(CallFailed, match="busy"):
        await late.call(lines)
    for page in [*pages, late]:
        await page.close()


async def test_a_refused_call_tells_the_page(desk: tuple[Desk, BrowserLines]) -> None:
    _, lines = desk
    page = Page()
    await page.call(lines, agent="nobody")
    assert await soon(page.messages.get()) == {"type": "end", "cause": "refused"}
    await page.close()


@pytest.mark.parametrize(
    "sdp", ["", "v=0", "v=0\r\na=rtpmap:111 opus/48000/2", "m=audio 9 X opus/48000", "\0" * 50 + "opus/48000"]
)
async def test_an_offer_that_is_none_is_refused_and_holds_no_line(
    desk: tuple[Desk, BrowserLines], sdp: str
) -> None:
    _, lines = desk
    with pytest.raises(CallFailed, match="offer"):
        await lines.offer("echo", sdp)
    assert len(lines) == 0
