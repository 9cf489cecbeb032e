"""Starting, watching and stopping a worker, with small programs in its place and once with the real one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.local.models import is_installed
from antiphon.providers.local.worker import InferenceProcess, WorkerClient

# Each announces itself as a worker does, then stays until it is told or its standard input ends.
READY = [sys.executable, "-c", "import sys; print('{\"ready\": true}', flush=True); sys.stdin.read()"]
LACKS_MODEL = [sys.executable, "-c", 'print(\'{"ready":false,"message":"no ear","fix":"get one"}\')']
CRASHES = [sys.executable, "-c", "raise SystemExit(3)"]
HANGS = [sys.executable, "-c", "import sys; sys.stdin.read()"]


class Pauses:
    """Stands in for waiting: tells that it was asked to, and each is over when it is let go."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[float] = asyncio.Queue()
        self.go = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.asked.put_nowait(seconds)
        await self.go.acquire()


async def test_a_worker_is_started_and_stopped(tmp_path: Path) -> None:
    worker = InferenceProcess(tmp_path / "w.sock", command=READY)
    await worker.start()
    assert worker.pid is not None
    await worker.stop()
    assert worker.pid is None


async def test_what_the_operator_must_put_right_reaches_him(tmp_path: Path) -> None:
    worker = InferenceProcess(tmp_path / "w.sock", command=LACKS_MODEL)
    with pytest.raises(ConfigError, match="no ear\n  fix: get one"):
        await worker.start()
    assert worker.pid is None


async def test_a_worker_that_dies_while_starting_is_unavailable(tmp_path: Path) -> None:
    worker = InferenceProcess(tmp_path / "w.sock", command=CRASHES)
    with pytest.raises(ProviderUnavailable, match="died while starting"):
        await worker.start()


async def test_a_worker_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    worker = InferenceProcess(tmp_path / "w.sock", command=HANGS, ready_within_s=0.001)
    with pytest.raises(ProviderUnavailable, match="not ready"):
        await worker.start()
    assert worker.pid is None


async def test_a_killed_worker_is_started_again_after_a_pause(tmp_path: Path) -> None:
    pauses = Pauses()
    worker = InferenceProcess(tmp_path / "w.sock", command=READY, pause=pauses)
    await worker.start()
    watching = asyncio.create_task(worker.run())
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await pauses.asked.get()
    assert worker.pid is None
    pauses.go.release()
    await asyncio.wait_for(worker.until_running(), 10)
    assert worker.pid not in (None, first)
    assert worker.restarts == 1
    await worker.stop()
    await asyncio.wait_for(watching, 10)


async def test_a_worker_that_keeps_dying_is_given_longer_pauses(tmp_path: Path) -> None:
    pauses = Pauses()
    worker = InferenceProcess(tmp_path / "w.sock", command=READY, pause=pauses)
    await worker.start()
    worker._command = CRASHES
    watching = asyncio.create_task(worker.run())
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    asked = []
    for _ in range(3):
        asked.append(await pauses.asked.get())
        pauses.go.release()
    assert asked == sorted(set(asked))
    await pauses.asked.get()
    await worker.stop()  # Cuts the pause short: nobody lets it go here.
    await asyncio.wait_for(watching, 10)


@pytest.mark.models
async def test_the_real_worker_serves_scores_and_vectors_and_goes_when_its_parent_does(
    tmp_path: Path,
) -> None:
    if not (is_installed("smart-turn-v3.2") and is_installed("e5-small")):
        pytest.skip("embedded models are not installed: run `antiphon models fetch`")
    worker = InferenceProcess(tmp_path / "w.sock", roles=("eot", "encoder"), nice=1)
    await worker.start()
    client = await WorkerClient.connect(worker.socket)
    assert client.offer.end_of_turn
    assert client.offer.encoder
    assert 0.0 <= await client.end_of_turn().score(bytes(16000), 8000) <= 1.0
    vectors = await client.encoder().encode(["book an appointment", "make an appointment", "bye"], query=True)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    await client.aclose()
    process = worker._process
    assert process is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 1
    if (group := Path(f"/proc/{process.pid}/autogroup")).exists():
        assert group.read_text().split()[-2:] == ["nice", "1"]
    assert process.stdin is not None
    process.stdin.close()  # As if we had died.
    assert await asyncio.wait_for(process.wait(), 10) == 0
    assert not worker.socket.exists()
