"""The built pages over an API in this process with real calls on record, and axe to judge a page by."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

from antiphon.server.app import create_app
from tests.browser.running import ROOT
from tests.doubles.api_world import ApiWorld, api_world

AXE: Final = ROOT / "web/node_modules/axe-core/axe.min.js"
PHONE: Final = {"width": 360, "height": 740}
# What WCAG 2.2 asks up to AA, and axe's own advice on structure.
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`url` ends with a slash."""

    url: str
    world: ApiWorld

    def page(self, path: str) -> str:
        """The address of a page: `calls`, `calls/ID?…`."""
        return f"{self.url}#/{path}"


@asynccontextmanager
async def dashboard_of(home: Path, environ: Mapping[str, str], **settings: Any) -> AsyncIterator[Dashboard]:
    async with api_world(home, environ, **settings) as world:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(world.control), lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            yield Dashboard(f"http://127.0.0.1:{listener.getsockname()[1]}/", world)
        finally:
            server.should_exit = True
            await serving


async def axe_faults(page: Any) -> list[str]:
    """What axe finds wrong with the page as it is now: the rule and where, a line each."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate(
        "(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } }).then(({ violations }) =>"
        " violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`)))",
        _RULES,
    )
    return list(found)


async def unfit(page: Any) -> list[str]:
    """What axe finds in light and in dark, and what is too wide for the window."""
    found = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {fault}" for fault in await axe_faults(page)]
    return found + await too_wide(page)


async def too_wide(page: Any) -> list[str]:
    """What has to be pushed sideways to be read; nothing should."""
    found = await page.evaluate(
        "() => { const width = document.documentElement.scrollWidth;"
        " if (width <= window.innerWidth) return [];"
        " const wide = [...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll') &&"
        " one.getBoundingClientRect().right > window.innerWidth).map((one) => one.outerHTML.slice(0, 150));"
        " return wide.length ? wide : [`something makes the page ${width} px wide`]; }"
    )
    return list(found)
