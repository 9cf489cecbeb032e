"""What somebody picks or types stays, however late and wherever the rest of the page comes in."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage
from tests.browser.dashboard import PHONE, Dashboard
from tests.browser.holding import Held
from tests.browser.seeding import HOUR_MS, put_rich_call

pytestmark = pytest.mark.browser


async def press_across(page: Any, control: Any, held: Held, arrived: Any) -> None:
    """The mouse goes down on it, the answers come in, and only then the mouse goes up."""
    await control.scroll_into_view_if_needed()
    await control.hover()
    await page.mouse.down()
    held.release()
    await arrived.wait_for(state="attached")
    await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    await page.mouse.up()


@pytest.mark.parametrize("late", ["feedback", "peaks", "timeline"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1200, "height": 900}], ids=["phone", "desk"])
async def test_a_rating_is_taken_while_the_call_still_comes_in(
    dashboard: Dashboard, open_page: OpenPage, late: str, size: dict[str, int]
) -> None:
    put_rich_call(dashboard.world, "rich", now_ms() - HOUR_MS)
    await dashboard.world.index()
    page, held = await open_page("about:blank", viewport=size), Held()
    await held.hold(page, f"**/rich/{late}")
    await page.goto(dashboard.page("calls/rich"))
    rating, waiting = page.get_by_label("4", exact=True), page.get_by_text("Looking for the rest")
    await rating.or_(waiting).first.wait_for()
    if await waiting.count():
        held.release()
    arrived = {
        "feedback": page.get_by_text("Nobody has said anything yet"),
        "peaks": page.locator("svg.waveform"),
        "timeline": page.get_by_role("heading", name="Requests to models"),
    }
    await press_across(page, rating, held, arrived[late])
    assert await rating.is_checked()
    await page.get_by_label("Comment").fill("kind, but slow")
    await page.get_by_role("button", name="Give feedback").click()
    await page.get_by_role("listitem").filter(has_text="kind, but slow").wait_for()


async def test_a_filter_is_ticked_while_the_agents_come_in(dashboard: Dashboard, open_page: OpenPage) -> None:
    world = dashboard.world
    world.put_call("long", "an_agent_with_quite_a_long_name", at_ms=now_ms())
    await world.parts.organisations.claim("an_agent_with_quite_a_long_name", "default")
    world.media.names.append("an_agent_with_quite_a_long_name")
    page, held = await open_page("about:blank"), Held()
    await held.hold(page, "**/v1/agents")
    await page.goto(dashboard.page("calls"))
    flagged = page.get_by_label("Flagged")
    await press_across(page, flagged, held, page.locator("option", has_text="clinic"))
    await page.wait_for_url("**flagged=yes**")
    assert await flagged.is_checked()


async def test_the_key_is_typed_while_the_way_in_is_looked_for(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    page, held = await open_page("about:blank"), Held()
    answer = {"sign_in_page": "https://login.example.com/authorize", "client_id": "antiphon"}
    await page.route("**/v1/entrance", lambda route: route.fulfill(json=answer))
    await held.hold(page, "**/v1/entrance")
    await page.goto(guarded.page("calls"))
    key, waiting = page.get_by_label("API key"), page.get_by_text("Loading")
    await key.or_(waiting).first.wait_for()
    if await waiting.count():
        held.release()
    await key.wait_for()
    before = await key.bounding_box()
    held.release()
    await page.get_by_role("button", name="Sign in at login.example.com").wait_for()
    assert await key.bounding_box() == before


async def test_a_persona_is_written_while_the_file_is_judged(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page, held = await open_page(dashboard.page("agents/clinic/edit")), Held()
    name, role = (page.get_by_label(label, exact=True) for label in ("Name", "Role"))
    await page.locator("input:enabled").and_(name).wait_for()
    await held.hold(page, "**/agents/inspect")
    await name.fill("Sam")
    await page.keyboard.press("Tab")
    await page.get_by_text("Looking…").wait_for()
    await held.asked()
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.type("night porter")
    held.release()
    await page.get_by_text("It can be published.").or_(page.get_by_text("Nothing is wrong.")).wait_for()
    assert await role.and_(page.locator(":focus")).input_value() == "night porter"
    await page.keyboard.press("Tab")
    file = await page.get_by_label("Agent file", exact=False).input_value()
    assert 'name: "Sam"' in file
    assert 'role: "night porter"' in file
