"""The talk page with an agent that echoes: audio both ways, the screen, and microphones that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.browser import OpenPage, agent_audio, until
from tests.browser.conftest import TONE_HZ
from tests.browser.holding import Held
from tests.browser.running import Server

pytestmark = pytest.mark.browser


async def call(page: Any) -> None:
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("testing one two", exact=False).first.wait_for()


async def test_a_voice_goes_to_the_agent_and_comes_back(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    # The mark after the first second came back, so at least that much was handed to the network.
    await page.get_by_text("testing one two three").wait_for()
    await until(page, "document.querySelectorAll('.meter[data-tone=agent] i[data-lit=true]').length > 3")
    heard = await agent_audio(page)
    spectrum = np.abs(np.fft.rfft(heard[-16000:] * np.hanning(min(heard.size, 16000))))
    peak_hz = np.argmax(spectrum) * 16000 / min(heard.size, 16000)
    assert abs(peak_hz - TONE_HZ) < 10
    assert np.sqrt(np.mean(heard[-8000:] ** 2)) > 0.05


async def test_the_screen_shows_words_latency_and_where_the_agent_was_cut(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    await page.locator(".caller[data-final=true]").get_by_text("testing one two three").wait_for()
    agent = page.locator(".line.agent")
    await agent.get_by_text("interrupted").wait_for()
    assert "I repeat what you say" in await agent.inner_text()
    assert await agent.locator("s").inner_text() == ", word for word."
    badge = page.locator("details.latency")
    await badge.locator("summary").click()
    assert await badge.get_attribute("data-grade") == "good"
    await badge.get_by_text("Sure that you finished").wait_for()
    assert await page.get_by_role("status").inner_text() == "Speaking"


async def test_keys_reach_the_agent_and_its_goodbye_ends_the_call_with_a_summary(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    (up,) = await active(page)
    await page.get_by_role("button", name="Keypad").click()
    await page.get_by_role("button", name="5").click()
    await page.get_by_text("key 5").wait_for()
    await page.get_by_role("button", name="pound").click()
    summary = page.get_by_label("Call summary")
    await summary.get_by_text("The agent ended the call.").wait_for()
    await summary.get_by_text(f"antiphon calls show {up['call_id']}", exact=True).wait_for()


async def test_the_talk_button_and_the_space_bar_are_held_to_be_heard(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await page.get_by_label("Agent").select_option("radio")
    await call(page)
    button = page.get_by_role("button", name="Hold to talk")
    await button.hover()
    await page.mouse.down()
    await page.get_by_text("talk down").wait_for()
    assert await page.locator("button.talk").get_attribute("aria-pressed") == "true"
    await page.mouse.up()
    await page.get_by_text("talk up").wait_for()
    await page.keyboard.down("Space")
    await page.locator("button.talk[aria-pressed=true]").wait_for()
    await page.keyboard.up("Space")
    await button.wait_for()
    await page.get_by_text("talk down").nth(1).wait_for()
    await page.get_by_text("talk up").nth(1).wait_for()


async def test_an_agent_that_listens_all_the_time_has_no_talk_button(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    assert await page.locator("button.talk").count() == 0


async def test_hanging_up_frees_the_line(echo_server: Server, open_page: OpenPage, tone: Path) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    await page.get_by_role("button", name="End").click()
    await page.get_by_text("You hung up.").wait_for()
    await no_calls_left(page)


async def test_a_page_that_is_reloaded_hangs_up(echo_server: Server, open_page: OpenPage, tone: Path) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await call(page)
    await page.reload()
    await no_calls_left(page)


COUNTED = """() => {
  window.peers = [];
  const Real = RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) { super(...given); window.peers.push(this); }
  };
}"""


HEARD = """peers[1].getStats().then((all) =>
  [...all.values()].find((one) => one.type === "inbound-rtp")?.totalAudioEnergy ?? 0)"""


async def test_a_call_goes_on_when_the_network_changes(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await page.evaluate(COUNTED)
    await call(page)
    before = await active(page)
    await page.context.set_offline(True)
    await page.context.set_offline(False)
    await until(page, "peers.map((one) => one.connectionState).join() === 'closed,connected'")
    assert "Reconnecting" not in await page.get_by_role("status").inner_text()
    await page.get_by_role("button", name="Keypad").click()
    await page.get_by_role("button", name="5").click()
    await page.get_by_text("key 5").wait_for()
    assert await active(page) == before and len(before) == 1
    await until(page, f"{HEARD}.then((energy) => energy > 0.001)")
    await page.get_by_role("button", name="End").click()
    await page.get_by_text("You hung up.").wait_for()
    await no_calls_left(page)


async def test_a_held_button_stays_held_over_a_network_change(
    echo_server: Server, open_page: OpenPage, tone: Path
) -> None:
    page, held = await open_page(echo_server.url, microphone=tone), Held()
    await held.hold(page, "**/calls/browser/lines/*/offer")
    await page.evaluate(COUNTED)
    await page.get_by_label("Agent").select_option("radio")
    await call(page)
    await page.get_by_role("button", name="Hold to talk").hover()
    await page.mouse.down()
    await page.get_by_text("talk down").wait_for()
    await page.context.set_offline(True)
    await page.context.set_offline(False)
    await held.asked()
    await page.get_by_role("status").get_by_text("Reconnecting").wait_for()
    await page.locator("button.talk[aria-pressed=true]").wait_for()
    held.release()
    await until(page, f"{HEARD}.then((energy) => energy > 0.001)")
    await page.locator("button.talk[aria-pressed=true]").wait_for()
    await page.mouse.up()
    await page.get_by_text("talk up").wait_for()


ACTIVE = "fetch('/api/calls/active').then((got) => got.json()).then((body) => body.calls)"


async def active(page: Any) -> list[dict[str, str]]:
    """The one call that is up, once those of the tests before have been hung up."""
    await until(page, f"{ACTIVE}.then((calls) => calls.length === 1)")
    return list(await page.evaluate(ACTIVE))


async def no_calls_left(page: Any) -> None:
    """Asks the server until no call is up; fails when one stays."""
    await until(page, f"{ACTIVE}.then((calls) => calls.length === 0)")


async def test_a_busy_agent_says_so(echo_server: Server, open_page: OpenPage, tone: Path) -> None:
    page = await open_page(echo_server.url, microphone=tone)
    await page.get_by_label("Agent").select_option("busy")
    await page.get_by_role("button", name="Start").click()
    await page.get_by_text("No line was free.").wait_for()


async def test_a_denied_microphone_is_explained(echo_server: Server, open_page: OpenPage) -> None:
    page = await open_page(echo_server.url, granted=False)
    await page.get_by_role("button", name="Start").click()
    notice = page.get_by_role("alert")
    await notice.get_by_text("The microphone is not allowed").wait_for()
    await notice.get_by_text("set Microphone to Allow", exact=False).wait_for()
    assert await page.get_by_role("button", name="Start").is_enabled()


async def test_a_missing_microphone_is_explained(echo_server: Server, open_page: OpenPage) -> None:
    page = await open_page(echo_server.url, device=False)
    await page.get_by_role("button", name="Start").click()
    await page.get_by_role("alert").get_by_text("No microphone was found").wait_for()


async def test_a_microphone_that_sends_nothing_is_explained(
    echo_server: Server, open_page: OpenPage, tmp_path: Path
) -> None:
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(48000 * 2), 48000, subtype="PCM_16")
    page = await open_page(echo_server.url, microphone=quiet)
    await page.get_by_role("button", name="Start").click()
    await page.get_by_role("alert").get_by_text("We hear nothing from your microphone").wait_for()


async def test_the_page_fits_a_phone(echo_server: Server, open_page: OpenPage) -> None:
    page = await open_page(echo_server.url, viewport={"width": 360, "height": 640})
    await page.get_by_role("button", name="Start").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
