"""Calls from the talk page through a routes file, over real WebRTC on this machine: a page that has to wait
hears comfort, is told of its agent on the same connection, and goes to the overflow like any other caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
from tests.doubles.media_line import EnergyVad
from tests.doubles.routed_world import TONES_HZ, ToneMouth, tone_kit
from tests.unit.calls.test_browser_lines import Page, soon

from antiphon.calls.browser import BrowserLines, BrowserSettings
from antiphon.calls.routing import Forward, RoutedSwitchboard, ToAgent, load_routes
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.media import MediaClock, MediaPlane

QUEUE = (
    "queue: {wait_max_ms: 5000, position: 'You are {position}.', comfort: 'Still {position}.', sorry: No.}"
)


class World:
    routing: RoutedSwitchboard
    exchange: Exchange
    lines: BrowserLines
    said: list[str]
    stack: AsyncExitStack

    async def page(self) -> Page:
        """Opens a call as the talk page does: by the name of the agent, to whom the routes say."""
        answer = self.routing.route("clinic").answer
        assert isinstance(answer, ToAgent)
        page = Page()
        self.stack.push_async_callback(page.close)
        await page.peer.setLocalDescription(await page.peer.createOffer())
        _, sdp = await self.lines.offer(answer.agent, page.peer.localDescription.sdp, called="clinic")
        await page.take(sdp)
        return page


@asynccontextmanager
async def world(home: Path, full: str) -> AsyncIterator[World]:
    here, clock, plane = World(), LoopClock(), MediaPlane(EnergyVad(8000), EnergyVad(16000))
    mouths = {name: ToneMouth(hz) for name, hz in TONES_HZ.items()}
    kits = {name: tone_kit(home, name, mouth) for name, mouth in mouths.items()}
    routes = f"routes: {{desk: {{to: clinic, limit: 1, full: {{{full}}}, rules: [{{agent: clinic}}]}}}}\n"
    (home / "routes.yaml").write_text(routes)
    table = load_routes(home / "routes.yaml", {name: kit.definition.digest for name, kit in kits.items()})
    here.exchange = Exchange(plane=plane, agents=kits, calls_directory=home / "calls", clock=clock)
    here.routing = RoutedSwitchboard(
        here.exchange, table, plane=plane, clock=clock, calls_directory=home / "calls"
    )
    here.lines, here.said = BrowserLines(here.routing, BrowserSettings()), mouths["clinic"].said
    ticking = asyncio.create_task(MediaClock(plane).run())
    async with AsyncExitStack() as here.stack:
        yield here
        await here.lines.close_all()
        await until(lambda: not here.routing.active() and not plane.live_calls)
    ticking.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.02, turn.set_result, None)
            await turn


async def next_of(page: Page, kind: str) -> dict[str, object]:
    while True:
        message = await soon(page.messages.get())
        if message["type"] == kind:
            return message


async def hears(page: Page, hz: int) -> None:
    """Returns when the page's ear gets this pitch."""
    async with asyncio.timeout(20):
        while True:
            frame = await page.frames.get()
            samples = frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)].astype(np.float64)
            tone = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / frame.sample_rate)
            if np.abs(samples @ tone) / len(samples) > 1500:
                return


async def test_a_page_that_waits_hears_comfort_and_its_agent_when_its_turn_comes(tmp_path: Path) -> None:
    async with world(tmp_path, QUEUE) as here:
        first = await here.page()
        await hears(first, TONES_HZ["clinic"])
        second = await here.page()
        told = await next_of(second, "call")
        await until(lambda: "You are one." in here.said)
        await hears(second, TONES_HZ["clinic"])
        assert here.said.count("Hello there.") == 1
        assert [getattr(one, "position", 0) for one in here.routing.active()] == [0, 1]

        first.channel.send("end")
        await until(lambda: here.said.count("Hello there.") == 2)
        await next_of(second, "agent")
        (call,) = here.exchange.active()
        assert call.call_id == told["call_id"], "the name the page was told is the call's"
        assert here.routing.counted["served"] == 1


async def test_a_page_that_waited_in_vain_hears_so_and_is_hung_up(tmp_path: Path) -> None:
    """Nobody can forward a browser: it hears the words in its place."""
    async with world(tmp_path, f"{QUEUE}, overflow: {{forward: '+12125550111'}}") as here:
        await here.page()
        await until(here.exchange.active)
        second = await here.page()
        await until(lambda: len(here.routing.active()) == 2)
        await until(lambda: "No." in here.said)
        await until(lambda: second.peer.connectionState == "closed")
        assert here.routing.counted["turned_away"] == 1
        assert len(here.exchange.active()) == 1


async def test_a_page_overflows_to_another_agent(tmp_path: Path) -> None:
    async with world(tmp_path, "overflow: {agent: bank}") as here:
        await here.page()
        await until(here.exchange.active)
        second = await here.page()
        await hears(second, TONES_HZ["bank"])
        assert {call.agent for call in here.exchange.active()} == {"clinic", "bank"}


async def test_who_leaves_the_page_in_line_gives_up_his_place(tmp_path: Path) -> None:
    async with world(tmp_path, QUEUE) as here:
        await here.page()
        await until(here.exchange.active)
        second = await here.page()
        await until(lambda: len(here.routing.active()) == 2)
        await next_of(second, "call")
        second.channel.send("end")
        await until(lambda: len(here.routing.active()) == 1)
        assert here.routing.counted["abandoned"] == 1


async def test_a_forward_at_the_limit_is_refused_before_any_audio(tmp_path: Path) -> None:
    async with world(tmp_path, "overflow: {forward: '+12125550111'}") as here:
        await here.page()
        await until(here.exchange.active)
        assert isinstance(here.routing.route("clinic").answer, Forward)
