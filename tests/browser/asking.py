"""A question asked into the held voice button, and what the page was told of it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from tests.browser.host_site import HostSite
from tests.browser.speaking import record_lines

DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
QUESTION = re.compile("what.*open.*hours")
WITHIN_S = 90


async def question(folder: Path) -> Path:
    """For the microphone; it is asked again and again."""
    path = folder / "question.wav"
    await record_lines(path, [(0.7, "What are your opening hours?")], length_s=5, voice="af_heart")
    return path


def with_the_button(site: HostSite) -> None:
    site.body = f'<script src="{site.voice}widget.js" data-agent="clinic" data-token-url="/t"></script>'


async def captions(page: Any, who: str, *, final: bool) -> list[str]:
    told = await page.evaluate("told")
    said = [detail for name, detail in told if name == "caption" and detail["who"] == who]
    return [caption["text"].lower() for caption in said if caption["final"] or not final]


async def ask_and_be_answered(page: Any) -> None:
    """The button is held until the question is understood, and the answer listened to.

    All of the question: the press may come in the middle of it, and its last word alone asks nothing.
    """
    await page.get_by_role("button", name="Talk to us").click()
    talk = page.get_by_role("button", name="Hold to talk")
    async with asyncio.timeout(WITHIN_S):
        while not await captions(page, "agent", final=True):  # It greets.
            await page.evaluate("new Promise(requestAnimationFrame)")
        await talk.hover()
        await page.mouse.down()
        while not any(QUESTION.search(words) for words in await captions(page, "caller", final=False)):
            await page.evaluate("new Promise(requestAnimationFrame)")
        await page.mouse.up()
        while not any(day in words for words in await captions(page, "agent", final=True) for day in DAYS):
            await page.evaluate("new Promise(requestAnimationFrame)")
