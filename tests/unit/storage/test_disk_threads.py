"""A disk that hangs starves nothing but what needs the disk, and that not without end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from antiphon.errors import DeadlineExceeded
from antiphon.storage.disk import DiskThreads, on_disk

PATIENCE_S = 10.0  # Only so that what never comes fails.


@contextmanager
def _hung_disk() -> Iterator[threading.Event]:
    back = threading.Event()
    try:
        yield back
    finally:
        back.set()


async def test_while_the_disk_hangs_names_are_found_and_vendors_threads_run() -> None:
    with _hung_disk() as back:
        hung = [asyncio.create_task(on_disk(back.wait, PATIENCE_S)) for _ in range(100)]
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S / 2):
            assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
            await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)
        back.set()
        assert all(await asyncio.gather(*hung))


async def test_what_comes_on_top_of_a_full_line_is_refused_at_once() -> None:
    disk = DiskThreads(threads=1, waiting_max=2)
    with _hung_disk() as back:
        waiting = [asyncio.create_task(disk.run(back.wait, PATIENCE_S)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceeded, match="does not keep up"):
            await disk.run(back.wait, PATIENCE_S)
        assert disk.refused == 1
        # Who gives up keeps his place until a thread has seen that he did: nothing grows behind the bound.
        waiting[-1].cancel()
        await asyncio.wait([waiting[-1]])
        with pytest.raises(DeadlineExceeded):
            await disk.run(back.wait, PATIENCE_S)
        back.set()
        assert await asyncio.gather(*waiting[:-1]) == [True, True], "those before it are answered"
        assert await disk.run(int, "7") == 7


async def test_what_nobody_waits_for_any_more_is_not_done_when_the_disk_is_back() -> None:
    disk, done = DiskThreads(threads=1), list[str]()
    with _hung_disk() as back:
        first = asyncio.create_task(disk.run(back.wait, PATIENCE_S))
        booking = asyncio.create_task(disk.run(done.append, "booked"))
        await asyncio.sleep(0)
        booking.cancel()
        await asyncio.wait([booking])
        back.set()
        await first
        await disk.run(done.append, "asked again")
    assert done == ["asked again"]


def test_a_media_worker_looks_names_up_in_more_threads_than_a_few_hung_ones_can_take() -> None:
    program = (
        "import asyncio, os, threading, uvloop\n"
        "from antiphon.server import media_worker\n"
        "async def looks(options, wire):\n"
        "    loop = asyncio.get_running_loop(); media_worker.give_threads(loop)\n"
        "    before = len(os.listdir('/proc/self/task'))\n"
        "    await loop.getaddrinfo('127.0.0.1', 80)\n"
        "    await loop.getaddrinfo('localhost', 80)\n"
        "    print(len(os.listdir('/proc/self/task')) - before)\n"
        "    names = await asyncio.to_thread(lambda: threading.current_thread().name)\n"
        "    print(names)\n"
        "    return 0\n"
        "media_worker._run, media_worker.read_options = looks, lambda argv: None\n"
        "media_worker.run_worker([], None)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "UV_THREADPOOL_SIZE"}
    told = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment
    )
    threads, vendors = told.stdout.split()
    assert int(threads) >= 16 and vendors.startswith("vendors")
