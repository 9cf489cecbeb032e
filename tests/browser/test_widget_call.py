"""A spoken question into the voice button of another site's page, held meanwhile; the real stack answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import agent_audio
from tests.browser.conftest import OpenPage
from tests.browser.host_site import HostSite, made_key
from tests.browser.running import start_server
from tests.browser.speaking import record_lines, transcribe
from tests.browser.test_widget import WIDGET

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.audio]

DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
WITHIN_S = 90


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[HostSite]:
    if not WIDGET.is_file():
        pytest.skip("the widget is not built: make web")
    site, home = HostSite(agent="clinic"), tmp_path / "home"
    home.mkdir()
    async with AsyncExitStack() as stack:
        stack.enter_context(site.running())
        site.key = made_key(home)
        command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
        env = {"ANTIPHON_AUTH": "required", "ANTIPHON_WIDGET_ORIGINS": site.origin}
        served = await start_server([*command, "--home", str(home), "--drain", "2"], stack, env)
        site.voice = served.url
        yield site


async def captions(page: Any, who: str, *, final: bool) -> list[str]:
    told = await page.evaluate("told")
    said = [detail for name, detail in told if name == "caption" and detail["who"] == who]
    return [caption["text"].lower() for caption in said if caption["final"] or not final]


async def test_a_question_asked_into_the_button_is_answered(
    site: HostSite, open_page: OpenPage, tmp_path: Path
) -> None:
    question = tmp_path / "question.wav"
    await record_lines(question, [(0.7, "What are your opening hours?")], length_s=5, voice="af_heart")
    site.body = f'<script src="{site.voice}widget.js" data-agent="clinic" data-token-url="/t"></script>'
    page = await open_page(site.origin, microphone=question, more=site.browser_arguments)
    await page.get_by_role("button", name="Talk to us").click()
    talk = page.get_by_role("button", name="Hold to talk")
    async with asyncio.timeout(WITHIN_S):
        while not await captions(page, "agent", final=True):  # It greets.
            await page.evaluate("new Promise(requestAnimationFrame)")
        await talk.hover()
        await page.mouse.down()
        while not any("hours" in words for words in await captions(page, "caller", final=False)):
            await page.evaluate("new Promise(requestAnimationFrame)")
        await page.mouse.up()
        while not any(day in words for words in await captions(page, "agent", final=True) for day in DAYS):
            await page.evaluate("new Promise(requestAnimationFrame)")
    assert "hours" in (await captions(page, "caller", final=True))[0]
    shown = await page.get_by_role("log", name="Captions").inner_text()
    assert "You:" in shown and any(day in shown.lower() for day in DAYS)
    said = await transcribe(await agent_audio(page))
    assert any(day in said for day in DAYS), said
    await page.get_by_role("button", name="End the call").click()
    await page.get_by_role("button", name="Talk to us").wait_for()
