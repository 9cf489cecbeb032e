"""What is around every page: the ways between them, the keyboard, the colours, signing in and out."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.server.access.roles import Role
from tests.browser.browser import OpenPage
from tests.browser.dashboard import Dashboard, unfit
from tests.browser.identity import at_identity_provider
from tests.doubles.oidc_issuer import Issuer, oidc_of

pytestmark = pytest.mark.browser


async def heading(page: Any, words: str) -> Any:
    """Waits until the page under this heading is there."""
    found = page.get_by_role("heading", level=1, name=words, exact=True)
    await found.wait_for()
    return found


async def test_links_lead_between_pages_and_the_heading_takes_the_focus(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.url)
    await heading(page, "Talk")
    assert await page.title() == "Talk · Antiphon"
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert await links.all_inner_texts() == [
        "Overview", "Live", "Calls", "Agents", "Routes", "Organisations", "Talk",
    ]  # fmt: skip
    await links.nth(2).click()
    await (await heading(page, "Calls")).and_(page.locator(":focus")).wait_for()
    assert await links.nth(2).get_attribute("aria-current") == "page"
    await page.go_back()
    await heading(page, "Talk")
    await page.goto(dashboard.page("nowhere"))
    await heading(page, "No such page")


async def test_the_keyboard_skips_the_navigation(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(dashboard.page("calls"))
    await heading(page, "Calls")
    await page.keyboard.press("Tab")
    await page.locator(":focus", has_text="Skip to the content").wait_for()
    await page.keyboard.press("Enter")
    await page.locator("main:focus").wait_for()
    assert page.url.endswith("#/calls")


async def test_colours_follow_the_device_until_somebody_chooses(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(dashboard.page("calls"), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    await heading(page, "Calls")
    dark = await page.evaluate(ground)
    await page.get_by_label("Colours").select_option("light")
    light = await page.evaluate(ground)
    assert light != dark
    await page.reload()
    await heading(page, "Calls")
    assert await page.evaluate(ground) == light
    await page.get_by_label("Colours").select_option("auto")
    assert await page.evaluate(ground) == dark


async def test_talk_and_sign_in_are_clean_and_fit_a_phone(guarded: Dashboard, open_page: OpenPage) -> None:
    page = await open_page(guarded.url, viewport={"width": 360, "height": 640})
    await heading(page, "Sign in")
    assert await unfit(page) == []
    await page.get_by_label("API key").fill(await guarded.world.key(Role.OPERATOR))
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Start").wait_for()
    assert await unfit(page) == []


async def test_whoever_may_only_read_begins_with_the_overview(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    page = await open_page(guarded.url)
    await page.get_by_label("API key").fill(await guarded.world.key(Role.AUDITOR))
    await page.keyboard.press("Enter")
    await heading(page, "Overview")
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert await links.all_inner_texts() == [
        "Overview", "Live", "Calls", "Agents", "Routes", "Organisations",
    ]  # fmt: skip


async def test_a_key_opens_the_pages_and_is_gone_after_signing_out(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    key = await guarded.world.key(Role.REVIEWER)
    page = await open_page(guarded.page("calls"))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.get_by_label("API key").fill("antiphon_nonsense")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("alert").get_by_text("does not know this key").wait_for()
    await page.get_by_label("API key").fill(key)
    await page.keyboard.press("Enter")
    await heading(page, "Calls")
    await page.reload()
    await heading(page, "Calls")
    assert key not in await page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
    await page.get_by_role("button", name="Sign out").click()
    await heading(page, "Sign in")
    assert await page.evaluate("sessionStorage.length") == 0
    assert not any(key in line for line in said)


async def test_a_key_that_is_revoked_meanwhile_leads_back_to_signing_in(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    world = guarded.world
    page = await open_page(guarded.page("agents"))
    await page.get_by_label("API key").fill(await world.key(Role.BUILDER))
    await page.keyboard.press("Enter")
    await heading(page, "Agents")
    (made,) = await world.parts.keys.of("default")
    await world.parts.keys.revoke("default", made.id)
    await page.reload()
    await heading(page, "Sign in")


async def test_a_person_signs_in_at_the_identity_provider_and_comes_back(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    issuer, world = Issuer(), guarded.world
    world.parts.entrance._issuer = oidc_of(issuer)
    await world.parts.organisations.invite("default", "ann@example.com", "reviewer")
    page = await open_page(guarded.page("calls?agent=clinic"))

    await at_identity_provider(page, issuer)
    await page.get_by_role("button", name="Sign in at login.example.com").click()
    await heading(page, "Calls")
    assert page.url == guarded.page("calls?agent=clinic")
    # Somebody else's token, sent to this browser by a link: it answers no question of ours.
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("about:blank")
    await page.goto(f"{guarded.url}#id_token={issuer.token(nonce='theirs')}&state=theirs")
    await page.goto(guarded.page("calls"))
    await heading(page, "Sign in")
