"""Every page by keyboard alone: Tab comes to whatever can be used, shows where it is, and comes out again."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage
from tests.browser.dashboard import Dashboard
from tests.browser.seeding import HOUR_MS, put_rich_call

pytestmark = pytest.mark.browser

PARTS_MAX = 5  # Of one control: a date has three numbers and a button for the calendar.
STEPS = 10  # Between two looks at where we are.

# What is there once the page is.
PAGES = {
    "overview": "dl.tiles",
    "live": ".live-filter",
    "calls": "table.calls tbody tr",
    "calls/rich": ".rate",
    "agents": ".agent-list a",
    "agents/clinic": ".about",
    "agents/clinic/edit": ".persona input:enabled",
    "agents/clinic/versions": ".version-table",
    "agents/clinic/tools": ".tool-card",
    "agents/clinic/flow": ".flow-node",
    "routes": ".empty",
    "organisations": ".organisations button",
    "talk": ".talk-foot button:enabled",
}
# Numbers all that Tab should come to; of radio buttons of one name the arrows choose.
WANTED = """() => {
  const names = new Set();
  const kinds = "a[href], button, input, select, textarea, summary, [tabindex]";
  const usable = [...document.querySelectorAll(kinds)]
    .filter((one) => one.tabIndex >= 0 && !one.matches(":disabled"))
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .filter((one) => one.type !== "radio" || (!names.has(one.name) && names.add(one.name)));
  usable.forEach((one, index) => { one.dataset.usable = index; });
  return usable.length;
}"""
# Notes where the focus comes by; `first` counts how often it came to the first of all.
FOLLOW = """() => {
  window.walk = { reached: {}, shown: {}, first: 0 };
  document.addEventListener("focusin", ({ target }) => {
    const radio = target.type === "radio" && document.querySelector(`[data-usable][name="${target.name}"]`);
    const number = (radio || target).dataset.usable;
    const { top, bottom, left, right } = target.getBoundingClientRect();
    const isSeen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
    if (number === "0") walk.first += 1;
    if (number !== undefined) walk.reached[number] = target.outerHTML.slice(0, 120);
    if (isSeen && getComputedStyle(target).outlineStyle !== "none") walk.shown[number] = true;
  });
}"""


async def test_tab_comes_to_everything_on_every_page_and_out_again(
    dashboard: Dashboard, open_page: OpenPage
) -> None:
    put_rich_call(dashboard.world, "rich", now_ms() - HOUR_MS)
    await dashboard.world.index()
    text = (dashboard.world.home / "agents" / "clinic.yaml").read_text()
    kept = await dashboard.world.http.post("/v1/agents/clinic/versions", json={"text": text, "note": "one"})
    assert kept.status_code == 201, kept.text
    page = await open_page("about:blank")
    for path, shown in PAGES.items():
        await page.goto(dashboard.page(path))
        await page.reload()
        await page.locator(shown).first.wait_for()
        assert await walked(page) == [], path


async def walked(page: Any) -> list[str]:
    """What Tab does not come to, or comes to without showing it."""
    count = await page.evaluate(WANTED)
    await page.evaluate(FOLLOW)
    for _ in range(1 + PARTS_MAX * (count + 1) // STEPS):
        for _ in range(STEPS):
            await page.keyboard.press("Tab")
        if (await page.evaluate("walk.first")) > 1:
            break
    else:
        return ["Tab does not come out again"]
    walk = await page.evaluate("walk")
    faults = [f"not seen: {what}" for number, what in walk["reached"].items() if number not in walk["shown"]]
    for number in sorted(set(map(str, range(count))) - set(walk["reached"]), key=int):
        missed = page.locator(f'[data-usable="{number}"]')
        faults.append(await missed.evaluate("(one) => `not reached: ${one.outerHTML.slice(0, 120)}`"))
    return faults
