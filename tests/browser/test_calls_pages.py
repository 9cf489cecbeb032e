"""Finding a call and looking into it, in a real browser over real traces."""

from __future__ import annotations

import re
from typing import Any

import pytest
import pytest_asyncio

from antiphon.server.access.roles import Role
from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage, until
from tests.browser.dashboard import PHONE, Dashboard, unfit
from tests.browser.seeding import CUT_CALL, HOUR_MS, TOOL_CALL, put_rich_call

pytestmark = pytest.mark.browser

# By stage, and together; 190 ms is more than the 150 that the last words may take.
TOOK = ["100", "190 over budget", "340", "60", "80", "0", "340 ms begun early"]
EVIL = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


@pytest_asyncio.fixture(loop_scope="session")
async def calls(dashboard: Dashboard) -> Dashboard:
    """The clinic's two calls, and one to look into."""
    put_rich_call(dashboard.world, "rich", now_ms() - HOUR_MS)
    dashboard.world.put_call("tooled", "clinic", TOOL_CALL, now_ms() - 2 * HOUR_MS)
    await dashboard.world.index()
    return dashboard


def rows(page: Any) -> Any:
    return page.get_by_role("table", name="Calls, newest first").locator("tbody tr")


async def seen(page: Any, count: int) -> None:
    """Waits until the list has so many calls."""
    await until(page, f"document.querySelectorAll('table.calls tbody tr').length === {count}")


