"""A shop's page with our voice button on it, and what the page was told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.browser.browser import until
from tests.browser.host_site import HostSite
from tests.browser.running import ROOT

WIDGET = ROOT / "src/antiphon/server/static/widget.js"
Visit = Callable[..., Awaitable[Any]]


def script_tag(shop: HostSite, **data: str) -> str:
    told = {"agent": "echo", "token-url": "/voice-token", **{k.replace("_", "-"): v for k, v in data.items()}}
    shown = " ".join(f'data-{name}="{value}"' for name, value in told.items())
    return f'<script src="{shop.voice}widget.js" {shown}></script>'


async def told(page: Any, kind: str) -> list[dict[str, Any]]:
    found = await page.evaluate("told")
    return [detail for name, detail in found if name == kind]


async def until_told(page: Any, kind: str, condition: str = "true") -> None:
    """`condition` of `detail`."""
    await until(page, f"told.some(([name, detail]) => name === {kind!r} && ({condition}))")
