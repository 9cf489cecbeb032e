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

from tests.browser.browser import OpenPage, agent_audio, until
from tests.browser.running import ROOT, Server, start_server
from tests.browser.speaking import record_lines, transcribe
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY, Asked, Called, Scripted, ScriptedModel, Tokens
from tests.doubles.openai_chat import OpenAiChat

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.audio]

ANSWER_TIMEOUT_MS = 60_000
RECORDED = """recording: {after: recording}
disclosures:
  recording: {text: "This call is recorded.", when: always, uninterruptible: true}
"""
GREETING = ("willow", "street", "family", "health", "robin", "assistant")
MODEL = "large-9"
BILLED = Tokens(prompt=1480, cached=1110, written=0, output=24)
DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


def mind(asked: Asked) -> Scripted:
    """Looks the hours up before it tells them."""
    last = asked.turns[-1]
    if last.role == "tool":
        days = [day for day in sorted(DAYS) if day in last.text.lower()]
        return Scripted(parts=["We are open on ", f"{days[0]} and other days."], tokens=BILLED)
    (hours,) = (name for name in asked.tools if "opening_hours" in name)
    return Scripted(parts=[Called(name=hours)], tokens=BILLED)


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(talk_page: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        agents = tmp_path / "agents"
        shutil.copytree(ROOT / "agents", agents, ignore=shutil.ignore_patterns(".*"))
        file = agents / "clinic.yaml"
        file.write_text(file.read_text().replace("disclosures:\n", RECORDED, 1))
        command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
        command += ["--agents", str(agents), "--home", str(tmp_path / "home"), "--drain", "2"]
        vendor = await stack.enter_async_context(HttpVendor(ScriptedModel(OpenAiChat(), mind)))
        model = {"ANTIPHON_LLM_URL": f"{vendor.url}/v1", "ANTIPHON_LLM_MODEL": MODEL, "ANTIPHON_LLM_KEY": KEY}
        yield await start_server(command, stack, model)


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
    await until(page, "document.querySelector('audio').currentTime > 0.3")
    await page.get_by_role("button", name="Pause").click()

    turn = page.get_by_role("region", name="Latency by turn and stage").locator("tbody tr").first
    assert re.search(r"\d ms", await turn.locator("td.number").last.inner_text())
    assert await turn.locator("svg rect").count() >= 3
    await models(page)
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


async def models(page: Any) -> None:
    """What the model was given, word for word, what of it was cached, and the tool it asked for."""
    section = page.locator("section", has=page.get_by_role("heading", name="Requests to models"))
    told = await section.locator("p.hint").first.inner_text()
    assert re.match(r"\d+ requests, 75% of what went in was cached\.", told), told
    last = section.locator("tbody tr").filter(has_text="openai-compatible").last
    cells = await last.locator("td.number").all_inner_texts()
    assert cells[:3] == ["1,480", "1,110", "24"], cells
    await last.get_by_text("Prompt", exact=True).click()
    given = [text.lower() for text in await last.locator("pre").all_inner_texts()]
    assert "willow street" in given[0], "the agent's instructions"
    assert any("opening hours" in text for text in given[1:]), "what the caller asked"
    assert any("opening_hours" in text for text in given[1:]), "the tool that was asked for"
    assert any(day in given[-1] for day in DAYS), "what it answered"
    tools = page.locator("section", has=page.get_by_role("heading", name="Tools"))
    await tools.get_by_text("clinic.opening_hours", exact=False).first.wait_for()
