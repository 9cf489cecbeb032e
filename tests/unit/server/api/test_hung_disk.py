"""A disk that hangs under the API holds whoever asked for what is on it, and nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.api_world import CALL, api_world

from antiphon.server.access.roles import Role
from antiphon.server.api import agents
from antiphon.server.api.call_shelf import CallShelf

PATIENCE_S = 20.0  # Only so that what never comes fails.


@pytest.fixture
def back() -> Iterator[threading.Event]:
    """Set when the disk is back."""
    event = threading.Event()
    yield event
    event.set()


async def test_while_the_disk_hangs_under_some_pages_the_loops_own_threads_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: threading.Event
) -> None:
    loop, hung, all_hang = asyncio.get_running_loop(), list[str](), asyncio.Event()
    loop.set_default_executor(ThreadPoolExecutor(2))
    asked = (f"/v1/calls/{CALL}", "/v1/agents/clinic") * 3

    def hangs_in(owner: Any, name: str) -> None:
        works = getattr(owner, name)

        def hangs(*args: Any) -> Any:
            hung.append(name)
            if len(hung) == len(asked):
                loop.call_soon_threadsafe(all_hang.set)
            back.wait(PATIENCE_S)
            return works(*args)

        monkeypatch.setattr(owner, name, hangs)

    hangs_in(CallShelf, "path")
    hangs_in(agents, "file_of")
    async with api_world(tmp_path) as world, world.client(await world.key(Role.OWNER)) as client:
        pages = [asyncio.create_task(client.get(page)) for page in asked]
        async with asyncio.timeout(PATIENCE_S / 2):
            await all_hang.wait()
            assert (await client.get("/healthz")).status_code == 200
            assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
            await loop.getaddrinfo("localhost", 80)
        assert not any(page.done() for page in pages)
        back.set()
        assert {(await page).status_code for page in pages} == {200}
