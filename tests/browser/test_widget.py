"""The voice button on another site's page: a call through it, captions, events, troubles said kindly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.browser import OpenPage, agent_audio, until
from tests.browser.conftest import TONE_HZ
from tests.browser.dashboard import AXE
from tests.browser.host_site import PACKAGE, HostSite
from tests.browser.running import ROOT
from tests.browser.shop import Visit, script_tag, told, until_told

pytestmark = pytest.mark.browser


async def test_one_script_tag_puts_a_call_into_a_page_of_another_site(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    talk = page.get_by_role("button", name="Hold to talk")
    await talk.wait_for()
    assert shop.asked == ["/voice-token"]
    await until_told(page, "call")
    (begun,) = await told(page, "call")
    assert re.fullmatch(r"echo-\d+", begun["call_id"])
    await until_told(page, "tool", "detail.name === 'has_a_talk_button'")

    await talk.hover()
    await page.mouse.down()
    await until_told(page, "tool", "detail.name === 'talk_down'")
    listening = page.get_by_role("button", name="Listening… release when done")
    assert await listening.get_attribute("aria-pressed") == "true"
    captions = page.get_by_role("log", name="Captions")
    await captions.get_by_text("testing one two three").wait_for()
    await captions.get_by_text("I repeat what you say — interrupted").wait_for()
    await page.mouse.up()
    await until_told(page, "tool", "detail.name === 'talk_up'")

    said = await told(page, "caption")
    assert {"who": "caller", "text": "testing one two three", "final": True} in said
    assert {"who": "agent", "text": "I repeat what you say", "final": True, "complete": False} in said
    assert (await told(page, "latency"))[0]["total_ms"] == 430
    stages = [state["stage"] for state in await told(page, "state")]
    assert stages[:3] == ["microphone", "connecting", "live"]

    await page.get_by_role("button", name="End the call").click()
    await until_told(page, "end", f"detail.call_id === '{begun['call_id']}'")
    await page.get_by_role("button", name="Talk to us").wait_for()


async def test_what_is_said_into_the_held_button_reaches_the_agent_and_comes_back(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    talk = page.get_by_role("button", name="Hold to talk")
    await talk.focus()
    await page.keyboard.down("Space")
    await until_told(page, "talk", "detail.held")
    await until(page, "agentEnergy().then((energy) => energy > 0.1)")  # More than half a second.
    heard = await agent_audio(page)
    await page.keyboard.up("Space")
    spectrum = np.abs(np.fft.rfft(heard[-8000:] * np.hanning(min(heard.size, 8000))))
    peak_hz = np.argmax(spectrum) * 16000 / min(heard.size, 8000)
    assert abs(peak_hz - TONE_HZ) < 10


async def test_nothing_is_sent_while_the_button_is_not_held(shop: HostSite, visit: Visit, tone: Path) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    await until_told(page, "caption", "detail.final")  # A second of the line has come back.
    heard = await agent_audio(page)
    assert np.sqrt(np.mean(heard**2)) < 0.005


async def test_an_open_microphone_needs_no_button(shop: HostSite, visit: Visit, tone: Path) -> None:
    page = await visit(script_tag(shop, mode="open"), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    await until_told(page, "caption", "detail.final")
    assert "has_a_talk_button" not in [tool["name"] for tool in await told(page, "tool")]
    heard = await agent_audio(page)
    assert np.sqrt(np.mean(heard[-4000:] ** 2)) > 0.05
    assert await page.get_by_role("button", name="Speaking").is_disabled()


async def test_a_page_places_and_themes_the_element_itself(shop: HostSite, visit: Visit, tone: Path) -> None:
    body = (
        f'<script src="{shop.voice}widget.js"></script><antiphon-voice agent="echo" label="Ask the shop" '
        'token-url="/voice-token" captions="off" mode="open" theme="dark"></antiphon-voice>'
    )
    page = await visit(body, microphone=tone)
    voice = page.locator("antiphon-voice")
    await voice.evaluate(
        "(voice) => { voice.style.setProperty('--antiphon-accent', 'rgb(1, 2, 3)');"
        " voice.words = { end: 'Auflegen' }; }"
    )
    button = page.get_by_role("button", name="Ask the shop")
    assert await button.evaluate("(it) => getComputedStyle(it).backgroundColor") == "rgb(1, 2, 3)"
    await button.click()
    await until_told(page, "caption", "detail.final")
    assert await page.get_by_role("log").count() == 0
    await voice.evaluate("(voice) => voice.press('5')")
    await until_told(page, "tool", "detail.name === 'key_5'")
    await page.get_by_role("button", name="Auflegen").click()
    await until_told(page, "end")


async def test_it_is_used_by_keyboard_and_without_holding(shop: HostSite, visit: Visit, tone: Path) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Hold to talk").wait_for()
    # What a screen reader's press is to a page: a click that no pointer made.
    await page.evaluate("document.querySelector('antiphon-voice').shadowRoot.querySelector('.talk').click()")
    await until_told(page, "tool", "detail.name === 'talk_down'")
    await page.evaluate("document.querySelector('antiphon-voice').shadowRoot.querySelector('.talk').click()")
    await until_told(page, "tool", "detail.name === 'talk_up'")
    await page.get_by_role("button", name="Hold to talk").focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await until_told(page, "end")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_wrong_before_during_and_after(
    shop: HostSite, visit: Visit, tone: Path, theme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    page = await visit(script_tag(shop, theme=theme, mode="open"), microphone=tone)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await faults(page) == []
    await page.get_by_role("button", name="Talk to us").click()
    await until_told(page, "caption", "detail.final")
    assert await faults(page) == []
    await page.get_by_role("button", name="End the call").click()
    await until_told(page, "end")
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () =>"
        " Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("alert").wait_for()
    assert await faults(page) == []


async def faults(page: Any) -> list[str]:
    found = await page.evaluate(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then("
        "({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + html)))"
    )
    return list(found)


async def test_a_denied_microphone_is_explained_and_told_to_the_page(shop: HostSite, visit: Visit) -> None:
    page = await visit(script_tag(shop), granted=False)
    await page.get_by_role("button", name="Talk to us").click()
    notice = page.get_by_role("alert")
    await notice.get_by_text("The microphone is not allowed").wait_for()
    await notice.get_by_text("Then press the button again; nothing was recorded.").wait_for()
    await until_told(page, "trouble", "detail.title === 'The microphone is not allowed'")
    assert await page.get_by_role("button", name="Talk to us").is_enabled()
    assert not shop.asked  # No token was spent on a call that could not be.


async def test_a_missing_microphone_is_explained(shop: HostSite, visit: Visit) -> None:
    page = await visit(script_tag(shop), device=False)
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("alert").get_by_text("No microphone was found").wait_for()


async def test_a_server_that_refuses_is_explained_with_its_words(
    shop: HostSite, visit: Visit, tone: Path
) -> None:
    tag = script_tag(shop).replace('data-token-url="/voice-token"', 'data-token="forged.token.here"')
    page = await visit(tag, microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    notice = page.get_by_role("alert")
    await notice.get_by_text("this credential is not valid", exact=False).wait_for()
    await until_told(page, "end")


async def test_a_site_nobody_named_is_not_served(shop: HostSite, open_page: OpenPage, tone: Path) -> None:
    stranger = HostSite()
    stranger.voice, stranger.key = shop.voice, shop.key
    stranger.body = script_tag(shop)
    with stranger.running():
        page = await open_page(stranger.origin, more=stranger.browser_arguments, microphone=tone)
        await page.get_by_role("button", name="Talk to us").click()
        await page.get_by_role("alert").get_by_text("We cannot be reached just now").wait_for()
    assert not await told(page, "call")


async def test_leaving_the_page_hangs_up(shop: HostSite, visit: Visit, tone: Path) -> None:
    page = await visit(script_tag(shop), microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    await until_told(page, "call")
    await page.goto(f"{shop.voice}healthz")
    await until(page, "fetch('/readyz').then((got) => got.json()).then((body) => body.media.calls === 0)")


async def test_whoever_has_a_key_of_that_server_talks_on_its_own_page(
    shop: HostSite, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(shop.voice, microphone=tone)
    await page.get_by_role("heading", level=1, name="Sign in").wait_for()
    assert await page.get_by_role("button", name="Start").count() == 0
    await page.get_by_label("API key").fill(shop.key)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("testing one two three").wait_for()
    assert np.sqrt(np.mean((await agent_audio(page))[-4000:] ** 2)) > 0.05
    await page.get_by_role("button", name="End").click()
    await page.get_by_text("You hung up.").wait_for()


async def test_the_npm_package_is_the_same_element(shop: HostSite, visit: Visit, tone: Path) -> None:
    package = json.loads((ROOT / "web/widget/package.json").read_text())
    if not PACKAGE.is_file():
        pytest.skip("the npm package is not built: make web")
    assert ROOT / "web/widget" / package["main"] == PACKAGE
    element = f'<antiphon-voice server="{shop.voice}" agent="echo" token-url="/voice-token"></antiphon-voice>'
    page = await visit(f'<script type="module" src="/bundle.js"></script>{element}', microphone=tone)
    await page.get_by_role("button", name="Talk to us").click()
    await page.get_by_role("button", name="Hold to talk").wait_for()
    await until_told(page, "call")
    await page.get_by_role("button", name="End the call").click()
    await until_told(page, "end")
