"""A spoken question into the voice button of another site's page, held meanwhile; the real stack answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.asking import DAYS, ask_and_be_answered, captions, question, with_the_button
from tests.browser.browser import OpenPage, agent_audio
from tests.browser.host_site import HostSite, clinics_site
from tests.browser.shop import WIDGET
from tests.browser.speaking import transcribe

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.audio]


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path) -> AsyncIterator[HostSite]:
    if not WIDGET.is_file():
        pytest.skip("the widget is not built: make web")
    async with AsyncExitStack() as stack:
        yield await clinics_site(tmp_path, stack)


async def test_a_question_asked_into_the_button_is_answered(
    site: HostSite, open_page: OpenPage, tmp_path: Path
) -> None:
    with_the_button(site)
    page = await open_page(site.origin, microphone=await question(tmp_path), more=site.browser_arguments)
    await ask_and_be_answered(page)
    assert any("hours" in words for words in await captions(page, "caller", final=True))
    shown = await page.get_by_role("log", name="Captions").inner_text()
    assert "You:" in shown and any(day in shown.lower() for day in DAYS)
    said = await transcribe(await agent_audio(page))
    assert any(day in said for day in DAYS), said
    await page.get_by_role("button", name="End the call").click()
    await page.get_by_role("button", name="Talk to us").wait_for()
