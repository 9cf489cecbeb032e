"""One server on a core of its own, one load on the others, and what both saw."""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
from benchmarks.load.caller import Tally
from benchmarks.load.driver import Driven, Plan, drive

from antiphon.errors import AntiphonError
from antiphon.server.rpc import RpcClient

_HERE = Path(__file__).parent
MEDIA_PATH = "/calls/twilio/load/media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Which cores serve and which call. `real_time`: under SCHED_RR, for a machine that others use too."""

    server_cores: frozenset[int]
    driver_cores: frozenset[int]
    real_time: bool = False


def machine(*, real_time: bool) -> Machine:
    """The first core to the server, the rest to the driver; on a single core they share it."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Machine(
        server_cores=frozenset(cores[:1]), driver_cores=frozenset(cores[1:2] or cores), real_time=real_time
    )


@dataclass(slots=True)
class Seen:
    """One run.

    Attributes:
        others_s: CPU that other processes of this machine used meanwhile.
        stolen_s: CPU the machine was refused by its host, where it is a virtual one.
        unanswered: How often the server did not tell its counters in time.
    """

    driven: Driven
    cpu_s: float = 0.0
    others_s: float = 0.0
    stolen_s: float = 0.0
    window_s: float = 0.0
    rss_idle: int = 0
    rss_peak: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    rss_marks: list[int] = field(default_factory=list)
    unanswered: int = 0


class Server:
    """A running `server.py`, and `vendors.py` beside the callers where its vendors are not inside."""

    def __init__(
        self, on: Machine, *, port: int, vendors_port: int | None, environment: Mapping[str, str]
    ) -> None:
        self._on = on
        self.url = f"ws://127.0.0.1:{port}{MEDIA_PATH}"
        self._folder = tempfile.TemporaryDirectory(prefix="antiphon-load-")
        self._socket = Path(self._folder.name) / "rpc.sock"
        self._processes: list[subprocess.Popen[bytes]] = []
        command = ["server.py", "--port", str(port), "--socket", str(self._socket)]
        if vendors_port is not None:
            self._begin(
                ["vendors.py", "--port", str(vendors_port)], on.driver_cores, environment, vendors_port
            )
            command += ["--vendors", str(vendors_port)]
        self._begin(command, on.server_cores, environment, port)
        self.process = psutil.Process(self._processes[-1].pid)

    def counters(self) -> dict[str, int]:
        """What the worker counts, and its tasks."""

        async def ask() -> dict[str, Any]:
            status: dict[str, Any] = await RpcClient(self._socket).call("status")
            return status

        status = asyncio.run(ask())
        return {**status["counters"], "tasks": status["tasks"]}

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()

    def _begin(
        self, command: list[str], cores: frozenset[int], environment: Mapping[str, str], port: int
    ) -> None:
        program = [sys.executable, str(_HERE / command[0]), *command[1:]]
        process = subprocess.Popen(
            program, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self._processes.append(process)
        if cores:
            os.sched_setaffinity(process.pid, cores)
        if self._on.real_time:
            os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(1))
        if not _listens(port, process):
            self.stop()
            raise SystemExit(f"{command[0]} did not start on port {port}: see the messages above")


def _listens(port: int, process: subprocess.Popen[bytes], within_s: float = 60.0) -> bool:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def serving(
    on: Machine, *, port: int, vendors_port: int | None, environment: Mapping[str, str]
) -> Iterator[Server]:
    server = Server(on, port=port, vendors_port=vendors_port, environment=environment)
    try:
        yield server
    finally:
        server.stop()


def measure(server: Server, on: Machine, plan: Plan) -> Seen:
    """One call to warm up, then the plan; CPU and memory are the server's alone."""
    plan = replace(plan, url=server.url, cores=on.driver_cores, real_time=on.real_time)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as caller:
        once = replace(plan.scripts[0], turns=1, barges=frozenset())
        warm = replace(plan, calls=1, calls_in_all=1, ramp_s=0.0, scripts=[once])
        caller.submit(drive, warm).result()
        seen = Seen(Driven(Tally()), rss_idle=server.process.memory_info().rss)
        running = caller.submit(drive, plan)
        watch = threading.Thread(target=_watch, args=(server, plan, seen, running.done))
        watch.start()
        seen.driven = running.result()
        watch.join()
    if not seen.window_s:
        raise SystemExit("the server ended while it was measured: see the messages above")
    return seen


def _watch(server: Server, plan: Plan, seen: Seen, done: Callable[[], bool]) -> None:
    """Samples for the length of the window, or for as long as the calls in all last."""
    if not plan.calls_in_all:
        time.sleep(plan.ramp_s + plan.settle_s)
    before_window = _counters(server, seen)
    others_s, stolen_s = _foreign_s()
    before, began_s = server.process.cpu_times(), time.monotonic()
    # Done well before the callers are: all of them hanging up in one moment is no part of it.
    ends_s = math.inf if plan.calls_in_all else began_s + plan.window_s - 0.5
    while not done() and (left_s := ends_s - time.monotonic()) > 0:
        seen.rss_marks.append(server.process.memory_info().rss)
        time.sleep(min(1.0, plan.window_s / 10, left_s))
    after, ended_s = server.process.cpu_times(), time.monotonic()
    seen.cpu_s = after.user + after.system - before.user - before.system
    seen.window_s = ended_s - began_s
    others_now_s, stolen_now_s = _foreign_s()
    seen.others_s, seen.stolen_s = max(0.0, others_now_s - others_s), stolen_now_s - stolen_s
    seen.rss_peak = max(seen.rss_marks, default=0)
    seen.counters = _counters(server, seen)
    for name in ("ticks_late", "ticks_late_waiting"):
        if before_window and seen.counters:
            seen.counters[name] -= before_window[name]
        else:
            seen.counters.pop(name, None)  # All since the start would be told as the window's.


def _counters(server: Server, seen: Seen) -> dict[str, int]:
    """What the worker counts; nothing where it is too busy to say, as the rest of the run still counts."""
    try:
        return server.counters()
    except AntiphonError:
        seen.unanswered += 1
        return {}


def _foreign_s() -> tuple[float, float]:
    """CPU seconds so far of all processes of the machine but ours, and those its host kept for itself."""
    machine = psutil.cpu_times()
    ours = psutil.Process()
    used = [process.cpu_times() for process in (ours, *ours.children(recursive=True))]
    own_s = sum(times.user + times.system for times in used)
    return machine.user + machine.nice + machine.system - own_s, getattr(machine, "steal", 0.0)
