"""A spoken question into the talk page of the real stack; what the agent says is captured and read back."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.browser.browser import agent_audio
from tests.browser.conftest import OpenPage
from tests.browser.running import Server, start_server
from tests.browser.speaking import record_lines, transcribe

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.audio]

ANSWER_TIMEOUT_MS = 60_000
DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


@pytest.fixture
async def clinic(talk_page: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
        yield await start_server([*command, "--home", str(tmp_path / "home"), "--drain", "2"], stack)


async def test_a_spoken_question_is_answered_in_words_on_the_page_and_in_the_ear(
    clinic: Server, open_page: OpenPage, tmp_path: Path
) -> None:
    question = tmp_path / "question.wav"
    # The greeting takes about five seconds; a second loop comes too late to matter.
    await record_lines(question, [(8.0, "What are your opening hours?")], length_s=90, voice="af_heart")
    page = await open_page(clinic.url, microphone=question)
    await page.get_by_role("button", name="Start").click()

    greeting = page.locator(".line.agent").first
    await greeting.get_by_text("Willow Street", exact=False).wait_for(timeout=ANSWER_TIMEOUT_MS)
    asked = page.locator(".line.caller[data-final=true]").first
    await asked.wait_for(timeout=ANSWER_TIMEOUT_MS)
    assert "hours" in (await asked.inner_text()).lower()
    answer = page.locator(".line.caller[data-final=true] ~ .line.agent[data-heard=true]").first
    await answer.wait_for(timeout=ANSWER_TIMEOUT_MS)
    shown = (await answer.inner_text()).lower()
    assert any(day in shown for day in DAYS), shown
    await page.locator("details.latency").first.wait_for()

    said = await transcribe(await agent_audio(page))
    assert "willow" in said or "health" in said, said
    assert any(day in said for day in DAYS), said

    await page.get_by_role("button", name="End").click()
    summary = page.get_by_label("Call summary")
    await summary.wait_for()
    call_id = (await summary.locator("code").inner_text()).split()[-1]
    async with httpx.AsyncClient(base_url=clinic.url) as http:
        record = (await http.get(f"/api/calls/{call_id}")).json()
    assert record["agent"] == "clinic"
    assert "hours" in record["turns"][0]["agent_heard"].lower()
