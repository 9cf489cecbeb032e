"""Every page by keyboard alone: Tab comes to whatever can be used, shows where it is, and comes out again."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.storage.access import now_ms
from tests.browser.browser import OpenPage
from tests.browser.dashboard import Dashboard
from tests.browser.seeding import HOUR_MS, put_rich_call

pytestmark = pytest.mark.browser

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
HERE = """() => {
  const one = document.activeElement;
  const { top, bottom, left, right } = one.getBoundingClientRect();
  const isSeen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  const isMarked = getComputedStyle(one).outlineStyle !== "none";
  const radio = one.type === "radio" && document.querySelector(`[data-usable][name="${one.name}"]`);
  return { usable: (radio || one).dataset.usable ?? "", isSeen, isMarked, what: one.outerHTML.slice(0, 120) };
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
    count, reached, faults = await page.evaluate(WANTED), set(), []
    for _ in range(count + 1):
        await page.keyboard.press("Tab")
        here = await page.evaluate(HERE)
        if not here["usable"]:
            break  # Out of the page, or back at its beginning.
        reached.add(here["usable"])
        if not (here["isSeen"] and here["isMarked"]):
            faults.append(here["what"])
    missed = sorted(set(map(str, range(count))) - reached, key=int)
    for number in missed:
        faults.append(
            await page.locator(f'[data-usable="{number}"]').evaluate("(one) => one.outerHTML.slice(0, 120)")
        )
    return faults
