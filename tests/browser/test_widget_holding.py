"""The held button in awkward moments: too early, while the network changes, with the focus elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import until
from tests.browser.holding import Held
from tests.browser.host_site import HostSite
from tests.browser.shop import Visit, script_tag, told, until_told

pytestmark = pytest.mark.browser


async def speaking(page: Any) -> None:
    """Until half a second of what is said into the button has come back."""
    await until(page, "agentEnergy().then((energy) => energy > 0.1)")


async def change_network(page: Any) -> None:
    await page.context.set_offline(True)
    await page.context.set_offline(False)


def talk_button(page: Any) -> Any:
    return page.locator("antiphon-voice").get_by_role("button").and_(page.locator(".talk"))


async def test_a_press_before_the_call_is_up_counts_once_it_is(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    page, held = await visit(script_tag(shop), microphone=tone), Held()
    await held.hold(page, "**/calls/browser/echo/offer")
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("button", name="Connecting…").hover()
    await page.mouse.down()
    await held.asked()
    held.release()
    await until_told(page, "tool", "detail.name === 'talk_down'")
    await speaking(page)
    await page.mouse.up()
    await until_told(page, "tool", "detail.name === 'talk_up'")
    assert await talk_button(page).get_attribute("aria-pressed") == "false"


async def test_a_double_click_to_begin_opens_no_microphone(shop: HostSite, visit: Visit, tone: Path) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").dblclick()
    await until_told(page, "caption", "detail.final")
    assert await talk_button(page).get_attribute("aria-pressed") == "false"
    assert "talk_down" not in [tool["name"] for tool in await told(page, "tool")]


async def test_a_hold_goes_on_over_another_network(shop: HostSite, visit: Visit, tone: Path) -> None:
    page, held = await visit(script_tag(shop), microphone=tone), Held()
    await held.hold(page, "**/calls/browser/lines/*/offer")
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("button", name="Hold to talk").hover()
    await page.mouse.down()
    await until_told(page, "tool", "detail.name === 'talk_down'")
    await change_network(page)
    await held.asked()
    assert await talk_button(page).get_attribute("aria-pressed") == "true"
    held.release()
    await page.get_by_role("button", name="Listening… release when done").wait_for()
    await speaking(page)  # Over the new line, which is the one that is asked.
    await page.mouse.up()
    await until_told(page, "tool", "detail.name === 'talk_up'")


@pytest.mark.parametrize("act", ["press", "let go"])
async def test_a_button_is_pressed_and_let_go_while_the_network_changes(
    shop: HostSite, visit: Visit, tone: Path, act: str
) -> None:
    page, held = await visit(script_tag(shop), microphone=tone), Held()
    await held.hold(page, "**/calls/browser/lines/*/offer")
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("button", name="Hold to talk").hover()
    await until_told(page, "caption")
    if act == "let go":
        await page.mouse.down()
        await until_told(page, "talk", "detail.held")
        await until_told(page, "tool", "detail.name === 'talk_down'")
        # Longer than a tap, which would leave it pressed.
        await until(page, "agentEnergy().then((energy) => energy > 0.05)")
    await change_network(page)
    await held.asked()
    await page.get_by_role("button", name="Connecting…").wait_for()
    await (page.mouse.down() if act == "press" else page.mouse.up())
    held.release()
    if act == "press":
        await until_told(page, "tool", "detail.name === 'talk_down'")
        await speaking(page)
    else:
        await page.get_by_role("button", name="Hold to talk").wait_for()
        await until_told(page, "tool", "detail.name === 'talk_up'")
        assert await talk_button(page).get_attribute("aria-pressed") == "false"


async def test_a_hold_lasts_when_the_page_moves_its_focus_and_ends_when_another_window_comes(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("button", name="Hold to talk").hover()
    await page.mouse.down()
    await until_told(page, "tool", "detail.name === 'talk_down'")
    await page.evaluate("document.body.appendChild(document.createElement('input')).focus()")
    await speaking(page)
    assert await talk_button(page).get_attribute("aria-pressed") == "true"
    await page.evaluate("dispatchEvent(new Event('blur'))")
    await until_told(page, "tool", "detail.name === 'talk_up'")
    assert await talk_button(page).get_attribute("aria-pressed") == "false"


async def test_keys_pressed_before_the_line_is_up_are_sent_once_it_is(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    page, held = await visit(script_tag(shop, mode="open"), microphone=tone), Held()
    await held.hold(page, "**/calls/browser/echo/offer")
    await page.get_by_role("button", name="Talk to us").click()
    await held.asked()
    await page.evaluate("document.querySelector('antiphon-voice').press('7')")
    held.release()
    await until_told(page, "tool", "detail.name === 'key_7'")
    assert len(await told(page, "tool")) == 1
