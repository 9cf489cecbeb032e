"""Pictures of the dashboard's pages for the docs, over real traces: `python -m tests.browser.page_pictures`.

Writes `overview.png`, `calls.png`, `call.png`, `call-dark.png`, `shared.png`, `routes.png` and
`organisations.png` into `docs/images`, or the folder that is named. Needs the built pages and Chromium, no
models.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from antiphon.calls.routing import load_routes
from antiphon.storage.access import now_ms
from tests.browser.browser import browsers
from tests.browser.dashboard import Dashboard, dashboard_of
from tests.browser.running import ROOT
from tests.browser.seeding import DIGESTS, HOUR_MS, put_rich_call, put_routes, put_week

VIEW = {"viewport": {"width": 1240, "height": 860}, "device_scale_factor": 1.5}


async def take_pictures(out: Path) -> list[Path]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = await stack.enter_async_context(
            dashboard_of(home, {"ANTIPHON_API_RATE_PER_MINUTE": "1000000"}, routes=put_routes(home))
        )
        put_week(made.world.put_call, now_ms(), every_h=1)
        put_rich_call(made.world, "20260301-1-3f9a", now_ms() - HOUR_MS // 2)
        await made.world.index()
        open_page = await stack.enter_async_context(browsers())
        out.mkdir(parents=True, exist_ok=True)
        page = await open_page(made.url, color_scheme="light", **VIEW)
        taken = [await overview(page, made, out), await calls(page, made, out)]
        taken.append(await one_call(page, made, out / "call.png"))
        taken.append(await shared(page, out))
        taken += await access(page, made, out)
        dark = await open_page(made.url, color_scheme="dark", **VIEW)
        taken.append(await one_call(dark, made, out / "call-dark.png"))
        return taken


async def overview(page: Any, made: Dashboard, out: Path) -> Path:
    await page.goto(made.page("overview"))
    await page.locator("figure svg").nth(4).wait_for()
    return await taken_of(page, out / "overview.png")


async def calls(page: Any, made: Dashboard, out: Path) -> Path:
    await page.goto(made.page("calls?words=opening"))
    await page.locator("table.calls tbody tr").first.wait_for()
    return await taken_of(page, out / "calls.png", full_page=False)


async def one_call(page: Any, made: Dashboard, path: Path) -> Path:
    await page.goto(made.page("calls/20260301-1-3f9a"))
    await page.locator("svg.waveform").wait_for()
    await page.get_by_role("slider", name="Position").fill("5300")
    await page.locator("li[aria-current=true]").wait_for()
    await page.get_by_role("heading", name="Requests to models").wait_for()
    await page.get_by_role("button", name="Give feedback").wait_for()
    return await taken_of(page, path)


async def shared(page: Any, out: Path) -> Path:
    await page.get_by_role("button", name="Share").click()
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_label("Link, until", exact=False).input_value()
    await page.goto(link)
    await page.get_by_label("Transcript").wait_for()
    return await taken_of(page, out / "shared.png", full_page=False)


async def access(page: Any, made: Dashboard, out: Path) -> list[Path]:
    """Who answers, and who lives here."""
    made.world.media.table = load_routes(made.world.home / "routes.yaml", DIGESTS)
    await page.goto(made.page("routes"))
    await page.get_by_role("textbox", name="Called").fill("+12125550100")
    await page.get_by_role("textbox", name="Caller").fill("+14155550100")
    await page.get_by_role("button", name="Explain").click()
    await page.get_by_label("Why").wait_for()
    routes = await taken_of(page, out / "routes.png", full_page=False)
    await made.world.organisation("Harbour Dental")
    closed = await made.world.organisation("Old Mill Physio")
    await made.world.parts.organisations.close(closed)
    for name, role in (("ann", "owner"), ("bob", "operator"), ("cleo", "reviewer")):
        await made.world.parts.organisations.invite("default", f"{name}@example.com", role)
    await page.goto(made.page("organisations"))
    await page.get_by_label("Role of cleo@example.com").wait_for()
    return [routes, await taken_of(page, out / "organisations.png", full_page=False)]


async def taken_of(page: Any, path: Path, *, full_page: bool = True) -> Path:
    await page.evaluate("() => window.scrollTo(0, 0)")
    await page.screenshot(path=path, full_page=full_page)
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images"
    for picture in asyncio.run(take_pictures(target)):
        print(picture)
