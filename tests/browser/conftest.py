"""A talk page in a real Chromium: the server it is served by, the microphone it is given, the ear it has.

Browsers and servers take seconds to start, so one of each serves all tests of a file that want the same.
Every test has a browser context (storage, permissions) of its own, and hangs up when it is over.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import soundfile
from aioice import ice

from antiphon.server.pages import page_is_built
from tests.browser.browser import Launch, OpenPage, chromiums, pages
from tests.browser.dashboard import AXE, Dashboard, dashboard_of
from tests.browser.host_site import HostSite, made_key
from tests.browser.running import ROOT, Server, start_server
from tests.browser.shop import WIDGET, Visit
from tests.doubles.api_world import OUTSIDE

TONE_HZ = 700
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for this folder: what is shared between tests lives in it."""
    shared = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.parent == HERE and pytest_asyncio.is_async_test(item):
            item.add_marker(shared, append=False)


@pytest.fixture(scope="session")
def talk_page() -> None:
    """The page is built; `make test` builds it where npm can be reached."""
    if not page_is_built():
        pytest.skip("the talk page is not built: make web")


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds for the microphone, in a loop."""
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    seconds = np.arange(48000 * 10) / 48000
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * TONE_HZ * seconds), 48000, subtype="PCM_16")
    return path


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def echo_server(talk_page: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        script = str(ROOT / "tests/browser/echo_server.py")
        yield await start_server([sys.executable, script, str(tmp_path_factory.mktemp("echo"))], stack)


@pytest_asyncio.fixture(loop_scope="session")
async def dashboard(talk_page: None, tmp_path: Path) -> AsyncIterator[Dashboard]:
    """Whoever reaches it is the owner, as on somebody's own machine."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    async with dashboard_of(tmp_path, {"ANTIPHON_API_RATE_PER_MINUTE": "1000000"}) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def guarded(talk_page: None, tmp_path: Path) -> AsyncIterator[Dashboard]:
    """Everybody has to say who he is."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make web")
    async with dashboard_of(tmp_path, OUTSIDE) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def launch() -> AsyncIterator[Launch]:
    """See `browser.chromiums`."""
    pytest.importorskip("playwright.async_api", reason="pip install playwright")
    if not ice.get_host_addresses(use_ipv4=True, use_ipv6=True):
        pytest.skip("no network interface: browsers make no WebRTC connection over loopback alone")
    async with chromiums() as launch:
        yield launch


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(launch: Launch) -> AsyncIterator[OpenPage]:
    """See `browser.pages`."""
    async with pages(launch) as open_page:
        yield open_page


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HostSite]:
    """A site that our server knows, and our server, which asks everybody for a credential."""
    if not WIDGET.is_file():
        pytest.skip("the widget is not built: make web")
    site, home = HostSite(), tmp_path_factory.mktemp("shop")
    async with AsyncExitStack() as stack:
        stack.enter_context(site.running())
        site.key = made_key(home)
        script = str(ROOT / "tests/browser/echo_server.py")
        env = {"ANTIPHON_AUTH": "required", "ANTIPHON_WIDGET_ORIGINS": site.origin}
        env["ANTIPHON_API_RATE_PER_MINUTE"] = "1000000"
        site.voice = (await start_server([sys.executable, script, str(home)], stack, env)).url
        yield site


@pytest.fixture
def shop(served: HostSite) -> HostSite:
    """As if nobody had been there."""
    served.body = ""
    served.asked.clear()
    return served


@pytest.fixture
def visit(shop: HostSite, open_page: OpenPage) -> Visit:
    async def visited(body: str, **options: Any) -> Any:
        shop.body = body
        return await open_page(shop.origin, more=shop.browser_arguments, **options)

    return visited
