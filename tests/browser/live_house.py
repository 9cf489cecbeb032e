"""The dashboard over a media worker of this process with a real call on it: an agent that speaks a tone, a
caller on a loopback line, and whoever watches them from a browser."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, monotonic_ns

import numpy as np

from antiphon.agents.definition import load_agent
from antiphon.audio import g711
from antiphon.audio.ports import PHONE
from antiphon.calls.browser import browser_settings
from antiphon.calls.loopback import Heard, LoopbackLine
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaClock, MediaPlane
from antiphon.runtime.speaking import Voice
from antiphon.server.control import MediaClient
from antiphon.server.live_room import LiveRoom
from antiphon.server.media_worker import MediaWorker
from antiphon.server.rpc import RpcClient
from antiphon.server.services import ClockService, LiveRoomService
from antiphon.server.wiring import AgentSummary, Wiring, WorkerOptions
from antiphon.speech.ssml import Shaper
from tests.browser.dashboard import Dashboard
from tests.doubles.media_line import EnergyVad
from tests.doubles.transfer_world import AGENT_FILE, CALLER_HZ, Ears, Mind, Mouth, voice


class Caller:
    """A caller on the line. `heard`: all that came out of his telephone."""

    def __init__(self, exchange: Exchange, ears: Ears) -> None:
        self.heard: list[Heard] = []
        self._ears, self._news = ears, asyncio.Event()
        self.line = LoopbackLine(
            exchange, "clinic", PHONE, heard=self._hear, caller_number="+12125550100", clock=monotonic_ns
        )

    @property
    def call_id(self) -> str:
        return self.line.call_id

    def says(self, words: str, duration_ms: int = 800) -> None:
        self._ears.texts.append(words)
        self.line.say(g711.decode(np.frombuffer(voice(CALLER_HZ, duration_ms), np.uint8)))

    async def hears(self, loud_ms: int, *, since: int) -> None:
        """Until so much that is not silence has come since that block."""
        async with asyncio.timeout(10):
            while 20 * sum(bool(np.abs(one.samples).max() > 500) for one in self.heard[since:]) < loud_ms:
                self._news.clear()
                await self._news.wait()

    def _hear(self, block: Heard) -> None:
        self.heard.append(block)
        self._news.set()


@asynccontextmanager
async def call_on(dashboard: Dashboard) -> AsyncIterator[Caller]:
    """Someone calls; the dashboard's media worker is the one he has called."""
    home: Path = dashboard.world.home
    file = home / "tones.yaml"
    file.write_text(AGENT_FILE)
    ears = Ears()
    kit = AgentKit(
        definition=load_agent(file),
        recognisers=[("ears", ears)],
        voices=[Voice(name="mouth", tts=Mouth(), voice="tone")],
        end_of_turn=None,
        shape=Shaper("en-US").utterance,
        tools={},
        make_reasoner=Mind,
    )
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000))
    room = LiveRoom(plane, monotonic)
    exchange = Exchange(
        plane=plane,
        agents={"clinic": kit},
        calls_directory=home / "calls",
        clock=LoopClock(),
        attends=room.attends,
    )
    room.open(exchange, browser_settings({}))
    wiring = Wiring(
        exchange=exchange,
        agents=(AgentSummary(name="clinic"),),
        services=(ClockService(MediaClock(plane)), LiveRoomService(room)),
        methods=room.methods(),
    )
    rpc = home / "rpc.sock"
    worker = MediaWorker(
        WorkerOptions(socket=rpc, host="127.0.0.1", media_port=0, agents=home, home=home), wiring
    )
    await worker.start()
    client = dashboard.world.control.media = MediaClient(RpcClient(rpc))
    caller = Caller(exchange, ears)
    line = caller.line
    running = asyncio.create_task(line.run())
    try:
        await caller.hears(100, since=0)  # The greeting.
        yield caller
    finally:
        line.hang_up()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await worker.stop()
        await client.close()
