"""A session that ends in the middle of work: whoever signs in again finds his page and his words again."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.server.access.roles import Role
from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage
from tests.browser.dashboard import PHONE, Dashboard, unfit
from tests.browser.identity import at_identity_provider
from tests.browser.live_house import call_on
from tests.browser.seeding import HOUR_MS, put_rich_call
from tests.doubles.oidc_issuer import Issuer, oidc_of

pytestmark = pytest.mark.browser


async def signed_in(page: Any, credential: str) -> None:
    await page.get_by_label("API key").fill(credential)
    await page.keyboard.press("Enter")


async def end_sessions(dashboard: Dashboard, organisation: str = "default") -> None:
    keys = dashboard.world.parts.keys
    for key in await keys.of(organisation):
        await keys.revoke(organisation, key.id)


async def test_an_agents_file_and_its_note_are_still_there(guarded: Dashboard, open_page: OpenPage) -> None:
    world = guarded.world
    page = await open_page(guarded.page("agents/clinic/edit"), viewport=PHONE)
    await signed_in(page, await world.key(Role.BUILDER))
    file, note = page.get_by_label("Agent file", exact=False), page.get_by_label("Note for this version")
    text = (await file.input_value()).replace("name: Robin", "name: Sam")
    await file.fill(text)
    await note.fill("Sam from now on")
    keep = page.locator("button:enabled", has_text="Keep as a version")
    await keep.wait_for()
    await end_sessions(guarded)
    await keep.click()
    await page.get_by_text("Your session is over.", exact=False).wait_for()
    assert await unfit(page) == []
    assert await page.get_by_text("Sam", exact=False).locator("visible=true").count() == 0
    await signed_in(page, "apk_nonsense")
    await page.get_by_text("The server does not know this key.").wait_for()
    await signed_in(page, await world.key(Role.BUILDER))
    await keep.and_(page.locator(":focus")).wait_for()
    assert (await file.input_value(), await note.input_value()) == (text, "Sam from now on")
    assert await page.title() == "clinic · Antiphon"
    await keep.click()
    await page.get_by_text("Kept as version 2", exact=False).wait_for()
    newest = max(await world.parts.versions.of("default", "clinic"), key=lambda one: one.version)
    assert newest.note == "Sam from now on"


async def test_a_whisper_and_a_comment_are_still_there(guarded: Dashboard, open_page: OpenPage) -> None:
    world = guarded.world
    put_rich_call(world, "rich", now_ms() - HOUR_MS)
    await world.index()
    page = await open_page(guarded.page("calls/rich"))
    await signed_in(page, await world.key(Role.OWNER))
    await page.get_by_label("4", exact=True).check()
    await page.get_by_label("Comment").fill("kind, but slow")
    await end_sessions(guarded)
    give = page.get_by_role("button", name="Give feedback")
    await give.click()
    await signed_in(page, await world.key(Role.OWNER))
    await give.click()
    await page.get_by_role("listitem").filter(has_text="kind, but slow").wait_for()
    async with call_on(guarded) as caller:
        await page.goto(guarded.page(f"live/{caller.call_id}"))
        words = page.get_by_label("Whisper to the agent: Words")
        await words.fill("offer the late slot")
        await end_sessions(guarded)
        await page.get_by_text("Your session is over.", exact=False).wait_for()  # The list is asked for anew.
        await signed_in(page, await world.key(Role.OPERATOR))
        await words.and_(page.locator(":focus")).wait_for()
        assert await words.input_value() == "offer the late slot"
        await page.get_by_role("button", name="Whisper", exact=True).click()
        await page.get_by_text("Whispered;", exact=False).wait_for()


async def test_somebody_of_another_organisation_finds_nothing_of_it(
    guarded: Dashboard, open_page: OpenPage
) -> None:
    world = guarded.world
    theirs = await world.organisation("Theirs")
    page = await open_page(guarded.page("organisations"))
    await signed_in(page, await world.key(Role.OWNER))
    await page.get_by_label("Name", exact=True).fill("A secret plan")
    await end_sessions(guarded)
    await page.get_by_role("button", name="Make it").click()
    await signed_in(page, await world.key(Role.OWNER, theirs))
    await page.get_by_role("heading", name="Theirs", exact=True).wait_for()
    assert "A secret plan" not in await page.content()
    assert await page.get_by_label("Name", exact=True).count() == 0


async def test_a_person_signs_in_again_in_a_window_beside(guarded: Dashboard, open_page: OpenPage) -> None:
    issuer, world = Issuer(), guarded.world
    world.parts.entrance._issuer = oidc_of(issuer)
    await world.parts.organisations.invite("default", "ann@example.com", "builder")
    page = await open_page(guarded.page("agents/clinic/edit"))

    await at_identity_provider(page.context, issuer)
    visit = page.get_by_role("button", name="Sign in at login.example.com")
    await visit.click()
    note = page.get_by_label("Note for this version")
    await note.fill("half a thought")
    await page.locator("button:enabled", has_text="Keep as a version").wait_for()
    await page.evaluate("sessionStorage.setItem('antiphon.credential', 'over.by.now')")
    await page.get_by_role("button", name="Compare with live").click()
    await page.get_by_text("Your session is over.", exact=False).wait_for()
    async with page.context.expect_page() as opened:
        await visit.click()
    window = await opened.value
    await note.wait_for()
    assert await note.input_value() == "half a thought"
    if not window.is_closed():
        await window.wait_for_event("close")
    await page.locator("button:enabled", has_text="Keep as a version").click()
    await page.get_by_text("Kept as version 2", exact=False).wait_for()
