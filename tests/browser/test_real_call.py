"""A spoken question into the talk page of the real stack; what the agent says is captured and read back, and
the call is looked into on every page that shows calls on record."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.browser.browser import OpenPage, agent_audio
from tests.browser.running import ROOT, Server, start_server
from tests.browser.speaking import record_lines, transcribe

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.audio]

ANSWER_TIMEOUT_MS = 60_000
RECORDED = """recording: {after: recording}
disclosures:
  recording: {text: "This call is recorded.", when: always, uninterruptible: true}
"""
GREETING = ("willow", "street", "family", "health", "robin", "assistant")
DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(talk_page: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        agents = tmp_path / "agents"
        shutil.copytree(ROOT / "agents", agents, ignore=shutil.ignore_patterns(".*"))
        file = agents / "clinic.yaml"
        file.write_text(file.read_text().replace("disclosures:\n", RECORDED, 1))
        command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
        command += ["--agents", str(agents), "--home", str(tmp_path / "home"), "--drain", "2"]
        yield await start_server(command, stack)


async def test_a_spoken_question_is_answered_in_words_on_the_page_and_in_the_ear(
    clinic: Server, open_page: OpenPage, tmp_path: Path
) -> None:
    question = tmp_path / "question.wav"
    # The greeting takes about eight seconds; a second loop comes too late to matter.
    await record_lines(question, [(12.0, "What are your opening hours?")], length_s=90, voice="af_heart")
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
    # A small listener may take one name for another; most of the greeting is understood.
    understood = [word for word in GREETING if word in said]
    assert len(understood) >= len(GREETING) - 2, said
    assert any(day in said for day in DAYS), said

    await page.get_by_role("button", name="End").click()
    summary = page.get_by_label("Call summary")
    await summary.wait_for()
    call_id = (await summary.locator("code").inner_text()).split()[-1]
    async with httpx.AsyncClient(base_url=clinic.url) as http:
        record = (await http.get(f"/api/calls/{call_id}")).json()
    assert record["agent"] == "clinic"
    assert "hours" in record["turns"][0]["agent_heard"].lower()
    await walk(page, call_id)


async def walk(page: Any, call_id: str) -> None:
    """From the list into the call, and on to the sums."""
    await page.get_by_role("link", name="Calls", exact=True).click()
    row = page.get_by_role("table", name="Calls, newest first").locator("tbody tr")
    await row.filter(has_text="clinic").filter(has_text="browser").wait_for()
    await page.get_by_label("Words that were said").fill("hours")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**words=hours**")
    await row.get_by_role("link").click()
    await page.wait_for_url(f"**/#/calls/{call_id}")

    lines = page.get_by_label("Transcript").get_by_role("listitem")
    await lines.filter(has_text="hours").first.wait_for()
    said = (await page.get_by_label("Transcript").inner_text()).lower()
    assert any(day in said for day in DAYS), said
    await page.locator("svg.waveform .agent-lane").wait_for()
    for lane in ("caller-lane", "agent-lane"):  # Somebody was heard on both: the outline leaves its middle.
        assert await page.locator(f"svg.waveform .{lane}").evaluate("(path) => path.getBBox().height") > 5
    await page.get_by_role("button", name="Play", exact=True).click()
    await page.wait_for_function("() => document.querySelector('audio').currentTime > 0.3")
    await page.get_by_role("button", name="Pause").click()

    turn = page.get_by_role("region", name="Latency by turn and stage").locator("tbody tr").first
    assert re.search(r"\d ms", await turn.locator("td.number").last.inner_text())
    assert await turn.locator("svg rect").count() >= 3
    costs = await page.get_by_role("table").filter(has_text="Together").inner_text()
    assert "local/whisper-tiny.en" in costs and "local/piper-joe" in costs, costs
    permissions = page.locator("section", has=page.get_by_role("heading", name="Permissions used"))
    await permissions.get_by_text("announced", exact=False).first.wait_for()
    await page.get_by_role("button", name="Replay exactly").click()
    await page.get_by_text("exactly as recorded", exact=False).wait_for()

    await page.get_by_role("link", name="Overview").click()
    tiles = page.locator("dl.tiles")
    calls = tiles.locator("div", has=page.get_by_text("Calls", exact=True))
    assert (await calls.locator("dd").inner_text()).split()[0] == "1"
    latency = tiles.locator("div", has=page.get_by_text("Answer p50", exact=True))
    assert re.match(r"\d", await latency.locator("dd").inner_text())
    await page.get_by_role("region", name="By agent, table").get_by_role("link", name="clinic").wait_for()
