"""The overview: sums, plots and the same as tables, in a real browser over a week of real traces."""

from __future__ import annotations

import pytest
import pytest_asyncio

from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage
from tests.browser.dashboard import PHONE, Dashboard, unfit
from tests.browser.seeding import put_week

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(loop_scope="session")
async def week(dashboard: Dashboard) -> Dashboard:
    count = put_week(dashboard.world.put_call, now_ms())
    await dashboard.world.index()
    assert count == 55
    return dashboard


async def test_a_week_is_added_up_and_leads_on_to_its_calls(week: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(week.page("overview"))
    tiles = page.locator("dl.tiles")
    await tiles.get_by_text("55").wait_for()
    assert "%" in await tiles.locator("div", has_text="Containment").inner_text()
    bars = page.locator("figure", has=page.get_by_role("heading", name="Calls")).locator("svg rect")
    assert await bars.count() >= 7
    await page.get_by_text("Calls as a table").click()
    table = page.get_by_role("region", name="Calls, table")
    counts = await table.locator("td.number").all_inner_texts()
    assert sum(int(count) for count in counts) == 55
    await page.get_by_role("combobox", name="Agent").select_option("bank")
    await tiles.get_by_text("55").wait_for(state="hidden")
    assert "agent=bank" in page.url
    await page.get_by_role("region", name="By agent, table").get_by_role("link", name="bank").click()
    await page.get_by_role("heading", level=1, name="Calls", exact=True).wait_for()


async def test_an_empty_time_says_so(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(dashboard.page("overview?days=1"))
    await page.get_by_role("heading", name="No calls in this time").wait_for()


async def test_the_overview_is_clean_and_fits_a_phone(week: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(week.page("overview"), viewport=PHONE)
    await page.locator("dl.tiles").wait_for()
    await page.get_by_text("Answer latency as a table").click()
    assert await unfit(page) == []
