"""A page whose network changes: its call goes on over another connection, and what nobody could hear then
is said when somebody can. Over real WebRTC on this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from aiortc.mediastreams import AudioStreamTrack
from tests.unit.calls.test_browser_lines import Desk, Page, desk, soon

from antiphon.calls.browser import BrowserLines
from antiphon.calls.browser.line import STALLED_S
from antiphon.calls.browser.playout import PlayoutQueue, PlayoutTrack
from antiphon.errors import CallFailed

__all__ = ["desk"]

RATE_HZ = 16000
SECOND = (12000 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16).tobytes()


class CutTrack(AudioStreamTrack):
    """A microphone on a network that can be cut: no packet leaves while `up` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.up = asyncio.Event()
        self.up.set()

    async def recv(self) -> Any:
        await self.up.wait()
        return await super().recv()


async def move(page: Page, lines: BrowserLines, line_id: str) -> None:
    await page.peer.setLocalDescription(await page.peer.createOffer())
    sdp = await lines.move(line_id, page.peer.localDescription.sdp)
    assert sdp is not None
    await page.take(sdp)


async def loud(page: Page) -> None:
    """Returns when the page hears something."""
    while True:
        frame = await page.frames.get()
        if np.abs(frame.to_ndarray().astype(np.int32)).max() > 5000:
            return


async def test_a_call_goes_on_over_another_connection_both_ways(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    first = Page()
    line_id = await first.call(lines)
    await soon(board.answered.wait())
    await soon(first.messages.get())
    assert board.sink is not None and board.view is not None

    voice = PlayoutQueue()
    voice.push(SECOND * 3)
    second = Page(PlayoutTrack(voice, lambda name: None))
    await move(second, lines, line_id)
    await first.close()
    await soon(board.source.loud.wait())
    board.sink.send(SECOND)
    board.sink.mark("said")
    await soon(loud(second))
    await soon(board.source.marked.wait())
    board.view.show({"type": "state", "phase": "listening"})
    assert await soon(second.messages.get()) == {"type": "state", "phase": "listening"}
    second.channel.send("dtmf:7")
    await soon(board.source.pressed.wait())
    assert (board.source.keys, board.source.reasons, len(lines)) == (["7"], [], 1)

    second.channel.send("end")
    await soon(board.source.over.wait())
    await second.close()


async def test_what_nobody_can_hear_is_not_heard_and_is_said_when_the_line_is_back(
    desk: tuple[Desk, BrowserLines],
) -> None:
    board, lines = desk
    microphone = CutTrack()
    page = Page(microphone)
    line_id = await page.call(lines)
    await soon(board.answered.wait())
    await soon(page.messages.get())
    assert board.sink is not None and board.view is not None
    microphone.up.clear()
    line = lines._lines[line_id]
    async with asyncio.timeout(10):
        while not line._is_stalled:
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.05, turn.set_result, None)
            await turn
    while not page.frames.empty():
        page.frames.get_nowait()
    board.sink.send(SECOND[:6400])
    board.sink.mark("said")
    board.view.show({"type": "state", "phase": "speaking"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(STALLED_S):
            await board.source.marked.wait()
    assert page.messages.empty()

    after = Page()
    await move(after, lines, line_id)
    await soon(loud(after))
    await soon(board.source.marked.wait())
    assert board.source.marks == ["said"]
    assert await soon(after.messages.get()) == {"type": "state", "phase": "speaking"}
    assert board.source.reasons == []
    await after.close()
    await page.close()


async def test_an_offer_that_cannot_be_used_leaves_the_call_as_it_is(desk: tuple[Desk, BrowserLines]) -> None:
    board, lines = desk
    page = Page()
    line_id = await page.call(lines)
    await soon(board.answered.wait())
    with pytest.raises(CallFailed, match="no Opus"):
        await lines.move(line_id, "v=0\r\n")
    with pytest.raises(CallFailed, match="could not be read"):
        await lines.move(line_id, "opus/48000 and nothing else")
    assert await lines.move("nobody's", "v=0 opus/48000") is None
    await soon(page.messages.get())
    page.channel.send("dtmf:5")
    await soon(board.source.pressed.wait())
    assert board.source.reasons == []
    await page.close()
