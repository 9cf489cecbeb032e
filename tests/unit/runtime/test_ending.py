from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

from tests.unit.runtime.stage import settle

from antiphon.runtime.ending import Ending


async def test_work_that_does_not_let_go_outlives_its_owner_and_ends_in_its_own_time() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    ended: list[str] = []
    vendor: list[weakref.ref[asyncio.Event]] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            lets_go = asyncio.Event()  # Nobody but who waits for it knows it.
            vendor.append(weakref.ref(lets_go))
            await lets_go.wait()
            ended.append("told what was used")

    owner = Ending()
    task = asyncio.get_running_loop().create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    owner.add(task)
    owner.add(None)
    assert owner.tasks() == [task]
    del owner, task
    await settle()
    gc.collect()
    lets_go = vendor[0]()
    assert lets_go is not None and not complaints
    lets_go.set()
    await settle()
    assert ended == ["told what was used"]


async def test_what_has_ended_is_not_kept() -> None:
    owner = Ending()
    task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
    owner.add(task)
    await task
    await asyncio.sleep(0)
    assert owner.tasks() == []
