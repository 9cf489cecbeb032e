"""Organisations and routes on their pages: made, renamed, closed; explained, judged, written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from antiphon.calls.routing import load_routes
from antiphon.server.access.roles import Role
from tests.browser.browser import OpenPage
from tests.browser.dashboard import AXE, PHONE, Dashboard, dashboard_of, unfit
from tests.browser.seeding import DIGESTS, ROUTES, put_routes

pytestmark = pytest.mark.browser

WEDNESDAY = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def routed(talk_page: None, tmp_path: Path) -> AsyncIterator[Dashboard]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    file = put_routes(tmp_path)
    environ = {"ANTIPHON_API_RATE_PER_MINUTE": "1000000"}
    async with dashboard_of(tmp_path / "home", environ, routes=file) as made:
        clinic = made.world.home / "agents" / "clinic.yaml"
        beside = clinic.read_text().replace("agent: clinic", "agent: clinic-next", 1)
        (clinic.parent / "clinic-next.yaml").write_text(beside)
        made.world.media.table = load_routes(file, DIGESTS)
        yield made


async def test_an_organisation_is_made_renamed_and_closed(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(dashboard.page("organisations"))
    ours = page.get_by_label("Organisations", exact=True).get_by_role("listitem")
    await ours.get_by_role("heading", name="Default").wait_for()
    await page.get_by_label("Name", exact=True).fill("Other <b>Ltd</b>")
    await page.get_by_role("button", name="Make it").click()
    other = ours.filter(has_text="Other <b>Ltd</b>")
    await other.wait_for()
    key = await page.get_by_label("It is shown this once", exact=False).input_value()
    async with dashboard.world.client(key) as client:
        made = (await client.get("/v1/me")).json()["organisation"]
        await other.get_by_role("button", name="Rename").click()
        await other.get_by_label("New name", exact=False).fill("Another Ltd")
        await page.keyboard.press("Enter")
        another = ours.filter(has_text="Another Ltd")
        await another.get_by_role("button", name="Close").click()
        await another.get_by_text("For good:", exact=False).wait_for()
        await another.get_by_role("button", name="No", exact=True).click()
        assert (await client.get("/v1/me")).status_code == 200
        await another.get_by_role("button", name="Close").click()
        await another.get_by_role("button", name="Yes, close").click()
        await another.get_by_text("closed", exact=False).wait_for()
        assert (await client.get("/v1/me")).status_code == 401
    assert await ours.filter(has_text="Default").get_by_role("button", name="Close").count() == 0
    closed = {one.id: one.closed_at_ms for one in await dashboard.world.parts.organisations.every()}
    assert closed["default"] is None and closed[made]
    await people(page)
    for size in (PHONE, {"width": 1200, "height": 900}):
        await page.set_viewport_size(size)
        assert await unfit(page) == []


async def people(page: Any) -> None:
    """Invited, given another role, and gone; the last owner stays, and the page says so."""
    section = page.get_by_role("region", name="People of Default")
    await section.get_by_label("E-mail").fill("ann@example.com")
    await section.get_by_label("Role of the invited").select_option("owner")
    await section.get_by_role("button", name="Invite").click()
    role = section.get_by_label("Role of ann@example.com")
    await role.select_option("auditor")
    await section.get_by_role("alert").get_by_text("the last owner stays").wait_for()
    assert await role.input_value() == "owner"
    await section.get_by_label("E-mail").fill("bob@example.com")
    await section.get_by_role("button", name="Invite").click()
    await section.get_by_label("Role of bob@example.com").wait_for()
    await role.select_option("auditor")
    await section.get_by_role("button", name="Remove ann@example.com").click()
    await role.wait_for(state="detached")


async def test_whoever_may_not_is_offered_nothing(guarded: Dashboard, open_page: OpenPage) -> None:
    world = guarded.world
    theirs = await world.organisation("Theirs")
    page = await open_page(guarded.page("organisations"))
    await page.get_by_label("API key").fill(await world.key(Role.OWNER, theirs))
    await page.keyboard.press("Enter")
    card = page.get_by_label("Organisations", exact=True).get_by_role("listitem")
    await card.get_by_role("button", name="Rename").wait_for()
    assert await card.count() == 1
    assert await page.get_by_role("button", name="Close").or_(page.get_by_text("Make it")).count() == 0
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert "Routes" not in await links.all_inner_texts()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("API key").fill(await world.key(Role.AUDITOR))
    await page.keyboard.press("Enter")
    await card.filter(has_text="Theirs").wait_for()
    assert await page.locator("main").get_by_role("button").count() == 0


async def test_a_number_leads_to_its_agent_by_hours_and_shares(
    routed: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(routed.page("routes"))
    desk = page.get_by_role("region", name="Route desk")
    await desk.get_by_text("+12125550100", exact=True).wait_for()
    rows = desk.get_by_role("row")
    assert "closed: office" in await rows.nth(1).inner_text()
    assert "forwarded to +12125550111" in await rows.nth(1).inner_text()
    assert "clinic-next 5 % of callers" in " ".join((await rows.nth(2).inner_text()).split())
    explain = page.locator("form", has=page.get_by_role("heading", name="Who would answer?"))
    await explain.get_by_label("Called", exact=False).fill("+1 212 555 0100")
    await explain.get_by_label("Caller", exact=False).fill("+14155550100")
    local = await page.evaluate(
        "(at) => new Date(at - new Date(at).getTimezoneOffset() * 60000).toISOString().slice(0, 16)",
        WEDNESDAY.timestamp() * 1000,
    )
    await explain.get_by_label("At, by", exact=False).fill(local)
    await page.keyboard.press("Enter")
    await explain.get_by_text("shut: office is open").wait_for()
    await explain.get_by_role("status").get_by_text("clinic", exact=False).first.wait_for()
    assert "2026-11-25T10:00:00-05:00" in await explain.get_by_role("status").inner_text()
    for size in (PHONE, {"width": 1200, "height": 900}):
        await page.set_viewport_size(size)
        assert await unfit(page) == []


async def test_the_file_is_judged_and_written_and_nobody_overwrites_another(
    routed: Dashboard, open_page: OpenPage
) -> None:
    path = routed.world.control.settings.routes
    assert path is not None
    page = await open_page(routed.page("routes"))
    file = page.get_by_label("Routes file (YAML)")
    text = await file.input_value()
    assert text == ROUTES
    write = page.get_by_role("button", name="Write the file")
    assert await write.is_disabled()
    await file.fill(text.replace("closed: office", "closed: ofice"))
    await page.get_by_role("button", name="Check").click()
    await page.get_by_text("It cannot be written yet.").wait_for()
    await page.get_by_role("button", name="Line 9").click()
    await file.and_(page.locator(":focus")).wait_for()
    await write.click()
    await page.get_by_role("alert").get_by_text("line 9", exact=False).wait_for()
    assert path.read_text() == ROUTES
    await file.fill(text.replace("clinic: 95, clinic-next: 5", "clinic: 90, clinic-next: 10"))
    await write.click()
    await page.get_by_text("The file says something else by now.", exact=False).wait_for()
    assert "clinic-next: 10" in path.read_text()
    await file.fill(text.replace("calls: 60", "calls: 61"))
    path.write_text(ROUTES)  # Somebody else, meanwhile.
    await write.click()
    await page.get_by_role("alert").get_by_text("another one by now", exact=False).wait_for()
    assert path.read_text() == ROUTES
    assert "calls: 61" in await file.input_value()


async def test_without_routes_the_page_says_how_to_have_some(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.page("routes"), viewport=PHONE)
    await page.get_by_role("heading", name="No routes are in force").wait_for()
    assert await unfit(page) == []
