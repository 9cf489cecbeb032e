from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from antiphon.errors import AntiphonError, ConfigError, DeadlineExceeded
from antiphon.server.supervisor import BACKOFF_FIRST_S, ChildProcess

READY = 'import sys; print(\'{"ready": {"n": 1}}\', flush=True); sys.stdin.read()'


def child(code: str, **options: object) -> ChildProcess:
    return ChildProcess("test", [sys.executable, "-c", code], os.environ, **options)  # type: ignore[arg-type]


async def test_a_child_is_started_when_it_says_so_and_ends_when_its_stdin_does() -> None:
    process = child(READY)
    assert await process.start() == {"n": 1}
    assert process.is_ready
    await process.stop()
    assert not process.is_ready
    assert process.restarts == 0


async def test_what_the_operator_must_fix_is_passed_on() -> None:
    process = child('print(\'{"refused": "port 1 is taken"}\', flush=True)')
    with pytest.raises(ConfigError, match="port 1 is taken"):
        await process.start()
    await process.stop()


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "print('hello')"])
async def test_a_child_that_dies_or_says_something_else_is_an_error(code: str) -> None:
    process = child(code)
    with pytest.raises(AntiphonError, match="the test worker"):
        await process.start()
    await process.stop()


async def test_a_child_that_never_gets_ready_is_given_up() -> None:
    process = child("import sys; sys.stdin.read()", ready_timeout_s=0.2)
    with pytest.raises(DeadlineExceeded):
        await process.start()
    await process.stop()


async def test_a_dead_child_comes_back_after_a_growing_pause(tmp_path: Path) -> None:
    pauses: list[float] = []
    lives = 3
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == lives:
            enough.set()
            await asyncio.Event().wait()

    # It gets ready and then dies, every time.
    process = child("print('{\"ready\": {}}', flush=True)", sleep=pause)
    await process.start()
    async with asyncio.timeout(30):
        await enough.wait()
    assert pauses == [BACKOFF_FIRST_S, 2 * BACKOFF_FIRST_S, 4 * BACKOFF_FIRST_S]
    assert process.restarts == lives - 1
    await process.stop()


async def test_a_killed_child_is_ready_again() -> None:
    async def no_pause(seconds: float) -> None:
        return

    process = child(READY, sleep=no_pause)
    await process.start()
    before = process.pid
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(30):
        while process.pid == before or not process.is_ready:
            await process.wait_ready()
            await asyncio.to_thread(int)  # Lets the loop turn until the death is noticed.
    assert process.restarts == 1
    await process.stop()


async def test_a_child_that_does_not_listen_is_ended_the_hard_way() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('{\"ready\": {}}', flush=True)\nwhile True: signal.pause()"
    )
    process = child(code)
    await process.start()
    pid = process.pid
    await process.stop(grace_s=0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