async def test_calls_are_searched_filtered_and_sent_as_a_link(calls: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(calls.page("calls"))
    await seen(page, 4)
    await page.get_by_label("Words that were said").fill('"doctor on saturday"')
    await page.keyboard.press("Enter")
    await seen(page, 1)
    assert "words=%22doctor+on+saturday%22" in page.url
    link = page.url
    await page.get_by_label("Outcome").select_option("escalated")
    await page.get_by_role("heading", name="No call is like that").wait_for()
    await page.go_back()
    await seen(page, 1)
    await page.goto(calls.page("calls"))
    await seen(page, 4)
    await page.goto(link)
    await seen(page, 1)
    assert await page.get_by_label("Words that were said").input_value() == '"doctor on saturday"'
    await rows(page).get_by_role("link").click()
    await page.get_by_role("heading", level=1, name="Call", exact=True).wait_for()


async def test_the_list_is_turned_page_by_page(dashboard: Dashboard, open_page: OpenPage) -> None:
    for number in range(60):
        dashboard.world.put_call(f"c{number}", "clinic", at_ms=now_ms() - number * 60_000)
    await dashboard.world.index()
    page = await open_page(dashboard.page("calls"))
    await seen(page, 50)
    newer, older = (page.get_by_role("button", name=name) for name in ("Newer", "Older"))
    assert await newer.is_disabled()
    await older.click()
    await seen(page, 12)
    assert await older.is_disabled()
    await newer.click()
    await seen(page, 50)


async def test_list_and_call_are_clean_and_fit_a_phone(calls: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(calls.page("calls"), viewport=PHONE)
    await seen(page, 4)
    assert await unfit(page) == []
    await page.goto(calls.page("calls/rich"))
    await page.locator("svg.waveform").wait_for()
    await page.get_by_role("heading", name="Requests to models").wait_for()
    await page.get_by_label("Comment").wait_for()
    await page.get_by_role("button", name="Share").click()
    assert await unfit(page) == []


async def test_a_call_shows_what_was_really_heard_and_what_it_took(
    calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(calls.page("calls/rich"))
    cut = page.get_by_label("Transcript").get_by_role("listitem").filter(has_text="interrupted")
    assert "We are open from" in await cut.inner_text()
    assert await cut.locator("s").inner_text() == " eight to five. On Fridays we close at noon."
    turn = page.get_by_role("region", name="Latency by turn and stage").locator("tbody tr").first
    await turn.wait_for()
    assert await turn.locator("td.number").all_text_contents() == TOOK
    models = page.get_by_role("region", name="Requests to models, table").locator("tbody tr")
    assert await models.first.locator("td.number").all_inner_texts() == [
        "1,480",
        "1,024",
        "24",
        "$0.0021",
    ]
    await models.first.get_by_text("Prompt").click()
    await models.first.get_by_text("You are Robin <script>alert(1)</script>").wait_for()
    assert "Do you take Aetna?" in await models.first.inner_text()
    await models.nth(1).get_by_text("Prompt, rebuilt").click()  # Of a trace of before they were kept.
    await models.nth(1).get_by_text("You are an AI and never claim").wait_for()
    assert "caller: What are your opening hours?" in await models.nth(1).inner_text()
    await page.get_by_text("The caller interrupted").wait_for()
    costs = page.get_by_role("table").filter(has_text="Together")
    assert "$0.0048" in await costs.inner_text()
    await page.get_by_text("Poor for 1 of 9 seconds").wait_for()
    await page.get_by_text("basis: announced").wait_for()
    await page.goto(calls.page("calls/tooled"))
    tool = page.locator("section", has=page.get_by_role("heading", name="Tools")).locator("details").first
    await tool.locator("summary").click()
    await tool.get_by_role("heading", name="Arguments").wait_for()


async def test_sound_outline_and_transcript_go_in_step_by_mouse_and_keyboard(
    calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(calls.page("calls/rich"))
    wave = page.locator("svg.waveform")
    await wave.wait_for()
    assert int(await wave.get_attribute("data-points")) == 1200
    lines = page.get_by_label("Transcript").get_by_role("listitem")
    await page.get_by_role("slider", name="Position").fill("5300")
    await page.locator("li[aria-current=true]", has_text="We are open from").wait_for()
    await lines.first.get_by_role("button").click()
    await page.locator("li[aria-current=true]", has_text="Hello, this is the clinic").wait_for()
    box = await wave.bounding_box()
    await page.mouse.click(box["x"] + box["width"] * 0.98, box["y"] + 10)
    await page.locator("li[aria-current=true]", has_text="Doctor Patel").wait_for()
    await page.get_by_role("slider", name="Position").focus()
    await page.keyboard.press("Home")
    await page.get_by_text("0:00 /", exact=False).wait_for()
    await page.get_by_role("button", name="Play", exact=True).click()
    await page.get_by_role("button", name="Pause").wait_for()
    await until(page, "document.querySelector('audio').currentTime > 0.3")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Play", exact=True).wait_for()


async def test_a_call_is_replayed_and_tried_under_another_policy(
    calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(calls.page("calls/tooled"))
    await page.get_by_role("button", name="Replay exactly").click()
    await page.get_by_text("exactly as recorded", exact=False).wait_for()
    await page.get_by_label("What if these had been set").fill("turn.stop_silence_min_ms=900")
    await page.get_by_role("button", name="Try", exact=True).click()
    table = page.get_by_role("region", name="What if")
    assert "710 ms" in await table.locator("tbody tr").first.inner_text()
    after = await table.locator("tbody td.number").nth(1).inner_text()
    assert int(re.sub(r"\D", "", after)) > 710
    await page.get_by_label("What if these had been set").fill("turn.nonsense=1")
    await page.get_by_role("button", name="Try", exact=True).click()
    await page.get_by_role("alert").get_by_text("nonsense", exact=False).first.wait_for()


async def test_feedback_is_given_and_a_flag_brings_the_call_into_the_list(
    calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(calls.page("calls/rich"))
    await page.get_by_label("4", exact=True).check()
    await page.get_by_label("Comment").fill("kind, but slow")
    await page.get_by_role("button", name="Give feedback").click()
    await page.get_by_text("kind, but slow").wait_for()
    await page.get_by_role("button", name="Flag", exact=True).click()
    await page.get_by_role("button", name="Flagged").wait_for()
    await page.goto(calls.page("calls?flagged=yes"))
    await seen(page, 1)
    await page.get_by_label("Flagged").uncheck()
    await seen(page, 4)


async def test_what_callers_and_agents_say_is_text_and_never_runs(
    calls: Dashboard, open_page: OpenPage
) -> None:
    world = calls.world
    path = world.put_call("evil", "clinic", CUT_CALL, now_ms())
    text = path.read_text().replace("What are your opening hours?", EVIL)
    path.write_text(text.replace("Yes, Doctor Patel is here.", EVIL))
    world.put_call("named", EVIL, at_ms=now_ms())
    await world.parts.organisations.claim(EVIL, "default")
    await world.index()
    page = await open_page(calls.page("calls/evil"))
    shown = page.get_by_label("Transcript").get_by_role("listitem").filter(has_text=EVIL)
    await shown.first.wait_for()
    assert await shown.count() >= 2
    await page.goto(calls.page(f"calls?words={EVIL}&agent=<script>"))
    await page.get_by_role("heading", name="No call is like that").wait_for()
    await page.goto(calls.page("calls"))
    await rows(page).filter(has_text=EVIL).wait_for()
    await page.goto(calls.page("overview"))
    await page.get_by_role("rowheader", name=EVIL).wait_for()
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main img").count() == 0


@pytest_asyncio.fixture(loop_scope="session")
async def guarded_calls(guarded: Dashboard) -> Dashboard:
    put_rich_call(guarded.world, "rich")
    await guarded.world.index()
    return guarded


async def test_a_link_shows_a_stranger_the_call_without_its_people_until_it_is_taken_back(
    guarded_calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(guarded_calls.page("calls/rich"))
    await page.get_by_label("API key").fill(await guarded_calls.world.key(Role.REVIEWER))
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Share").click()
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Link, until", exact=False).input_value()
    asked: list[str] = []
    stranger = await open_page("about:blank", viewport=PHONE)
    stranger.on("request", lambda request: asked.append(request.url))
    await stranger.goto(link)
    await stranger.get_by_text("We are open from", exact=False).wait_for()
    words = await stranger.get_by_role("main").inner_text()
    assert "•••" in words
    assert "Patel" not in words
    assert not any(link.rpartition("/")[2] in url for url in asked), "the token was part of an address"
    assert await unfit(stranger) == []
    await stranger.goto(guarded_calls.page("shared/a.b.c"))
    over = stranger.get_by_role("alert").get_by_text("this link is over", exact=False)
    await over.wait_for()
    await stranger.goto(link)
    await stranger.get_by_label("Transcript").wait_for()
    links = page.get_by_label("Links to this call").get_by_role("listitem")
    await links.get_by_role("button", name="Take back").click()
    await links.first.wait_for(state="detached")
    await stranger.reload()
    await over.wait_for()


async def test_whoever_may_not_hear_or_trace_is_offered_neither(
    guarded_calls: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(guarded_calls.page("calls/rich"))
    await page.get_by_label("API key").fill(await guarded_calls.world.key(Role.OPERATOR))
    await page.keyboard.press("Enter")
    await page.get_by_label("Transcript").wait_for()
    await page.locator("svg.waveform").wait_for()
    assert await page.get_by_role("heading", name="Replay and what if").count() == 0
    assert await page.get_by_role("button", name="Share").count() == 0
    assert await page.get_by_role("alert").count() == 0
