"""The agents' pages: edit with help and judgement, compare, try, publish, roll back, tools, the flow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.browser import OpenPage
from tests.browser.dashboard import PHONE, Dashboard, axe_faults, unfit

pytestmark = pytest.mark.browser


async def test_a_draft_is_judged_compared_tried_published_and_rolled_back(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.page("agents"))
    await page.get_by_role("link", name="clinic", exact=True).click()
    await page.get_by_text("front desk assistant of Willow Street", exact=False).wait_for()
    await page.get_by_role("link", name="Edit").click()
    file = page.get_by_label("Agent file", exact=False)
    await page.get_by_text("It can be published.").or_(page.get_by_text("Nothing is wrong.")).wait_for()
    text = await file.input_value()
    await file.fill(text.replace("language: en-US", "langage: en-US"))
    faults = page.get_by_label("What is wrong")
    await faults.get_by_text("It cannot be published yet.").wait_for()
    assert await page.get_by_role("button", name="Keep and publish").is_disabled()
    await faults.get_by_role("button", name="Line").first.click()
    await page.get_by_text("The schema knows no such field.").wait_for()
    await file.fill(text)
    await page.get_by_label("Name", exact=True).fill("Sam")
    await page.get_by_label("Role", exact=True).focus()  # Who leaves the field has written it.
    assert 'name: "Sam"' in await file.input_value()
    await page.get_by_role("button", name="Compare with live").click()
    changes = page.get_by_label("What changes")
    await changes.get_by_text('+  name: "Sam"').wait_for()
    await page.locator("button:enabled", has_text="Try this draft").click()
    link = page.get_by_role("link", name="Talk to the draft")
    await link.wait_for()
    assert await link.get_attribute("href") == "#/talk?agent=draft-0123456789abcdef"
    await page.get_by_label("Note for this version").fill("another name")
    await page.get_by_role("button", name="Keep and publish").click()
    await page.get_by_text("Version 2 is live.").wait_for()
    assert await axe_faults(page) == []
    await page.get_by_role("link", name="Versions").click()
    current = page.locator("tr[aria-current=true]")
    await current.get_by_text("another name").wait_for()
    await page.get_by_label("What changes").get_by_text("-  name: Robin").wait_for()
    await page.get_by_role("button", name="Roll back").click()
    await page.get_by_text("Version 1 is live", exact=False).wait_for()
    asked = [what[0] for what in dashboard.world.media.asked]
    assert asked == ["try", "reload", "reload"]
    assert "name: Robin" in (dashboard.world.home / "agents" / "clinic.yaml").read_text()


async def test_help_follows_the_cursor(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(dashboard.page("agents/clinic/edit"))
    file = page.get_by_label("Agent file", exact=False)
    await file.fill("agent: clinic\nspeech:\n  stt: x")
    await file.press("Control+End")
    await page.get_by_label("Help").get_by_text("speech.stt").wait_for()
    await file.press("Control+Home")
    await page.get_by_label("Help").get_by_role("heading", name="agent", exact=True).wait_for()


async def test_tools_that_read_are_run_and_those_that_write_are_not(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.page("agents/clinic/tools"))
    hours = _tool(page, "clinic.opening_hours")
    await hours.get_by_role("button", name="Run test").click()
    await hours.get_by_text("It answered in", exact=False).wait_for()
    await hours.get_by_label("Answer").wait_for()
    book = _tool(page, "clinic.book")
    await book.get_by_text("changes the world").wait_for()
    await book.get_by_role("textbox").fill("{")
    await book.get_by_role("button", name="Check arguments").click()
    await book.get_by_text("This is no JSON", exact=False).wait_for()
    await book.get_by_role("textbox").fill("{}")
    await book.get_by_role("button", name="Check arguments").click()
    await book.get_by_text("Nothing was done.", exact=False).wait_for()
    assert await axe_faults(page) == []


async def test_the_flow_is_drawn_and_said_in_words_on_a_phone(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.page("agents/clinic/flow"), viewport=PHONE)
    drawing = page.get_by_role("img", name="The flow front_desk")
    await drawing.wait_for()
    assert await drawing.locator(".flow-node").count() > 20
    assert await drawing.locator(".flow-edge").count() > 20
    await page.get_by_text("The flow in words").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("listitem").filter(has_text="changes the world").first.wait_for()
    assert await unfit(page) == []
    await page.goto(dashboard.page("agents"))
    await page.locator(".agent-list .card").first.wait_for()
    assert await unfit(page) == []
    for part, shown in (("", ".about"), ("edit", ".faults"), ("tools", ".tool-list"), ("versions", ".hint")):
        await page.goto(dashboard.page(f"agents/clinic/{part}"))
        await page.locator(shown).first.wait_for(state="attached")
        assert await unfit(page) == [], part


def _tool(page: Any, name: str) -> Any:
    return page.locator(".tool-card").filter(has=page.get_by_role("heading", name=name, exact=True))
