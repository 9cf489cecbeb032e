"""Take the pictures of docs/live.md and docs/agents-in-the-dashboard.md, from a real call and 120 shown ones:
`python -m tests.browser.operator_pictures [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.browser.browser import browsers
from tests.browser.dashboard import dashboard_of
from tests.browser.live_house import call_on
from tests.browser.running import ROOT
from tests.browser.test_live_page import shows

SHOWN = 120
WIDE = {"width": 1180, "height": 760}
TROUBLES: dict[int, dict[str, Any]] = {
    7: {"anger": 0.8, "turns_stuck": 5},
    31: {"silence_ms": 16_000},
    58: {"asked_again": 2, "misunderstood": 2},
    90: {"cost_usd": 1.4},
    101: {"waiting_ms": 100_000},
}


async def take_pictures(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dashboard = await stack.enter_async_context(
            dashboard_of(home, {"ANTIPHON_API_RATE_PER_MINUTE": "1000000"})
        )
        open_page = await stack.enter_async_context(browsers())
        page = await open_page(dashboard.page("agents/clinic/flow"), viewport=WIDE)
        await page.locator(".flow-node").first.wait_for()
        await page.screenshot(path=folder / "agent-flow.png")
        await page.goto(dashboard.page("agents/clinic/edit"))
        file = page.get_by_label("Agent file", exact=False)
        await page.locator(".persona input:enabled").first.wait_for()
        text = await file.input_value()
        await file.fill(text.replace("language: en-US", "langage: en-US"))
        await page.locator(".faults li").first.wait_for()
        await page.locator(".faults button").first.click()
        await page.screenshot(path=folder / "agent-edit.png")
        await _list(dashboard.world.media, page, dashboard.page("live"), folder / "live.png")
        async with call_on(dashboard) as caller:
            await page.goto(dashboard.page(f"live/{caller.call_id}"))
            await page.get_by_role("log").get_by_text("Hello.").wait_for()
            caller.says("I already told you my name, this is ridiculous!")
            await page.get_by_label("Why it needs somebody").wait_for()
            await page.get_by_role("log").get_by_text("I see.").wait_for()
            await page.screenshot(path=folder / "live-call.png")


async def _list(media: Any, page: Any, address: str, out: Path) -> None:
    for number in range(SHOWN):
        call_id = f"20261126-{number:03}"
        at = f"2026-11-26T03:{number // 60:02}:{number % 60:02}+00:00"
        media.up.append({"call_id": call_id, "agent": "clinic", "line": "phone", "started_at": at})
        media.shown[call_id] = shows(**TROUBLES.get(number, {})) | {"caller": f"+1212555{100 + number:04}"}
    await page.goto(address)
    await page.locator(".live-row").nth(20).wait_for(state="attached")
    await page.screenshot(path=out)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images"
    asyncio.run(take_pictures(target))
