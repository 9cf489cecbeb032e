"""Take `docs/images/widget.png` from a real call: `python -m tests.browser.widget_picture [FILE]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.browser.asking import ask_and_be_answered, question, with_the_button
from tests.browser.browser import browsers
from tests.browser.host_site import clinics_site
from tests.browser.running import ROOT


async def take_picture(out: Path) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        microphone = await question(folder)
        site = await clinics_site(folder, stack)
        with_the_button(site)
        open_page = await stack.enter_async_context(browsers())
        page = await open_page(
            site.origin,
            microphone=microphone,
            more=site.browser_arguments,
            viewport={"width": 560, "height": 460},
            device_scale_factor=2,
        )
        await ask_and_be_answered(page)
        out.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=out)


if __name__ == "__main__":
    asyncio.run(take_picture(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images/widget.png"))
