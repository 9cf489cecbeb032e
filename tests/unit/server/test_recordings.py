"""A worker whose agents record keeps the folder of recordings in order."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.load.script import Pace
from benchmarks.load.server import agent
from tests.unit.calls.test_recording import kept_call, recorded

from antiphon.calls.recording import kept_recordings
from antiphon.server.recordings import recordings_of


def test_nothing_is_made_where_nobody_records(tmp_path: Path) -> None:
    silent = dataclasses.replace(agent(Pace()), recording=None)
    assert recordings_of([silent], tmp_path) is None
    assert not list(tmp_path.iterdir())


async def test_what_is_over_its_date_is_gone_when_a_worker_has_started(tmp_path: Path) -> None:
    kept_call(tmp_path, 1, years_ago=3)
    folder = kept_call(tmp_path, 30)
    service = recordings_of([recorded()], tmp_path)
    assert service is not None
    await service.start()
    assert [path.stem for path in kept_recordings(folder)] == ["call-30"]
    await service.stop()


async def test_a_worker_that_ends_waits_for_its_recordings_without_a_thread_that_others_need(
    tmp_path: Path,
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    service = recordings_of([recorded()], tmp_path)
    assert service is not None
    await service.start()
    back, written = threading.Event(), list[str]()
    service.recorder._disk.submit(back.wait, 20)
    service.recorder._disk.submit(written.append, "the last words")
    ending = asyncio.create_task(service.stop())
    for _ in range(10):  # Until it waits.
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(lambda: "a name was found") == "a name was found"
    assert not ending.done() and not written
    back.set()
    await ending
    assert written == ["the last words"]
