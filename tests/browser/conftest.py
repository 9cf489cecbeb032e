"""A talk page in a real Chromium: the server it is served by, the microphone it is given, the ear it has."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aioice import ice

from antiphon.server.pages import page_is_built
from tests.browser.browser import browsers
from tests.browser.dashboard import AXE, Dashboard, dashboard_of
from tests.browser.running import ROOT, Server, start_server


@pytest.fixture(scope="session")
def talk_page() -> None:
    """The page is built; `make test` builds it where npm can be reached."""
    if not page_is_built():
        pytest.skip("the talk page is not built: make web")


@pytest.fixture
async def echo_server(talk_page: None, tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        script = str(ROOT / "tests/browser/echo_server.py")
        yield await start_server([sys.executable, script, str(tmp_path)], stack)


@pytest.fixture
async def dashboard(talk_page: None, tmp_path: Path) -> AsyncIterator[Dashboard]:
    """Whoever reaches it is the owner, as on somebody's own machine."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    async with dashboard_of(tmp_path, {"ANTIPHON_API_RATE_PER_MINUTE": "1000000"}) as made:
        yield made


OpenPage = Callable[..., Any]


@pytest.fixture
async def open_page() -> AsyncIterator[OpenPage]:
    """See `browser.browsers`."""
    pytest.importorskip("playwright.async_api", reason="pip install playwright")
    if not ice.get_host_addresses(use_ipv4=True, use_ipv6=True):
        pytest.skip("no network interface: browsers make no WebRTC connection over loopback alone")
    async with browsers() as open_page:
        yield open_page
