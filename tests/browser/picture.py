"""Take `docs/images/talk.png` from a real call: `python -m tests.browser.picture [FILE]`.

Starts the real stack, speaks to the clinic with an embedded voice through Chromium, interrupts it once, and
takes the page as it then is.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.browser.browser import browsers
from tests.browser.running import ROOT, start_server
from tests.browser.speaking import record_lines

# The answer to the first takes over ten seconds; the second comes in the middle of it.
LINES = [
    (8.0, "What are your opening hours?"),
    (15.5, "Sorry, do you take Aetna?"),
    (26.0, "I'd like to book a check-up, please."),
]
TURN_TIMEOUT_MS = 90_000


async def take_picture(out: Path) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        microphone = folder / "caller.wav"
        await record_lines(microphone, LINES, length_s=120, voice="af_heart")
        command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
        server = await start_server([*command, "--home", str(folder / "home"), "--drain", "1"], stack)
        open_page = await stack.enter_async_context(browsers())
        page = await open_page(
            server.url, microphone=microphone, viewport={"width": 760, "height": 980}, device_scale_factor=2
        )
        await page.get_by_role("button", name="Start").click()
        badges = page.locator("details.latency")
        await badges.nth(len(LINES) - 1).wait_for(timeout=TURN_TIMEOUT_MS)
        await badges.nth(1).locator("summary").click()
        await page.locator(".transcript").evaluate("(list) => list.scrollTo(0, 0)")
        out.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=out)
        await page.get_by_role("button", name="End").click()
        await page.get_by_label("Call summary").wait_for()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images/talk.png"
    asyncio.run(take_picture(target))
    print(target)
