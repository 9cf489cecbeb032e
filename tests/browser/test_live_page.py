"""The live page: three hundred calls at a glance, and one real call read, heard, told and taken over."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import pytest

from antiphon.operations.attention import Signals
from antiphon.server.api.watching import CallWatch
from tests.browser.browser import OpenPage
from tests.browser.dashboard import PHONE, Dashboard, unfit
from tests.browser.live_house import call_on

pytestmark = pytest.mark.browser

CALLS = 300
# Marks the page when sound is played, and when it is loud: its policy allows no expressions to wait for.
HEARD = """
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...given) {
  document.documentElement.dataset.sound ??= "quiet";
  const loud = this.buffer.getChannelData(0).some((sample) => sample > 0.1);
  if (loud) document.documentElement.dataset.sound = "loud";
  return start.apply(this, given);
};
"""


def shows(**signals: Any) -> dict[str, Any]:
    return {
        "signals": asdict(Signals(**signals)), "phase": "listening", "turns": 2, "duration_ms": 60_000,
        "caller": "",
    }  # fmt: skip


def fill(dashboard: Dashboard) -> Any:
    media = dashboard.world.media
    for number in range(CALLS):
        call_id = f"call-{number:03}"
        at = f"2026-11-23T09:{number // 60:02}:{number % 60:02}+00:00"
        media.up.append({"call_id": call_id, "agent": "clinic", "line": "phone", "started_at": at})
        media.shown[call_id] = shows(turns_stuck=8 if number == 200 else 0, anger=0.5 if number < 20 else 0)
    return media


async def test_three_hundred_calls_are_sorted_and_one_change_draws_one_row(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    media = fill(dashboard)
    page = await open_page(dashboard.page("live"))
    rows = page.locator(".live-row")
    await rows.nth(CALLS - 1).wait_for(state="attached")
    assert "no progress for 8 turns" in await rows.first.inner_text()
    assert f"{CALLS} calls up, 21 need somebody" in await page.get_by_role("status").inner_text()
    # The server says by events what changed; of a list that is held still, only that row is drawn anew.
    await page.get_by_label("Keep the order").check()
    await page.evaluate(
        "window.drawn = new Set(); new MutationObserver((changes) => { for (const { target } of changes) {"
        " const row = (target.parentElement ?? target).closest('.live-row');"
        " const clock = (target.parentElement ?? target).closest('.live-time');"
        " if (row && !clock) window.drawn.add(row.querySelector('a').href); } })"
        ".observe(document.querySelector('.live-list'),"
        " { subtree: true, childList: true, characterData: true, attributes: true })"
    )
    watch = CallWatch(dashboard.world.parts, media)
    await _told(dashboard, watch)
    media.shown["call-250"] = shows(silence_ms=30_000)
    await _told(dashboard, watch)
    await page.locator(".live-row", has_text="nobody has spoken for 30 s").wait_for(state="attached")
    drawn = await page.evaluate("[...window.drawn]")
    assert [link.split("/")[-1] for link in drawn] == ["call-250"]
    await page.get_by_label("Keep the order").uncheck()
    await page.locator(".live-row").first.filter(has_text="nobody has spoken").wait_for()
    await page.get_by_label("Only those that need somebody").check()
    await page.locator(".live-row").nth(21).wait_for()
    assert await page.locator(".live-row").count() == 22
    await page.get_by_role("searchbox").fill("call-250")
    await page.locator(".live-row:only-child a").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", level=1, name="call-250").wait_for()


async def test_the_list_can_be_read_by_everybody_and_on_a_phone(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    media = fill(dashboard)
    media.up[0]["agent"] = "<script>alert(1)</script>"
    del media.up[40:]
    page = await open_page(dashboard.page("live"), viewport=PHONE)
    await page.locator(".live-row").nth(30).wait_for(state="attached")
    assert await unfit(page) == []


async def test_a_call_is_read_heard_told_and_taken_over(dashboard: Dashboard, open_page: OpenPage) -> None:
    async with call_on(dashboard) as caller:
        page = await open_page(dashboard.page("live"))
        await page.add_init_script(HEARD)
        await page.reload()
        await page.get_by_role("link", name="+12125550100").click()
        words = page.get_by_role("log", name="Conversation")
        await words.get_by_text("Hello.").wait_for()
        await page.get_by_role("button", name="Listen in").click()
        await page.locator("html[data-sound]").wait_for()
        caller.says("This is <b>ridiculous</b>, I already told you!")
        await words.get_by_text("This is <b>ridiculous</b>", exact=False).wait_for()
        await page.get_by_label("Why it needs somebody").get_by_text("sounds angry").wait_for()
        await page.locator("html[data-sound=loud]").wait_for()
        await page.get_by_label("Whisper to the agent: Words").fill("be kind")
        await page.keyboard.press("Enter")
        await page.get_by_text("Whispered; the agent minds it").wait_for()
        for size in (PHONE, page.viewport_size):
            await page.set_viewport_size(size)
            assert await unfit(page) == []
        before = len(caller.heard)
        await page.get_by_role("button", name="Take over").click()
        await (
            page.get_by_role("button", name="Give back to the agent")
            .and_(page.locator(":enabled"))
            .wait_for()
        )
        # Chromium's own microphone beeps: the caller hears a voice that is not the agent's.
        await caller.hears(100, since=before)
        await page.get_by_text("with a person").wait_for()
        await page.get_by_role("button", name="Hold").click()
        await page.get_by_text("give the call back first", exact=False).wait_for()
        await page.get_by_role("button", name="Give back to the agent").click()
        await words.get_by_text("You are with me again.", exact=False).wait_for()
        await page.get_by_role("button", name="End call").click()
        await page.get_by_role("button", name="Yes, end it").click()
        await page.get_by_text("The call has ended.").wait_for()
    (trace,) = (dashboard.world.home / "calls").rglob(f"{caller.call_id}.jsonl")
    noted = trace.read_text()
    for note in ("listened_in", "whispered", "operator_took_over", "operator_gave_back"):
        assert f'"{note}"' in noted
    deeds = [entry.action for entry in await dashboard.world.parts.audit.entries("default")]
    assert {"listen_in", "whisper_to_agent", "take_over_live_call", "end_live_call"} <= set(deeds)


async def _told(dashboard: Dashboard, watch: CallWatch) -> None:
    """The page listens, and is told what has changed."""
    async with asyncio.timeout(10):
        while not dashboard.world.parts.happenings.anybody:
            await dashboard.world.parts.organisations.owners()  # Which lets the page come in.
    for _ in range(2):
        await watch.tell_changes()
